"""``count[i] += 1`` in a loop: sums, differences, products and quotients of one known number.

As for comparisons (compare_now.py): recorded, each would be a copy of the element, a plan, a flush
and a write. Computed here it has the same bits: each operation of a plan rounds by itself (decision
20), and so does this one. What Python computes in 64 bits and rounds to 32 is the same as computed
in 32; where that is not plain (results that are no numbers, too large or nearly zero), and for all
that has a gradient, nothing is done here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from ctypes import memmove
from typing import Any

from rushlight.base.dtype import float32, float64, int64
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.runtime import pool
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.compare_now import REACH, known, number_beside
from rushlight.tensor.tensor import Tensor, mark_made
from rushlight.tensor.write_now import PACKERS, number_written

COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    name: getattr(operator, name) for name in ("add", "sub", "mul", "truediv")
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
    if kind is int64:
        whole = None if compute is operator.truediv else compute(x.item(), number)
        return whole if whole is not None and -(2**63) <= whole < 2**63 else None
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
    number = _result(compute, x, other)
    if number is None:
        return None
    return x if number_written(x, (0,) * len(x._value.meta.layout.shape), number) else None
