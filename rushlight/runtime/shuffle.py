"""Permutations from random numbers, as PyTorch's ``randperm`` makes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.runtime.native import native

_SYMBOL = "rushlight_shuffle"

# Each place but the last changes with one from itself on: the remainder says which.
_TEXT = f"""
define void @{_SYMBOL}(ptr %order, ptr %draws, i64 %count) {{
entry:
  %last = sub i64 %count, 1
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %after, %loop ]
  %draw.at = getelementptr i64, ptr %draws, i64 %i
  %draw = load i64, ptr %draw.at
  %left = sub i64 %count, %i
  %jump = urem i64 %draw, %left
  %j = add i64 %i, %jump
  %here = getelementptr i64, ptr %order, i64 %i
  %there = getelementptr i64, ptr %order, i64 %j
  %a = load i64, ptr %here
  %b = load i64, ptr %there
  store i64 %b, ptr %here
  store i64 %a, ptr %there
  %after = add i64 %i, 1
  %more = icmp ult i64 %after, %last
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


def shuffled(draws: np.ndarray[Any, np.dtype[np.uint64]]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """0 to n in the order that n draws make (Fisher and Yates, 1938; Durstenfeld, 1964).

    >>> shuffled(np.array([2, 0, 1], np.uint64)).tolist()
    [2, 1, 3, 0]
    """
    count = len(draws) + 1
    order = np.arange(count)
    if count > 1:
        native(_SYMBOL, _TEXT)(order.ctypes.data, draws.ctypes.data, count)
    return order
