"""Zeros with their signs, infinities, NaN, poles and ends of domains."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rushlight.compiler.math import SUPPORTED
from tests.compiler.math.native import BINARY, native
from tests.compiler.math.oracle import remainder

INF, NAN = math.inf, math.nan
HALF_PI = math.pi / 2
ODD = [
    *("expm1", "log1p", "tanh", "erf", "sin", "tan", "asin", "atan", "sinh", "asinh", "atanh"),
    "erfinv",
]
# name: {argument: result}
TABLE: dict[str, dict[float, float]] = {
    "exp": {0.0: 1.0, INF: INF, -INF: 0.0, 1e4: INF, -1e4: 0.0},
    "exp_down": {0.0: 1.0, -INF: 0.0, -1e4: 0.0},
    "expm1_down": {0.0: 0.0, -INF: -1.0, -1e4: -1.0},
    "exp2": {0.0: 1.0, 10.0: 1024.0, -3.0: 0.125, INF: INF, -INF: 0.0, 1e5: INF, -1e5: 0.0},
    "expm1": {INF: INF, -INF: -1.0, 1e4: INF, -1e4: -1.0},
    "log": {1.0: 0.0, 0.0: -INF, INF: INF, -1.0: NAN, -INF: NAN},
    "log2": {1.0: 0.0, 8.0: 3.0, 0.0: -INF, INF: INF, -1.0: NAN, 2.0**-40: -40.0},
    "log10": {1.0: 0.0, 0.0: -INF, INF: INF, -1.0: NAN},
    "log1p_unit": {0.0: 0.0},
    "log1p": {-1.0: -INF, INF: INF, -2.0: NAN, -INF: NAN},
    "tanh": {INF: 1.0, -INF: -1.0, 100.0: 1.0, -100.0: -1.0},
    "sigmoid": {0.0: 0.5, INF: 1.0, -INF: 0.0, 1e4: 1.0, -1e4: 0.0},
    "erf": {INF: 1.0, -INF: -1.0, 10.0: 1.0, -10.0: -1.0},
    "erfc": {0.0: 1.0, INF: 0.0, -INF: 2.0, 40.0: 0.0},
    "sin": {INF: NAN, -INF: NAN},
    "cos": {0.0: 1.0, INF: NAN, -INF: NAN},
    "tan": {INF: NAN, -INF: NAN},
    "asin": {1.0: HALF_PI, -1.0: -HALF_PI, 1.5: NAN, INF: NAN},
    "acos": {1.0: 0.0, -1.0: math.pi, 0.0: HALF_PI, -1.5: NAN, -INF: NAN},
    "atan": {INF: HALF_PI, -INF: -HALF_PI},
    "sinh": {INF: INF, -INF: -INF, 1e4: INF, -1e4: -INF},
    "cosh": {0.0: 1.0, INF: INF, -INF: INF, 1e4: INF},
    "asinh": {INF: INF, -INF: -INF},
    "acosh": {1.0: 0.0, INF: INF, 0.5: NAN, -2.0: NAN, -INF: NAN},
    "atanh": {1.0: INF, -1.0: -INF, 2.0: NAN, INF: NAN},
    "erfinv": {1.0: INF, -1.0: -INF, 1.5: NAN, -INF: NAN},
    "ndtr": {0.0: 0.5, INF: 1.0, -INF: 0.0, 10.0: 1.0, -10.0: 0.0, 1e30: 1.0},
    "ndtr_tanh": {0.0: 0.5, INF: 1.0, -INF: 0.0, 10.0: 1.0, -10.0: 0.0, 1e30: 1.0},
    "lgamma": {1.0: 0.0, 2.0: 0.0, 0.0: INF, -3.0: INF, INF: INF, -INF: INF},
    "digamma": {0.0: -INF, -1.0: NAN, -7.0: NAN, INF: INF, -INF: NAN},
}


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("name", sorted(TABLE))
def test_table(name: str, dtype: str) -> None:
    arguments = [*TABLE[name], NAN]
    wanted = [*TABLE[name].values(), NAN]
    got = native(name, dtype)(arguments)
    np.testing.assert_array_equal(got, np.array(wanted, got.dtype))


def test_lgamma_of_the_largest_negative_numbers_which_are_all_poles() -> None:
    assert native("lgamma", "f64")([-1e307, -1.79e308]).tolist() == [INF, INF]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("name", ODD)
def test_zero_keeps_its_sign_and_the_smallest_number_is_not_lost(name: str, dtype: str) -> None:
    smallest = 1.4e-45 if dtype == "f32" else 5e-324
    got = native(name, dtype)([0.0, -0.0, smallest, -smallest])
    assert not got[0] and not got[1]
    np.testing.assert_array_equal(np.signbit(got), [False, True, False, True])
    assert got[2] > 0 > got[3]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_expm1_below_zero_keeps_zeros_and_the_smallest_number(dtype: str) -> None:
    smallest = 1.4e-45 if dtype == "f32" else 5e-324
    got = native("expm1_down", dtype)([0.0, -0.0, -smallest])
    np.testing.assert_array_equal(got, np.array([0, 0, -smallest], got.dtype))
    np.testing.assert_array_equal(np.signbit(got), [False, True, True])


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("exp", 1.0),
        ("cos", 1.0),
        ("cosh", 1.0),
        ("ndtr", 0.5),
        ("ndtr_tanh", 0.5),
        ("log", -INF),
        ("lgamma", INF),
        ("digamma", INF),
    ],
)
def test_negative_zero(name: str, wanted: float, dtype: str) -> None:
    # digamma's pole at 0 is approached from the side of the zero's sign; the rest see no sign.
    assert native(name, dtype)([-0.0])[0] == wanted


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("name", ["exp", "exp2", "sigmoid", "erfc"])
def test_subnormal_results(name: str, dtype: str) -> None:
    real = np.float32 if dtype == "f32" else np.float64
    ends = {"exp": (-87.5, -103.0, -709.0, -745.0), "sigmoid": (-87.5, -103.0, -709.0, -745.0)}
    ends["exp2"] = (-126.5, -148.9, -1022.5, -1073.9)
    ends["erfc"] = (9.2, 10.0, 26.6, 27.2)
    low, high = ends[name][:2] if dtype == "f32" else ends[name][2:]
    got = native(name, dtype)(np.linspace(low, high, 50))
    assert (got > 0).all()
    assert (got < np.finfo(real).tiny).all()
    assert (np.diff(got) <= 0).all()


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "erf", "atan", "asinh", "log", "log1p"])
def test_monotone_between_neighbours_far_apart(name: str) -> None:
    x = np.sort(np.concatenate([np.linspace(0.01, 100, 20_001), np.geomspace(1e-30, 1e30, 5_001)]))
    got = native(name, "f32")(x.astype(np.float32))
    finite = got[np.isfinite(got)]
    assert (finite[:-1] - finite[1:] <= 2 * np.spacing(np.abs(finite[1:]))).all()
    assert (got[finite.size :] == INF).all()


CORNERS = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, -7.5, 7.0),
    *(INF, -INF, NAN, 1e-40, -1e-40, 3e38, -3e38, 1e10, 16777217.0),
]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
@pytest.mark.parametrize("name", sorted(BINARY - {"exp_share"}))
def test_corners_of_two(name: str, dtype: str) -> None:
    real = np.float32 if dtype == "f32" else np.float64
    x, y = (a.ravel().astype(real) for a in np.meshgrid(CORNERS, CORNERS))
    oracles: dict[str, Callable[[Any, Any], Any]] = {
        "pow": np.power,
        "atan2": np.arctan2,
        "fmod": np.fmod,
        "remainder": remainder,
    }
    with np.errstate(all="ignore"):
        want = oracles[name](x, y)
    got = native(name, dtype)(x, y)
    np.testing.assert_allclose(got, want, rtol=1e-6 if dtype == "f32" else 1e-15, atol=0)
    known = ~np.isnan(want)
    np.testing.assert_array_equal(np.signbit(got)[known], np.signbit(want)[known])


def test_every_function_has_a_table() -> None:
    assert set(TABLE) | BINARY | {"exp_term"} == SUPPORTED
