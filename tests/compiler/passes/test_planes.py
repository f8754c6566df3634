"""Pools of planes are reductions and maxima of slices; those of channels stay what they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.passes.planes import planes
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from rushlight.ir.interpret import interpret

NONE = (0, 0)


def pool(
    kind: str, shape: tuple[int, ...], dtype: DType, *geometry: Any, last: bool = False
) -> Node:
    x = build.input(0, shape, dtype)
    images = x if last else build.permute(x, (0, *range(2, x.ndim), 1))
    return build.pool(images, kind, *geometry)


WRITTEN = [
    ("max", (2, 3, 11), float32, (2,), (2,), (NONE,), (1,)),
    ("max", (2, 3, 11), int64, (3,), (2,), (NONE,), (2,)),
    ("sum", (2, 3, 11), float32, (4,), (1,), (NONE,), (1,)),
    ("max", (2, 3, 7, 8), float32, (2, 3), (2, 3), (NONE, NONE), (1, 1)),
    ("sum", (1, 1, 4, 6, 5), float32, (2, 2, 2), (2, 2, 2), (NONE,) * 3, (1, 1, 1)),
]


@pytest.mark.parametrize("case", WRITTEN, ids=str)
def test_planes_are_pooled_where_they_lie(case: tuple[Any, ...]) -> None:
    kind, shape, dtype, *geometry = case
    node = pool(kind, shape, dtype, *geometry)
    (made,) = planes([node])
    assert not any(each.op == "pool" for each in toposort([made]))
    x = np.random.default_rng(3).integers(-9, 9, shape).astype(dtype.np)
    if kind == "max" and dtype is float32:
        x.reshape(-1)[4] = np.nan
    expected, got = interpret([node], [x])[0], interpret([made], [x])[0]
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    "node",
    [
        pool("max", (2, 12, 5), float32, (2,), (2,), (NONE,), (1,), last=True),
        pool("argmax", (2, 3, 12), float32, (2,), (2,), (NONE,), (1,)),
        pool("max", (2, 3, 12), float32, (3,), (2,), ((1, 1),), (1,)),
        pool("sum", (2, 3, 12), bfloat16, (2,), (2,), (NONE,), (1,)),
        pool("max", (2, 3, 12, 12), float32, (3, 3), (2, 2), (NONE, NONE), (1, 1)),
    ],
    ids=["channels", "places", "padding", "halves", "overlapping"],
)
def test_others_stay(node: Node) -> None:
    assert planes([node]) == [node]
