"""The bits of a constant, as kernels read it."""

from __future__ import annotations

import math
import struct

from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.ir.size import quantity


@quantity
def constant_bits(value: float | int, dtype: DType) -> int:
    """The word that holds a constant: its bits in the low bytes."""
    if dtype.is_floating_point:
        if dtype.itemsize == 8:
            return int(struct.unpack("<q", struct.pack("<d", float(value)))[0])
        data = float(value)
        try:
            packed = struct.pack("<f", data)
        except OverflowError:
            packed = struct.pack("<f", math.copysign(math.inf, data))
        return int(struct.unpack("<I", packed)[0])
    if not isinstance(value, int):
        raise InternalError(f"constant {value!r} of {dtype}")
    return value
