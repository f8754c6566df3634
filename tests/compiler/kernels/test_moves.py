"""cat, the setting of windows, fills and host calls against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels import lower_node
from rushlight.compiler.kernels.copy import copy
from rushlight.compiler.kernels.host import take_error
from rushlight.compiler.launch import Ref
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.host import HOSTS, host
from rushlight.ir.interpret import evaluate
from rushlight.runtime.executor import HostCall
from tests.compiler.kernels.launcher import (
    Array,
    KernelFailed,
    buffer,
    operand_of,
    place,
    run_launches,
    run_node,
    value,
)

REAL = [each for each in dtypes.ALL if not each.is_complex]
RNG = np.random.default_rng(11)


def values(shape: tuple[int, ...], dtype: DType) -> Array:
    raw = np.asarray(RNG.integers(-100, 100, shape))
    return raw.astype(np.float32).astype(dtype.np) if dtype.category == 2 else raw.astype(dtype.np)


def same(node: Node, *arrays: Array) -> None:
    got, expected = run_node(node, arrays, lower_node), evaluate(node, arrays)
    np.testing.assert_array_equal(
        got.reshape(-1).view(np.uint8), np.ascontiguousarray(expected).reshape(-1).view(np.uint8)
    )


@pytest.mark.parametrize("dtype", REAL, ids=lambda each: each.name)
def test_cat_and_windows(dtype: DType) -> None:
    parts = [values(shape, dtype) for shape in ((2, 3, 4), (2, 0, 4), (2, 5, 4))]
    sources = [build.input(k, part.shape, dtype) for k, part in enumerate(parts)]
    same(build.cat(sources, 1), *parts)
    x, y = values((9, 7), dtype), values((3, 4), dtype)
    xn, yn = build.input(0, x.shape, dtype), build.input(1, y.shape, dtype)
    same(build.slice_set(xn, yn, (8, 0), (-3, 2)), x, y)
    flat = x.reshape(-1)
    fn = build.input(0, flat.shape, dtype)
    same(
        Node("as_strided_set", (fn, yn), fn.shape, dtype, {"strides": (10, 2), "offset": 3}),
        flat,
        y,
    )
    # overlapping: the last in row-major order wins
    same(
        Node("as_strided_set", (fn, yn), fn.shape, dtype, {"strides": (1, 1), "offset": 0}), flat, y
    )
    same(build.as_strided(fn, (4, 3, 2), (5, 0, 1), 7), flat)


@pytest.mark.parametrize("dtype", REAL, ids=lambda each: each.name)
@pytest.mark.parametrize("shape", [(), (3,), (0, 2), (70, 3), (400, 700)], ids=str)
def test_fills(dtype: DType, shape: Any) -> None:
    for number in (0, 1, 1.5):
        same(build.const(number, shape, dtype))
    for axis in range(len(shape)):
        same(build.iota(shape, axis, dtype))


def test_in_place_where_source_and_result_are_one() -> None:
    x, y = np.arange(20.0).reshape(4, 5), np.full((2, 5), -1.0)
    node = build.slice_set(
        build.input(0, x.shape, dtypes.float64),
        build.input(1, y.shape, dtypes.float64),
        (0, 0),
        (2, 1),
    )
    memory: dict[object, Array] = {}
    sources = tuple(
        place(memory, each, array) for each, array in zip(node.src, (x, y), strict=True)
    )
    [launch] = lower_node(node, sources, sources[0])
    run_launches([launch], memory)
    np.testing.assert_array_equal(value(memory, node.src[0]), evaluate(node, [x, y]))


@pytest.mark.parametrize("shape", [(4, 5, 6), (1, 900, 300), (0, 3, 2)], ids=str)
def test_strided_sources(shape: Any) -> None:
    x = RNG.normal(size=shape).astype(np.float32)
    source, result = (
        build.input(0, shape, dtypes.float32),
        build.input(1, shape[::-1], dtypes.float32),
    )
    memory: dict[object, Array] = {result: buffer(result.nbytes)}
    operand = place(memory, source, x).permute(2, 1, 0)
    run_launches(copy(operand, operand_of(result, Ref(result)), "copy"), memory)
    np.testing.assert_array_equal(value(memory, result), x.T)
    # and a kernel that needs its source contiguous
    node = build.argsort(result, 0, False)
    memory[node] = buffer(node.nbytes)
    run_launches(lower_node(node, (operand,), operand_of(node, Ref(node))), memory)
    np.testing.assert_array_equal(value(memory, node), evaluate(node, [np.ascontiguousarray(x.T)]))


def test_broadcast_source() -> None:
    shape = (300, 50)
    node = build.input(0, shape, dtypes.int32)
    one = build.input(1, (1, 1), dtypes.int32)
    memory: dict[object, Array] = {node: buffer(node.nbytes)}
    source = place(memory, one, np.array([[7]], np.int32))
    repeated = Operand(source.ref, source.dtype, shape, (0, 0))
    run_launches(copy(repeated, operand_of(node, Ref(node)), "copy"), memory)
    assert (value(memory, node) == 7).all()


@pytest.fixture
def doubled() -> Any:
    @host("test_doubled", results=2)
    def function(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
        if params == ("fail",):
            raise ValueError("no luck")
        return arrays[0] * 2, arrays[0].sum(keepdims=True)

    yield
    del HOSTS["test_doubled"]


def test_host_calls(doubled: None) -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    source = build.input(0, x.shape, dtypes.float32)
    same(build.host("test_doubled", (source,), (2, 3), dtypes.float32, (0,)), x)
    same(build.host("test_doubled", (source,), (1, 1), dtypes.float64, (1,)), x)
    node = build.host("test_doubled", (source,), (2, 3), dtypes.float32, (0, "fail"))
    with pytest.raises(KernelFailed) as failed:
        run_node(node, [x], lower_node)
    assert failed.value.code == HostCall.FAILED
    assert str(take_error()) == "no luck"
    assert take_error() is None


def test_an_unknown_host_function_is_named() -> None:
    node = build.host("test_nobody", (), (), dtypes.float32)
    with pytest.raises(NotImplementedError, match="no host function 'test_nobody'"):
        evaluate(node, [])
