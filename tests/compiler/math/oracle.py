"""What the functions should be: NumPy's long double for most, the math module for the rest."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Long = np.longdouble
Oracle = Callable[[Any], Any]


def pointwise(function: Callable[[float], float]) -> Oracle:
    """A function of the math module on an array; NaN where it raises."""

    def one(x: float) -> float:
        try:
            return function(x)
        except (ValueError, OverflowError):
            return math.nan

    return lambda x: np.array([one(float(v)) for v in x.ravel()]).reshape(x.shape)


def lgamma(x: float) -> float:
    if x <= 0 and x == math.floor(x):
        return math.inf
    return math.lgamma(x)


UNARY: dict[str, Oracle] = {
    "exp": np.exp,
    "exp_down": np.exp,
    "exp2": np.exp2,
    "expm1": np.expm1,
    "expm1_down": np.expm1,
    "log": np.log,
    "log2": np.log2,
    "log10": np.log10,
    "log1p": np.log1p,
    "log1p_unit": np.log1p,
    "tanh": np.tanh,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "asinh": np.arcsinh,
    "acosh": np.arccosh,
    "atanh": np.arctanh,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "asin": np.arcsin,
    "acos": np.arccos,
    "atan": np.arctan,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "erf": pointwise(math.erf),
    "erfc": pointwise(math.erfc),
    "lgamma": pointwise(lgamma),
}


# Functions of a part of the numbers, and what brings any number there.
DOMAINS: dict[str, Oracle] = {
    "exp_down": lambda x: -np.abs(x),
    "expm1_down": lambda x: -np.abs(x),
    "log1p_unit": lambda x: np.abs(np.sin(x, where=np.isfinite(x), out=np.full_like(x, np.nan))),
}


def remainder(x: Any, y: Any) -> Any:
    rest = np.fmod(x, y)
    return np.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def ulps(got: Any, want: Any) -> Any:
    """The distance in units of the last place of ``got``'s type; inf where one side is not finite
    and the other is something else. ``want`` is of a wider type."""
    with np.errstate(all="ignore"):
        nearest = want.astype(got.dtype)
        unit = np.spacing(np.abs(nearest)).astype(Long)
        distance = np.abs(got.astype(Long) - want.astype(Long)) / unit
        finite = np.isfinite(nearest) & np.isfinite(got)
        same = (got == nearest) | (np.isnan(got) & np.isnan(nearest))
        return np.where(finite, distance, np.where(same, 0.0, np.inf)).astype(np.float64)
