"""Random complex numbers: both parts drawn one after another from the real stream.

A normal complex number has variance 1 all told, so each part has one half.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.runtime.generator import Generator
from rushlight.tensor.kinds import type_name


def real_kind(dtype: DType | None, who: str) -> DType:
    """The floating dtype to draw in. NotImplementedError for any other."""
    kind = dtype or get_default_dtype()
    if not kind.is_floating_point:
        raise NotImplementedError(f"\"{who}\" not implemented for '{type_name(kind)}'")
    return kind


def fractional_kind(dtype: DType | None, who: str) -> DType:
    """The floating or complex dtype to draw in. NotImplementedError for any other."""
    return dtype if dtype is not None and dtype.is_complex else real_kind(dtype, who)


def uniform(
    source: Generator, count: int, kind: DType, low: float = 0.0, high: float = 1.0
) -> np.ndarray[Any, Any]:
    """``count`` numbers, real or with both parts in [low, high)."""
    if not kind.is_complex:
        return source.uniform(count, kind.np, low, high)
    pairs = source.uniform(2 * count, kind.to_real().np, low, high)
    return np.ascontiguousarray(pairs).view(kind.np)


def normal(
    source: Generator, count: int, kind: DType, mean: float = 0.0, std: float = 1.0,
    contiguous: bool = True,
) -> np.ndarray[Any, Any]:  # fmt: skip
    """``count`` numbers, real or complex, of variance std**2."""
    if not kind.is_complex:
        return source.normal(count, kind.np, mean, std, contiguous)
    each = std / math.sqrt(2)
    pairs = source.normal(2 * count, kind.to_real().np, mean, each, contiguous)
    return np.ascontiguousarray(pairs).view(kind.np)
