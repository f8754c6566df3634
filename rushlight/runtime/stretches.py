"""Runs of whole numbers, one after the other, as native code."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.runtime.native import address_of, native

Array = np.ndarray[Any, np.dtype[np.int64]]

_SYMBOL = "rushlight_stretches"
_TEXT = f"""
define void @{_SYMBOL}(ptr %first, ptr %counts, i64 %runs, ptr %which, ptr %numbers) {{
entry:
  %any = icmp sgt i64 %runs, 0
  br i1 %any, label %run, label %done
run:
  %r = phi i64 [ 0, %entry ], [ %r.next, %next ]
  %at = phi i64 [ 0, %entry ], [ %at.next, %next ]
  %first.at = getelementptr i64, ptr %first, i64 %r
  %start = load i64, ptr %first.at
  %count.at = getelementptr i64, ptr %counts, i64 %r
  %count = load i64, ptr %count.at
  %at.next = add i64 %at, %count
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %each, label %next
each:
  %k = phi i64 [ 0, %run ], [ %k.next, %each ]
  %place = add i64 %at, %k
  %number = add i64 %start, %k
  %which.at = getelementptr i64, ptr %which, i64 %place
  store i64 %r, ptr %which.at
  %number.at = getelementptr i64, ptr %numbers, i64 %place
  store i64 %number, ptr %number.at
  %k.next = add i64 %k, 1
  %more = icmp slt i64 %k.next, %count
  br i1 %more, label %each, label %next
next:
  %r.next = add i64 %r, 1
  %again = icmp slt i64 %r.next, %runs
  br i1 %again, label %run, label %done
done:
  ret void
}}
"""


def stretches(first: Array, counts: Array) -> Array:
    """(2, n): the numbers first[i], first[i] + 1, ... of which there are counts[i] >= 0, in row 1;
    of each its i in row 0.

    >>> stretches(np.array([5, 7]), np.array([2, 1])).tolist()
    [[0, 0, 1], [5, 6, 7]]
    """
    first, counts = (np.ascontiguousarray(each, np.int64) for each in (first, counts))
    found = np.empty((2, int(counts.sum())), np.int64)
    if found.size:
        rows = [address_of(row) for row in found]
        native(_SYMBOL, _TEXT)(address_of(first), address_of(counts), len(counts), *rows)
    return found
