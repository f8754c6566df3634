"""Gradients of halves whose kernels in PyTorch compute in float32 are rounded once, at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch

F = torch.nn.functional
HALVES = [torch.bfloat16, torch.float16]
PLACES = torch.arange(64).repeat(8, 1) % 3


def _slope(function: Callable[[Any], Any], dtype: Any) -> Any:
    torch.manual_seed(0)
    x = torch.randn(8, 64).to(torch.float16).to(torch.bfloat16).to(dtype).requires_grad_()
    g = torch.randn(8, 64).to(torch.float16).to(torch.bfloat16)
    out = function(x)
    out.backward(g.flatten()[: out.numel()].view(out.shape).to(dtype))
    return x.grad


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize(
    "function",
    [
        F.elu, F.celu, F.softplus, F.logsigmoid, F.hardswish, F.hardsigmoid,
        lambda x: F.smooth_l1_loss(x, x.detach().flip(0), reduction="sum", beta=3.0),
        lambda x: x.gather(1, PLACES),
    ],
    ids=[
        "elu", "celu", "softplus", "logsigmoid", "hardswish", "hardsigmoid", "smooth_l1", "gather",
    ],
)  # fmt: skip
def test_the_gradient_is_that_of_floats_rounded(function: Callable[[Any], Any], dtype: Any) -> None:
    expected = _slope(function, torch.float32).to(dtype)
    assert torch.equal(_slope(function, dtype), expected)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_sigmoid_and_tanh_start_from_their_rounded_result(dtype: Any) -> None:
    x = torch.linspace(-3, 3, 97).to(dtype).requires_grad_()
    g = torch.linspace(1, 2, 97).to(dtype)
    for function, slope in (
        (torch.sigmoid, lambda y: y * (1 - y)),
        (torch.tanh, lambda y: torch.addcmul(torch.ones(()), y, y, value=-1)),
    ):
        out = function(x)
        (found,) = torch.autograd.grad(out, x, g)
        expected = (g.float() * slope(out.detach().float())).to(dtype)
        assert torch.equal(found, expected)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_sums_at_places_are_rounded_at_the_end(dtype: Any) -> None:
    values = torch.full((1, 600), 1.0).to(dtype)
    found = torch.zeros(1, 2, dtype=dtype).scatter_add(1, torch.zeros(1, 600, dtype=int), values)
    assert found[0, 0].item() == 600  # one by one, bfloat16 stays at 256


def test_slopes_of_logarithms_are_one_division() -> None:
    x = torch.linspace(0.1, 5, 501).requires_grad_()
    g = torch.linspace(1, 2, 501)
    for function, divisor in (
        (torch.log, lambda x: x),
        (torch.log1p, lambda x: x + 1),
        (torch.atan, lambda x: x * x + 1),
    ):
        (found,) = torch.autograd.grad(function(x), x, g)
        assert torch.equal(found, g / divisor(x.detach()))
