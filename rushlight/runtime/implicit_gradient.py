"""How a gamma or beta number moves when its parameter does and its place in the distribution stays.

Implicit reparameterisation (Figurnov, Mohamed, Mnih 2018): with F the distribution function and p
the density, dx/da = -(dF/da) / p(x). F is a power series of positive terms for both, and its
derivative by ``a`` is the series of the derivatives. Above ``_NORMAL_FROM`` a gamma number is a
cubed normal (Wilson and Hilferty 1931), whose derivative is elementary.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
_NORMAL_FROM = 2000.0
_MOST_TERMS = 100_000


def digamma(x: Doubles) -> Doubles:
    """The derivative of log-gamma for positive numbers: recurrence up to 8, then the asymptotic
    series (Abramowitz and Stegun 6.3.5, 6.3.18)."""
    x = np.array(x, np.float64)
    result = np.zeros_like(x)
    while (low := x < 8.0).any():
        result[low] -= 1.0 / x[low]
        x[low] += 1.0
    s = 1.0 / (x * x)
    series = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s / 132))))
    return result + np.log(x) - 0.5 / x - series


def gamma_gradient(shape: NDArray[Any], sample: NDArray[Any]) -> Doubles:
    """d sample / d shape of a gamma number of rate 1, element by element."""
    a, x = (np.asarray(each, np.float64).ravel() for each in (shape, sample))
    result = np.empty_like(a)
    large = a > _NORMAL_FROM
    root = np.cbrt(x[large] / a[large])
    # x = a (1 - 1 / (9 a) + z / (3 sqrt(a)))^3 with z kept
    z = (root - 1.0 + 1.0 / (9.0 * a[large])) * 3.0 * np.sqrt(a[large])
    result[large] = root**3 + 3.0 * a[large] * root**2 * (
        1.0 / (9.0 * a[large] ** 2) - z / (6.0 * a[large] ** 1.5)
    )
    result[~large] = _gamma_by_series(a[~large], x[~large])
    return result.reshape(np.shape(shape))


def _gamma_by_series(a: Doubles, x: Doubles) -> Doubles:
    # P(a, x) = x^a e^-x / gamma(a + 1) * S, S = sum of x^n / ((a + 1) ... (a + n)); divided by the
    # density x^(a - 1) e^-x / gamma(a) the factor in front is x / a.
    term, slope = np.ones_like(a), np.zeros_like(a)
    total, total_slope = term.copy(), slope.copy()
    for n in range(1, _MOST_TERMS):
        step = a + n
        slope = (slope - term / step) * (x / step)
        term = term * (x / step)
        total += term
        total_slope += slope
        if (np.abs(slope) <= 1e-17 * np.abs(total_slope)).all() and (term <= 1e-17 * total).all():
            break
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(x / a) * (total * (np.log(x) - digamma(a + 1.0)) + total_slope)


def beta_gradient(x: NDArray[Any], a: NDArray[Any], total: NDArray[Any]) -> Doubles:
    """dx/da / (1 - x) of a beta number with the parameters ``a`` and ``total - a``, b kept."""
    x, a, total = (np.asarray(each, np.float64) for each in (x, a, total))
    shape = x.shape
    x, a, b = x.ravel(), a.ravel(), (total - a).ravel()
    result = np.empty_like(x)
    left = x <= a / (a + b)
    result[left] = _beta_by_first(a[left], b[left], x[left]) / (1.0 - x[left])
    # From the other end: y = 1 - x is a beta number whose second parameter is ``a``.
    right = ~left
    y = 1.0 - x[right]
    result[right] = -_beta_by_second(b[right], a[right], y) / y
    return result.reshape(shape)


def _beta_series(a: Doubles, b: Doubles, x: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """S = sum of x^n (a + b)_n / (a + 1)_n and its derivatives by a and by b.

    I_x(a, b) = x^a (1 - x)^b / (a B(a, b)) * S (Abramowitz and Stegun 26.5.4).
    """
    term, by_a, by_b = np.ones_like(a), np.zeros_like(a), np.zeros_like(a)
    sums = [term.copy(), by_a.copy(), by_b.copy()]
    for n in range(1, _MOST_TERMS):
        top, bottom = a + b + (n - 1), a + n
        ratio = x * top / bottom
        by_a = by_a * ratio + term * x * (bottom - top) / bottom**2
        by_b = by_b * ratio + term * x / bottom
        term = term * ratio
        for kept, each in zip(sums, (term, by_a, by_b), strict=True):
            kept += each
        small = [
            np.abs(e) <= 1e-16 * np.abs(k) for k, e in zip(sums, (term, by_a, by_b), strict=True)
        ]
        if all(each.all() for each in small) and (ratio < 1.0).all():
            break
    return sums[0], sums[1], sums[2]


def _beta_by_first(a: Doubles, b: Doubles, x: Doubles) -> Doubles:
    """dx/da with b kept: the factor in front of S over the density is x (1 - x) / a."""
    series, by_a, _ = _beta_series(a, b, x)
    change = np.log(x) - 1.0 / a - digamma(a) + digamma(a + b)
    return -x * (1.0 - x) / a * (series * change + by_a)


def _beta_by_second(a: Doubles, b: Doubles, x: Doubles) -> Doubles:
    """dx/db with a kept."""
    series, _, by_b = _beta_series(a, b, x)
    change = np.log1p(-x) - digamma(b) + digamma(a + b)
    return -x * (1.0 - x) / a * (series * change + by_b)
