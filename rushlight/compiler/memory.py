"""Where every buffer lies: arguments, fresh outputs, and offsets in one arena by liveness."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence

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


# The first and the last step that each buffer appears in.
Lives = dict[object, tuple[int, int]]


def last_uses(steps: Sequence[Step], updated: dict[Node, Node]) -> Lives:
    """The first and the last step that each buffer appears in."""
    lives: Lives = {}
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
    arena: Callable[[Layout, int, Lives, Sequence[Step]], None] | None = None,
) -> Layout:
    """Slots: the inputs, the scalars block, the arena, then one for each fresh output.

    ``arena`` gives all other buffers their places in its slot; by default the best fit.
    """
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
    (arena or best_fit)(layout, inputs + 1, lives, steps)
    for buffer in list(lives):
        if buffer not in places:
            raise InternalError(f"memory: {buffer} has no place")
    return layout


def _overwrites(
    steps: Sequence[Step],
    sinks: Sequence[Node],
    donatable: frozenset[int],
    updated: dict[Node, Node],
    lives: Lives,
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


def best_fit(layout: Layout, slot: int, lives: Lives, steps: Sequence[Step]) -> None:
    """Places in the arena by size, in the order of the program."""
    _Arena(layout, slot, lives, steps).run()


def births_and_deaths(
    layout: Layout, lives: Lives
) -> tuple[dict[int, list[object]], dict[int, list[object]]]:
    """Of the buffers without a place: those born in each step, those last used in it."""
    born: dict[int, list[object]] = {}
    dying: dict[int, list[object]] = {}
    for buffer, (first, last) in lives.items():
        if buffer not in layout.places:
            born.setdefault(first, []).append(buffer)
            dying.setdefault(last, []).append(buffer)
    return born, dying


class _Arena:
    """Best fit by size, in the order of the program."""

    def __init__(
        self,
        layout: Layout,
        slot: int,
        lives: Lives,
        steps: Sequence[Step],
    ) -> None:
        self.layout = layout
        self.slot = slot
        self.lives = lives
        self.steps = steps
        self.free: list[tuple[int, int]] = []  # (offset, size), by offset
        self.top = 0

    def run(self) -> None:
        places = self.layout.places
        born, dying = births_and_deaths(self.layout, self.lives)
        sizes: dict[object, tuple[int, int]] = {}
        for number, step in enumerate(self.steps):
            leaving = set(dying.get(number, ()))
            for buffer in sorted(born.get(number, ()), key=nbytes_of, reverse=True):
                heir = heir_of(buffer, step, leaving, sizes)
                if heir is not None:
                    leaving.discard(heir)
                    sizes[buffer] = sizes.pop(heir)
                else:
                    sizes[buffer] = self._take(max(nbytes_of(buffer), 1))
                places[buffer] = (self.slot, sizes[buffer][0])
            for buffer in dying.get(number, ()):
                if buffer in sizes:
                    self._give(*sizes.pop(buffer))
        self.layout.arena_bytes = self.top

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


def heir_of(
    buffer: object, step: Step, leaving: set[object], placed: Container[object]
) -> object | None:
    """A buffer read for the last time here whose place ``buffer`` may take over."""
    for output, source in step.over:
        if output is buffer and source in leaving and source in placed:
            return source
    return None


def nbytes_of(buffer: object) -> int:
    if isinstance(buffer, (Node, Scratch)):
        return buffer.nbytes
    raise InternalError(f"memory: {buffer!r} is no buffer")
