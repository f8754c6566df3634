"""Gradients through optimiser steps. The numbers were computed once with PyTorch 2.13."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch


def slopes(name: str, steps: int = 2, **settings: Any) -> list[float]:
    """d loss / d start, then d loss / d rate, after some recorded steps."""
    double = {"dtype": torch.float64, "requires_grad": True}
    start = torch.tensor([0.5, -1.0, 2.0], **double)
    rate = torch.tensor(0.1, **double)
    param = start.clone()
    optimizer = getattr(torch.optim, name)([param], lr=rate, differentiable=True, **settings)
    for _ in range(steps):
        now = param.clone()  # its numbers are needed after the step has written over param's
        loss = (now**4).sum() + now.prod()
        (param.grad,) = torch.autograd.grad(loss, [param], create_graph=True)
        optimizer.step()
    grads = torch.autograd.grad((param**2).sum(), [start, rate])
    return [round(value, 5) for grad in grads for value in grad.flatten().tolist()]


WANTED: dict[tuple[str, tuple[tuple[str, Any], ...]], list[float]] = {
    ("SGD", ()): [0.30747, -0.04343, -2.66031, -32.96918],
    ("SGD", (("momentum", 0.9), ("nesterov", True), ("maximize", True))): [
        -11972.934,
        5693.15125,
        674800.26861,
        10059468.99104,
    ],
    ("Adam", ()): [1.33948, -1.59526, 3.61056, -7.60539],
    ("Adam", (("weight_decay", 0.1),)): [1.32864, -1.60059, 3.61164, -7.64473],
    ("AdamW", ()): [1.33462, -1.58818, 3.59562, -7.76557],
    ("RAdam", ()): [0.18006, 0.47208, 13.20477, 71.4589],
}


@pytest.mark.parametrize(("name", "settings"), WANTED)
def test_slopes(name: str, settings: tuple[tuple[str, Any], ...]) -> None:
    wanted = WANTED[name, settings]
    assert slopes(name, **dict(settings)) == pytest.approx(wanted, rel=1e-4, abs=1e-4)


def test_by_differences() -> None:
    def after(x: float, name: str) -> Any:
        start = torch.tensor([x, -1.0], dtype=torch.float64, requires_grad=True)
        param = start.clone()
        optimizer = getattr(torch.optim, name)([param], lr=0.05, differentiable=True)
        for _ in range(3):
            (param.grad,) = torch.autograd.grad(
                (param.clone() ** 4).sum(), [param], create_graph=True
            )
            optimizer.step()
        return param.square().sum(), start

    for name in ("Adadelta", "Adagrad", "RMSprop", "ASGD", "Adamax", "NAdam", "RAdam", "Adam"):
        out, start = after(0.7, name)
        (slope,) = torch.autograd.grad(out, [start])
        wanted = (after(0.7 + 1e-5, name)[0] - after(0.7 - 1e-5, name)[0]).item() / 2e-5
        assert slope[0].item() == pytest.approx(wanted, rel=1e-5), name


def test_a_leaf_cannot_be_written() -> None:
    param = torch.ones(2, requires_grad=True)
    param.grad = torch.ones(2)
    optimizer = torch.optim.SGD([param], lr=0.1, differentiable=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        optimizer.step()
    with pytest.raises(AssertionError, match="don't support autograd"):
        torch.optim.Adam([param], lr=0.1, differentiable=True, foreach=True).step()
    with pytest.raises(AssertionError, match="capturable=True"):
        torch.optim.Adam([param], capturable=True).step()
