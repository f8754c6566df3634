"""Pools and their gradients against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.kernels import lower_node
from rushlight.compiler.launch import Ref
from rushlight.compiler.passes.simplify import simplify
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import evaluate
from rushlight.ir.verify import verify
from tests.compiler.kernels.launcher import (
    Array,
    operand_of,
    run_node,
)

# (spatial sizes, window, stride, padding pairs, dilation)
WINDOWS: list[Any] = [
    ((8, 6), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((9, 7), (2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1)),
    ((9, 7), (3, 3), (2, 2), ((1, 1), (1, 1)), (1, 1)),
    ((9, 8), (3, 2), (2, 2), ((1, 0), (0, 1)), (2, 1)),
    ((5, 5), (3, 3), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((7, 7), (7, 7), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    ((10,), (3,), (2,), ((1, 1),), (1,)),
    ((11,), (3,), (1,), ((2, 2),), (2,)),
    ((4, 5, 6), (2, 2, 2), (2, 2, 2), ((0, 0), (0, 1), (0, 0)), (1, 1, 1)),
    ((4, 5, 6), (2, 3, 2), (1, 2, 2), ((1, 1), (1, 1), (0, 0)), (1, 1, 1)),
    ((3, 3), (1, 1), (2, 2), ((2, 2), (2, 2)), (1, 1)),
]
DTYPES = [
    dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.int64, dtypes.int32,
    dtypes.int8, dtypes.uint8,
]  # fmt: skip
RNG = np.random.default_rng(5)


def image(sizes: tuple[int, ...], channels: int, dtype: DType) -> Array:
    raw = RNG.integers(-4, 5, (2, *sizes, channels)).astype(np.float32)
    if dtype.is_floating_point:
        raw[RNG.random(raw.shape) < 0.05] = np.nan
        raw[RNG.random(raw.shape) < 0.1] = -np.inf
    return raw.astype(dtype.np) if dtype.is_signed else np.abs(raw).astype(dtype.np)


def equal(got: Array, expected: Array) -> None:
    if got.dtype.kind in "fV":
        got, expected = got.astype(np.float64), expected.astype(np.float64)
    np.testing.assert_array_equal(got, expected)


def nodes(x: Array, row: Any) -> tuple[Node, Node, Node]:
    source = build.input(0, x.shape, dtypes.from_numpy(x.dtype))
    made = [build.pool(source, kind, *row[1:]) for kind in ("max", "argmax", "sum")]
    return made[0], made[1], made[2]


@pytest.mark.parametrize("row", WINDOWS, ids=str)
@pytest.mark.parametrize("channels", [1, 3, 6, 8, 16, 21])
def test_pools(row: Any, channels: int) -> None:
    check(row, channels, dtypes.float32)


@pytest.mark.parametrize("row", WINDOWS[2:4], ids=str)
@pytest.mark.parametrize("channels", [5, 19])
@pytest.mark.parametrize("dtype", DTYPES[1:], ids=lambda each: each.name)
def test_dtypes(row: Any, channels: int, dtype: DType) -> None:
    check(row, channels, dtype)


def check(row: Any, channels: int, dtype: DType) -> None:
    x = image(row[0], channels, dtype)
    largest, places, total = nodes(x, row)
    for node in (largest, places, total):
        equal(run_node(node, [x], lower_node), evaluate(node, [x]))
    if row is WINDOWS[-1]:
        return  # a window all in padding has no place to send its gradient to
    g = RNG.integers(-3, 4, largest.shape).astype(np.float32).astype(dtype.np)
    g_node = build.input(1, g.shape, dtype)
    index = evaluate(places, [x])
    for kind, extra in (("max", [places]), ("sum", [])):
        node = build.pool_input_grad(kind, (g_node, *extra), x.shape, *row[1:])
        arrays = [g, index][: len(node.src)]
        equal(run_node(node, arrays, lower_node), evaluate(node, arrays))
        [simple] = simplify([node])
        if kind == "max" and simple is not node:
            assert simple.src == (g_node, places.src[0])
            equal(run_node(simple, [g, x], lower_node), evaluate(node, arrays))
            equal(evaluate(simple, [g, x]), evaluate(node, arrays))


def test_only_windows_side_by_side_find_the_largest_themselves() -> None:
    kinds = []
    for row in WINDOWS:
        x = build.input(0, (2, *row[0], 3), dtypes.float32)
        places = build.pool(x, "argmax", *row[1:])
        g = build.input(1, places.shape, dtypes.float32)
        [made] = simplify([build.pool_input_grad("max", (g, places), x.shape, *row[1:])])
        verify([made])
        kinds.append(made.attrs["kind"])
    assert kinds == ["top"] * 2 + ["max"] * 9


def test_many_rows_are_many_chunks_of_one_text() -> None:
    texts, chunks = set(), []
    for batch in (1, 64):
        x = np.zeros((batch, 24, 24, 16), np.float32)
        node = nodes(x, WINDOWS[0])[0]
        [launch] = lower_node(
            node, (operand_of(node.src[0], Ref(node.src[0])),), operand_of(node, Ref(node))
        )
        texts.add(launch.kernel.text)
        chunks.append(launch.chunks)
    assert len(texts) == 1
    assert chunks[0] == 1 < chunks[1]
