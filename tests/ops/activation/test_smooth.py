"""gelu and mish beside their definitions, far out, of halves, and their first two slopes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.nn import functional as F

INF, NAN = math.inf, math.nan


def _density(x: Any) -> Any:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


def _normal(x: Any) -> Any:
    return np.array([math.erfc(-v * math.sqrt(0.5)) / 2 for v in x])


def _gate(x: Any) -> Any:
    return np.tanh(np.log1p(np.exp(x)))


def _gelu(x: Any) -> tuple[Any, Any, Any]:
    """Value, slope and curvature."""
    return x * _normal(x), _normal(x) + x * _density(x), (2 - x * x) * _density(x)


def _mish(x: Any) -> tuple[Any, Any, Any]:
    gate, sigmoid = _gate(x), 1 / (1 + np.exp(-x))
    first = (1 - gate * gate) * sigmoid
    second = first * (1 - sigmoid - 2 * gate * sigmoid)
    return x * gate, gate + x * first, 2 * first + x * second


def _and_slopes(function: Any, x: Any) -> list[Any]:
    t = torch.from_numpy(x).requires_grad_()
    y = function(t)
    (slope,) = torch.autograd.grad(y.sum(), t, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), t)
    return [each.detach().numpy() for each in (y, slope, curvature)]


@pytest.mark.parametrize(("function", "definition"), [(F.gelu, _gelu), (F.mish, _mish)])
@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_value_slope_and_curvature(function: Any, definition: Any, real: Any) -> None:
    x = np.random.default_rng(0).uniform(-9, 9, 4_000).astype(real)
    eps = np.finfo(real).eps
    for got, want, limit in zip(
        _and_slopes(function, x), definition(x.astype(np.float64)), (1.2, 12, 40), strict=True
    ):
        assert got.dtype == real
        error = np.abs(got - want) / np.maximum(np.abs(x) if limit < 2 else 1, 1e-3)
        # The definitions above, in float64 themselves, lose some digits of it.
        allowed = limit * eps * (1 if real is np.float32 else 4)
        assert error.max() <= allowed, f"{error.max() / eps:.1f} eps at {x[error.argmax()]!r}"


# What PyTorch 2.13 gives; its gelu of a float32 -0 alone is +0.
FAR = [INF, -INF, NAN, 3e38, -3e38, 1e5, 100.0, -100.0, 0.0, -0.0]
SLOPES = [NAN, NAN, NAN, 1.0, 0.0, 1.0, 1.0, 0.0]


@pytest.mark.parametrize(
    ("function", "lowest", "middle"),
    [(F.gelu, -0.0, 0.5), (F.mish, -100 * math.exp(-100), 0.6)],
    ids=["gelu", "mish"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_far_out(function: Any, lowest: float, middle: float, dtype: Any) -> None:
    x = torch.tensor(FAR, dtype=dtype, requires_grad=True)
    y = function(x)
    y.sum().backward()
    assert x.grad is not None
    got, values = y.detach().numpy(), [INF, NAN, NAN, 3e38, -0.0, 1e5, 100.0, lowest, 0.0, -0.0]
    np.testing.assert_allclose(got, values, rtol=1e-6, atol=1e-43)
    known = ~np.isnan(values)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(values)[known])
    np.testing.assert_allclose(x.grad.numpy(), [*SLOPES, middle, middle], rtol=1e-6, atol=1e-40)


@pytest.mark.parametrize(("function", "definition"), [(F.gelu, _gelu), (F.mish, _mish)])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_halves_are_rounded_once(function: Any, definition: Any, dtype: Any) -> None:
    x = torch.linspace(-2, 2, 301).to(dtype).requires_grad_()
    y = function(x)
    y.sum().backward()
    assert x.grad is not None
    wide = x.detach().double().numpy()
    half_a_step = torch.finfo(dtype).eps / 2 * 1.01
    for got, want in zip((y.detach(), x.grad), definition(wide), strict=False):
        error = np.abs(got.double().numpy() - want)
        assert (error <= half_a_step * np.maximum(np.abs(want), 1e-3)).all()
