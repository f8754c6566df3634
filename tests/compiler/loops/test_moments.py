"""Variances of columns in one pass, against NumPy in double precision."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, float64
from rushlight.compiler.loops import moments, stream
from rushlight.ir import build
from rushlight.ir.graph import Node
from tests.compiler.loops.test_panel import again, schedule
from tests.compiler.run_plan import run_compiled

Array = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LARGE", 1)
    monkeypatch.setattr(moments, "LARGE", 1)


def average(x: Node, axes: tuple[int, ...], count: int) -> Node:
    total = build.reduce(x, "sum", axes)
    return build.binary("div", total, build.const(count, total.shape, x.dtype))


def away(x: Node, axes: tuple[int, ...], count: int) -> Node:
    return build.binary("sub", x, again(average(x, axes, count), x, axes))


def squares(x: Node, axes: tuple[int, ...], count: int) -> Node:
    return squares_of(away(x, axes, count), axes)


def squares_of(away: Node, axes: tuple[int, ...]) -> Node:
    return build.reduce(build.binary("mul", away, away), "sum", axes)


def found(array: Array, axes: tuple[int, ...], dtype: DType) -> tuple[Array, Array]:
    count = int(np.prod([array.shape[axis] for axis in axes]))
    x = build.input(0, array.shape, dtype)
    nodes = [squares(x, axes, count), average(x, axes, count)]
    kind = {float32: np.float32, float64: np.float64}[dtype]
    many, mean = run_compiled(nodes, [x], [array.astype(kind)])
    return many.astype(np.float64), mean.astype(np.float64)


def wanted(array: Array, axes: tuple[int, ...], dtype: DType) -> tuple[Array, Array]:
    array = array.astype(np.float32 if dtype is float32 else np.float64).astype(np.float64)
    mean = array.mean(axes)
    return ((array - array.mean(axes, keepdims=True)) ** 2).sum(axes), mean


@pytest.mark.parametrize("dtype", [float32, float64], ids=lambda each: each.name)
@pytest.mark.parametrize("offset", [0.0, 10000.0])
@pytest.mark.parametrize("shape", [(40, 700), (33, 260), (2100, 131), (64, 257), (16, 300)])
def test_columns(shape: tuple[int, int], offset: float, dtype: DType) -> None:
    array = np.random.default_rng(0).normal(offset, 1, shape)
    small = 3e-6 if dtype is float32 else 1e-14
    for have, want in zip(found(array, (0,), dtype), wanted(array, (0,), dtype), strict=True):
        np.testing.assert_allclose(have, want, rtol=small, atol=small if not offset else 0)


def test_rows_in_nests() -> None:
    """Several reduced variables: the count goes on from one of the outer ones to the next."""
    middle = np.random.default_rng(0).normal(3, 1, (5, 4, 37, 300))
    middle += np.arange(5)[:, None, None, None]
    x = build.input(0, middle.shape, float32)
    assert schedule(squares(x, (0, 2), 5 * 37), (0, 2), middle.shape).joined
    have, mean = found(middle, (0, 2), float32)
    want = wanted(middle, (0, 2), float32)
    np.testing.assert_allclose(have, want[0], rtol=3e-6)
    np.testing.assert_allclose(mean, want[1], rtol=1e-6)


@pytest.mark.parametrize("first", [1, 32, 100])
def test_first_rows_far_from_the_others(first: int) -> None:
    array = np.random.default_rng(0).normal(0, 1, (2000, 200))
    array[:first] += 1e4
    array[:, 100:] = np.sort(array[:, 100:], axis=0)
    have, mean = found(array, (0,), float32)
    want = wanted(array, (0,), float32)
    np.testing.assert_allclose(have, want[0], rtol=3e-5)
    np.testing.assert_allclose(mean, want[1], rtol=3e-5)


def test_constants_and_no_numbers() -> None:
    array = np.full((70, 300), 0.1)
    array[3, 1], array[50, 2], array[5, 3] = np.nan, np.inf, -np.inf
    have, mean = found(array, (0,), float32)
    assert np.isnan(have[1:4]).all()
    assert np.isnan(mean[1:4]).all()
    assert (have[4:] >= 0).all()
    assert have[4:].max() < 70 * (0.1 * 1e-7) ** 2 * 100
    np.testing.assert_allclose(mean[4:], np.float32(0.1), rtol=2e-7)


def test_which() -> None:
    x = build.input(0, (300, 900), float32)
    made = squares(x, (0,), 300)
    assert schedule(made, (0,), x.shape).joined
    assert not schedule(squares(x, (0,), 299), (0,), x.shape).joined
    assert not schedule(squares(x, (1,), 900), (1,), x.shape).joined
    spread = away(x, (0,), 300)
    around = squares_of(spread, (0,))
    assert schedule(build.binary("mul", spread, again(around, x, (0,))), (0,)).joined
    largest = build.reduce(build.unary("abs", spread), "max", (0,))
    assert not schedule(build.binary("add", around, largest), (0,), x.shape).joined
