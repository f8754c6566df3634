"""``if x[i] > 0:`` in a loop: one number that is known is compared at once.

Recorded, the comparison is a copy of the element, a plan and a flush for one bit, which is read in
the next moment. Compared here it is the same bit: a comparison rounds nothing, and what is rounded
before it, a Python number to the tensor's dtype, is rounded as a plan does.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from ctypes import c_float, memset
from typing import Any

from rushlight.base.dtype import INTEGER, bool_, float32, float64, int32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.engine.trace import local
from rushlight.engine.value import Meta, concrete
from rushlight.runtime import pool
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.tensor import Tensor, mark_made

COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    name: getattr(operator, name) for name in ("eq", "ne", "lt", "le", "gt", "ge")
}
# Numbers of the tensor's dtype: beyond these the general way says what a number is taken for.
REACH = {float32: 2.0**127, float64: 2.0**1000, int64: 2**63 - 1, int32: 2**31 - 1}
_EXACT = 2**24  # whole numbers up to which float32 has all


def known(tensor: Tensor) -> bool:
    """Whether its one element is computed."""
    storage = tensor._storage
    return (tensor._value if storage is None else storage.value).buffer is not None


def as_number(number: Any, kind: DType) -> Any:
    """A Python number as a plan takes it beside a tensor of dtype ``kind``, or None."""
    whole = type(number) is int
    if not (whole or type(number) is float) or kind not in REACH:
        return None
    if not -REACH[kind] <= number <= REACH[kind]:  # nor is nan
        return None
    if kind.category == INTEGER:
        return number if whole else None
    if whole and not -_EXACT <= number <= _EXACT:
        return None
    return number if whole or kind is float64 else c_float(number).value


def number_beside(other: Any, meta: Meta) -> Any:
    """``other``, a number or a tensor of the kind ``meta`` of one element that is computed, as a
    Python number; None where it is neither."""
    if type(other) is not Tensor:
        return as_number(other, meta.dtype)
    if other._value.meta is not meta or meta.dtype not in REACH or not known(other):
        return None
    return other.item()


def compared(compare: Callable[[Any, Any], bool], x: Tensor, other: Any) -> Tensor | None:
    """``compare(x, other)`` of one element that is computed, and a number or another such element;
    None where that is not what they are."""
    meta = x._value.meta
    if meta.numel != 1 or not known(x):
        return None
    if local.trace.abstract or pool.flushes_denormal():
        return None
    number = number_beside(other, meta)
    if number is None:
        return None
    result = Buffer(1)
    memset(result.address, compare(x.item(), number), 1)
    return Tensor._of(mark_made(concrete(result, meta.layout.shape, bool_)))
