"""Kinds of numbers: PyTorch's words for them, and what may be stored as what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

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
    "uint16": "uint16_t", "uint32": "uint32_t", "uint64": "uint64_t",
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double",
}  # fmt: skip
_LARGEST_FLOAT = {
    "float16": 65504.0,
    "bfloat16": 3.3895313892515355e38,
    "float32": 3.4028234663852886e38,
    "float64": 1.7976931348623157e308,
}


def as_bool(who: str, name: str, value: Any) -> bool:
    """``value`` of an argument that is true or false: TypeError for a number, as ``sum(0, 1)``
    is no sum over two axes."""
    if isinstance(value, bool):
        return value
    raise TypeError(f"{who}(): argument '{name}' must be bool, not {class_name(value)}")


def class_name(value: Any) -> str:
    """The class of ``value`` as CPython has it: with its module where it is written in C."""
    kind = type(value)
    in_c = not kind.__flags__ & _HEAP_TYPE and kind.__module__ != "builtins"
    return f"{kind.__module__}.{kind.__name__}" if in_c else kind.__name__


_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement


def require_fits(number: float | int | bool | complex, kind: DType) -> None:
    """RuntimeError where a dtype cannot hold ``number`` (uint8 takes -1: 255; floats take inf).

    OverflowError for a whole number of more than 64 bits.
    """
    name = kind.name
    if name not in _C_NAMES or isinstance(number, bool):
        return
    if isinstance(number, int) and not -(2**63) <= number < 2**64:
        raise OverflowError("int too big to convert")
    if isinstance(number, complex):
        fits = number.imag == 0
    elif name in _LARGEST_FLOAT:
        limit = _LARGEST_FLOAT[name]
        fits = not limit < abs(number) < math.inf
    else:
        limits = np.iinfo(kind.np)
        wraps = not kind.is_signed and isinstance(number, int)
        low = -int(limits.max) if wraps else limits.min
        fits = bool(low <= number <= limits.max)
    if not fits:
        raise RuntimeError(f"value cannot be converted to type {_C_NAMES[name]} without overflow")


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
