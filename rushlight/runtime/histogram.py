"""How many numbers fall into each of equal bins, as native code: one pass, no mask and no copy.

A number's bin is found in its own precision, in PyTorch's order of operations: the distance from
the lower end times the number of bins, divided by the range.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import numpy as np

from rushlight.runtime.native import address_of, native

if TYPE_CHECKING:
    from numpy.typing import NDArray

KINDS = {"float32": "float", "float64": "double"}
_TEXT = """
define void @{symbol}(ptr %numbers, i64 %count, ptr %counts, i64 %bins, double %from, double %to) {{
entry:
  %low = {narrow} double %from to {kind}
  %high = {narrow} double %to to {kind}
  %range = fsub {kind} %high, %low
  %many = sitofp i64 %bins to {kind}
  %last = sub i64 %bins, 1
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %after ]
  %at = getelementptr {kind}, ptr %numbers, i64 %i
  %x = load {kind}, ptr %at
  %above = fcmp oge {kind} %x, %low
  %below = fcmp ole {kind} %x, %high
  %inside = and i1 %above, %below
  br i1 %inside, label %count.it, label %after
count.it:
  %distance = fsub {kind} %x, %low
  %scaled = fmul {kind} %distance, %many
  %share = fdiv {kind} %scaled, %range
  %place = fptosi {kind} %share to i64
  %less = icmp slt i64 %place, %last
  %bin = select i1 %less, i64 %place, i64 %last
  %bin.at = getelementptr i64, ptr %counts, i64 %bin
  %old = load i64, ptr %bin.at
  %new = add i64 %old, 1
  store i64 %new, ptr %bin.at
  br label %after
after:
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


@functools.cache
def _kernel(dtype: str) -> tuple[str, str]:
    symbol, kind = f"rushlight_histogram_{dtype}", KINDS[dtype]
    narrow = "fptrunc" if kind == "float" else "bitcast"
    return symbol, _TEXT.format(symbol=symbol, kind=kind, narrow=narrow)


def counts_of(
    numbers: NDArray[np.floating], bins: int, low: float, high: float
) -> NDArray[np.int64]:
    """How many of ``numbers`` (N,), float32 or float64, are in each bin from ``low`` to ``high``,
    that end included. What is outside, nan too, is in none. ``low < high``, both finite.

    >>> counts_of(np.array([0.0, 0.4, 0.5, 1.0, 2.0]), 2, 0.0, 1.0).tolist()
    [2, 2]
    """
    numbers = np.ascontiguousarray(numbers)
    counts = np.zeros(bins, np.int64)
    if numbers.size:
        count = native(*_kernel(numbers.dtype.name))
        count(numbers.ctypes.data, numbers.size, address_of(counts), bins, low, high)
    return counts
