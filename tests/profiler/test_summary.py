"""The parts of a run, and the machine's limits."""

from __future__ import annotations

import threading

import pytest

import rushlight as torch
from rushlight.base import spans
from rushlight.engine import watch
from rushlight.profiler.roofline import Peaks, peaks
from rushlight.profiler.summary import PARTS, Summary


def _train(steps: int) -> None:
    model = torch.nn.Linear(16, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x = torch.randn(8, 16)
    for _ in range(steps):
        optimizer.zero_grad()
        model(x).square().sum().backward()
        optimizer.step()


def test_parts_are_the_whole() -> None:
    summary = Summary()
    summary.start()
    _train(5)
    summary.stop()
    report = summary.report()
    assert tuple(report.parts) == PARTS
    assert all(seconds >= 0 for seconds in report.parts.values())
    assert sum(report.parts.values()) == pytest.approx(report.seconds, rel=0.02)
    assert report.steps == 5
    names = {name: count for name, count, _ in report.calls}
    assert names["aten::linear"] == names["autograd::backward"] == 5
    assert report.step["whole"] > report.step["kernels"] > 0
    best = [report.of_roofline(row) for row in report.kernels]
    assert any(share is not None and 0 < share < 10 for share in best)
    assert not spans._listening and not watch.watchers


def test_other_threads_count_as_kernels_only() -> None:
    summary = Summary()
    summary.start()
    thread = threading.Thread(target=_train, args=(3,))
    thread.start()
    thread.join()
    summary.stop()
    report = summary.report(roofline=False)
    assert report.steps == 0 and report.calls == [] and report.step == {}
    assert report.parts["kernels"] == 0 and sum(row.calls for row in report.kernels) >= 3
    assert report.of_roofline(report.kernels[0]) is None


def test_peaks_are_measured_once_and_plausible() -> None:
    found = peaks()
    assert found is peaks()
    assert 1e9 < found.flops < 1e13 and 1e8 < found.memory < 1e13
    rates = [rate for _, rate in found.bandwidth]
    assert rates == sorted(rates, reverse=True)


def test_least_time_is_the_longer_of_arithmetic_and_memory() -> None:
    machine = Peaks(1, 1e9, ((1000, 1e9), (10**6, 1e8)))
    assert machine.least_seconds(10**9, 0) == 1.0
    assert machine.least_seconds(1, 1000) == pytest.approx(1e-6)
    assert machine.least_seconds(1, 10**6) == pytest.approx(1e-2)
    assert machine.least_seconds(1, 10**8) == pytest.approx(1.0)
