"""Special functions in float64, good to about 1e-15: NumPy has none of them.

>>> x = np.array([-0.5, 0.0, 0.75])
>>> bool(np.allclose(erf(erfinv(x)), x, rtol=1e-15, atol=0))
True
"""

from __future__ import annotations

import functools
import math

import numpy as np

from rushlight.ir.interpret_rule import Array

_erf = np.frompyfunc(math.erf, 1, 1)
_erfc = np.frompyfunc(math.erfc, 1, 1)
EULER = 0.5772156649015328606
# Bernoulli numbers B2, B4, ... of both asymptotic series.
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
_FAR = 10.0  # the asymptotic series are exact to the last bit from here on


@functools.cache
def _zeta(k: int) -> float:
    # Direct terms to 12, then Euler-Maclaurin: exact to the last bit for k >= 2.
    n = 12.0
    head = math.fsum(i**-k for i in range(1, 12))
    tail = n ** (1 - k) / (k - 1) + n**-k / 2
    term, rising = k * n ** (-k - 1), k + 1
    for place, bernoulli in enumerate(_BERNOULLI):
        tail += bernoulli / math.factorial(2 * place + 2) * term
        term *= rising * (rising + 1) / n**2
        rising += 2
    return head + tail


_ZETAS = range(2, 40)


def erf(x: Array) -> Array:
    return np.asarray(_erf(x), dtype=np.float64)


def erfc(x: Array) -> Array:
    return np.asarray(_erfc(x), dtype=np.float64)


def ndtr(x: Array) -> Array:
    """The normal distribution function."""
    return erfc(x * -math.sqrt(0.5)) / 2


def ndtr_tanh(x: Array) -> Array:
    """Its approximation by a tanh."""
    return (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2


def erfinv(x: Array) -> Array:
    """Winitzki's first guess, then Halley's steps on erf, on erfc near the ends."""
    size = np.abs(x)
    inside = np.where(size < 1, size, 0.0)
    bend = np.log1p(-inside * inside)
    half = 2 / (math.pi * 0.147) + bend / 2
    y = np.sqrt(np.maximum(np.sqrt(half * half - bend / 0.147) - half, 0.0))
    for _ in range(4):
        error = np.where(inside > 0.5, (1 - inside) - erfc(y), erf(y) - inside)
        error = error / (2 / math.sqrt(math.pi) * np.exp(-y * y))
        y = y - error / (1 + y * error)
    y = np.where(inside < 1e-150, inside * (math.sqrt(math.pi) / 2), y)
    y = np.where(size < 1, y, np.where(size == 1, np.inf, np.nan))
    return np.asarray(np.copysign(y, x))


def lgamma(x: Array) -> Array:
    """log |gamma(x)|: reflection below 1/2, series around 1 and 2, else Stirling."""
    right = np.where(x < 0.5, 1 - x, x)
    value = _lgamma_right(right)
    whole = x == np.floor(x)
    sine = np.abs(np.sin(math.pi * (x - np.rint(x))))
    # Near 0 the reflected form loses digits against log: gamma(x) = gamma(1 + x) / x.
    near = np.abs(x) < 0.5
    reflected = math.log(math.pi) - np.log(sine) - value
    reflected = np.where(
        near, _lgamma_right(np.where(near, 1 + x, 1.0)) - np.log(np.abs(x)), reflected
    )
    value = np.where(x < 0.5, np.where(whole, np.inf, reflected), value)
    value = np.where(np.isinf(x), np.inf, value)
    return np.asarray(np.where(np.isnan(x), np.nan, value))


def _lgamma_right(x: Array) -> Array:
    """For x >= 1/2."""
    one, two = x - 1, x - 2
    series_one, series_two = np.zeros_like(x), np.zeros_like(x)
    small_one = np.where(np.abs(one) < 0.4, one, 0.0)
    small_two = np.where(np.abs(two) < 0.4, two, 0.0)
    for k in reversed(_ZETAS):
        sign = -1.0 if k % 2 else 1.0
        series_one = (series_one + sign * _zeta(k) / k) * small_one
        series_two = (series_two + sign * (_zeta(k) - 1) / k) * small_two
    series_one = (series_one - EULER) * small_one
    series_two = (series_two + (1 - EULER)) * small_two
    shift, up = np.ones_like(x), x.copy()
    for _ in range(10):
        low = up < _FAR
        shift = np.where(low, shift * up, shift)
        up = np.where(low, up + 1, up)
    tail = np.zeros_like(x)
    for place in reversed(range(len(_BERNOULLI))):
        n = 2 * place + 2
        tail = tail / (up * up) + _BERNOULLI[place] / (n * (n - 1))
    log_up = np.log(up)
    far = np.where(up > 1e300, up * (log_up - 1), (up - 0.5) * log_up - up)
    value = far + 0.5 * math.log(2 * math.pi) + tail / up - np.log(shift)
    value = np.where(np.abs(one) < 0.4, series_one, value)
    return np.asarray(np.where(np.abs(two) < 0.4, series_two, value))


def digamma(x: Array) -> Array:
    """Reflection below 0, recurrence up to 10, then the asymptotic series."""
    negative = x < 0
    right = np.where(negative, 1 - x, x)
    shift, up = np.zeros_like(x), right.copy()
    for _ in range(10):
        low = up < _FAR
        shift = np.where(low, shift + 1 / up, shift)
        up = np.where(low, up + 1, up)
    tail = np.zeros_like(x)
    for place in reversed(range(len(_BERNOULLI))):
        tail = (tail + _BERNOULLI[place] / (2 * place + 2)) / (up * up)
    value = np.log(up) - 0.5 / up - tail - shift
    part = x - np.rint(x)
    value = np.where(negative, value - math.pi / np.tan(math.pi * part), value)
    value = np.where(negative & (x == np.floor(x)), np.nan, value)
    value = np.where(x == 0, np.copysign(np.inf, -x), value)
    return np.asarray(np.where(x == np.inf, np.inf, value))
