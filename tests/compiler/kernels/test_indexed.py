"""take, gather, put, scatter and their kin against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.kernels import lower_node
from rushlight.compiler.launch import Ref
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import evaluate, interpret
from tests.compiler.kernels.launcher import Array, KernelFailed, operand_of, run_node

REAL = [each for each in dtypes.ALL if not each.is_complex]
RNG = np.random.default_rng(3)


def values(shape: tuple[int, ...], dtype: DType) -> Array:
    raw = RNG.integers(-9, 10, shape)
    return np.asarray(raw).astype(np.float32).astype(dtype.np)


def same(node: Node, *arrays: Array) -> None:
    expected = evaluate(node, arrays)
    got = run_node(node, arrays, lower_node)
    if got.dtype.kind in "fV":
        got, expected = got.astype(np.float64), np.asarray(expected).astype(np.float64)
    np.testing.assert_array_equal(got, expected)


def source(index: int, array: Array) -> Node:
    return build.input(index, array.shape, dtypes.from_numpy(array.dtype))


TAKES = [
    ((7, 5), (4,), 0), ((7, 5), (2, 3), 1), ((3, 4, 5), (6,), 1), ((9,), (4,), 0),
    ((9,), (), 0), ((300, 64), (700,), 0), ((0, 4), (0,), 0), ((4, 0), (3,), 0),
    ((2, 9, 1), (5,), 1),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "index", "axis"), TAKES)
@pytest.mark.parametrize("dtype", REAL, ids=lambda each: each.name)
def test_take_and_put(shape: Any, index: Any, axis: int, dtype: DType) -> None:
    x = values(shape, dtype)
    size = shape[axis]
    places = np.asarray(RNG.integers(-size, size, index) if size else np.zeros(index, int))
    taken = build.take(source(0, x), source(1, places), axis)
    same(taken, x, places)
    new = values(taken.shape, dtype)
    for mode in ("set", "add"):
        put = build.put(source(0, x), source(1, places), source(2, new), axis, mode)
        same(put, x, places, new)


GATHERS = [
    ((7, 5), (7, 1), 1), ((7, 5), (4, 5), 0), ((3, 4, 5), (2, 6, 3), 1), ((9,), (4,), 0),
    ((), (), 0), ((3000, 10), (3000, 1), 1), ((64, 300), (20, 300), 0), ((4, 3), (0, 3), 0),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "index", "axis"), GATHERS)
@pytest.mark.parametrize("dtype", REAL, ids=lambda each: each.name)
def test_gather_and_scatter(shape: Any, index: Any, axis: int, dtype: DType) -> None:
    x = values(shape, dtype)
    if dtype.is_floating_point and x.size:
        x.reshape(-1)[0] = np.nan
    size = shape[axis] if shape else 1
    places = np.asarray(RNG.integers(-size, size, index)).astype(np.int32)
    same(build.gather(source(0, x), source(1, places), axis), x, places)
    new = values(index, dtype)
    for mode in ("set", "add", "prod", "max", "min"):
        node = build.scatter(source(0, x), source(1, places), source(2, new), axis, mode)
        same(node, x, places, new)


@pytest.mark.parametrize("dtype", [dtypes.int64, dtypes.int8, dtypes.uint8], ids=str)
def test_an_index_out_of_range_is_an_error(dtype: DType) -> None:
    x = np.arange(12.0).reshape(4, 3)
    bad = [4, -5] if dtype.is_signed else [4, 255]
    for place in bad:
        index = np.array([0, place]).astype(dtype.np)
        node = build.take(source(0, x), source(1, index), 0)
        with pytest.raises(KernelFailed) as failed:
            run_node(node, [x, index], lower_node)
        assert failed.value.code == 1
        with pytest.raises(IndexError, match="out of bounds for dimension 0 with size 4"):
            evaluate(node, [x, index])


@pytest.mark.parametrize("width", [1, 3, 7, 8, 9, 31, 33, 130, 255, 257, 1100])
@pytest.mark.parametrize("dtype", [dtypes.uint8, dtypes.float32, dtypes.float64], ids=str)
def test_rows_of_any_length(width: int, dtype: DType) -> None:
    x, places = values((5, width), dtype), np.array([3, -1, 0, 0, 4, 2])
    taken = build.take(source(0, x), source(1, places), 0)
    same(taken, x, places)
    new = values(taken.shape, dtype)
    for mode in ("set", "add"):
        same(build.put(source(0, x), source(1, places), source(2, new), 0, mode), x, places, new)


def test_places_that_count_from_the_front() -> None:
    x, good = np.arange(12.0).reshape(4, 3), np.array([[0], [2], [1], [0]])
    index = build.bitcast(source(1, good), dtypes.uint64)
    node = build.gather(source(0, x), index, 1)
    np.testing.assert_array_equal(interpret([node], [x, good])[0], np.take_along_axis(x, good, 1))
    with pytest.raises(IndexError, match="index -1 is out of bounds for dimension 1 with size 3"):
        interpret([node], [x, good - 1])


def test_kernel_text_does_not_know_sizes() -> None:
    texts = set()
    for rows in (5, 500, 5000):
        x, index = np.zeros((30, 64), np.float32), np.zeros(rows, np.int64)
        node = build.take(source(0, x), source(1, index), 0)
        operands = tuple(operand_of(each, Ref(each)) for each in node.src)
        texts |= {
            each.kernel.text for each in lower_node(node, operands, operand_of(node, Ref(node)))
        }
    assert len(texts) == 1
