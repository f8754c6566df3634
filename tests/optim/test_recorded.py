"""A step is one recorded entry, and numbers that change compile nothing."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.engine.flush import clear, stats
from rushlight.engine.trace import local

KINDS: list[Any] = [
    lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    lambda params: optim.Adam(params, lr=0.1),
    lambda params: optim.RMSprop(params, lr=0.1, centered=True),
]


@pytest.mark.parametrize("make", KINDS, ids=["sgd", "adam", "rmsprop"])
def test_a_changing_rate_makes_no_new_plan(make: Any) -> None:
    clear()
    params = [nn.Parameter(torch.ones(3)) for _ in range(4)]
    optimizer = make(params)
    plans = []
    for _ in range(6):
        for param in params:
            param.grad = torch.ones(3)
        optimizer.param_groups[0]["lr"] *= 0.9
        optimizer.step()
        plans.append(stats.plans)
    assert plans[2] == plans[-1]


def test_a_step_leaves_nothing_to_compute() -> None:
    clear()
    params = [nn.Parameter(torch.ones(3)) for _ in range(7)]
    optimizer = optim.SGD(params, lr=0.1)
    for param in params:
        param.grad = torch.ones(3)
    before = stats.flushes
    optimizer.step()
    assert stats.flushes == before + 1
    assert not local.trace.pending


@pytest.mark.parametrize("make", KINDS, ids=["sgd", "adam", "rmsprop"])
def test_who_looks_into_a_parameter_sees_the_step(make: Any) -> None:
    plain, viewed, shown = (nn.Parameter(torch.ones(3)) for _ in range(3))
    view, array = viewed.detach(), shown.detach().numpy()
    version = plain._version
    optimizer = make([plain, viewed, shown])
    for n in range(3):
        for param in (plain, viewed, shown):
            param.grad = torch.ones(3)
        optimizer.step()
        assert plain._version > version + n
        assert view.tolist() == viewed.tolist() == array.tolist() == plain.tolist() != [1.0] * 3


def test_a_step_makes_what_was_saved_of_a_parameter_unusable() -> None:
    param = nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([param], lr=0.1)
    loss = (param * param).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        loss.backward()


def test_parameters_stay_leaves() -> None:
    param = nn.Parameter(torch.ones(3))
    optimizer = optim.Adam([param])
    param.grad = torch.ones(3)
    optimizer.step()
    assert param.is_leaf
    assert param.requires_grad
    assert param.grad_fn is None
    assert not optimizer.state[param]["exp_avg"].requires_grad
