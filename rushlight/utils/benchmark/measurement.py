"""What a Timer found, and its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log10
from textwrap import indent
from typing import Any

import numpy as np

SUSPICIOUS = 0.1  # interquartile range over median
UNUSABLE = 0.25
_UNITS = {-3: ("ns", 1e-9), -2: ("us", 1e-6), -1: ("ms", 1e-3)}


def select_unit(t: float) -> tuple[str, float]:
    """A unit in which ``t`` seconds is a number between 1 and 1000, and its length."""
    return _UNITS.get(int(log10(t) // 3), ("s", 1))


@dataclass(frozen=True)
class TaskSpec:
    """What was timed."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or the statement where there is none."""
        if self.label is None and "\n" in self.stmt:
            extra = f" ({self.sub_label})" if self.sub_label else ""
            return f"stmt:{extra}\n{indent(self.stmt, '  ')}"
        name = self.stmt if self.label is None else self.label
        return name + (f": {self.sub_label}" if self.sub_label else "")

    def setup_str(self) -> str:
        """The setup as it is shown."""
        if self.setup in ("", "pass"):
            return ""
        if "\n" in self.setup:
            return f"setup:\n{indent(self.setup, '  ')}"
        return f"setup: {self.setup}"

    def summarize(self) -> str:
        """Title, description and setup, a line (or block) each."""
        parts = [self.title, self.description or "", self.setup_str()]
        return "\n".join(f"{each}\n" if "\n" in each else each for each in parts if each)


@dataclass(repr=False)
class Measurement:
    """Times of one statement: ``raw_times`` seconds for ``number_per_run`` executions each."""

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name in TaskSpec.__dataclass_fields__:
            return getattr(self.task_spec, name)
        raise AttributeError(f"'Measurement' object has no attribute '{name}'")

    @property
    def times(self) -> list[float]:
        """Seconds per execution."""
        return [each / self.number_per_run for each in self.raw_times]

    @property
    def median(self) -> float:
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The range of the middle half of the times."""
        low, high = np.quantile(self.times, (0.25, 0.75))
        return float(high - low)

    @property
    def title(self) -> str:
        return self.task_spec.title

    @property
    def as_row_name(self) -> str:
        return self.task_spec.sub_label or self.task_spec.stmt or "[Unknown]"

    def meets_confidence(self, threshold: float = SUSPICIOUS) -> bool:
        """Whether the times differ little."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self) -> bool:
        return not self.meets_confidence()

    def _warning(self) -> str:
        if self.meets_confidence():
            return ""
        share = self.iqr / self.median * 100
        cause = (
            "This could indicate system fluctuation."
            if self.meets_confidence(UNUSABLE)
            else "This suggests significant environmental influence."
        )
        return (
            f"\n  WARNING: Interquartile range is {share:.1f}% of the median measurement.\n"
            f"           {cause}"
        )

    def __repr__(self) -> str:
        unit, scale = select_unit(self.median)
        count, threads = len(self.raw_times), self.task_spec.num_threads
        low, high = np.quantile(self.times, (0.25, 0.75)) / scale
        middle = f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})\n"
        return (
            f"{object.__repr__(self)}\n{self.task_spec.summarize()}\n"
            f"  {'Median: ' if count > 1 else ''}{self.median / scale:.2f} {unit}\n"
            f"{middle if count >= 4 else ''}"
            f"  {count} measurement{'s' if count > 1 else ''}, {self.number_per_run} runs "
            f"{'per measurement,' if count > 1 else ','} {threads} "
            f"thread{'s' if threads > 1 else ''}{self._warning()}"
        )

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """Those of the same task as one, in seconds per execution."""
        groups: dict[TaskSpec, list[float]] = {}
        for each in measurements:
            groups.setdefault(each.task_spec, []).extend(each.times)
        return [Measurement(1, times, task) for task, times in groups.items()]
