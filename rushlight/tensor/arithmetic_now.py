"""``count[i] += 1`` in a loop: sums, differences, products and quotients of one known number, and
of a short row in place.

As for comparisons (compare_now.py): recorded, each would be a copy of the element, a plan, a flush
and a write. Computed here it has the same bits: each operation of a plan rounds by itself (decision
20), and so does this one. What Python computes in 64 bits and rounds to 32 is the same as computed
in 32; where that is not plain (results that are no numbers, too large or nearly zero), and for all
that has a gradient, nothing is done here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from ctypes import memmove, string_at
from typing import Any

import numpy as np

from rushlight.base.dtype import INTEGER, float32, float64
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.engine.window import writes_move
from rushlight.runtime import pool, tail
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.at_once import located
from rushlight.tensor.compare_now import REACH, as_number, known, number_beside
from rushlight.tensor.tensor import Tensor, mark_made
from rushlight.tensor.write_now import BYTES_LIMIT, PACKERS, bytes_written, number_written

COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv")
}
# Of one number alone: of what they are given besides, 1, they make no use.
ALONE: dict[str, Callable[[Any, Any], Any]] = {
    "neg": lambda number, _: -number,
    "abs": lambda number, _: abs(number),
}
# Sizes between which a result of 64 bits becomes one of the dtype by one rounding.
_PLAIN = {float32: (2.0**-100, 2.0**127), float64: (2.0**-1000, 2.0**1000)}


def _result(compute: Callable[[Any, Any], Any], x: Tensor, other: Any) -> Any:
    """``compute(x, other)`` of one element that is computed, and a number or another such element,
    as a Python number that is still to be rounded; None where that is not what they are."""
    meta, trace = x._value.meta, local.trace
    kind = meta.dtype
    if meta.numel != 1 or kind not in REACH or not known(x):
        return None
    if trace.abstract or trace.autocast is not None or pool.flushes_denormal():
        return None
    if trace.grad and x._edge is not None:
        return None
    if trace.grad and type(other) is Tensor and other._edge is not None:
        return None
    number = number_beside(other, meta)
    if number is None:
        return None
    if kind.category == INTEGER:
        whole = None if compute is operator.truediv else compute(x.item(), number)
        return whole if whole is not None and -REACH[kind] <= whole <= REACH[kind] else None
    if number == 0 and compute is operator.truediv:
        return None
    found = compute(x.item(), number)
    low, high = _PLAIN[kind]
    return found if found == 0 or low < abs(found) < high else None  # nan is neither


def computed(compute: Callable[[Any, Any], Any], x: Tensor, other: Any) -> Tensor | None:
    """``compute(x, other)`` as a tensor, or None: see ``_result``."""
    number = _result(compute, x, other)
    if number is None:
        return None
    meta = x._value.meta
    packed = PACKERS[meta.dtype](number)
    result = Buffer(len(packed))
    memmove(result.address, packed, len(packed))
    return Tensor._of(mark_made(concrete(result, meta.layout.shape, meta.dtype)))


def computed_in_place(compute: Callable[[Any, Any], Any], x: Tensor, other: Any) -> Tensor | None:
    """``x``, with ``compute(x, other)`` written to it; None: nothing is done."""
    if x._value.meta.numel != 1:
        return _row_computed(compute, x, other)
    number = _result(compute, x, other)
    if number is None:
        return None
    return x if number_written(x, (0,) * len(x._value.meta.layout.shape), number) else None


def _row_computed(compute: Callable[[Any, Any], Any], x: Tensor, other: Any) -> Tensor | None:
    """The same for a few elements that are a part of a tensor: ``table[i] += row``.

    NumPy rounds each operation by itself, too, to the dtype of the row.
    """
    meta, trace = x._value.meta, local.trace
    if x._base is None or meta.dtype not in REACH or not 0 < meta.nbytes <= BYTES_LIMIT:
        return None
    if trace.abstract or trace.autocast is not None or pool.flushes_denormal():
        return None
    if meta.dtype.category == INTEGER and compute is operator.truediv:
        return None
    if x._edge is not None or (type(other) is Tensor and other._edge is not None):
        return None
    if (x._value if x._storage is None else x._storage.value).epoch is trace.epoch:
        # Recorded, a row that is another one each time would be another plan.
        if not writes_move(trace.step, (x._layout.offset, meta.numel)):
            return None
        flush(trace)
    mine = _bytes_of(x)
    if mine is None:
        return None
    kind = meta.dtype.np
    if type(other) is Tensor:
        same = other._storage is x._storage and other._layout != x._layout  # may overlap
        theirs = None if same or other._value.meta is not meta else _bytes_of(other)
        operand = None if theirs is None else np.frombuffer(theirs, kind)
    else:
        operand = as_number(other, meta.dtype)
    if operand is None:
        return None
    with np.errstate(all="ignore"):
        found = compute(np.frombuffer(mine, kind), operand)
        size = found.dot(found)
    if size != size:  # there is a nan, whose bits nobody agrees on
        return None
    start = x._layout.offset * meta.dtype.itemsize
    return x if bytes_written(x, start, found.tobytes()) else None


def _bytes_of(x: Tensor) -> bytes | None:
    """The elements of ``x``, where they are computed, lie together and have no gradient."""
    buffers = located((x,))
    layout, meta = x._current_layout(), x._value.meta
    if buffers is None or not layout.contiguous:
        return None
    tail.need(buffers[0])
    return string_at(buffers[0].address + layout.offset * meta.dtype.itemsize, meta.nbytes)
