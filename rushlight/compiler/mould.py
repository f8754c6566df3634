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

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rushlight.compiler import pipeline
from rushlight.compiler.again import Again
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
from rushlight.compiler.sharing import Work, shared
from rushlight.ir.graph import Node
from rushlight.ir.size import Number, Tape, plain
from rushlight.runtime import code
from rushlight.runtime.executor import Command, Program
from rushlight.runtime.template import Template, places_of
from rushlight.runtime.unroll import Stretch

if TYPE_CHECKING:
    from numpy.typing import NDArray

Cost = tuple[int, int]
HANDED_OUT_LIMIT = 64  # answers that one mould keeps


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
        graph, steps, updated = pipeline.lower_graph(graph, donatable, Again())
        layout = plan_memory(steps, graph, inputs, donatable, updated, _Stretches(tape))
        addresses = code.load([(s.launch.kernel.symbol, s.launch.kernel.text) for s in steps])
        places: list[int] = [tape.place(layout.arena_bytes)]
        for output in layout.outputs:
            if isinstance(output, Fresh):
                places.append(tape.place(output.nbytes))
        # Commands that stand for all turns of a loop: where they begin, and how many each turn has.
        self.loops = _loops(steps)
        places += [tape.place(steps[start].turns) for start in self.loops]
        self.first = len(places)
        words: list[int] = []
        commands: list[Command] = []
        for step in steps:
            launch = step.launch
            pointers = pipeline.pointers_of(step, layout.places, updated)
            offsets = [offset for _, offset in pointers]
            costs = [launch.chunks, launch.bytes, launch.flops]
            places += map(tape.place, [*costs, *offsets, *pipeline.sizes_of(step)])
            words += map(tape.place, [launch.chunks, *offsets, *launch.words])
            commands.append(Command(
                addresses[launch.kernel.symbol],
                int(plain(launch.chunks)),
                tuple([(slot, int(plain(offset))) for slot, offset in pointers]),
                tuple([int(plain(word)) for word in launch.words]),
                sure=launch.kernel.sure,
            ))  # fmt: skip
        self.template = Template(commands)
        self.slots_of = [[slot for slot, _ in command.pointers] for command in commands]
        # Of each its place among all chunks, bytes, flops, offsets and sizes.
        widths = [3 + 2 * len(slots) for slots in self.slots_of]
        self.starts = [*itertools.accumulate(widths[:-1], initial=0)][: len(widths)]
        self.sure = [command.sure for command in commands]
        # Of the words only those that vary are computed.
        varies = tape.varies(words)
        self.words = len(places)
        places += itertools.compress(words, varies)
        self.varying = np.array([*itertools.compress(places_of(commands), varies)], np.int64)
        self.outputs = layout.outputs
        self.slots = layout.slots
        self.labels = tuple([step.launch.label for step in steps])
        self.sites = tuple(pipeline.sites(steps))
        self.overwrites = pipeline.overwrites(steps, layout.places, updated, inputs)
        self.replay = tape.replayed(places)
        self.size = len(tape.values)
        self.handed_out: dict[Any, tuple[NDArray[np.bool_], list[tuple[bool, bool]]]] = {}

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
        counts = flat[place : self.first]
        works = flat[self.first : self.words]
        costs = [(works[place + 2], works[place + 1]) for place in self.starts]
        words, chunks = self.template.filled(self.varying, flat[self.words :])
        handed_out, flags = self._handed_out(works, chunks, costs)
        self.template.hand_out(words, handed_out)
        stretches = self._stretches(counts) if self.loops else None
        program = Program.of(words, flags, stretches)
        known = self._of_commands(costs, stretches)
        return Plan(program, tuple(outputs), arena_bytes, self.slots, *known)

    def _of_commands(
        self, costs: Sequence[Cost], stretches: Sequence[Stretch] | None
    ) -> tuple[tuple[str, ...], Sequence[Cost], tuple[Any, ...], dict[int, int]]:
        """Labels, costs and sites of the commands of a cast, and which first overwrite inputs."""
        if stretches is None:
            return self.labels, costs, self.sites, self.overwrites
        sources: list[int] = []
        for each in stretches:
            sources += [*range(each.start, each.stop)] * each.count
        first = {source: number for number, source in reversed(list(enumerate(sources)))}
        return (
            tuple([self.labels[source] for source in sources]),
            [costs[source] for source in sources],
            tuple([self.sites[source] for source in sources]),
            {given: first[command] for given, command in self.overwrites.items()},
        )

    def _handed_out(
        self, works: Sequence[int], chunks: NDArray[np.int64], costs: Sequence[Cost]
    ) -> tuple[NDArray[np.bool_], list[tuple[bool, bool]]]:
        """Which commands all threads share, and the flags of all.

        That is looked up for casts in which the same commands can be shared and which do about as
        much: as many digits. No result depends on it.
        """
        several = chunks > 1
        digits = [sum(each).bit_length() for each in zip(*costs, strict=True)]
        key = (several.tobytes(), *digits)
        found = self.handed_out.get(key)
        if found is None:
            shares = shared(self._works(works)) if several.any() else [False] * len(chunks)
            flags = [(not share, sure) for share, sure in zip(shares, self.sure, strict=True)]
            if len(self.handed_out) >= HANDED_OUT_LIMIT:
                self.handed_out.clear()
            found = self.handed_out[key] = np.array(shares, np.bool_), flags
        return found

    def _works(self, numbers: Sequence[int]) -> list[Work]:
        works: list[Work] = []
        for start, slots in zip(self.starts, self.slots_of, strict=True):
            chunks, nbytes, flops = numbers[start : start + 3]
            middle = start + 3 + len(slots)
            pairs = list(zip(slots, numbers[start + 3 : middle], strict=True))
            sizes = numbers[middle : middle + len(slots)]
            works.append(pipeline.work_of(chunks, nbytes, flops, pairs, sizes))
        return works

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
        return [*found, Stretch(last, len(self.sure))]


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
