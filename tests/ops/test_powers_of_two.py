"""2 ** x is exp2: exact for whole numbers, also of dtypes of its own, and differentiable."""

from __future__ import annotations

import math

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.dtype import float32, int64
from rushlight.ir import build
from rushlight.ops.arithmetic.power import pow


def test_two_to_the_x_is_no_general_power() -> None:
    x = build.input(0, (3,), float32)
    assert pow.body(2, x).op == "exp2"
    assert pow.body(3, x).op == "pow"
    assert pow.body(2, build.input(0, (3,), int64)).op == "pow"


def test_whole_exponents_are_exact() -> None:
    exponents = torch.arange(-149, 128).float()
    want = np.ldexp(np.float32(1), np.arange(-149, 128))
    np.testing.assert_array_equal((2**exponents).numpy(), want)
    ends = 2.0 ** torch.tensor([128.0, -150, math.inf, -math.inf])
    assert ends.tolist() == [math.inf, 0, math.inf, 0]
    assert (2 ** torch.arange(5)).tolist() == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_its_slope(dtype: torch.dtype) -> None:
    x = torch.tensor([0.0, 3.0, -1.5], dtype=dtype, requires_grad=True)
    y = 2**x
    y.sum().backward()
    assert y.dtype is dtype
    want = 2 ** x.detach().double().numpy() * math.log(2)
    assert x.grad is not None
    np.testing.assert_allclose(
        x.grad.double().numpy(), want, rtol=1e-3 if dtype is torch.float16 else 1e-6
    )
