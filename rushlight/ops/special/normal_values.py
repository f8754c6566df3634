"""The normal distribution's functions in float64: erfcx, log_ndtr, ndtri."""

from __future__ import annotations

import numpy as np

from rushlight.ir.host import Array
from rushlight.ir.interpret_special import erfc

_ROOT_PI = np.sqrt(np.pi)


def erfcx(x: Array) -> Array:
    """exp(x**2) erfc(x); beyond 9 its asymptotic series (DLMF 7.12.1)."""
    near = np.minimum(x, 9.0)
    close = np.exp(near * near) * erfc(near)
    far = np.maximum(x, 9.0)
    step = 1 / (2 * far * far)
    term = np.ones_like(far)
    total = np.ones_like(far)
    for k in range(1, 20):
        term = -term * (2 * k - 1) * step
        total = total + term
    return np.asarray(np.where(x > 9, total / (far * _ROOT_PI), close))


def log_ndtr(x: Array) -> Array:
    """log of the normal distribution function, without underflow."""
    left = np.minimum(x, -1.0)
    low = np.log(erfcx(-left * np.sqrt(0.5)) / 2) - left * left / 2
    right = np.maximum(x, -1.0)
    high = np.log1p(-erfc(right * np.sqrt(0.5)) / 2)
    out = np.where(x < -1, low, high)
    return np.where(np.isneginf(x), -np.inf, out)


def ndtri(p: Array) -> Array:
    """The inverse of ndtr on [0, 1]: Newton's steps on log_ndtr, from the tail's leading term."""
    tail = np.clip(np.minimum(p, 1 - p), 5e-324, 0.5)
    target = np.log(tail)
    guess = np.sqrt(np.maximum(-2 * target, 0.0))
    x = -np.where(guess > 2, guess - np.log(guess + 1e-300) / guess - 0.9 / guess, guess - 1.17741)
    x = np.minimum(x, 0.0)
    for _ in range(12):
        slope = np.sqrt(2 / np.pi) / erfcx(-x * np.sqrt(0.5))
        x = x - (log_ndtr(x) - target) / slope
    x = np.where(p > 0.5, -x, x)
    x = np.where(p == 0.5, 0.0, x)
    x = np.where(p == 0, -np.inf, np.where(p == 1, np.inf, x))
    return np.where((p < 0) | (p > 1) | np.isnan(p), np.nan, x)
