"""The oracle's own oracle: values written down from the definitions and from PyTorch 2.13."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import bool_, float32, float64, int8, int16, int32, int64, uint8
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir import interpret_special as special
from rushlight.ir.graph import Node
from rushlight.ir.interpret import evaluate, interpret
from rushlight.ir.primitives import PRIMITIVES, SOURCE

Array = np.ndarray[Any, Any]
NAN, INF = math.nan, math.inf
LEAST32, LEAST64 = -(2**31), -(2**63)


def array(values: Any, dtype: DType) -> Array:
    return np.array(values).astype(dtype.np)


def apply(op: str, dtype: DType, *rows: list[Any]) -> list[Any]:
    """An element-wise primitive on lists."""
    arrays = [array(row, dtype) for row in rows]
    sources = [build.input(k, a.shape, dtype) for k, a in enumerate(arrays)]
    node = build.unary(op, *sources) if len(sources) == 1 else build.binary(op, *sources)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result: list[Any] = evaluate(node, arrays).tolist()
    return result


def same(got: list[Any], expected: list[Any]) -> None:
    np.testing.assert_array_equal(np.array(got, float), np.array(expected, float))


def test_every_primitive_is_known() -> None:
    from rushlight.ir.interpret import RULES

    assert set(PRIMITIVES) <= {*RULES, *SOURCE}


CASTS: list[tuple[DType, list[float]]] = [
    (int64, [LEAST64, LEAST64, LEAST64, 3000000257, -300, -1]),
    (int32, [LEAST32, LEAST32, LEAST32, LEAST32, -300, -1]),
    (int16, [0, 0, 0, 0, -300, -1]),
    (int8, [0, 0, 0, 0, -44, -1]),
    (uint8, [0, 0, 0, 1, 212, 255]),
    (bool_, [1, 1, 1, 1, 1, 1]),
]


@pytest.mark.parametrize(("target", "expected"), CASTS, ids=lambda each: str(each)[:14])
def test_floats_to_integers(target: DType, expected: list[float]) -> None:
    x = np.array([NAN, INF, -INF, 3e9 + 257, -300.7, -1.5])
    [got] = interpret([build.cast(build.input(0, x.shape, float64), target)], [x])
    same(got.tolist(), expected)


def test_halves_round_through_float32() -> None:
    x = np.array([65519.999999999, 1.0 + 2.0**-11])
    [got] = interpret([build.cast(build.input(0, x.shape, float64), dtypes.float16)], [x])
    same(got.tolist(), [INF, 1.0])


def test_integers_wrap_and_divide_down() -> None:
    assert apply("add", int8, [127, -128], [1, -1]) == [-128, 127]
    assert apply("floordiv", int32, [7, -7, 7, LEAST32], [2, 2, -2, -1])[:3] == [3, -4, -4]
    assert apply("truncdiv", int32, [7, -7, 7, -7], [2, 2, -2, -2]) == [3, -3, -3, 3]
    assert apply("remainder", int64, [7, -7, 7, -7], [3, 3, -3, -3]) == [1, 2, -2, -1]
    assert apply("fmod", int64, [7, -7, 7, -7], [3, 3, -3, -3]) == [1, -1, 1, -1]
    assert apply("pow", int64, [2, 0, -1, 1, 3], [-1, -1, -3, -2, 3]) == [0, 0, -1, 1, 27]
    assert apply("pow", int32, [2, 3, 7], [40, 41, 100]) == [0, 2069870691, 1027218017]


@pytest.mark.parametrize("op", ["floordiv", "truncdiv", "remainder", "fmod"])
def test_integer_division_by_zero(op: str) -> None:
    with pytest.raises(ZeroDivisionError):
        apply(op, int32, [1, 2], [1, 0])


def test_shifts_past_the_width() -> None:
    counts = [0, 1, 7, 8, 64, -1, -5]
    assert apply("shl", int8, [-1] * 7, counts) == [-1, -2, -128, 0, 0, 0, 0]
    assert apply("shr", int8, [-1] * 7, counts) == [-1] * 7
    assert apply("shr", uint8, [255] * 5, counts[:5]) == [255, 127, 1, 0, 0]


def test_float_division() -> None:
    x = [5, -5, 0, INF, NAN, 5, 1.0, 88]
    y = [3, 3, 0, 2, 1, -INF, 0.1, 0]
    same(apply("floordiv", float32, x, y), [1, -2, NAN, NAN, NAN, -1, 9, INF])
    same(apply("remainder", float32, x[:6], y[:6]), [2, 1, NAN, NAN, NAN, -INF])
    same(apply("fmod", float32, x[:6], y[:6]), [2, -2, NAN, NAN, NAN, 5])


def test_nan_is_larger_and_smaller() -> None:
    same(apply("maximum", float32, [NAN, 1, 2], [1, NAN, 3]), [NAN, NAN, 3])
    same(apply("minimum", float32, [NAN, 1, 2], [1, NAN, 3]), [NAN, NAN, 2])
    x = np.array([[1, NAN, 3, NAN], [4, 2, 4, 1]], np.float32)
    source = build.input(0, x.shape, float32)
    sinks = [build.reduce(source, kind, (1,)) for kind in ("max", "min", "argmax", "argmin", "any")]
    largest, least, first, last, some = interpret(sinks, [x])
    same(largest.tolist(), [NAN, 4])
    same(least.tolist(), [NAN, 1])
    assert first.tolist() == [1, 0]
    assert last.tolist() == [1, 3]
    assert some.tolist() == [True, True]


def test_sorting_is_stable_with_nan_last() -> None:
    x = np.array([1, NAN, 3, NAN, -INF, 1, -0.0, 0.0], np.float32)
    source = build.input(0, x.shape, float32)
    up, down = interpret([build.argsort(source, 0, False), build.argsort(source, 0, True)], [x])
    assert up.tolist() == [4, 6, 7, 0, 5, 2, 1, 3]
    assert down.tolist() == [1, 3, 2, 0, 5, 6, 7, 4]


def test_nextafter_of_halves() -> None:
    for dtype in (dtypes.float16, dtypes.bfloat16):
        x = array([1.0, 1.0, 0.0, -0.0, -1.0, NAN, 2.0], dtype)
        y = array([2.0, 0.0, -1.0, 1.0, -2.0, 1.0, 2.0], dtype)
        node = build.binary("nextafter", *(build.input(k, x.shape, dtype) for k in range(2)))
        step = 2.0**-10 if dtype is dtypes.float16 else 2.0**-7
        least = 2.0**-24 if dtype is dtypes.float16 else 2.0**-133
        got = evaluate(node, [x, y]).astype(np.float64).tolist()
        same(got, [1 + step, 1 - step / 2, -least, least, -1 - step, NAN, 2])


def test_halves_sum_in_float32() -> None:
    x = np.ones(4096, np.float16)
    source = build.input(0, x.shape, dtypes.float16)
    total, running = interpret(
        [build.reduce(source, "sum", (0,)), build.scan(source, "sum", 0)], [x]
    )
    assert float(total) == float(running[-1]) == 4096
    index = np.zeros(4096, np.int64)
    zero = build.const(0.0, (1,), dtypes.float16)
    put = build.put(zero, build.input(1, index.shape, int64), source, 0, "add")
    assert interpret([put], [x, index])[0].tolist() == [2048]  # rounds after each


def test_an_index_out_of_range() -> None:
    x, index = np.arange(3.0), np.array([5])
    source, places = build.input(0, (3,), float64), build.input(1, (1,), int64)
    makers: list[Node] = [build.take(source, places, 0), build.gather(source, places, 0)]
    for node in makers:
        with pytest.raises(
            IndexError, match="index 5 is out of bounds for dimension 0 with size 3"
        ):
            interpret([node], [x, index])


def test_pool_takes_the_last_nan_and_no_padding() -> None:
    x = np.array([[1, NAN], [NAN, 2]], np.float32).reshape(1, 2, 2, 1)
    source = build.input(0, x.shape, float32)
    attrs: Any = ((2, 2), (2, 2), ((0, 0), (0, 0)), (1, 1))
    largest, place = interpret(
        [build.pool(source, kind, *attrs) for kind in ("max", "argmax")], [x]
    )
    assert math.isnan(largest.item())
    assert place.item() == 2
    low = np.full((1, 2, 2, 1), -INF, np.float32)
    attrs = ((2, 2), (1, 1), ((1, 1), (1, 1)), (1, 1))
    [places] = interpret([build.pool(source, "argmax", *attrs)], [low])
    assert places.reshape(-1).tolist() == [0, 0, 1, 0, 0, 1, 2, 2, 3]


def test_convolution_gradients_are_the_adjoint() -> None:
    """<conv(x, w), g> = <x, input_grad> = <w, weight_grad>, for odd windows of every rank."""
    rng = np.random.default_rng(0)
    for rank in (1, 2, 3):
        sizes = (7, 6, 5)[:rank]
        window: dict[str, Any] = {
            "stride": (2, 1, 2)[:rank],
            "padding": ((1, 0), (0, 2), (1, 1))[:rank],
            "dilation": (1, 2, 1)[:rank],
            "groups": 2,
        }
        x, w = rng.normal(size=(2, *sizes, 4)), rng.normal(size=(6, 2, *(3, 2, 2)[:rank]))
        xn, wn = build.input(0, x.shape, float64), build.input(1, w.shape, float64)
        y = build.conv(xn, wn, **window)
        g = rng.normal(size=y.shape)
        gn = build.input(2, g.shape, float64)
        dx = build.conv_input_grad(gn, wn, x.shape, **window)
        dw = build.conv_weight_grad(gn, xn, w.shape, **window)
        out, for_x, for_w = interpret([y, dx, dw], [x, w, g])
        product = (out * g).sum()
        np.testing.assert_allclose([(for_x * x).sum(), (for_w * w).sum()], product, rtol=1e-10)


SPECIAL = [
    (special.erf, 0.5, 0.5204998778130465), (special.erfc, 3.0, 2.209049699858544e-05),
    (special.erfinv, 0.9, 1.1630871536766743), (special.erfinv, 1e-200, 8.862269254527581e-201),
    (special.ndtr, 1.0, 0.8413447460685429), (special.ndtr, -3.0, 0.0013498980316300946),
    (special.ndtr_tanh, 1.0, 0.8411919906082768), (special.ndtr_tanh, 0.0, 0.5),
    (special.lgamma, 0.1, 2.2527126517342059), (special.lgamma, -1.5, 0.8600470153764810),
    (special.lgamma, 1.0001, -5.7713342220471e-05), (special.lgamma, 100.0, 359.1342053695754),
    (special.digamma, 1.0, -0.5772156649015329), (special.digamma, -1.5, 0.7031566406452432),
    (special.digamma, 50.0, 3.9019896734278925),
]  # fmt: skip


@pytest.mark.parametrize(("function", "x", "expected"), SPECIAL, ids=lambda each: str(each)[:20])
def test_special_functions(function: Any, x: float, expected: float) -> None:
    with np.errstate(all="ignore"):
        assert float(function(np.array(x))) == pytest.approx(expected, rel=4e-15)


def test_special_functions_at_their_ends() -> None:
    with np.errstate(all="ignore"):
        x = np.array([0.0, -1.0, -INF, INF, NAN, 2.0])
        same(special.lgamma(x).tolist(), [INF, INF, INF, INF, NAN, 0.0])
        x = np.array([0.0, -0.0, -1.0, -INF, INF, NAN])
        same(special.digamma(x).tolist(), [-INF, INF, NAN, NAN, INF, NAN])
        same(special.erfinv(np.array([1.0, -1.0, 2.0, NAN])).tolist(), [INF, -INF, NAN, NAN])


def test_results_share_no_memory_with_inputs() -> None:
    x = np.arange(3.0)
    source = build.input(0, x.shape, float64)
    a, b = interpret([source, source], [x])
    a[0] = 7
    assert x[0] == b[0] == 0


def test_scalars() -> None:
    node = build.cast(build.scalar(1, float64), float32)
    assert interpret([node], [], [3, 0.5])[0].tolist() == 0.5
