"""Loop kernels against the interpreter: forms, tails, dtypes, special values."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import bool_, float32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.loops.build import Value
from rushlight.compiler.loops.sign import in_unit, never_positive
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import Array, run_compiled

REAL = [each for each in dtypes.ALL if not each.is_complex]
RNG = np.random.default_rng(11)


def values(shape: tuple[int, ...], dtype: DType) -> Array:
    if dtype is bool_:
        return RNG.integers(0, 2, shape).astype(bool)
    if dtype.is_floating_point:
        return RNG.uniform(-2, 2, shape).astype(dtype.np)
    return RNG.integers(0 if dtype.name == "uint8" else -9, 9, shape).astype(dtype.np)


def agree(sinks: list[Node], inputs: list[Node], arrays: list[Array], tolerance: float) -> None:
    results = run_compiled(sinks, inputs, arrays)
    for got, wanted in zip(results, interpret(sinks, arrays), strict=True):
        if got.dtype.kind in "biu":
            np.testing.assert_array_equal(got, wanted)
        else:
            np.testing.assert_allclose(
                got.astype(np.float64), wanted.astype(np.float64), tolerance, tolerance
            )


def tolerance(dtype: DType) -> float:
    return {"float16": 4e-3, "bfloat16": 3e-2, "float32": 2e-6}.get(dtype.name, 1e-12)


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
def test_every_dtype_with_tails(dtype: DType) -> None:
    shape = (3, 37)
    x, y = build.input(0, shape, dtype), build.input(1, shape, dtype)
    both = build.binary("add", build.binary("mul", x, y), x)
    chosen = build.where(build.binary("lt", x, y), both, y)
    sinks = [chosen, build.binary("maximum", x, build.permute(build.permute(y, (1, 0)), (1, 0)))]
    sinks += [build.cast(x, each) for each in REAL]
    agree(sinks, [x, y], [values(shape, dtype), values(shape, dtype)], tolerance(dtype))


@pytest.mark.parametrize("dtype", REAL, ids=lambda dtype: dtype.name)
@pytest.mark.parametrize("shape", [(5, 70), (200, 3), (9, 64), (70, 11)])
def test_reductions_by_row_and_by_column(dtype: DType, shape: tuple[int, int]) -> None:
    x = build.input(0, shape, dtype)
    kinds = ["max", "min", "any", "all", "argmax", "argmin"]
    if dtype is not bool_:
        kinds.append("sum")
    if dtype is bool_:
        kinds = ["max", "any", "all"]
    sinks = [build.reduce(x, kind, (axis,)) for kind in kinds for axis in (0, 1)]
    agree(sinks, [x], [values(shape, dtype)], 20 * tolerance(dtype))


@pytest.mark.parametrize("axes", [(0,), (1,), (2,), (0, 2), (1, 2), (0, 1, 2), (0, 1)])
def test_reductions_over_several_axes(axes: tuple[int, ...]) -> None:
    x = build.input(0, (6, 10, 21), float32)
    agree(
        [build.reduce(x, "sum", axes), build.reduce(build.permute(x, (2, 1, 0)), "max", axes)],
        [x],
        [values((6, 10, 21), float32)],
        1e-5,
    )


def test_nan_wins_maxima_and_places() -> None:
    array = values((4, 50), float32)
    array[0, 7] = array[0, 33] = np.nan
    array[2] = -np.inf
    array[3, 49] = np.nan
    x = build.input(0, array.shape, float32)
    kinds = ("max", "min", "argmax", "argmin")
    agree([build.reduce(x, kind, (axis,)) for kind in kinds for axis in (0, 1)], [x], [array], 0)


def test_exp_of_what_is_never_positive_keeps_its_bits() -> None:
    array = values((3, 40), float32) * 60
    array[0, :5] = [-np.inf, np.inf, np.nan, 0.0, -0.0]
    x = build.input(0, array.shape, float32)
    top = build.expand(build.reshape(build.reduce(x, "max", (1,)), (3, 1)), x.shape)
    half = build.const(0.5, x.shape, float32)
    for down in (
        build.unary("neg", build.unary("abs", x)),
        build.unary("neg", build.binary("mul", x, x)),
        build.unary("neg", build.binary("mul", build.binary("mul", x, x), half)),
        build.binary("sub", x, top),
    ):
        (argument,) = run_compiled([down], [x], [array])
        (got,) = run_compiled([build.unary("exp", down)], [x], [array])
        (plain,) = run_compiled([build.unary("exp", x)], [x], [argument])
        np.testing.assert_array_equal(got, plain)


def test_only_these_are_never_positive() -> None:
    x, y = (Value("load", (), float32, serial=k) for k in range(2))
    high = Value("reduce", (x,), float32, serial=2, data="max")
    low = Value("reduce", (x,), float32, serial=3, data="min")

    def made(op: str, *args: Value) -> Value:
        return Value(op, args, float32, serial=9)

    assert never_positive(made("sub", x, high)) and never_positive(made("neg", made("abs", y)))
    assert never_positive(made("neg", made("mul", y, y)))
    half, less = (Value("const", (), float32, serial=4, data=data) for data in (0.5, -0.5))
    square = made("mul", x, x)
    for scaled in (made("mul", square, half), made("mul", half, square)):
        assert never_positive(made("neg", scaled))
    zero, one = (Value("const", (), float32, serial=4, data=data) for data in (0, 1))
    assert never_positive(made("minimum", x, zero)) and never_positive(made("minimum", zero, x))
    for other in (made("minimum", x, one), made("maximum", x, zero), made("minimum", x, y),
                  made("sub", y, high), made("sub", x, low), made("sub", high, x),
                  made("neg", x), made("neg", made("mul", x, y)), made("abs", x),
                  made("neg", made("mul", square, less)), made("neg", made("mul", x, half)),
                  made("neg", made("mul", square, y))):  # fmt: skip
        assert not never_positive(other) and not in_unit(made("exp", other))
    assert in_unit(made("exp", made("neg", made("abs", x)))) and not in_unit(made("abs", x))


def test_log1p_of_what_is_in_the_unit_interval() -> None:
    array = np.concatenate([values((1001,), float32) * 10, np.array([0, np.inf, np.nan, 1e-7, 90])])
    array = array.astype(np.float32)
    x = build.input(0, array.shape, float32)
    tail = build.unary("log1p", build.unary("exp", build.unary("neg", build.unary("abs", x))))
    (got,) = run_compiled([tail], [x], [array])
    want = np.log1p(np.exp(-np.abs(array.astype(np.float64))))
    np.testing.assert_allclose(got, want, 3e-7, 1e-44)
    assert got[1001] == np.float32(np.log(2)) and got[1002] == 0


def test_the_first_of_equal_places_wins() -> None:
    array = np.zeros((3, 100), np.int64)
    array[1, 40:] = 5
    x = build.input(0, array.shape, int64)
    sinks = [build.reduce(x, kind, (1,)) for kind in ("argmax", "argmin")]
    agree(sinks, [x], [array], 0)


def test_large_reductions_in_two_stages() -> None:
    shape = (2, 300_000)
    x = build.input(0, shape, float32)
    turned = build.reshape(x, (60_000, 10))
    total = build.reduce(x, "sum", (1,))
    sinks = [
        total,
        build.unary("sqrt", build.unary("abs", total)),
        build.reduce(turned, "max", (0,)),
        build.reduce(turned, "sum", (0,)),
        build.reduce(x, "sum", (0, 1)),
    ]
    agree(sinks, [x], [values(shape, float32)], 1e-3)


@pytest.mark.parametrize("shape", [(70, 90), (3, 200), (200, 3), (1, 5), (8, 16)])
def test_transposes(shape: tuple[int, int]) -> None:
    x = build.input(0, shape, float32)
    turned = build.permute(x, (1, 0))
    y = build.input(1, turned.shape, float32)
    sinks = [turned, build.binary("sub", turned, y)]
    agree(sinks, [x, y], [values(shape, float32), values(turned.shape, float32)], 0)


def test_padding_and_reversing_read_nothing_outside() -> None:
    x = build.input(0, (5, 7), float32)
    padded = build.pad(x, (2, 3), (1, 9), 4.0)
    flipped = build.slice(padded, (7, 18), (8, 19), (-1, -1))
    sinks = [padded, flipped, build.reduce(build.permute(flipped, (1, 0)), "sum", (0,))]
    agree(sinks, [x], [values((5, 7), float32)], 1e-6)


def test_places_along_an_axis() -> None:
    rows, columns = build.iota((6, 40), 0), build.iota((6, 40), 1, float32)
    x = build.input(0, (6, 40), int64)
    kept = build.where(build.binary("le", rows, x), x, rows)
    agree(
        [kept, columns, build.slice(columns, (0, 3), (6, 9), (1, 4))],
        [x],
        [values((6, 40), int64)],
        0,
    )


def test_halves_are_rounded_after_every_primitive() -> None:
    shape = (64,)
    x = build.input(0, shape, dtypes.float16)
    y = build.binary("sub", build.binary("add", x, build.const(1000, shape, dtypes.float16)), x)
    array = values(shape, dtypes.float16)
    got = run_compiled([y], [x], [array])[0]
    np.testing.assert_array_equal(got, interpret([y], [array])[0])


def test_whole_numbers_wrap_and_divide_as_python() -> None:
    x, y = build.input(0, (40,), dtypes.int8), build.input(1, (40,), dtypes.int8)
    left = RNG.integers(-128, 128, 40).astype(np.int8)
    right = RNG.integers(1, 9, 40).astype(np.int8) * RNG.choice([-1, 1], 40).astype(np.int8)
    left[0], right[0] = -128, -1
    names = ("add", "mul", "floordiv", "truncdiv", "remainder", "fmod", "shl", "shr", "pow")
    agree([build.binary(name, x, y) for name in names], [x, y], [left, right], 0)


@pytest.mark.parametrize("shape", [(), (2,), (3, 70), (200, 2)])
def test_half_math_in_every_width_needs_no_library(shape: tuple[int, ...]) -> None:
    # LLVM once turned double -> float -> half into a call that nobody defines.
    x = build.input(0, shape, dtypes.float16)
    array = np.asarray(RNG.uniform(0.1, 0.9, shape)).astype(np.float16)
    names = ("asinh", "atanh", "asin", "lgamma", "erfinv", "tan", "exp", "sigmoid")
    agree([build.unary(name, x) for name in names], [x], [array], 4e-3)


@pytest.mark.parametrize("name", ["int32", "int16", "int8", "uint8", "int64"])
def test_whole_quotients_are_exact(name: str) -> None:
    dtype = getattr(dtypes, name)
    ends = np.iinfo(dtype.np)
    rng = np.random.default_rng(3)
    x = rng.integers(ends.min, ends.max, 4000, dtype=dtype.np, endpoint=True)
    y = rng.integers(ends.min, ends.max, 4000, dtype=dtype.np, endpoint=True)
    y[::2] = rng.integers(max(-9, ends.min), 9, 2000)
    x[1::4] = y[1::4] * rng.integers(0, 50, 1000).astype(dtype.np)  # whole, or wrapped
    x[:6], y[:6] = [ends.min, ends.min, ends.max, ends.max, 0, 1], [1, 3, 1, ends.max, 5, ends.max]
    if dtype.is_signed:
        y[1], y[7] = -1, -1
        x[1] = x[7] = ends.min
    y[y == 0] = 1
    a, b = build.input(0, x.shape, dtype), build.input(1, y.shape, dtype)
    ops = ("floordiv", "truncdiv", "remainder", "fmod")
    agree([build.binary(op, a, b) for op in ops], [a, b], [x, y], 0)
