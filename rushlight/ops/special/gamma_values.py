"""The gamma function's kin in float64: Hurwitz's zeta, polygamma, incomplete gamma."""

from __future__ import annotations

import math

import numpy as np

from rushlight.ir.host import Array
from rushlight.ir.interpret_special import digamma, erfc, lgamma

_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798,
    -174611 / 330,
)  # fmt: skip
_VAST = 1e7  # from here on the incomplete functions are those of a normal distribution
_STEPS = 20000  # of a series or fraction at most; far fewer are usual
_DIRECT = 12  # terms summed before the Euler-Maclaurin tail


def zeta(x: Array, q: Array) -> Array:
    """The sum of (k + q) ** -x over k >= 0 (Euler and Maclaurin, DLMF 25.11.5)."""
    x, q = np.broadcast_arrays(x, q)
    below = np.isfinite(q) & (q < 0)
    total = _above_zero(x, np.where(below, q - np.floor(q), q))
    if below.any():
        # The terms below 0 are those from 1 - f to -q, f the fraction of q: two zetas apart.
        fraction = np.where(below, q - np.floor(q), 0.5)
        beside = _above_zero(x, 1 - fraction) - _above_zero(x, np.where(below, 1 - q, 1.0))
        total = np.where(below, total + np.where(x % 2 == 0, beside, -beside), total)
    pole = (q <= 0) & (q == np.floor(q))
    total = np.where(pole, np.inf, total)
    total = np.where((q <= 0) & ~pole & (x != np.floor(x)), np.nan, total)
    return np.where(x == 1, np.inf, np.where((x < 1) | ~(q < np.inf), np.nan, total))


def _above_zero(x: Array, q: Array) -> Array:
    total = np.zeros_like(q)
    for k in range(_DIRECT):
        total = total + np.power(q + k, -x)
    at = q + _DIRECT
    total = total + at ** (1 - x) / (x - 1) + at**-x / 2
    term = x * at ** (-x - 1)
    for place, bernoulli in enumerate(_BERNOULLI):
        total = total + bernoulli / math.factorial(2 * place + 2) * term
        term = term * (x + 2 * place + 1) * (x + 2 * place + 2) / (at * at)
    return np.asarray(total)


def polygamma(x: Array, n: int, single: bool = False) -> Array:
    """The n-th derivative of digamma; ``single``: of float32 numbers."""
    if n == 0:
        return digamma(x)
    if n == 1:
        return _trigamma(x, single)
    return np.asarray((-1) ** (n + 1) * math.factorial(n) * zeta(np.full_like(x, n + 1.0), x))


def _trigamma(x: Array, single: bool) -> Array:
    low = x < 0.5
    right = zeta(np.full_like(x, 2.0), np.where(low, 1 - x, x))
    # Far below 0, and at the poles, what pi * x is rounded to decides: float32 as in PyTorch.
    turn = np.sin(np.float32(np.pi) * x.astype(np.float32)) if single else np.sin(np.pi * x)
    right = np.where(low, np.pi**2 / turn.astype(np.float64) ** 2 - right, right)
    return np.where(np.isposinf(x), 0.0, right)


def igamma(a: Array, x: Array) -> Array:
    """The lower incomplete gamma function over gamma(a)."""
    return _incomplete(a, x, lower=True)


def igammac(a: Array, x: Array) -> Array:
    """The upper incomplete gamma function over gamma(a)."""
    return _incomplete(a, x, lower=False)


def _incomplete(a: Array, x: Array, *, lower: bool) -> Array:
    a, x = (np.array(each, np.float64) for each in np.broadcast_arrays(a, x))
    bad = (a < 0) | (x < 0) | ((a == 0) & ((x == 0) | np.isnan(x)))
    bad |= np.isinf(a) & np.isinf(x)
    usual = ~bad & (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    vast = usual & (a > _VAST)
    usual = usual & ~vast
    share = np.full_like(a, np.nan)
    # Below the peak the series, above it the continued fraction: DLMF 8.11.4 and 8.9.2.
    series = usual & (x < a + 1)
    share[series] = _series(a[series], x[series])
    fraction = usual & ~series
    upper = np.full_like(a, np.nan)
    upper[fraction] = _fraction(a[fraction], x[fraction])
    low = np.where(series, share, 1 - upper)
    high = np.where(series, 1 - share, upper)
    low[vast] = _normal_share(a[vast], x[vast], -1.0)
    high[vast] = _normal_share(a[vast], x[vast], 1.0)
    none = ~bad & ((x == 0) | np.isinf(a))
    whole = ~bad & ~none & ((a == 0) | np.isinf(x))
    low = np.where(none, 0.0, np.where(whole, 1.0, low))
    high = np.where(none, 1.0, np.where(whole, 0.0, high))
    return np.where(bad, np.nan, low if lower else high)


def _normal_share(a: Array, x: Array, side: float) -> Array:
    """The share beyond x (``side`` 1) or before it (-1) where a is vast: DLMF 8.12.3, its first
    correction by 8.12.8; the second is 1 / a times as large."""
    away = (x - a) / a
    eta = np.sign(away) * np.sqrt(np.maximum(2 * (away - np.log1p(away)), 0))
    tail = np.asarray(erfc(side * eta * np.sqrt(a / 2))) / 2
    correction = -1 / 3 + eta / 12 - 2 * eta * eta / 135
    near = np.exp(-a * eta * eta / 2) / np.sqrt(2 * np.pi * a)
    return np.asarray(tail + side * np.where(np.abs(eta) < 0.1, near * correction, 0.0))


def _front(a: Array, x: Array) -> Array:
    return np.asarray(np.exp(a * np.log(x) - x - lgamma(a)))


def _series(a: Array, x: Array) -> Array:
    term = 1 / a
    total = term.copy()
    for k in range(1, _STEPS):
        term = term * x / (a + k)
        total = total + term
        if not (np.abs(term) > 1e-17 * np.abs(total)).any():
            break
    return np.asarray(total * _front(a, x))


def _fraction(a: Array, x: Array) -> Array:
    """Lentz's evaluation of the continued fraction."""
    tiny = 1e-300
    b = x + 1 - a
    c = np.full_like(x, 1 / tiny)
    d = 1 / np.where(b == 0, tiny, b)
    value = d
    for k in range(1, _STEPS):
        weight = -k * (k - a)
        b = b + 2
        d = weight * d + b
        d = 1 / np.where(np.abs(d) < tiny, tiny, d)
        c = b + weight / c
        c = np.where(np.abs(c) < tiny, tiny, c)
        step = c * d
        value = value * step
        if not (np.abs(step - 1) > 1e-16).any():
            break
    return np.asarray(value * _front(a, x))
