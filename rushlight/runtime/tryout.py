"""Which of several ways to share a program's commands is the fastest: tried on runs that count.

The ways give the same results, so a program that runs again and again (a training step) can be run
in one way after the other, without anything being done twice. How dear it is to give a cache line
to another core cannot be known beforehand: on one machine of two cores it changed by a factor of
four from minute to minute, with where its hypervisor put them.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from time import perf_counter_ns
from typing import final

from rushlight.runtime.executor import Failure, Program

# Runs in one way before it is another one's turn; the first find the data where the last way left
# it and are not counted.
_BLOCK = 8
_UNCOUNTED = 3
_ROUNDS = 3
# Another way has to be faster by so much.
_FASTER = 0.97
# Programs of more than this gain nothing that is worth the trial.
_LONG_NS = 2_000_000


@final
class Tryout:
    """Runs ``program`` in each of ``ways`` by turns; when ``over``, it stays with the fastest.

    ``ways``: for each, which commands are shared. The first is how it was shared until now.
    """

    __slots__ = ("_program", "_runs", "_times", "over", "ways")

    def __init__(self, program: Program, ways: Sequence[Sequence[bool]]) -> None:
        self._program = program
        self._runs = 0
        self._times: list[list[int]] = [[] for _ in ways]
        self.ways = ways
        self.over = len(ways) < 2

    def run(self, slots: int) -> Failure | None:
        """One run of the program, as ``program.run``."""
        block, number = divmod(self._runs, _BLOCK)
        turn = block % len(self.ways)
        if number == 0:
            self._program.share(self.ways[turn])
        begin = perf_counter_ns()
        failure = self._program.run(slots)
        took = perf_counter_ns() - begin
        self._runs += 1
        if number >= _UNCOUNTED:
            self._times[turn].append(took)
        # One long run may be another process's doing, a whole block is not.
        long = number == _BLOCK - 1 and min(self._times[turn]) > _LONG_NS
        if long or self._runs == _BLOCK * _ROUNDS * len(self.ways):
            self._decide()
        return failure

    def _decide(self) -> None:
        chosen = 0
        if all(self._times):
            medians = [statistics.median(times) for times in self._times]
            fastest = medians.index(min(medians))
            if medians[fastest] < _FASTER * medians[0]:
                chosen = fastest
        # The first is what ``chosen`` tells whoever asks afterwards.
        self.ways = (self.ways[chosen],)
        self._program.share(self.ways[0])
        self.over = True
