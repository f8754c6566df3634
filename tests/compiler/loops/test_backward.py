"""Arrays that are read from their ends, by whole vectors."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import bool_, float16, float32, float64, int64, uint8
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.graph import Node
from tests.compiler.loops.test_kernels import agree

RNG = np.random.default_rng(6)


def backward(x: Node) -> Node:
    last = x.ndim - 1
    start = tuple(size - 1 if axis == last else 0 for axis, size in enumerate(x.shape))
    return build.slice(
        x, start, x.shape, tuple(-1 if axis == last else 1 for axis in range(x.ndim))
    )


@pytest.mark.parametrize("shape", [(1,), (16,), (45,), (3, 7), (5, 33), (2, 3, 100)], ids=str)
@pytest.mark.parametrize(
    "dtype", [float32, float64, float16, int64, uint8, bool_], ids=lambda each: each.name
)
def test_rows_from_their_ends(shape: tuple[int, ...], dtype: DType) -> None:
    x = build.input(0, shape, dtype)
    turned = backward(x)
    sinks = [build.where(build.binary("eq", turned, x), turned, x)]
    if dtype is not bool_:
        sinks += [build.binary("add", turned, x), build.reduce(turned, "max", (len(shape) - 1,))]
    array = RNG.integers(0, 100, shape).astype(dtype.np)
    agree(sinks, [x], [array], 0.0)


def test_what_a_guard_leaves_out() -> None:
    """Padded on both sides: lanes that are not there are not read."""
    for size in (3, 16, 50):
        x = build.input(0, (2, size), float32)
        array = RNG.normal(size=(2, size)).astype(np.float32)
        agree([build.pad(backward(x), (0, 5), (0, 7), 0.5)], [x], [array], 0.0)
