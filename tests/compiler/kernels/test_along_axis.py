"""scan and argsort against the interpreter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.kernels import lower_node
from rushlight.ir import build
from rushlight.ir.interpret import evaluate
from tests.compiler.kernels.launcher import Array, run_node

REAL = [each for each in dtypes.ALL if not each.is_complex]
RNG = np.random.default_rng(7)
SHAPES: list[Any] = [
    ((), 0), ((1,), 0), ((0,), 0), ((17,), 0), ((5, 33), 1), ((33, 5), 0), ((3, 40, 7), 1),
    ((4, 0, 3), 1), ((2, 9, 40), 1), ((1000,), 0),
]  # fmt: skip


def values(shape: tuple[int, ...], dtype: DType, spread: int) -> Array:
    raw = np.asarray(RNG.integers(-spread, spread + 1, shape)).astype(np.float32)
    if dtype.is_floating_point and raw.size > 3:
        raw.reshape(-1)[RNG.integers(0, raw.size, 3)] = np.nan, -0.0, np.inf
    return raw.astype(np.int64).astype(dtype.np) if dtype.category < 2 else raw.astype(dtype.np)


@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
@pytest.mark.parametrize("dtype", REAL, ids=lambda each: each.name)
def test_argsort(shape: Any, axis: int, dtype: DType) -> None:
    x = values(shape, dtype, 6)
    for descending in (False, True):
        node = build.argsort(build.input(0, shape, dtype), axis, descending)
        np.testing.assert_array_equal(run_node(node, [x], lower_node), evaluate(node, [x]))


@pytest.mark.parametrize(("shape", "axis"), SHAPES[1:], ids=str)
@pytest.mark.parametrize("dtype", REAL, ids=lambda each: each.name)
def test_first_places(shape: Any, axis: int, dtype: DType) -> None:
    """Many equal ones, nan first or last, and rows that keep getting better."""
    x = values(shape, dtype, 300)
    for descending in (False, True):
        for array in (x, np.sort(x, axis) if dtype.name != "bfloat16" else x):
            for count in {0, min(3, shape[axis]), shape[axis] // 2, shape[axis]}:
                for ordered in (False, True):
                    start = build.input(0, shape, dtype)
                    node = build.first_places(start, axis, count, descending, ordered)
                    got = run_node(node, [array], lower_node)
                    np.testing.assert_array_equal(got, evaluate(node, [array]))


@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
@pytest.mark.parametrize("dtype", REAL[:-1], ids=lambda each: each.name)
def test_scan(shape: Any, axis: int, dtype: DType) -> None:
    x = values(shape, dtype, 3)
    for kind in ("sum", "max", "min", "prod", "argmax", "argmin"):
        node = build.scan(build.input(0, shape, dtype), kind, axis)
        got, expected = run_node(node, [x], lower_node), evaluate(node, [x])
        if dtype.is_floating_point:
            # products of small whole numbers overflow to inf, or lie within rounding
            near = 2.0**-7 if dtype.name == "bfloat16" else 2.0**-9
            got, expected = got.astype(np.float64), expected.astype(np.float64)
            np.testing.assert_allclose(got, expected, rtol=near, equal_nan=True)
        else:
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize(
    ("shape", "axis"), [((40, 2105), 0), ((3, 30, 1031), 1), ((9, 300), 1), ((50, 7), 0)]
)
@pytest.mark.parametrize(
    "dtype", [dtypes.float32, dtypes.float64, dtypes.float16, dtypes.int64, dtypes.uint8],
    ids=lambda each: each.name,
)  # fmt: skip
def test_running_extrema(shape: tuple[int, ...], axis: int, dtype: DType) -> None:
    """More columns than wait at once, ties, both zeros, and now and then a nan."""
    x = np.abs(RNG.integers(-90, 90, shape)).astype(dtype.np)
    if dtype.is_floating_point:
        x[RNG.random(shape) < 0.02] = -0.0
        x[RNG.random(shape) < 0.002] = np.nan
    for kind in ("max", "min", "argmax", "argmin"):
        for source in (x, np.sort(x, axis), -x if dtype.is_floating_point else x):
            node = build.scan(build.input(0, shape, dtype), kind, axis)
            got, expected = run_node(node, [source], lower_node), evaluate(node, [source])
            np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("shape", [(300, 1000), (60, 1025), (40, 5003), (7, 70, 611), (90, 13, 9)])
@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float16], ids=lambda each: each.name)
def test_wide_scan_is_cut_across(shape: tuple[int, ...], dtype: DType) -> None:
    x = RNG.integers(-3, 4, shape).astype(dtype.np)
    node = build.scan(build.input(0, x.shape, dtype), "sum", len(shape) - 2)
    np.testing.assert_array_equal(run_node(node, [x], lower_node), evaluate(node, [x]))


@pytest.mark.parametrize(
    ("shape", "axis"),
    [((7,), 0), ((1003,), 0), ((9, 64), 1), ((50, 3), 0), ((60, 8), 0), ((40, 15), 0),
     ((3, 70, 611), 1), ((30, 4103), 0), ((5, 1), 0), ((2, 3, 4, 5), 2)],
)  # fmt: skip
@pytest.mark.parametrize(("kind", "start"), [("sum", 0.0), ("prod", 1.0)])
def test_floats_go_on_in_double(shape: tuple[int, ...], axis: int, kind: str, start: float) -> None:
    x = RNG.normal(size=shape).astype(np.float32) + np.float32(start)
    x.reshape(-1)[0] = -0.0 if kind == "sum" else 1.0
    node = build.scan(build.input(0, shape, dtypes.float32), kind, axis)
    got = run_node(node, [x], lower_node)
    running = np.add if kind == "sum" else np.multiply
    want = running.accumulate(x.astype(np.float64), axis=axis).astype(np.float32)
    np.testing.assert_array_equal(got, want)
    assert not np.signbit(got.reshape(-1)[0])  # 0.0 + -0.0


def test_sorting_many_rows_and_a_long_one() -> None:
    for shape in ((500, 60), (1, 30000)):
        x = RNG.normal(size=shape).astype(np.float64)
        node = build.argsort(build.input(0, x.shape, dtypes.float64), 1, True)
        np.testing.assert_array_equal(run_node(node, [x], lower_node), evaluate(node, [x]))
