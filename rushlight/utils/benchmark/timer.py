"""Timer: runs a statement often enough to know how long it takes.

Rushlight records operations and computes what is looked at. A timed statement that is an expression
is looked at: its value is kept until it is computed, once per execution.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from textwrap import dedent
from time import perf_counter as timer
from typing import Any

from rushlight.engine.flush import flush
from rushlight.settings import get_num_threads, set_num_threads
from rushlight.utils.benchmark.measurement import Measurement, TaskSpec

LARGEST_BLOCK = 2**31 - 1


@contextmanager
def set_torch_threads(n: int) -> Iterator[None]:
    """Inside, plans use ``n`` threads."""
    before = get_num_threads()
    set_num_threads(n)
    try:
        yield
    finally:
        set_num_threads(before)


def _computed(stmt: str) -> str:
    """The statement, followed by the computation of what it recorded."""
    lines = ast.parse(stmt)
    last = lines.body[-1] if lines.body else None
    if isinstance(last, ast.Expr):
        target = ast.Name("_rushlight_result", ast.Store())
        lines.body[-1] = ast.copy_location(ast.Assign([target], last.value), last)
        ast.fix_missing_locations(lines)
    return f"{ast.unparse(lines)}\n_rushlight_flush()"


def _indented(text: str) -> str:
    return "\n".join("        " + line for line in text.splitlines()) or "        pass"


class Timer:
    """Times ``stmt``, after ``setup``, with the names in ``globals``, on ``num_threads`` threads.

    >>> from rushlight.utils.benchmark import Timer
    >>> found = Timer("x + x", "x = 1").timeit(100)
    >>> found.number_per_run, found.median > 0
    (100, True)
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "",
        timer: Callable[[], float] = timer, globals: dict[str, Any] | None = None,
        label: str | None = None, sub_label: str | None = None, description: str | None = None,
        env: str | None = None, num_threads: int = 1, language: Any = "python",
    ) -> None:  # fmt: skip
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if language not in ("python", "Python", "py"):
            raise NotImplementedError(f"Timer(language={language!r}): only Python is timed here")
        if global_setup:
            raise ValueError("global_setup was provided, but is not supported for Python timers")
        stmt, setup = dedent(stmt).strip("\n"), dedent(setup).strip("\n")
        self._task_spec = TaskSpec(stmt, setup, "", label, sub_label, description, env, num_threads)
        names: dict[str, Any] = {**(globals or {}), "_rushlight_flush": flush}
        body = setup.replace("\n", "\n    ")
        text = (
            f"def _rushlight_timed(_rushlight_count, _rushlight_timer):\n    {body}\n"
            "    _rushlight_start = _rushlight_timer()\n"
            f"    for _ in range(_rushlight_count):\n{_indented(_computed(stmt))}\n"
            "    return _rushlight_timer() - _rushlight_start\n"
        )
        exec(compile(text, "<timed statement>", "exec"), names)  # what the user gave to be run
        self._timed, self._timer = names["_rushlight_timed"], timer

    def _timeit(self, number: int) -> float:
        return max(self._timed(number, self._timer), 1e-9)

    def timeit(self, number: int = 1000000) -> Measurement:
        """One run of ``number`` executions, after a short one to warm up."""
        with set_torch_threads(self._task_spec.num_threads):
            self._timeit(max(number // 100, 2))
            return Measurement(number, [self._timeit(number)], self._task_spec)

    def _block(self, min_run_time: float) -> int:
        """How many executions make the reading of the clock not matter."""
        overhead = sorted(self._timeit(0) for _ in range(5))[2]
        number = 1
        while True:
            took = self._timeit(number)
            exact = overhead / took <= 1e-4 and took >= min_run_time / 1000
            if exact or took > min_run_time or number * 10 > LARGEST_BLOCK:
                return number
            number *= 10

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """Runs of as many executions as it takes, for ``min_run_time`` seconds in all."""
        return self._measured(callback, min_run_time, min_run_time, lambda found: True)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:  # fmt: skip
        """Runs until interquartile range over median is below ``threshold``."""

        def enough(found: Measurement) -> bool:
            return len(found.raw_times) > 3 and found.meets_confidence(threshold)

        return self._measured(callback, 0.05, min_run_time, enough, max_run_time)

    def _measured(
        self, callback: Any, block_time: float, min_run_time: float,
        enough: Callable[[Measurement], bool], max_run_time: float = float("inf"),
    ) -> Measurement:  # fmt: skip
        with set_torch_threads(self._task_spec.num_threads):
            number = self._block(block_time)
            found = Measurement(number, [], self._task_spec)
            total = 0.0
            while total < min_run_time or not enough(found):
                took = self._timeit(number)
                found.raw_times.append(took)
                total += took
                if callback is not None:
                    callback(number, took)
                if total > max_run_time:
                    break
        return found

    def repeat(self, repeat: int = -1, number: int = -1) -> None:
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def autorange(self, callback: Any = None) -> None:
        raise NotImplementedError("See `Timer.blocked_autorange.`")

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError("Timer.collect_callgrind: Rushlight counts no instructions")
