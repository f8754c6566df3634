"""Moulds: a graph compiled once for all sizes that lead to the same decisions.

    tape = Tape([17, 4])                      # the sizes that vary, as they are now
    mould = Mould(tape, sinks, inputs, donatable)   # shapes of ``sinks`` hold sizes of the tape
    tape.close()
    plan = mould.cast([18, 4])                # a plan for others; None: it would look different

The passes and lowerings are those of ``pipeline.py``, run once on sizes that write down what is
computed from them and what is decided (``ir/size.py``). A cast computes the numbers of the plan
again: words of the kernels, chunks, places in memory. Only memory is laid out in another way,
because the best fit depends on every size: buffers that are never needed at the same time share a
stretch of the arena, as long as the longest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from rushlight.compiler import pipeline
from rushlight.compiler.lower import TURNS, Step
from rushlight.compiler.memory import (
    ALIGNMENT,
    Layout,
    Lives,
    births_and_deaths,
    heir_of,
    nbytes_of,
    plan_memory,
)
from rushlight.compiler.plan import Fresh, Output, Plan
from rushlight.compiler.sharing import Place, shared
from rushlight.ir.graph import Node
from rushlight.ir.size import Number, Tape, plain
from rushlight.runtime import code
from rushlight.runtime.executor import Command, Program
from rushlight.runtime.unroll import Stretch


@final
class Mould:
    """A compiled graph without its numbers."""

    def __init__(
        self, tape: Tape, sinks: Sequence[Node], inputs: int, donatable: frozenset[int]
    ) -> None:
        """Raises NotImplementedError as ``compile_graph`` does, and TypeError where a part of the
        compiler takes nothing but ints. The caller closes the tape, whatever happens."""
        graph = list(sinks)
        for each in pipeline.PASSES:
            graph = each(graph)
        graph, steps, updated = pipeline.lower_graph(graph, donatable)
        layout = plan_memory(steps, graph, inputs, donatable, updated, _Stretches(tape))
        addresses = code.load([(s.launch.kernel.symbol, s.launch.kernel.text) for s in steps])
        places: list[int] = [tape.place(layout.arena_bytes)]
        for output in layout.outputs:
            if isinstance(output, Fresh):
                places.append(tape.place(output.nbytes))
        # Address, slots of the pointers, how many words, whether it is sure.
        self.commands: list[tuple[int, tuple[int, ...], int, bool]] = []
        # Commands that stand for all turns of a loop: where they begin, and how many each turn has.
        self.loops = _loops(steps)
        places += [tape.place(steps[start].turns) for start in self.loops]
        for step in steps:
            launch = step.launch
            pointers = pipeline.pointers_of(step, layout.places, updated)
            numbers = [launch.chunks, launch.bytes, launch.flops]
            numbers += [offset for _, offset in pointers]
            numbers += pipeline.sizes_of(step)
            numbers += launch.words
            places += map(tape.place, numbers)
            slots = tuple([slot for slot, _ in pointers])
            kernel = launch.kernel
            self.commands.append((addresses[kernel.symbol], slots, len(launch.words), kernel.sure))
        self.outputs = layout.outputs
        self.slots = layout.slots
        self.labels = tuple([step.launch.label for step in steps])
        self.sites = tuple(pipeline.sites(steps))
        self.overwrites = pipeline.overwrites(steps, layout.places, updated, inputs)
        self.replay = tape.replayed(places)

    def cast(self, numbers: Sequence[Number]) -> Plan | None:
        """The plan for these sizes; None where it has to be compiled anew."""
        flat = self.replay.run(numbers)
        if flat is None:
            return None
        arena_bytes, place = flat[0], 1
        outputs: list[Output] = []
        for output in self.outputs:
            if isinstance(output, Fresh):
                outputs.append(Fresh(output.slot, flat[place]))
                place += 1
            else:
                outputs.append(output)
        counts = flat[place : place + len(self.loops)]
        place += len(self.loops)
        launches: list[tuple[int, int, list[Place], Sequence[int]]] = []
        works: list[tuple[int, int, int, list[Place], Sequence[int]]] = []
        costs: list[tuple[int, int]] = []
        for address, slots, words, _ in self.commands:
            chunks, nbytes, flops = flat[place : place + 3]
            place += 3
            ends = place + len(slots)
            middle = ends + len(slots)
            pairs = list(zip(slots, flat[place:ends], strict=True))
            works.append((chunks, nbytes, flops, pairs, flat[ends:middle]))
            place = middle + words
            launches.append((address, chunks, pairs, flat[middle:place]))
            costs.append((flops, nbytes))
        stretches = self._stretches(counts)
        # What has one chunk cannot be handed out; small networks are made of nothing else.
        divisible = any(chunks > 1 for chunks, *_ in works)
        handed_out = (
            shared([pipeline.work_of(*work) for work in works])
            if divisible
            else [False] * len(works)
        )
        commands = [
            Command(*launch, not parts, command[3])
            for launch, parts, command in zip(launches, handed_out, self.commands, strict=True)
        ]
        sources: list[int] = []
        for each in stretches:
            sources += [*range(each.start, each.stop)] * each.count
        first = {source: number for number, source in reversed(list(enumerate(sources)))}
        return Plan(
            program=Program(commands, stretches if self.loops else None),
            outputs=tuple(outputs),
            arena_bytes=arena_bytes,
            slots=self.slots,
            labels=tuple([self.labels[source] for source in sources]),
            costs=tuple([costs[source] for source in sources]),
            sites=tuple([self.sites[source] for source in sources]),
            overwrites={given: first[command] for given, command in self.overwrites.items()},
        )

    def _stretches(self, counts: Sequence[int]) -> list[Stretch]:
        """The commands of a cast. Of a loop the first two turns, then these two again, as far on
        as they are from the two before them."""
        found: list[Stretch] = []
        last = 0
        for (start, width), count in zip(self.loops.items(), counts, strict=True):
            again = start + 2 * width
            twice, once = divmod(count - 2, 2)
            found.append(Stretch(last, again))
            found.append(Stretch(again, again + 2 * width, 2 * width, 0, twice))
            found.append(Stretch(again, again + width, 2 * width, twice, once))
            last = start + TURNS * width
        return [*found, Stretch(last, len(self.commands))]


def _loops(steps: Sequence[Step]) -> dict[int, int]:
    """Where the launches of each varying loop begin, and how many of them a turn has."""
    found: dict[int, int] = {}
    number = 0
    while number < len(steps):
        node, length = steps[number].node, 1
        if steps[number].turns is not None:
            while number + length < len(steps) and steps[number + length].node is node:
                length += 1
            found[number] = length // TURNS
        number += length
    return found


@final
class _Stretches:
    """The arena in stretches, each as long as the longest buffer that is ever in it."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def __call__(self, layout: Layout, slot: int, lives: Lives, steps: Sequence[Step]) -> None:
        born, dying = births_and_deaths(layout, lives)
        members: list[list[object]] = []
        longest: list[int] = []
        free: list[int] = []
        taken: dict[object, int] = {}
        for number, step in enumerate(steps):
            leaving = set(dying.get(number, ()))
            for buffer in sorted(born.get(number, ()), key=_bytes_now, reverse=True):
                size = _bytes_now(buffer)
                heir = heir_of(buffer, step, leaving, taken)
                if heir is not None:
                    leaving.discard(heir)
                    place = taken.pop(heir)
                elif free:
                    # The shortest that is long enough, or else the longest.
                    place = min(free, key=lambda k: (longest[k] < size, abs(longest[k] - size)))
                    free.remove(place)
                else:
                    place = len(members)
                    members.append([])
                    longest.append(0)
                taken[buffer] = place
                members[place].append(buffer)
                longest[place] = max(longest[place], size)
            for buffer in dying.get(number, ()):
                if buffer in taken:
                    free.append(taken.pop(buffer))
        start: Any = 0
        for buffers in members:
            for buffer in buffers:
                layout.places[buffer] = (slot, start)
            sizes = list(map(nbytes_of, buffers))
            start = start + self.tape.compute(_aligned, *sizes)
        layout.arena_bytes = start


def _bytes_now(buffer: object) -> int:
    return int(plain(nbytes_of(buffer)))


def _aligned(*sizes: int) -> int:
    return -(-max(*sizes, 1) // ALIGNMENT) * ALIGNMENT
