"""Where every buffer lies: arguments, fresh outputs, and offsets in one arena by liveness."""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.base.errors import InternalError
from rushlight.compiler.launch import Scratch
from rushlight.compiler.lower import Step
from rushlight.compiler.plan import Fresh, Output, SameAs, SameAsOutput
from rushlight.compiler.views import base_of
from rushlight.ir.graph import Node

ALIGNMENT = 64


class Layout:
    """Places of buffers as (slot, byte offset), the outputs, the arena's size."""

    def __init__(self) -> None:
        self.places: dict[object, tuple[int, int]] = {}
        self.outputs: list[Output] = []
        self.arena_bytes = 0
        self.slots = 0


def last_uses(steps: Sequence[Step], updated: dict[Node, Node]) -> dict[object, tuple[int, int]]:
    """The first and the last step that each buffer appears in."""
    lives: dict[object, tuple[int, int]] = {}
    for number, step in enumerate(steps):
        for ref in step.launch.pointers:
            buffer = storage(ref.buffer, updated)
            first = lives[buffer][0] if buffer in lives else number
            lives[buffer] = (first, number)
    return lives


def storage(buffer: object, updated: dict[Node, Node]) -> object:
    """The buffer whose memory ``buffer`` is in after updates in place."""
    while isinstance(buffer, Node) and buffer in updated:
        buffer = updated[buffer]
    return buffer


def plan_memory(
    steps: Sequence[Step],
    sinks: Sequence[Node],
    inputs: int,
    donatable: frozenset[int],
    updated: dict[Node, Node],
) -> Layout:
    """Slots: the inputs, the scalars block, the arena, then one for each fresh output."""
    layout = Layout()
    places = layout.places
    lives = last_uses(steps, updated)
    for buffer in lives:
        if isinstance(buffer, Node):
            if buffer.op == "input":
                places[buffer] = (buffer.attrs["index"], 0)
            elif buffer.op == "scalar":
                places[buffer] = (inputs, 8 * buffer.attrs["index"])
    over = _overwrites(steps, sinks, donatable, updated, lives)
    layout.slots = inputs + 2
    seen: dict[object, int] = {}
    for number, sink in enumerate(sinks):
        base = storage(base_of(sink), updated)
        if base in seen:
            layout.outputs.append(SameAsOutput(seen[base]))
            continue
        seen[base] = number
        target = over.get(base, base)
        if isinstance(target, Node) and target.op == "input":
            layout.outputs.append(SameAs(target.attrs["index"]))
            places[base] = (target.attrs["index"], 0)
            continue
        layout.outputs.append(Fresh(layout.slots, sink.nbytes))
        places[base] = (layout.slots, 0)
        layout.slots += 1
    _Arena(layout, inputs + 1, lives, steps, updated).run()
    for buffer in list(lives):
        if buffer not in places:
            raise InternalError(f"memory: {buffer} has no place")
    return layout


def _overwrites(
    steps: Sequence[Step],
    sinks: Sequence[Node],
    donatable: frozenset[int],
    updated: dict[Node, Node],
    lives: dict[object, tuple[int, int]],
) -> dict[object, object]:
    """Outputs that are written over a donated input: a matching of the pairs that are allowed."""
    bases = {base_of(sink) for sink in sinks}
    allowed: dict[Node, list[Node]] = {}
    for number, step in enumerate(steps):
        for output, source in step.over:
            if (
                source.op == "input"
                and source.attrs["index"] in donatable
                and output in bases
                and source not in bases
                and output not in updated
                and lives[source][1] == number
            ):
                allowed.setdefault(output, []).append(source)
    taken: dict[Node, Node] = {source: output for output, source in updated.items()}

    def assign(output: Node, seen: set[Node]) -> bool:
        for source in allowed[output]:
            if source in seen:
                continue
            seen.add(source)
            owner = taken.get(source)
            if owner is None or (owner in allowed and assign(owner, seen)):
                taken[source] = output
                return True
        return False

    for output in allowed:
        assign(output, set())
    return {output: source for source, output in taken.items() if output in allowed}


class _Arena:
    """Best fit by size, in the order of the program."""

    def __init__(
        self,
        layout: Layout,
        slot: int,
        lives: dict[object, tuple[int, int]],
        steps: Sequence[Step],
        updated: dict[Node, Node],
    ) -> None:
        self.layout = layout
        self.slot = slot
        self.lives = lives
        self.steps = steps
        self.updated = updated
        self.free: list[tuple[int, int]] = []  # (offset, size), by offset
        self.top = 0

    def run(self) -> None:
        places = self.layout.places
        born: dict[int, list[object]] = {}
        dying: dict[int, list[object]] = {}
        for buffer, (first, last) in self.lives.items():
            if buffer not in places:
                born.setdefault(first, []).append(buffer)
                dying.setdefault(last, []).append(buffer)
        sizes: dict[object, tuple[int, int]] = {}
        for number, step in enumerate(self.steps):
            leaving = set(dying.get(number, ()))
            for buffer in sorted(born.get(number, ()), key=_size, reverse=True):
                heir = self._heir(buffer, step, leaving, sizes)
                if heir is not None:
                    leaving.discard(heir)
                    sizes[buffer] = sizes.pop(heir)
                else:
                    sizes[buffer] = self._take(max(_size(buffer), 1))
                places[buffer] = (self.slot, sizes[buffer][0])
            for buffer in dying.get(number, ()):
                if buffer in sizes:
                    self._give(*sizes.pop(buffer))
        self.layout.arena_bytes = self.top

    def _heir(
        self,
        buffer: object,
        step: Step,
        leaving: set[object],
        sizes: dict[object, tuple[int, int]],
    ) -> object | None:
        """A buffer read for the last time here whose place this one may take over."""
        for output, source in step.over:
            if output is buffer and source in leaving and source in sizes:
                return source
        return None

    def _take(self, size: int) -> tuple[int, int]:
        size = -(-size // ALIGNMENT) * ALIGNMENT
        best = min(
            (place for place in range(len(self.free)) if self.free[place][1] >= size),
            key=lambda place: self.free[place][1],
            default=-1,
        )
        if best < 0:
            # The last free stretch may reach the top: grow it instead of starting anew.
            if self.free and sum(self.free[-1]) == self.top:
                offset, _ = self.free.pop()
            else:
                offset = self.top
            self.top = offset + size
            return offset, size
        offset, room = self.free.pop(best)
        if room > size:
            self.free.insert(best, (offset + size, room - size))
        return offset, size

    def _give(self, offset: int, size: int) -> None:
        self.free.append((offset, size))
        self.free.sort()
        merged: list[tuple[int, int]] = []
        for start, length in self.free:
            if merged and sum(merged[-1]) == start:
                merged[-1] = (merged[-1][0], merged[-1][1] + length)
            else:
                merged.append((start, length))
        self.free = merged


def _size(buffer: object) -> int:
    if isinstance(buffer, (Node, Scratch)):
        return buffer.nbytes
    raise InternalError(f"memory: {buffer!r} is no buffer")
