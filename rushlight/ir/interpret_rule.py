"""What the files of rules share: their types, and the dtype that halves compute in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import bfloat16, float16
from rushlight.base.dtype import dtype as DType
from rushlight.ir.graph import Node

Array = np.ndarray[Any, np.dtype[Any]]
Rule = Callable[..., Array]  # (node, *arrays) -> array

__all__ = ["HALVES", "Array", "Node", "Rule", "lowest", "narrow", "wide", "widen_halves"]

HALVES = (float16, bfloat16)


def widen_halves(x: Array, dtype: DType) -> Array:
    """float16 and bfloat16 as float32, everything else as it is."""
    return x.astype(np.float32) if dtype in HALVES else x


def wide(x: Array, dtype: DType) -> Array:
    """Floats as float64: the oracle sums exactly enough to be compared with any order."""
    return x.astype(np.float64) if dtype.is_floating_point else x


def narrow(x: Any, dtype: DType) -> Array:
    """To ``dtype`` and, on the way to a half, to float32 first, as PyTorch rounds twice."""
    value: Array = np.asarray(x)
    if dtype in HALVES and value.dtype != np.float32:
        value = value.astype(np.float32)
    return value.astype(dtype.np)


def lowest(dtype: DType, sign: int) -> Any:
    """What no value is beyond: sign -1 the least (-inf), +1 the greatest (inf)."""
    if dtype.is_floating_point:
        return sign * np.inf
    if dtype.name == "bool":
        return sign > 0
    return np.iinfo(dtype.np).max if sign > 0 else np.iinfo(dtype.np).min
