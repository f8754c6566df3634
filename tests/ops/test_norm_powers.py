"""Norms whose power can be multiplied out are, and are as good as with general powers."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.base.dtype import float32
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.reduce.vector_norm import vector_norm


def has_general_power(node: Node, shape: tuple[int, ...]) -> bool:
    """Whether a power of each element is behind ``node``; that of the sums does not count."""
    if node.attrs.get("kind", node.op) == "pow" and node.shape == shape:
        return True
    return any(has_general_power(each, shape) for each in node.src)


@pytest.mark.parametrize(
    ("power", "general"), [(3.0, False), (0.5, False), (-1.0, False), (2.5, True)]
)
def test_small_powers_are_multiplied_out(power: float, general: bool) -> None:
    x = build.input(0, (4, 5), float32)
    assert has_general_power(vector_norm.body(x, power, (1,)), x.shape) == general


@pytest.mark.parametrize("power", [3.0, 2.5, 0.5, -0.5, -1.0, -2.0])
def test_values(power: float) -> None:
    array = np.random.default_rng(0).standard_normal((40, 70)).astype(np.float32)
    array[3], array[4, 1], array[5, 2] = 0, np.inf, np.nan
    got = torch.linalg.vector_norm(torch.tensor(array), power, 1).numpy()
    with np.errstate(all="ignore"):
        wanted = np.linalg.norm(array.astype(np.float64), power, 1)
    np.testing.assert_allclose(got, wanted, 3e-6)
