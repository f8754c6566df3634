"""Plans that run often try how their commands are shared; their numbers stay the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import rushlight as torch
from rushlight.engine import plan as plans
from rushlight.engine.plan import CompiledPlan


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def _trained(steps: int) -> list[float]:
    torch.manual_seed(0)
    nn = torch.nn
    model: Any = nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 400, 10))
    optimizer: Any = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, y = torch.randn(4, 1, 24, 24), torch.tensor([1, 5, 0, 9])
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss: Any = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_ways_are_tried_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    end = CompiledPlan._end_tryout

    def note(self: CompiledPlan) -> None:
        before = self.tryout
        end(self)
        if before is not None and self.tryout is None:
            tried.append(self.way)

    monkeypatch.setattr(CompiledPlan, "_end_tryout", note)
    losses = _trained(250)
    assert tried
    monkeypatch.setattr(plans, "_SHARING", frozenset())  # never
    tried.clear()
    assert _trained(250) == losses
    assert not tried


def test_one_thread_has_nothing_to_try(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    begun: list[Any] = []
    run = plans.Tryout.run
    monkeypatch.setattr(plans.Tryout, "run", lambda self, at: begun.append(1) or run(self, at))
    _trained(70)
    assert not begun
