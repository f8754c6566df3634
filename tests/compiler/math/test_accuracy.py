"""Errors in units of the last place, over all floats (in strides) and doubles of all sizes."""

from __future__ import annotations

import importlib.util
import math
from typing import Any

import numpy as np
import pytest

from rushlight.compiler.math import SUPPORTED
from rushlight.compiler.math.exponential import SHARE_LIFT
from tests.compiler.math.native import native
from tests.compiler.math.oracle import DOMAINS, UNARY, Long, remainder, ulps

LIMIT = {"f32": 2.0, "f64": 4.0}
# The oracle of these is the math module itself, an ulp of double: only floats can be judged by it.
DOUBLE_ORACLE = {"erf", "erfc", "lgamma"}
needs_mpmath = pytest.mark.skipif(
    importlib.util.find_spec("mpmath") is None, reason="mpmath is the oracle"
)


def every_float(stride: int, start: int = 0) -> Any:
    """Each ``stride``-th bit pattern: all magnitudes, subnormals, infinities and NaN among them."""
    return np.arange(start, 2**32, stride, dtype=np.uint64).astype(np.uint32).view(np.float32)


def worst(name: str, x: Any, lanes: int = 8) -> tuple[float, Any]:
    """(largest error, where)."""
    dtype = "f32" if x.dtype == np.float32 else "f64"
    x = DOMAINS.get(name, lambda x: x)(x)
    with np.errstate(all="ignore"):
        want = UNARY[name](x.astype(Long))
    error = ulps(native(name, dtype, lanes)(x), want)
    place = int(np.argmax(error))
    return float(error[place]), x[place]


def test_every_function_has_an_oracle() -> None:
    others = {
        *("erfinv", "ndtr", "ndtr_tanh", "digamma", "pow", "atan2", "fmod", "remainder"),
        *("exp_term", "exp_share"),
    }
    assert set(UNARY) | others == SUPPORTED


@pytest.mark.parametrize("name", sorted(UNARY))
def test_floats(name: str) -> None:
    stride = 200_003 if name in DOUBLE_ORACLE else 40_009
    ordinary = np.random.default_rng(0).uniform(-20, 20, 20_000).astype(np.float32)
    error, place = worst(name, np.concatenate([every_float(stride), ordinary, ordinary / 20]))
    assert error <= LIMIT["f32"], f"{name}({place!r}) is {error:.2f} ulp off"


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_exp_of_what_is_never_positive_is_exp(dtype: str) -> None:
    real = np.float32 if dtype == "f32" else np.float64
    x = -np.random.default_rng(8).exponential(40, 100_000).astype(real)
    x = np.concatenate([x, np.array([0, -0.0, -np.inf, np.nan, 1e-3, 0.1], real)])
    np.testing.assert_array_equal(native("exp_down", dtype)(x), native("exp", dtype)(x))


def test_terms_of_a_sum_of_exponentials() -> None:
    x = -np.random.default_rng(8).exponential(20, 100_000).astype(np.float32)
    x = np.concatenate([x, np.linspace(-1, 0, 50_001, dtype=np.float32)])
    got = native("exp_term", "f32")(x)
    exact = np.exp(x.astype(np.float64))
    near = x > -87
    error = (np.abs(got - exact) / exact)[near]
    assert (error <= 1.3e-7 + 3e-9 * -x[near]).all()
    assert abs((got[near] - exact[near]).mean()) < 1e-8  # sums of many are no worse than one
    assert got[~near].max() < 2e-38
    table = native("exp_term", "f32")(np.array([0, -0.0, -np.inf, np.nan], np.float32))
    np.testing.assert_array_equal(table, np.array([1, 1, table[2], np.nan], np.float32))
    assert 0 <= table[2] < 2e-38


def test_shares_of_a_sum_of_exponentials() -> None:
    x = -np.random.default_rng(8).exponential(30, 100_000).astype(np.float32)
    x = np.concatenate([x, np.array([0, -0.0, -103.9, -104.1, -np.inf, -3e38], np.float32)])
    part = np.random.default_rng(9).uniform(1e-4, 1, x.size).astype(np.float32)
    lift = np.float32(2.0**-SHARE_LIFT)
    got = native("exp_share", "f32")(x, part * lift)
    exact = np.exp(x.astype(Long)) * part.astype(Long)
    # A power of two and a sum are rounded; of x = y - max(y) itself 3e-8 |x| is lost.
    bound = exact[:-2] * (1.7e-7 + 3e-9 * -x[:-2]) + 1.5 * 2**-149
    assert (np.abs(got - exact)[:-2] <= bound).all()
    assert not got[-2:].any()
    odd = np.array([np.nan, -np.inf, -1], np.float32)
    assert np.isnan(native("exp_share", "f32")(odd, np.full(3, np.nan, np.float32))).all()


@pytest.mark.parametrize("name", ["log", "log2", "log10", "log1p"])
def test_logarithms_around_one_and_at_the_borders_of_pieces(name: str) -> None:
    rng = np.random.default_rng(9)
    borders = 1 + np.arange(-9, 16) / 32
    steps = (borders[:, None] * (1 + rng.uniform(-1e-5, 1e-5, 400))).ravel()
    x = np.concatenate([steps, rng.uniform(0.9, 1.1, 40_000), 2.0 ** np.arange(-126, 127)])
    error, place = worst(name, (x - 1 if name == "log1p" else x).astype(np.float32))
    assert error <= 1.75, f"{name}({place!r}) is {error:.2f} ulp off"


def ndtr_tanh(x: Any) -> Any:
    return (1 + np.tanh(np.sqrt(2 / Long(np.pi)) * (x + Long("0.044715") * x**3))) / 2


@pytest.mark.parametrize("name", ["ndtr", "ndtr_tanh"])
@pytest.mark.parametrize(("dtype", "limit"), [("f32", 7e-8), ("f64", 3e-16)])
def test_normal_distribution_is_good_beside_one(name: str, dtype: str, limit: float) -> None:
    real = np.float32 if dtype == "f32" else np.float64
    x = np.concatenate([np.linspace(-10, 10, 40_001), np.linspace(-0.4, 0.4, 4_001)]).astype(real)
    wide = x.astype(Long)
    want = UNARY["erfc"](wide * -math.sqrt(0.5)) / 2 if name == "ndtr" else ndtr_tanh(wide)
    got = native(name, dtype)(x)
    error = np.abs(got.astype(Long) - want)
    assert error.max() <= limit, f"{name}({x[error.argmax()]!r}) is {error.max():.2e} off"
    # A gelu that changes its sign below zero would be worse than one without its last digits.
    assert got.min() == 0 and got.max() == 1
    if dtype == "f32":
        assert (np.diff(got[:40_001]) >= 0).all()


@pytest.mark.parametrize("name", ["ndtr", "ndtr_tanh"])
def test_the_tail_of_the_normal_distribution_has_digits_of_its_own(name: str) -> None:
    # gelu(-5.5) was -0.0, a fifth of gelu(-5.2) was lost.
    x = np.linspace(-5.2, 0, 20_001).astype(np.float32)
    wide = x.astype(Long)
    want = UNARY["erfc"](wide * -math.sqrt(0.5)) / 2
    if name == "ndtr_tanh":  # as 1 + tanh it has no more digits of its own in a long double
        wide = np.sqrt(2 / Long(np.pi)) * (wide + Long("0.044715") * wide**3)
        want = 1 / (1 + np.exp(-2 * wide))
    error = np.abs(native(name, "f32")(x).astype(Long) / want - 1)
    assert error.max() <= 4e-4, f"{name}({x[error.argmax()]!r}) is {error.max():.2e} of itself off"


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(UNARY) - DOUBLE_ORACLE))
def test_all_floats(name: str) -> None:
    block = 2**22
    for start in range(0, 2**32, block):
        patterns = np.arange(start, start + block, dtype=np.uint64)
        error, place = worst(name, patterns.astype(np.uint32).view(np.float32))
        assert error <= LIMIT["f32"], f"{name}({place!r}) is {error:.2f} ulp off"


@pytest.mark.parametrize("name", sorted(set(UNARY) - DOUBLE_ORACLE))
def test_doubles(name: str) -> None:
    rng = np.random.default_rng(1)
    patterns = rng.integers(0, 2**64, 20_000, dtype=np.uint64).view(np.float64)
    x = np.concatenate([patterns, rng.uniform(-700, 700, 10_000), rng.uniform(-2, 2, 20_000)])
    if np.finfo(Long).nmant < 60:
        pytest.skip("long double is double here: no oracle")
    error, place = worst(name, x, lanes=4)
    assert error <= LIMIT["f64"], f"{name}({place!r}) is {error:.2f} ulp off"


@needs_mpmath
@pytest.mark.parametrize(
    ("name", "low", "high", "limit"),
    [
        ("erf", -7, 7, 4.0),
        ("erfc", -6, 26.5, 4.0),
        ("erfinv", -1, 1, 4.0),
        ("lgamma", 0, 30, 6.0),
        ("digamma", 2, 30, 12.0),
    ],
)
def test_doubles_against_mpmath(name: str, low: float, high: float, limit: float) -> None:
    import mpmath  # type: ignore[import-untyped,unused-ignore]

    other_names = {"lgamma": "loggamma"}
    oracle = getattr(mpmath, other_names.get(name, name))
    x = np.random.default_rng(2).uniform(low, high, 400)
    want = np.empty(x.size, Long)
    with mpmath.workdps(40):
        for i, v in enumerate(x):
            exact = oracle(mpmath.mpf(float(v)))
            want[i] = Long(float(exact)) + Long(float(exact - float(exact)))
    error = ulps(native(name, "f64", 4)(x), want)
    assert error.max() <= limit, f"{name}({x[error.argmax()]!r}) is {error.max():.2f} ulp off"


@needs_mpmath
@pytest.mark.parametrize(("name", "low", "high"), [("erfinv", -1, 1), ("digamma", -8, 12)])
def test_floats_against_mpmath(name: str, low: float, high: float) -> None:
    import mpmath

    oracle = getattr(mpmath, name)
    x = np.random.default_rng(3).uniform(low, high, 1_000).astype(np.float32)
    want = np.array([float(oracle(float(v))) for v in x])
    error = ulps(native(name, "f32")(x), want)
    assert error.max() <= 2.0, f"{name}({x[error.argmax()]!r}) is {error.max():.2f} ulp off"


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
def test_recurrence_below_zero(name: str) -> None:
    # f(x + 1) = f(x) + log|x| or 1/x: absolute accuracy is what doubles have near the zeros there.
    x = np.random.default_rng(4).uniform(-20, 0, 2_000)
    f = native(name, "f64", 4)
    step = np.log(np.abs(x)) if name == "lgamma" else 1 / x
    here, there = f(x), f(x + 1)
    steepness = np.maximum(1, 1 / np.abs(x - np.round(x)) ** 2)
    np.testing.assert_array_less(np.abs(there - here - step), 1e-13 * steepness)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_pow(dtype: str) -> None:
    rng = np.random.default_rng(5)
    real = np.float32 if dtype == "f32" else np.float64
    size = 30_000
    span = 87.0 if dtype == "f32" else 700.0
    x = np.concatenate([np.exp(rng.uniform(-span, span, size)), rng.uniform(0.5, 2, size)])
    log = np.abs(np.log(x)) + 1e-9
    y = rng.uniform(-1.05, 1.05, 2 * size) * np.minimum(span / log, 1e4)
    x, y = x.astype(real), y.astype(real)
    with np.errstate(all="ignore"):
        want = x.astype(Long) ** y.astype(Long)
    error = ulps(native("pow", dtype)(x, y), want)
    # Long double carries 64 bits: its own power is good to a few of its last places.
    assert error.max() <= LIMIT[dtype]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_atan2(dtype: str) -> None:
    rng = np.random.default_rng(6)
    real = np.float32 if dtype == "f32" else np.float64
    turn = rng.uniform(0, 7, 20_000)
    size = 10.0 ** rng.uniform(-30, 30, 20_000)
    x, y = (size * np.cos(turn)).astype(real), (size * np.sin(turn)).astype(real)
    error = ulps(native("atan2", dtype)(y, x), np.arctan2(y.astype(Long), x.astype(Long)))
    assert error.max() <= LIMIT[dtype]


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_modulo_is_exact(dtype: str) -> None:
    rng = np.random.default_rng(7)
    real, bits = (np.float32, np.uint32) if dtype == "f32" else (np.float64, np.uint64)
    size, most = 20_000, np.iinfo(bits).max
    x, y = (rng.integers(0, most, size, dtype=bits).view(real) for _ in range(2))
    x = np.concatenate([x, rng.uniform(-100, 100, size).astype(real)])
    y = np.concatenate([y, rng.uniform(-10, 10, size).astype(real)])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(native("fmod", dtype)(x, y), np.fmod(x, y))
        np.testing.assert_array_equal(native("remainder", dtype)(x, y), remainder(x, y))
