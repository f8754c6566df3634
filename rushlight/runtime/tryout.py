"""Which of several ways to share a program's commands is the fastest: tried on runs that count.

The ways give the same results, so a program that runs again and again (a training step) can be run
in one way after the other, without anything being done twice. How dear it is to give a cache line
to another core cannot be known beforehand: on one machine of two cores it changed by a factor of
four from minute to minute, with where its hypervisor put them.

Other processes make runs slower, never faster. So of what each way took only the fastest
third counts, and a way that is much slower from the start has no second turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
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
# A way that takes so many times as long as the fastest is tried no more.
_HOPELESS = 1.25
# Programs of more than this gain nothing that is worth the trial.
_LONG_NS = 2_000_000


def typical(times: Sequence[float]) -> float:
    """The mean of the fastest third: what one of several runs takes where nothing is in its way.

    >>> typical([5, 3, 900, 4, 800, 700])
    3.5
    """
    third = sorted(times)[: (len(times) + 2) // 3]
    return sum(third) / len(third)


@final
class Tryout:
    """Runs ``program`` in each of ``ways`` by turns; when ``over``, it stays with the fastest.

    ``ways``: for each, which commands are shared. The first is how it was shared until now.
    """

    __slots__ = ("_left", "_number", "_program", "_rounds", "_times", "_turn", "over", "ways")

    def __init__(self, program: Program, ways: Sequence[Sequence[bool]]) -> None:
        self._program = program
        self._left = list(range(len(ways)))  # ways that may be the fastest
        self._rounds = self._turn = self._number = 0
        self._times: list[list[int]] = [[] for _ in ways]
        self.ways = ways
        self.over = len(ways) < 2

    def run(self, slots: int) -> Failure | None:
        """One run of the program, as ``program.run``."""
        way = self._left[self._turn]
        if self._number == 0:
            self._program.share(self.ways[way])
        begin = perf_counter_ns()
        failure = self._program.run(slots)
        took = perf_counter_ns() - begin
        if self._number >= _UNCOUNTED:
            self._times[way].append(took)
        self._number += 1
        if self._number == _BLOCK:
            self._end_block(way)
        return failure

    def _end_block(self, way: int) -> None:
        self._number = 0
        self._turn += 1
        # One long run may be another process's doing, a whole block is not.
        if min(self._times[way]) > _LONG_NS:
            self._decide(0)
        elif self._turn == len(self._left):
            self._turn = 0
            self._rounds += 1
            took = {each: typical(self._times[each]) for each in self._left}
            fastest = min(took, key=took.__getitem__)
            if self._rounds == _ROUNDS:
                self._decide(fastest if took[fastest] < _FASTER * took.get(0, inf) else 0)
            else:
                self._left = [each for each in took if took[each] < _HOPELESS * took[fastest]]

    def _decide(self, chosen: int) -> None:
        self.ways = (self.ways[chosen],)
        self._program.share(self.ways[0])
        self.over = True
