"""A first step is recorded as all others are."""

from __future__ import annotations

import rushlight as torch
from rushlight import nn
from rushlight.engine.flush import clear, stats
from rushlight.engine.trace import local


def test_the_second_step_is_the_first_one_again() -> None:
    clear()
    net = nn.Sequential(nn.Linear(6, 5), nn.LayerNorm(5), nn.ReLU(), nn.Linear(5, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    seen = []
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.ones(4, 6)).square().sum().backward()
        optimizer.step()
        seen.append((stats.plans, local.trace.steps))
    assert seen[0] == seen[1] == seen[2]


def test_an_optimizer_between_forward_and_backward() -> None:
    weight = torch.ones(3, requires_grad=True)
    loss = (2 * weight).square().sum()
    optimizer = torch.optim.SGD([weight], lr=0.25)
    loss.backward()
    optimizer.step()
    assert weight.tolist() == [-1, -1, -1]
