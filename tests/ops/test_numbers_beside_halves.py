"""A Python number or 0-d tensor beside float16 and bfloat16 is not rounded to them; what several
operations make up is rounded once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch

WIDE = torch.tensor(0.1, dtype=torch.float64)
TENTH = np.float32(0.1)
# How halves are used, and what it is of the same numbers as floats.
USES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "x * 0.1": (lambda x: x * 0.1, lambda x: x * TENTH),
    "0.1 * x": (lambda x: 0.1 * x, lambda x: x * TENTH),
    "in place": (lambda x: x.clone().mul_(0.1), lambda x: x * TENTH),
    "x * tensor": (lambda x: x * WIDE, lambda x: x * TENTH),
    "x / 0.1": (lambda x: x / 0.1, lambda x: x / TENTH),
    "x / tensor": (lambda x: x / WIDE, lambda x: x / TENTH),
    "trunc": (lambda x: torch.div(x, 0.1, rounding_mode="trunc"), lambda x: np.trunc(x / TENTH)),
}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", USES)
def test_number(name: str, dtype: Any) -> None:
    x = torch.from_numpy(np.random.default_rng(0).normal(size=4000).astype(np.float32)).to(dtype)
    halves, floats = USES[name]
    want = torch.from_numpy(floats(x.float().numpy())).to(dtype)
    got = halves(x)
    assert got.dtype is dtype and torch.equal(got, want)


TOGETHER: dict[str, Callable[..., Any]] = {
    "lerp": lambda x, y, z: torch.lerp(x, y, 0.3),
    "far lerp": lambda x, y, z: torch.lerp(x, y, z),
    "addcmul": lambda x, y, z: torch.addcmul(x, y, z, value=0.1),
    "addcdiv": lambda x, y, z: torch.addcdiv(x, y, z, value=0.1),
}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", TOGETHER)
def test_rounded_once(name: str, dtype: Any) -> None:
    drawn = np.random.default_rng(0).normal(size=(3, 4000)).astype(np.float32)
    three = [torch.from_numpy(each).to(dtype) for each in drawn]
    got, want = TOGETHER[name](*three), TOGETHER[name](*(each.float() for each in three))
    assert got.dtype is dtype and torch.equal(got, want.to(dtype))


def test_a_number_that_float16_does_not_hold() -> None:
    x = torch.tensor([0.5, -0.25, 2.0], dtype=torch.float16, requires_grad=True)
    out = x * 70000.0
    assert out.tolist() == [35008.0, -17504.0, float("inf")]
    out = (x * 0.001 / 1e-6 * 1e-6).sum()
    out.backward()
    assert x.grad is not None and x.grad.dtype is torch.float16


def test_the_gradient_takes_the_number_as_it_is() -> None:
    x = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    w = torch.tensor([3.0, 0.7, 1.1], dtype=torch.bfloat16)
    (x * 0.3 * w).sum().backward()
    assert torch.equal(x.grad, (w.float() * np.float32(0.3)).bfloat16())


def test_a_number_over_a_tensor_is_rounded_twice() -> None:
    x = torch.from_numpy(np.random.default_rng(1).normal(size=2000).astype(np.float32))
    assert torch.equal(0.1 / x, x.reciprocal() * 0.1)
    assert (1 / torch.tensor([1, 2, 4])).tolist() == [1.0, 0.5, 0.25]
    with pytest.raises(TypeError):
        "a" / x
