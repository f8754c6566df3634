"""The time of plans by kernel, and nothing else: cheap enough to stay on for a whole training.

with KernelTimes() as times:
    train()
for kernel, calls, seconds, flops, bytes in times.rows(): ...
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from rushlight.compiler.plan import Plan
from rushlight.engine.flush import flush
from rushlight.engine.watch import Ran, watch

INTERPRETED = "reference interpreter"


class KernelRow(NamedTuple):
    """All launches of one kernel: how many, their seconds, operations and bytes together."""

    kernel: str
    calls: int
    seconds: float
    flops: int
    bytes: int


class KernelTimes:
    """Adds up what every command of every plan takes between ``start`` and ``stop``.

    A plan's sum is one array addition a run, so that a step of a hundred kernels pays about five
    microseconds for it. Times of all threads are taken.

    >>> import rushlight as torch
    >>> with KernelTimes() as times:
    ...     print((torch.ones(3) + 1).tolist())
    [2.0, 2.0, 2.0]
    >>> [row.calls for row in times.rows()]
    [1]
    """

    def __init__(self) -> None:
        self.runs = 0
        self._plans: dict[Plan, tuple[list[int], np.ndarray[Any, Any]]] = {}
        self._interpreted = [0, 0]  # runs, nanoseconds
        self._stop: Any = None

    def start(self) -> None:
        """Take times from here on. What was recorded before runs first."""
        flush()
        if self._stop is None:
            self._stop = watch(self._add)

    def stop(self) -> None:
        """Take no more. What was recorded before runs first."""
        flush()
        if self._stop is not None:
            self._stop()
            self._stop = None

    def __enter__(self) -> KernelTimes:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def clear(self) -> None:
        """Forget what was added up: rows are those since then."""
        self.runs = 0
        self._plans.clear()
        self._interpreted = [0, 0]

    def _add(self, ran: Ran) -> None:
        self.runs += 1
        if ran.plan is None:
            self._interpreted[0] += 1
            self._interpreted[1] += ran.end - ran.begin
            return
        known = self._plans.get(ran.plan)
        if known is None:
            self._plans[ran.plan] = ([1], np.diff(ran.ends))
        else:
            known[0][0] += 1
            known[1][...] += np.diff(ran.ends)

    def rows(self) -> list[KernelRow]:
        """A row for each kernel (commands of the same label are one), the longest first."""
        found: dict[str, list[int]] = {}
        for plan, ((runs,), sums) in tuple(self._plans.items()):
            for label, (flops, moved), nanoseconds in zip(
                plan.labels, plan.costs, sums.tolist(), strict=True
            ):
                row = found.setdefault(label, [0, 0, 0, 0])
                row[0] += runs
                row[1] += nanoseconds
                row[2] += flops * runs
                row[3] += moved * runs
        runs, nanoseconds = self._interpreted
        if runs:
            found[INTERPRETED] = [runs, nanoseconds, 0, 0]
        rows = [
            KernelRow(kernel, calls, spent * 1e-9, flops, moved)
            for kernel, (calls, spent, flops, moved) in found.items()
        ]
        return sorted(rows, key=lambda row: -row.seconds)
