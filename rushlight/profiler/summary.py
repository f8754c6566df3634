"""Where a whole run goes, added up as it happens: no list of events, so it may run for hours.

Each moment of the thread that started it belongs to one part:

=========  ==========================================================================
data       inside a DataLoader's ``__next__``
recording  operations, backward passes and optimisers writing down what is to be done
compiling  making plans
kernels    commands of plans
launching  the rest of running plans: memory for results, the way into native code
program    everything else: the user's own Python
profiler   watching all this: what a call costs more is measured first, and taken off the rest
=========  ==========================================================================

A step ends where an optimiser's ``step`` ends.
"""

from __future__ import annotations

import resource
import statistics
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Any, TypeVar, final

from rushlight.base import spans
from rushlight.base.events import subscribe
from rushlight.engine.flush import flush
from rushlight.engine.watch import Ran, watch
from rushlight.profiler.kernels import KernelRow, KernelTimes
from rushlight.profiler.roofline import Peaks, peaks
from rushlight.runtime.buffer import pool

PARTS = ("data", "recording", "compiling", "kernels", "launching", "program", "profiler")
_DATA, _RECORDING, _COMPILING, _KERNELS, _LAUNCHING, _PROGRAM, _PROFILER = range(len(PARTS))
_TRIALS, _CALLS = 10, 200
T = TypeVar("T", int, tuple[int, int])


@dataclass(frozen=True)
class Report:
    """What ``Summary.report`` gives. Seconds; ``step`` is the median of the steps' times."""

    seconds: float
    parts: dict[str, float]
    steps: int
    step: dict[str, float]
    kernels: list[KernelRow]
    calls: list[tuple[str, int, float]]  # name, calls, seconds of recording; the longest first
    memory: dict[str, int]
    peaks: Peaks | None

    def of_roofline(self, row: KernelRow) -> float | None:
        """Which share of the machine's limit a kernel reaches; None where it does no known work."""
        if self.peaks is None or not row.calls or not (row.flops or row.bytes) or not row.seconds:
            return None
        each = self.peaks.least_seconds(row.flops // row.calls, row.bytes // row.calls)
        return each * row.calls / row.seconds


@final
class Summary:
    """Adds up between ``start`` and ``stop``, on the thread that starts it; kernels of all."""

    def __init__(self) -> None:
        self.kernels = KernelTimes()
        self._spent = [0] * len(PARTS)
        self._steps: list[tuple[int, tuple[int, ...]]] = []  # clock and ``_spent`` after each
        self._calls: dict[str, list[int]] = {}
        # Of the open calls: name, part, begin, nanoseconds inside it that are counted elsewhere.
        self._open: list[tuple[str, int, int, list[int]]] = []
        self._thread = 0
        self._begin = self._end = 0
        self._arena = 0
        self._inside = self._around = 0  # nanoseconds a call that watching adds
        self._stops: list[Any] = []

    def start(self) -> None:
        """Begin."""
        flush()
        self._thread = threading.get_ident()
        spans.spanned(_nothing, "nothing::nothing")
        plain = _least(_time_of_nothing)
        stop = spans.listen(self)
        self._inside, told = _least(self._told)
        self._around = max(0, told - plain - self._inside)
        self._calls.clear()
        self._spent = [0] * len(PARTS)
        self.kernels.start()
        self._stops = [stop, watch(self._plan_ran), subscribe("plan", self._compiled)]
        self._begin = perf_counter_ns()

    def stop(self) -> None:
        """End. What was recorded runs first."""
        flush()
        self._end = perf_counter_ns()
        for stop in self._stops:
            stop()
        self._stops = []
        self.kernels.stop()

    def _told(self) -> tuple[int, int]:
        """Nanoseconds of a call that does nothing: as it is counted, and in all."""
        self._calls.clear()
        whole = _time_of_nothing()
        return self._calls["nothing::nothing"][1] // _CALLS, whole

    # What it hears.

    def enter(self, name: str, args: tuple[Any, ...] | None) -> bool:
        """A call begins."""
        if args is None or threading.get_ident() != self._thread:
            return False  # a range that the user named takes no time by itself
        if self._open and self._open[-1][0] == name:
            return False
        around = self._open[-1][1] if self._open else _PROGRAM
        part = _DATA if around == _DATA or name.startswith("enumerate(DataLoader)") else _RECORDING
        self._open.append((name, part, perf_counter_ns(), [0]))
        return True

    def leave(self, token: bool) -> None:
        """It ends."""
        if not token or not self._open:
            return
        now = perf_counter_ns()
        name, part, begin, (inside,) = self._open.pop()
        whole = now - begin
        own = max(0, whole - inside - self._inside)
        self._spent[part] += own
        self._spent[_PROFILER] += self._inside + self._around
        self._take(whole + self._around)
        known = self._calls.setdefault(name, [0, 0])
        known[0] += 1
        known[1] += own
        if name.startswith("Optimizer.step#"):
            self._steps.append((now, tuple(self._spent)))

    def _take(self, nanoseconds: int) -> None:
        """So much of what is open is counted already."""
        if self._open:
            self._open[-1][3][0] += nanoseconds

    def _plan_ran(self, ran: Ran) -> None:
        if ran.plan is not None:
            self._arena = max(self._arena, ran.plan.arena_bytes)
        if threading.get_ident() != self._thread:
            return
        whole = ran.end - ran.begin
        commands = int(ran.ends[-1] - ran.ends[0]) if len(ran.ends) else whole
        self._spent[_KERNELS] += commands
        self._spent[_LAUNCHING] += whole - commands
        self._take(whole)

    def _compiled(self, *, seconds: float, **facts: object) -> None:
        if threading.get_ident() == self._thread:
            self._spent[_COMPILING] += int(seconds * 1e9)
            self._take(int(seconds * 1e9))

    # What came out.

    def report(self, *, roofline: bool = True) -> Report:
        """The sums so far. ``roofline`` measures the machine's limits (once, about 0.1 s)."""
        whole = (self._end or perf_counter_ns()) - self._begin
        spent = [*self._spent]
        spent[_PROGRAM] = max(0, whole - sum(spent))
        rows = self.kernels.rows()
        calls = [(name, count, own * 1e-9) for name, (count, own) in self._calls.items()]
        usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return Report(
            seconds=whole * 1e-9,
            parts={part: each * 1e-9 for part, each in zip(PARTS, spent, strict=True)},
            steps=len(self._steps),
            step=self._median_step(),
            kernels=rows,
            calls=sorted(calls, key=lambda row: -row[2]),
            memory={
                "process_peak": usage if sys.platform == "darwin" else usage * 1024,
                "tensors_peak": pool.stats().peak,
                "largest_arena": self._arena,
            },
            peaks=peaks() if roofline and rows else None,
        )

    def _median_step(self) -> dict[str, float]:
        """For each part the median over steps of what it took; the first step is not one."""
        if len(self._steps) < 2:
            return {}
        taken = []
        for (before, old), (after, new) in zip(self._steps, self._steps[1:], strict=False):
            parts = [b - a for a, b in zip(old, new, strict=True)]
            parts[_PROGRAM] = max(0, after - before - sum(parts))
            taken.append([*parts, after - before - parts[_PROFILER]])
        columns = zip(*taken, strict=True)
        names = (*PARTS, "whole")
        return {
            name: statistics.median(column) * 1e-9
            for name, column in zip(names, columns, strict=True)
        }


def _nothing() -> None:
    """Called to see what watching a call costs."""


def _time_of_nothing() -> int:
    """Nanoseconds of a call."""
    begin = perf_counter_ns()
    for _ in range(_CALLS):
        _nothing()
    return (perf_counter_ns() - begin) // _CALLS


def _least(measure: Callable[[], T]) -> T:
    """The best of several trials: others may use the machine too."""
    return min(measure() for _ in range(_TRIALS))
