"""How many plans are kept."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight.engine import trace
from rushlight.engine.flush import clear
from rushlight.engine.trace import local


def _plans() -> int:
    steps, count = [local.trace.ground], 0
    for step in steps:
        count += len(step.plans)
        steps += step.children.values()
    return count


def test_plans_of_one_trace_count_towards_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same calls with another set of results in use each time: one path, many plans."""
    clear()
    monkeypatch.setattr(trace, "STEP_LIMIT", 200)
    x = torch.arange(3.0)
    for chosen in range(1, 64):
        results = [x + 1, x + 2, x + 3, x + 4, x + 5, x + 6]
        kept = {place: each for place, each in enumerate(results) if chosen >> place & 1}
        del results
        for place, each in kept.items():
            assert each.tolist() == [place + 1, place + 2, place + 3]
        assert _plans() <= 200 // 6 + 1
    clear()


def test_a_long_loop_counts_as_the_memory_of_its_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few calls, a program of thousands of commands."""
    clear()
    monkeypatch.setattr(trace, "STEP_LIMIT", 1000)
    net = torch.nn.LSTM(3, 4)
    for steps in range(100, 124):
        out, _ = net(torch.ones(steps, 1, 3))
        out.sum().backward()
        assert net.weight_hh_l0.grad.isfinite().all()
        net.zero_grad()
        assert _plans() <= 6
    clear()
