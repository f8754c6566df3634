"""Activations of float16 and bfloat16 are those of the same numbers as floats, rounded once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.nn import functional as F

CURVES: dict[str, Callable[[Any], Any]] = {
    "elu": lambda x: F.elu(x, 0.3),
    "selu": F.selu,
    "celu": lambda x: F.celu(x, 0.7),
    "leaky_relu": lambda x: F.leaky_relu(x, 0.1),
    "softplus": lambda x: F.softplus(x, 0.7),
    "logsigmoid": F.logsigmoid,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
    "gelu": F.gelu,
    "tanh gelu": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
    "hypot": lambda x: torch.hypot(x, x.flip(0)),
}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
@pytest.mark.parametrize("name", CURVES)
def test_rounded_once(name: str, dtype: Any) -> None:
    drawn = np.random.default_rng(0).normal(size=3000).astype(np.float32) * 4
    x = torch.from_numpy(drawn).to(dtype)
    x[:5] = torch.tensor([0.0, -0.0, np.inf, -np.inf, np.nan])
    got, want = CURVES[name](x), CURVES[name](x.float()).to(dtype)
    assert got.dtype is dtype
    np.testing.assert_array_equal(got.float().numpy(), want.float().numpy())
