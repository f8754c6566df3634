"""Special functions of one number at a time: the formulas of ``bessel_values.py``,
``gamma_values.py`` and ``normal_values.py``, each ended where its number has converged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rushlight.ir.host import Array
from rushlight.ir.routine import Cut, Shape, routine

_FAR = 25.0
_ROOT_PI = math.sqrt(math.pi)
_ROOT_HALF = math.sqrt(0.5)
_VAST = 1e7
_STEPS = 20000
_COST = 1000  # of a number, as bytes that are copied


def _cut(shapes: Sequence[Shape], params: tuple[Any, ...]) -> Cut:
    return Cut(math.prod(shapes[0]), (), _COST)


# Modified Bessel functions


def _scaled_i(order: int, size: float) -> float:
    """exp(-x) I_n(x) of x >= 0."""
    if size == math.inf:
        return 0.0
    term = 1.0
    if size < _FAR:
        quarter = size * size / 4
        term = 1.0 if order == 0 else size / 2
        total = term
        for k in range(1, 60):
            term = term * quarter / (k * (k + order))
            total += term
            if term < 1e-17 * total:
                break
        return total * math.exp(-size)
    total = 1.0
    sign, mu = 1.0, 4.0 * order * order
    for k in range(1, 24):
        term = term * (mu - (2.0 * k - 1) * (2.0 * k - 1)) / (k * 8.0 * size)
        sign = -sign
        total += sign * term
    return total / (math.sqrt(2 * math.pi) * math.sqrt(size))


def _signed(value: float, x: float) -> float:
    return -value if x < 0 else value


@routine("special_i0e", _cut)
def i0e(n: int, x: Array, out: Array) -> None:
    out[n] = _scaled_i(0, abs(float(x[n])))


@routine("special_i0", _cut)
def i0(n: int, x: Array, out: Array) -> None:
    size = abs(float(x[n]))
    out[n] = math.exp(size) * _scaled_i(0, size)


@routine("special_i1e", _cut)
def i1e(n: int, x: Array, out: Array) -> None:
    out[n] = _signed(_scaled_i(1, abs(float(x[n]))), float(x[n]))


@routine("special_i1", _cut)
def i1(n: int, x: Array, out: Array) -> None:
    size = abs(float(x[n]))
    out[n] = _signed(math.exp(size) * _scaled_i(1, size), float(x[n]))


# The normal distribution


def _erfcx(x: float) -> float:
    if not x > 9.0:
        return math.exp(x * x) * math.erfc(x)
    step = 1 / (2 * x * x)
    term, total = 1.0, 1.0
    for k in range(1, 20):
        term = -term * (2 * k - 1) * step
        total += term
    return total / (x * _ROOT_PI)


def _log_ndtr(x: float) -> float:
    if x == -math.inf:
        return x
    if x < -1.0:
        return math.log(_erfcx(-x * _ROOT_HALF) / 2) - x * x / 2
    return math.log1p(-math.erfc(x * _ROOT_HALF) / 2)


def _ndtri(p: float) -> float:
    """The middle by erfinv; the tails by Newton's steps on the logarithm of what is below."""
    if p == 0.0 or p == 1.0:
        return math.inf if p == 1.0 else -math.inf
    if not (p > 0.0 and p < 1.0):
        return math.nan
    tail = min(p, 1 - p)
    if tail > 0.02:
        return -math.erfinv(1 - 2 * p) / _ROOT_HALF  # type: ignore[attr-defined, no-any-return]
    target = math.log(tail)
    guess = math.sqrt(-2 * target)
    x = -(guess - math.log(guess) / guess - 0.9 / guess)
    for _ in range(12):
        change = (_log_ndtr(x) - target) * _erfcx(-x * _ROOT_HALF) / math.sqrt(2 / math.pi)
        x -= change
        if abs(change) < 1e-15 * abs(x):
            break
    return -x if p > 0.5 else x


@routine("special_erfcx", _cut)
def erfcx(n: int, x: Array, out: Array) -> None:
    out[n] = _erfcx(float(x[n]))


@routine("special_log_ndtr", _cut)
def log_ndtr(n: int, x: Array, out: Array) -> None:
    out[n] = _log_ndtr(float(x[n]))


@routine("special_ndtri", _cut)
def ndtri(n: int, x: Array, out: Array) -> None:
    out[n] = _ndtri(float(x[n]))


# Incomplete gamma functions


def _front(a: float, x: float) -> float:
    return math.exp(a * math.log(x) - x - math.lgamma(a))


def _series(a: float, x: float) -> float:
    term = 1 / a
    total = term
    for k in range(1, _STEPS):
        term = term * x / (a + k)
        total += term
        if abs(term) <= 1e-17 * abs(total):
            break
    return total * _front(a, x)


def _fraction(a: float, x: float) -> float:
    """Lentz's evaluation of the continued fraction."""
    tiny = 1e-300
    b = x + 1 - a
    c = 1 / tiny
    d = 1 / (tiny if b == 0 else b)
    value = d
    for k in range(1, _STEPS):
        weight = -k * (k - a)
        b += 2
        d = weight * d + b
        d = 1 / (tiny if abs(d) < tiny else d)
        c = b + weight / c
        c = tiny if abs(c) < tiny else c
        step = c * d
        value = value * step
        if abs(step - 1) <= 1e-16:
            break
    return value * _front(a, x)


def _normal_share(a: float, x: float, side: float) -> float:
    away = (x - a) / a
    eta = math.sqrt(max(2 * (away - math.log1p(away)), 0.0))
    eta = -eta if away < 0 else eta
    tail = math.erfc(side * eta * math.sqrt(a / 2)) / 2
    correction = -1 / 3 + eta / 12 - 2 * eta * eta / 135
    near = math.exp(-a * eta * eta / 2) / math.sqrt(2 * math.pi * a)
    return tail + side * near * correction if abs(eta) < 0.1 else tail


def _incomplete(a: float, x: float, lower: int) -> float:
    if a < 0 or x < 0 or (a == 0 and not x > 0) or (a == math.inf and x == math.inf):
        return math.nan
    if x == 0 or a == math.inf:
        return 0.0 if lower else 1.0
    if a == 0 or x == math.inf:
        return 1.0 if lower else 0.0
    if a != a or x != x:
        return math.nan
    if a > _VAST:
        return _normal_share(a, x, -1.0 if lower else 1.0)
    if x < a + 1:
        share = _series(a, x)
        return share if lower else 1 - share
    share = _fraction(a, x)
    return 1 - share if lower else share


@routine("special_igamma", _cut)
def igamma(n: int, a: Array, x: Array, out: Array) -> None:
    out[n] = _incomplete(float(a[n]), float(x[n]), 1)


@routine("special_igammac", _cut)
def igammac(n: int, a: Array, x: Array, out: Array) -> None:
    out[n] = _incomplete(float(a[n]), float(x[n]), 0)


# Polygamma, by Hurwitz's zeta function

_DIRECT = 12  # terms summed before the Euler-Maclaurin tail
# Bernoulli's numbers B_2, B_4 .. over the factorials of their orders.
_TAIL = (
    1 / 12, -1 / 720, 1 / 30240, -1 / 1209600, 1 / 47900160, -691 / 1307674368000,
    1 / 74724249600, -3617 / 10670622842880000, 43867 / 5109094217170944000,
    -174611 / 802857662698291200000,
)  # fmt: skip


def _below(base: float, power: int) -> float:
    """base ** -power, power > 0."""
    product = base
    for _ in range(1, power):
        product = product * base
    return 1 / product


def _above_zero(x: int, q: float) -> float:
    total = 0.0
    for k in range(_DIRECT):
        total += _below(q + k, x)
    at = q + _DIRECT
    power = _below(at, x)
    total += power * at / (x - 1.0) + power / 2
    term = x * power / at
    order = float(x)
    for weight in _TAIL:
        total += weight * term
        term = term * (order + 1) * (order + 2) / (at * at)
        order += 2
    return total


def _zeta(x: int, q: float) -> float:
    """The sum of (k + q) ** -x over k >= 0, x > 1."""
    if not q < math.inf:
        return math.nan
    if q <= 0 and q == math.floor(q):
        return math.inf
    if q > 0:
        return _above_zero(x, q)
    # The terms below 0 are those from 1 - f to -q, f the fraction of q: two zetas apart.
    fraction = q - math.floor(q)
    beside = _above_zero(x, 1 - fraction) - _above_zero(x, 1 - q)
    whole = _above_zero(x, fraction)
    return whole + beside if x % 2 == 0 else whole - beside


def _polygamma_cut(shapes: Sequence[Shape], params: tuple[Any, ...]) -> Cut:
    return Cut(math.prod(shapes[0]), (params[0],), _COST)


@routine("special_polygamma", _polygamma_cut)
def polygamma(n: int, order: int, x: Array, out: Array) -> None:
    at = float(x[n])
    if order == 1 and at == math.inf:
        out[n] = 0.0
        return
    if order == 1 and at < 0.5:
        # What pi * x is rounded to decides far below 0: in the array's own precision.
        turn = float(math.sin(math.pi * x[n]))
        out[n] = math.pi * math.pi / (turn * turn) - _zeta(2, 1 - at)
        return
    size = 1.0
    for k in range(order):
        size = -size * (k + 1)
    out[n] = -size * _zeta(order + 1, at)
