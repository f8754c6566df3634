"""Whole random numbers between bounds, and what bounds a dtype can have."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.limits import DIGITS, finfo
from rushlight.base.warn import warn
from rushlight.ops.legacy_names import c_name
from rushlight.runtime.buffer import Buffer
from rushlight.runtime.generator import WIDE_RANGE, Generator


@lru_cache(maxsize=16)
def reach(kind: DType) -> tuple[float, float]:
    """The smallest and the largest whole number of a dtype."""
    if kind.is_floating_point:
        return -finfo(kind).max, finfo(kind).max
    if kind is dtypes.bool_:
        return 0, 1
    limits = np.iinfo(kind.np)
    return int(limits.min), int(limits.max)


def _require_range(low: int, high: int | None, kind: DType) -> None:
    """RuntimeError where [low, high) is empty or holds a number beyond the dtype."""
    if high is not None and low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    ends = (("from", low),) if high is None else (("from", low), ("to - 1", high - 1))
    if kind.is_complex:
        raise RuntimeError(
            "check_random_bounds handles only integral, floating-point and boolean types"
        )
    smallest, largest = reach(kind)
    for name, bound in ends:
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {c_name(kind)}")
        if kind.is_floating_point:
            digits = DIGITS[kind.name]
            if abs(bound) > 2**digits:
                word = c_name(kind)
                warn(
                    f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                    f"limitations {word} can support discrete uniform distribution only within "
                    "this range. This warning will become an error in version 1.7 release, please "
                    "fix the code in advance",
                )


def _representable(low: int, high: int, kind: DType) -> tuple[int, int]:
    """Bounds that rounding to a floating dtype does not push outside of [low, high)."""
    digits = DIGITS[kind.name]
    after = int(kind.np.type(low + 1))
    if after < low:
        low = after + (1 << (abs(low + 1).bit_length() - digits))
    if int(kind.np.type(high - 1)) >= high:
        high -= 1 << (abs(high - 1).bit_length() - digits)
    return low, high


def _any_long(kind: DType) -> DType:
    """``kind`` if it can hold any int64, more or less."""
    if kind is dtypes.float16:
        who = "random_full_64_bits_range_kernel_cpu"
        raise NotImplementedError(f"\"{who}\" not implemented for 'Half'")
    if kind not in (dtypes.int64, dtypes.float64, dtypes.float32, dtypes.bfloat16):
        raise RuntimeError(
            "random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16"
        )
    return kind


def whole_numbers(source: Generator, count: int, kind: DType, low: int, high: int | None) -> Buffer:
    """Whole numbers in [low, high), or up to the largest the dtype counts to."""
    if low == -(2**63) and high is None:
        return Buffer.copying(source.random_integers(count, _any_long(kind).np, low, 2**63))
    _require_range(low, high, kind)
    if kind is dtypes.int64 and high is not None and high - low < WIDE_RANGE:
        memory = Buffer(8 * count)
        source.integers_into(memory.address, count, low, high - low)
        return memory
    if kind.is_floating_point and high is not None:
        low, high = _representable(low, high, kind)
    return Buffer.copying(source.random_integers(count, kind.np, low, high))
