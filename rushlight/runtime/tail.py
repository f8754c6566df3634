"""Tails: the last commands of a program, run by a worker while Python goes on.

A training step ends in one native call: forward pass, backward pass, update. What Python waits for
is most often the loss, known after a third of it; what comes next is Python's own work, recording
the next step, which needs no memory at all. So the call returns when the program's *head* has
ended, and a worker runs the rest (tail_ir.py). The next program waits for it, and so does whoever
looks into memory that the tail works on: ``settle``, ``need`` and ``show`` are called wherever
memory is read or shown.

Where the head ends is found by trying. Some runs are looked at: which results are read before the
next program starts, how long that takes to come, and what each command costs. Then runs without a
tail and with a longer or shorter one take turns, and the fastest stays; where the cores are far
from each other, what the worker has to fetch from the other's cache may cost more than is gained.
A command that can fail, or calls Python, is never part of a tail: errors are raised where they
always were. Results do not depend on any of this.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from threading import RLock
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rushlight.runtime.pool import native
from rushlight.runtime.tryout import typical

if TYPE_CHECKING:
    from rushlight.runtime.buffer import Buffer
    from rushlight.runtime.executor import Program

_LOOKS = 4
# Runs in one way before it is another one's turn; the first find data where the last way left it
# and are not counted.
_BLOCK = 6
_UNCOUNTED = 2
_ROUNDS = 3
# All has to become faster by so much.
_FASTER = 0.98
# To hand a tail over, to meet its end, and what else Python does differently then: a tail has to
# spare so much more.
_HANDOVER_NS = 10_000
# What a command takes on the worker, in times: as it is, or where all its data is elsewhere. One
# that all threads share takes so many times as long again.
_SLOWER = (1.0, 2.0, 4.0)
_ALONE = 1.8


@final
class Tail:
    """The tail of one program. ``first``: the number of its first command.

    ``sure``: of each command whether it is. ``ready[i]``: how many commands have to end before
    result i is there. ``owner`` keeps alive what the program is made of.
    """

    __slots__ = (
        "_began", "_costs", "_ended", "_kept", "_needed", "_owner", "_periods", "_program",
        "_ready", "_results", "_runs", "_starts", "_total", "_windows", "first", "over",
    )  # fmt: skip

    def __init__(
        self, program: Program, sure: Sequence[bool], ready: Sequence[int], owner: object
    ) -> None:
        self._program = program
        self._ready = ready
        self._owner = owner
        self._runs = 0
        self._total = self.first = len(sure)
        # What is read must come from the head, and all that fails.
        self._needed = max((number + 1 for number, each in enumerate(sure) if not each), default=0)
        self._costs: list[Any] = []
        self._windows: list[int] = []
        self._starts: list[int] = []  # first commands to be tried
        self._periods: list[list[int]] = []
        self._began = self._ended = 0
        self._results: Sequence[Buffer] = ()
        self._kept: Sequence[Sequence[Buffer | None]] = ()
        self.over = self._needed == self.first  # decided: it stays as it is

    @property
    def some(self) -> bool:
        """Whether there is a tail, or may still be."""
        return not self.over or self.first < self._total

    def run(
        self, slots: int, results: Sequence[Buffer], kept: Sequence[Sequence[Buffer | None]]
    ) -> int:
        """One run: the code of ``program.run``; ``kept`` is all memory that it works on."""
        global held
        if not self.over:
            self._prepare()
        with lock:
            settle()
            self._results, self._kept = results, kept
            held = self
            code = self._program.start_head(slots, self.first)
            if held is not self:  # a signal's handler has looked into memory before it started
                self._results, self._kept = results, kept
                held = self
        self._ended = perf_counter_ns()
        return code

    def reads(self, buffer: Buffer) -> bool:
        """Whether who reads ``buffer`` has to wait for the tail."""
        for place, each in enumerate(self._results):
            if each is buffer:
                ready = self._ready[place]
                if not self._starts:
                    self._needed = max(self._needed, ready)
                return ready > self.first
        return False

    def touches(self, buffer: Buffer) -> bool:
        """Whether ``buffer`` is memory that the program works on."""
        return any(each is buffer for part in self._kept for each in part)

    def settled(self) -> None:
        """The tail has ended."""
        self._results = self._kept = ()
        if not self._starts:
            self._windows.append(perf_counter_ns() - self._ended)

    def _prepare(self) -> None:
        """Note what the last run took, and decide how this one is run."""
        program, number = self._program, self._runs
        self._runs += 1
        if number <= _LOOKS:
            if number and program.times is not None:
                self._costs.append(np.diff(program.times))
            program.profile(number < _LOOKS)
            if number < _LOOKS:
                return
        if not self._starts:  # (an interrupt may have come before this was done)
            self._choose()
        if not self.over:
            self._take_turns(number - _LOOKS)

    def _choose(self) -> None:
        """Which tails are worth a try: those that gain most, should commands take so much longer
        on the worker."""
        total = self._total
        if self._needed == total:
            self.over = True
            return
        costs = np.min(self._costs, axis=0) if self._costs else np.zeros(total)
        window = statistics.median(self._windows) if self._windows else 0
        # Of tails that begin at each command: what that takes out of the call, and on the worker.
        spared = np.cumsum(costs[::-1])[::-1]
        alone = np.cumsum(np.where(self._program.shared(), _ALONE * costs, costs)[::-1])[::-1]
        starts = []
        for slower in _SLOWER:
            gains = spared - np.maximum(slower * alone - window, 0) - _HANDOVER_NS
            best = int(np.argmax(gains[self._needed :])) + self._needed
            if gains[best] > (1 - _FASTER) * (spared[0] + window) and best not in starts:
                starts.append(best)
        self._periods = [[] for _ in (total, *starts)]
        self.over = not starts
        self._starts = [total, *starts]  # last: says that an interrupt found all of it done

    def _take_turns(self, number: int) -> None:
        now = perf_counter_ns()
        block, place = divmod(number, _BLOCK)
        if number and (place == 0 or place > _UNCOUNTED):
            self._periods[(number - 1) // _BLOCK % len(self._starts)].append(now - self._began)
        self._began = now
        if number == _BLOCK * _ROUNDS * len(self._starts):
            took = [typical(periods) for periods in self._periods]
            fastest = took.index(min(took))
            self.first = self._starts[fastest if took[fastest] < _FASTER * took[0] else 0]
            self.over = True
        elif place == 0:
            self.first = self._starts[block % len(self._starts)]


# The tail that may be running: looked at wherever memory is shown.
held: Tail | None = None
# Held while a program with a tail is started, so that nobody takes it for ended before it began.
lock = RLock()


def settle() -> None:
    """Wait until no tail is running."""
    global held
    if held is None:
        return
    with lock:
        if held is not None:
            native().settle()
            held.settled()
            held = None


def need(buffer: Buffer) -> None:
    """Wait until ``buffer`` can be read."""
    tail = held
    if tail is not None and tail.reads(buffer):
        settle()


def show(buffer: Buffer) -> None:
    """Wait until ``buffer`` can be shown to who may read and write it at any time."""
    tail = held
    if tail is not None and tail.touches(buffer):
        settle()
