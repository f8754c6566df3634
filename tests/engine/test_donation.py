"""A step that may overwrite a little more than the step before runs that one's plan."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.engine.flush import clear, stats


def _steps(width: int, count: int) -> tuple[list[int], list[float]]:
    """Plans made in each step of a net whose two biases are one value until they are written."""
    clear()
    torch.manual_seed(0)
    left, right, head = nn.Linear(width, 4), nn.Linear(width, 4), nn.Linear(4, 1)
    with torch.no_grad():
        left.bias.zero_()
        right.bias.zero_()
    parameters = [*left.parameters(), *right.parameters(), *head.parameters()]
    optimizer = torch.optim.SGD(parameters, lr=0.001, momentum=0.9)
    x = torch.tensor(np.random.default_rng(0).normal(size=(3, width)).astype("f"))
    made, losses = [], []
    for _ in range(count):
        before = stats.plans
        optimizer.zero_grad()
        loss = head(left(x) + right(x.flip(0))).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        made.append(stats.plans - before)
    return made, losses


@pytest.mark.parametrize("width", [1, 300])
def test_a_plan_that_overwrites_a_little_less_serves(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, losses = _steps(width, 6)
    assert made[:2] == [1, 1]
    # Two biases of four numbers: much of a small net (it gets a plan of its own), little of a wide.
    assert made[2:] == ([1, 0, 0, 0] if width == 1 else [0, 0, 0, 0])
    monkeypatch.setattr(sys.modules["rushlight.engine.flush"], "_SPARED", 0)
    assert _steps(width, 6) == ([1, 1, 1, 0, 0, 0], losses)


def test_what_is_known_of_a_step_asks_who_looks() -> None:
    """The same step again and again, but for one time: somebody else has an argument's memory."""
    clear()
    shown: dict[int, tuple[np.ndarray, torch.Tensor, list[float]]] = {}
    total = torch.zeros(5)
    for number in range(24):
        if number % 6 == 5:
            shown[number] = (total.numpy(), total.detach(), list(total.tolist()))
        if number == 20:
            total = torch.from_numpy(np.full(5, 100.0, np.float32))
            other = total.numpy()
        total = total + number
        total.sum().item()
        if number == 20:
            assert other.tolist() == [100.0] * 5
    assert total.tolist() == [100.0 + sum(range(20, 24))] * 5
    for array, alias, numbers in shown.values():
        assert array.tolist() == alias.tolist() == numbers
