"""Times by kernel: every command of every run is there, and nothing stays behind."""

from __future__ import annotations

import rushlight as torch
from rushlight.engine import watch
from rushlight.profiler.kernels import INTERPRETED, KernelTimes


def _step(model: torch.nn.Module, x: torch.Tensor) -> float:
    model.zero_grad()
    loss = model(x).square().sum()
    loss.backward()
    return loss.item()


def test_rows_count_runs_operations_and_bytes() -> None:
    a, b = torch.randn(64, 48), torch.randn(48, 32)
    torch.mm(a, b).sum().item()
    with KernelTimes() as times:
        for _ in range(3):
            torch.mm(a, b).sum().item()
    rows = times.rows()
    assert times.runs == 3
    assert all(row.calls % 3 == 0 and row.seconds > 0 for row in rows)
    assert sum(row.flops for row in rows) >= 3 * 2 * 64 * 48 * 32
    assert sum(row.bytes for row in rows) >= 3 * 4 * (64 * 48 + 48 * 32)
    assert [row.seconds for row in rows] == sorted((row.seconds for row in rows), reverse=True)


def test_it_costs_nothing_afterwards() -> None:
    model, x = torch.nn.Linear(8, 4), torch.randn(2, 8)
    before = _step(model, x)
    with KernelTimes() as times:
        assert _step(model, x) == before
    assert not watch.watchers
    runs = times.runs
    _step(model, x)
    assert times.runs == runs
    times.clear()
    assert times.rows() == [] and times.runs == 0


def test_what_was_recorded_before_is_not_counted() -> None:
    y = torch.ones(3) * 2
    with KernelTimes() as times:
        assert y.tolist() == [2.0, 2.0, 2.0]
    assert times.runs == 0


def test_the_interpreter_has_a_row(monkeypatch) -> None:
    from rushlight.base import config
    from rushlight.engine.flush import clear

    clear()
    monkeypatch.setattr(config, "INTERPRET", True)
    with KernelTimes() as times:
        assert (torch.ones(3) + 1).tolist() == [2.0, 2.0, 2.0]
    clear()
    assert [row.kernel for row in times.rows()] == [INTERPRETED]
    assert times.rows()[0].calls == 1
