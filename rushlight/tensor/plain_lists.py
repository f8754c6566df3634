"""``torch.tensor([0.5, 1.0])``: Python's own numbers of one kind, packed without NumPy.

What each step of a loop makes is most often a number or a short list of them, and to look for
other kinds of numbers in it, for arrays and tensors, takes longer than all the rest.
"""

from __future__ import annotations

from array import array
from ctypes import memmove
from itertools import chain
from typing import Any

from rushlight.base.dtype import bool_, float32, float64, get_default_dtype, int64
from rushlight.base.dtype import dtype as DType
from rushlight.engine.value import concrete
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.tensor import Tensor, mark_made

_CODES: dict[DType, str] = {float32: "f", float64: "d", int64: "q", bool_: "b"}
_EXACT = 2**53  # whole numbers up to which the way through 64 bits to 32 rounds once


def _flat(data: Any) -> tuple[tuple[int, ...], Any, type | None]:
    """The shape, the numbers and their class; None for what is more than lists of one kind."""
    if type(data) not in (list, tuple):
        return (), (data,), type(data)
    kinds, shape = set(map(type, data)), (len(data),)
    if kinds <= {list, tuple} and data:
        lengths = set(map(len, data))
        shape += (len(data[0]),)
        if len(lengths) > 1:
            return shape, data, None
        data = list(chain.from_iterable(data))
        kinds = set(map(type, data))
    return shape, data, kinds.pop() if len(kinds) == 1 else None


def _packed(numbers: Any, found: type, kind: DType | None) -> tuple[DType, array[Any]] | None:
    """The numbers as memory of dtype ``kind``, or of their own; None where that is not plain."""
    if found is float:
        kind = kind or get_default_dtype()
        if kind is not float32 and kind is not float64:
            return None
    elif found is int:
        kind = kind or int64
        if kind is not int64 and (
            (kind is not float32 and kind is not float64)
            or max(numbers) > _EXACT or min(numbers) < -_EXACT
        ):  # fmt: skip
            return None
    elif found is bool and kind in (None, bool_):
        kind = bool_
    else:
        return None
    try:
        return kind, array(_CODES[kind], numbers)
    except OverflowError:
        return None


def of_plain_numbers(data: Any, kind: DType | None) -> Tensor | None:
    """``data`` as a tensor if it is a number or lists of numbers of one kind, else None.

    >>> of_plain_numbers([[1.0, 2.0]], None)
    tensor([[1., 2.]])
    """
    shape, numbers, found = _flat(data)
    made = None if found is None else _packed(numbers, found, kind)
    if made is None:
        return None
    kind, packed = made
    address, count = packed.buffer_info()
    buffer = Buffer(count * kind.itemsize)
    memmove(buffer.address, address, buffer.nbytes)
    return Tensor._of(mark_made(concrete(buffer, shape, kind)))
