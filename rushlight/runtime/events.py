"""Masks of random events straight into memory: what dropout draws in every step.

NumPy's array functions take a microsecond each where the step has just used the caches, and a mask
needs six of them. One native call takes words from NumPy's own bit generator, through the pointers
that it gives out for this, and writes a byte for each event.
"""

from __future__ import annotations

import ctypes
from typing import Any, final

import numpy as np

from rushlight.runtime.native import native

_SYMBOL = "rushlight_events"

# A number of 53 bits from two words, the first above: true where it is less than %limit.
_TEXT = f"""
define void @{_SYMBOL}(ptr %state, ptr %next, i64 %count, i64 %limit, ptr %out) {{
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %after, %loop ]
  %high = call i32 %next(ptr %state)
  %low = call i32 %next(ptr %state)
  %kept = and i32 %high, {2**21 - 1}
  %wide = zext i32 %kept to i64
  %above = shl i64 %wide, 32
  %below = zext i32 %low to i64
  %number = or i64 %above, %below
  %event = icmp ult i64 %number, %limit
  %byte = zext i1 %event to i8
  %place = getelementptr i8, ptr %out, i64 %i
  store i8 %byte, ptr %place
  %after = add i64 %i, 1
  %more = icmp ult i64 %after, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


@final
class Events:
    """Draws events from one of NumPy's bit generators, which it keeps alive."""

    __slots__ = ("_bits", "_draw", "_lock", "_next", "_state")

    def __init__(self, bits: np.random.MT19937) -> None:
        self._bits = bits
        faces: Any = bits.ctypes
        self._state: int = faces.state_address
        self._next: int = ctypes.cast(faces.next_uint32, ctypes.c_void_p).value or 0
        self._lock = bits.lock
        self._draw = native(_SYMBOL, _TEXT)

    def write(self, address: int, count: int, limit: int) -> None:
        """``count`` bytes: 1 where a number of 53 bits (two words) is less than ``limit``."""
        with self._lock:
            self._draw(self._state, self._next, count, limit, address)
