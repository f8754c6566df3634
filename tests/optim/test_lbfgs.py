"""L-BFGS: the direction as one plan and row by row, and how few plans a growing history takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats
from rushlight.ops.lbfgs import lbfgs_direction
from rushlight.optim import lbfgs


def _losses(rounds: int, search: str | None, history: int) -> list[float]:
    torch.manual_seed(0)
    a, b = torch.randn(12, 6, dtype=torch.float64), torch.randn(12, dtype=torch.float64)
    weight = torch.zeros(6, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight], lr=0.5, max_iter=4, history_size=history, line_search_fn=search
    )

    def closure() -> Any:
        optimizer.zero_grad()
        loss = ((torch.tanh(a @ weight) - b) ** 2).sum()
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(rounds)]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("history", [3, 100])
def test_one_plan_or_rows(monkeypatch: Any, search: str | None, history: int) -> None:
    together = _losses(5, search, history)
    monkeypatch.setattr(lbfgs, "WIDE", 0)
    assert _losses(5, search, history) == pytest.approx(together, rel=1e-9)
    assert together[-1] < together[0]


def test_flushes_of_an_iteration() -> None:
    clear()
    before = stats.flushes
    _losses(6, None, 10)
    assert stats.flushes - before < 3 * 6 * 4


def test_the_op_is_its_reference() -> None:
    op = lbfgs_direction
    assert op.samples_rule is not None and op.reference_rule is not None
    for arguments, _ in op.samples_rule(np.random.default_rng(0)):
        found = lbfgs.lbfgs_direction(*map(torch.tensor, arguments))
        np.testing.assert_allclose(found.numpy(), op.reference_rule(*arguments), rtol=1e-12)


def test_a_history_that_grows_takes_few_plans() -> None:
    clear()
    _losses(5, None, 100)  # up to 19 rows: those for 16 and 32 are known
    before = stats.plans
    _losses(7, None, 100)
    assert stats.plans == before
