"""Timer: statements are computed as often as they are counted; what Measurement says."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.engine.flush import stats
from rushlight.utils.benchmark import Measurement, TaskSpec, Timer, select_unit


def test_each_execution_is_computed() -> None:
    timer = Timer("x @ x", "y = x + 1", globals={"x": torch.ones(4, 4)})
    before = stats.flushes
    found = timer.timeit(200)
    assert stats.flushes - before >= 200
    assert found.number_per_run == 200
    assert found.median > 0


def test_several_lines_and_their_setup() -> None:
    calls: list[int] = []
    found = Timer(
        """
        for k in range(2):
            calls.append(k)
        """,
        setup="""
        step = 1
        assert step
        """,
        globals={"calls": calls},
    ).timeit(10)
    assert len(calls) == 2 * (10 + 2)
    assert found.raw_times[0] > 0


def test_autorange() -> None:
    seen: list[int] = []
    found = Timer("1 + 1").blocked_autorange(lambda n, t: seen.append(n), min_run_time=0.01)
    assert seen == [found.number_per_run] * len(found.raw_times)
    assert sum(found.raw_times) >= 0.01
    assert len(Timer("1 + 1").adaptive_autorange(0.9, max_run_time=0.5).raw_times) >= 1


def test_statistics_and_text() -> None:
    task = TaskSpec("x + y", "pass", label="add", sub_label="small", num_threads=2)
    found = Measurement(10, [10e-6, 20e-6, 30e-6, 40e-6, 50e-6], task)
    assert found.median == pytest.approx(3e-6)
    assert found.mean == pytest.approx(3e-6)
    assert found.iqr == pytest.approx(2e-6)
    assert found.label == "add"
    lines = repr(found).splitlines()[1:]
    assert lines == [
        "add: small",
        "  Median: 3.00 us",
        "  IQR:    2.00 us (2.00 to 4.00)",
        "  5 measurements, 10 runs per measurement, 2 threads",
        "  WARNING: Interquartile range is 66.7% of the median measurement.",
        "           This suggests significant environmental influence.",
    ]
    (merged,) = Measurement.merge([found, found])
    assert len(merged.raw_times) == 10
    assert [select_unit(t)[0] for t in (2e-9, 3e-5, 0.1, 4.0)] == ["ns", "us", "ms", "s"]


def test_wrong_use() -> None:
    with pytest.raises(ValueError, match="`str` stmt"):
        Timer(3)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError, match="only Python"):
        Timer("x", language="c++")
    with pytest.raises(NotImplementedError, match="blocked_autorange"):
        Timer("x").autorange()
