"""Warnings name the line of the program that led to them, through any number of our own frames."""

from __future__ import annotations

import inspect
from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F


def scheduler_before_optimizer() -> None:
    optimizer = torch.optim.SGD([torch.zeros(2, requires_grad=True)], lr=0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 1).step()


def hooked_module() -> None:
    module = nn.Softmax()
    module.register_forward_hook(lambda module, args, out: None)
    module(torch.zeros(2, 3))


X = torch.zeros(2, 3)
CASES: dict[str, Callable[[], object]] = {
    "function": lambda: F.log_softmax(X),
    "module": lambda: nn.LogSoftmax()(X),
    "module in a module": lambda: nn.Sequential(nn.Sequential(nn.Softmax()))(X),
    "module with a hook": hooked_module,
    "loss": lambda: F.kl_div(X, X),
    "loss module": lambda: nn.MSELoss()(X, X[:1]),
    "legacy flags": lambda: nn.L1Loss(size_average=False),
    "scheduler": scheduler_before_optimizer,
}


@pytest.mark.parametrize("name", CASES)
def test_the_line_is_the_users(name: str) -> None:
    act = CASES[name]
    lines, first = inspect.getsourcelines(act)
    with pytest.warns(UserWarning) as caught:
        act()
    assert caught[0].filename == __file__
    assert first <= caught[0].lineno < first + len(lines)
