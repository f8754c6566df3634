"""Kinds of numbers: PyTorch's words for them, and what may be stored as what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rushlight.base.dtype import bool_, of_argument
from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn
from rushlight.ops.legacy_names import legacy_name

if TYPE_CHECKING:
    from rushlight.tensor.tensor import Tensor


def type_name(kind: DType) -> str:
    """PyTorch's word for a dtype in messages: Float, Long."""
    return legacy_name(kind)


def can_cast(source: DType, target: DType) -> bool:
    """Whether an in-place result of ``source`` may be stored as ``target``: not down a category."""
    source, target = (of_argument(each, "can_cast") for each in (source, target))
    return source.category <= target.category


_C_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
}  # fmt: skip


def require_fits(number: float | int | bool, kind: DType) -> None:
    """RuntimeError where a whole-number dtype cannot hold ``number`` (uint8 takes -1: 255)."""
    if kind.name not in _C_NAMES or isinstance(number, bool) or number != number:
        return
    limits = np.iinfo(kind.np)
    low = -limits.max if kind.name == "uint8" and isinstance(number, int) else limits.min
    if not low <= number <= limits.max:
        raise RuntimeError(
            f"value cannot be converted to type {_C_NAMES[kind.name]} without overflow"
        )


def convert(tensor: Tensor, kind: DType) -> Tensor:
    """The same numbers in another dtype (recorded, with gradient)."""
    from rushlight.tensor.wrap import function  # wrap stands on this module

    here = tensor._value.meta.dtype
    if here is kind:
        return tensor
    if here.is_complex and not kind.is_complex and kind is not bool_:
        warn("Casting complex values to real discards the imaginary part")
    converted: Tensor = function("_to_dtype")(tensor, kind)
    return converted
