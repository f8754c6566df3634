"""``finfo`` and ``iinfo``: what a dtype can hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base import absent
from rushlight.base import dtype as dtypes

# Binary digits of a floating number, the first included: whole numbers to 2**digits are exact.
DIGITS = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8}
# Of the largest power of two.
_EXPONENTS = {"float64": 1023, "float32": 127, "float16": 15, "bfloat16": 127}
# eps, min, max and smallest normal of the eight-bit dtypes that can be named (base/absent.py).
_EIGHT_BITS = {
    "float8_e4m3fn": (0.125, -448.0, 448.0, 2.0**-6),
    "float8_e4m3fnuz": (0.125, -240.0, 240.0, 2.0**-7),
    "float8_e5m2": (0.25, -57344.0, 57344.0, 2.0**-14),
    "float8_e5m2fnuz": (0.125, -57344.0, 57344.0, 2.0**-15),
    "float8_e8m0fnu": (1.0, 2.0**-127, 2.0**127, 2.0**-127),
}


class finfo:
    """Limits of a floating dtype: bits, eps, max, min, tiny, smallest_normal, resolution.

    >>> finfo(dtypes.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        if isinstance(type, absent.AbsentDtype) and type.name in _EIGHT_BITS:
            self.dtype, self.bits, self.resolution = type.name, 8, 1.0
            self.eps, self.min, self.max, self.tiny = _EIGHT_BITS[type.name]
            self.smallest_normal = self.tiny
            return
        kind = dtypes.of_argument(type or dtypes.get_default_dtype(), "finfo")
        if not (kind.is_floating_point or kind.is_complex):
            raise TypeError(
                f"torch.finfo() requires a floating point input type. Use torch.iinfo to handle "
                f"'{kind}'"
            )
        real = kind.to_real()
        self.dtype = real.name
        self.bits = 8 * real.itemsize
        self.eps = 2.0 ** (1 - DIGITS[real.name])
        top = _EXPONENTS[real.name]
        self.max = (2 - self.eps) * 2.0**top
        self.min = -self.max
        self.tiny = self.smallest_normal = 2.0 ** (1 - top)
        # As many decimal digits as any number of so many binary ones survives with.
        self.resolution = float(f"1e-{int((DIGITS[real.name] - 1) * math.log10(2))}")

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype: bits, max, min.

    >>> iinfo(dtypes.uint8).max
    255
    """

    def __init__(self, type: Any) -> None:
        type = dtypes.of_argument(type, "iinfo")
        if type.is_floating_point or type.is_complex or type is dtypes.bool_:
            raise TypeError(
                f"torch.iinfo() requires an integer input type. Use torch.finfo to handle '{type}'"
            )
        limits = np.iinfo(type.np)
        self.dtype = type.name
        self.bits = int(limits.bits)
        self.max = int(limits.max)
        self.min = int(limits.min)

    def __repr__(self) -> str:
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"
