"""Second gradients of functions of straight pieces: zeros, as PyTorch's, and not an error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch
from rushlight.nn import functional as F


@pytest.mark.parametrize(
    "piecewise",
    [
        F.relu, F.leaky_relu, F.hardtanh, F.softshrink, F.hardshrink, F.rrelu,
        lambda x: F.threshold(x, 0.1, 2.0),
    ],
)  # fmt: skip
def test_a_second_gradient_is_zeros(piecewise: Callable[[Any], Any]) -> None:
    x = torch.tensor([0.3, -0.4, 0.7, -1.5, float("nan")], requires_grad=True)
    (slope,) = torch.autograd.grad(piecewise(x).sum(), x, create_graph=True)
    assert slope.requires_grad
    (second,) = torch.autograd.grad(slope.sum(), x)
    assert second.tolist() == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("curve", [F.elu, F.selu, F.celu, F.hardswish])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_zero_keeps_its_sign(curve: Callable[[Any], Any], dtype: Any) -> None:
    y = curve(torch.tensor([float("nan"), -0.0, 0.0] * 9, dtype=dtype))
    assert torch.signbit(y[1:3]).tolist() == [True, False]
    assert y[::3].isnan().all()


def test_slopes() -> None:
    x = torch.tensor([0.3, -0.4, 0.5, 0.0, float("nan")], requires_grad=True)
    wanted = {
        F.leaky_relu: [1, 0.2, 1, 0.2, 0.2],
        F.softshrink: [0, 0, 0, 0, 1],
        F.hardshrink: [0, 0, 0, 0, 1],
        F.threshold: [1, 0, 1, 0, 1],
    }
    options = {F.leaky_relu: (0.2,), F.threshold: (0.2, 9.0)}
    for function, slopes in wanted.items():
        y = function(x, *options.get(function, ()))
        (found,) = torch.autograd.grad(y.sum(), x)
        assert found.tolist() == pytest.approx(slopes)


def test_products_of_them_have_whole_second_gradients() -> None:
    x = torch.tensor([0.3, -0.4], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda x: F.leaky_relu(x, 0.2) ** 2, [x])
