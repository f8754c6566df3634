"""Uniform and normal numbers one at a time for machine code, and the loop over all elements.

How many uniform numbers an element takes depends on the numbers themselves, so blocks of the stream
are drawn ahead; what is left of the last one goes back.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rushlight.runtime import scalars, twister
from rushlight.runtime.digest import digest
from rushlight.runtime.draw_ir import LONGS_PART, single_normal
from rushlight.runtime.mt19937 import Mt19937
from rushlight.runtime.native import address_of, native

# Numbers of a block.
_BLOCK = 512
_STATE_BYTES = 4 * (twister.WORDS + 1)
# Words of the memory that the code works in: the place in the block, how many numbers it has, the
# stream's address; then the block and the stream as it was before the block.
_PLACE, _FILLED, _STREAM, _NUMBERS = 0, 8, 16, 24
_BEFORE = _NUMBERS + 8 * _BLOCK
_WORDS = (_BEFORE + _STATE_BYTES + 7) // 8

_PAIR = f"""  %u0 = call double @{scalars.DRAW}(ptr %draw)
  %u1 = call double @{scalars.DRAW}(ptr %draw)"""
_TEXT = f"""
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define internal void @refill(ptr %draw) noinline nounwind {{
entry:
  %stream.at = getelementptr i8, ptr %draw, i64 {_STREAM}
  %stream = load ptr, ptr %stream.at
  %before = getelementptr i8, ptr %draw, i64 {_BEFORE}
  call void @llvm.memcpy.p0.p0.i64(ptr %before, ptr %stream, i64 {_STATE_BYTES}, i1 false)
  %numbers = getelementptr i8, ptr %draw, i64 {_NUMBERS}
  call void @{twister.LONGS}(ptr %stream, i64 {_BLOCK}, ptr %numbers)
  store i64 0, ptr %draw
  %filled.at = getelementptr i8, ptr %draw, i64 {_FILLED}
  store i64 {_BLOCK}, ptr %filled.at
  ret void
}}
define internal void @give_back(ptr %draw) nounwind {{
entry:
  %place = load i64, ptr %draw
  %filled.at = getelementptr i8, ptr %draw, i64 {_FILLED}
  %filled = load i64, ptr %filled.at
  %left = icmp ult i64 %place, %filled
  br i1 %left, label %back, label %done
back:
  %stream.at = getelementptr i8, ptr %draw, i64 {_STREAM}
  %stream = load ptr, ptr %stream.at
  %before = getelementptr i8, ptr %draw, i64 {_BEFORE}
  call void @llvm.memcpy.p0.p0.i64(ptr %stream, ptr %before, i64 {_STATE_BYTES}, i1 false)
  %numbers = getelementptr i8, ptr %draw, i64 {_NUMBERS}
  call void @{twister.LONGS}(ptr %stream, i64 %place, ptr %numbers)
  br label %done
done:
  ret void
}}
define internal double @{scalars.DRAW}(ptr %draw) nounwind {{
entry:
  %first = load i64, ptr %draw
  %filled.at = getelementptr i8, ptr %draw, i64 {_FILLED}
  %filled = load i64, ptr %filled.at
  %empty = icmp uge i64 %first, %filled
  br i1 %empty, label %more, label %take
more:
  call void @refill(ptr %draw)
  br label %take
take:
  %place = phi i64 [ %first, %entry ], [ 0, %more ]
  %numbers = getelementptr i8, ptr %draw, i64 {_NUMBERS}
  %at = getelementptr i64, ptr %numbers, i64 %place
  %word = load i64, ptr %at
  %low = and i64 %word, {2**53 - 1}
  %whole = uitofp i64 %low to double
  %number = fmul double %whole, {scalars.literal(2.0**-53)}
  %next = add i64 %place, 1
  store i64 %next, ptr %draw
  ret double %number
}}
define internal double @{scalars.NORMAL}(ptr %draw) nounwind {{
entry:
  %stream.at = getelementptr i8, ptr %draw, i64 {_STREAM}
  %state = load ptr, ptr %stream.at
{single_normal(_PAIR)}
  ret double %x
}}
"""


@functools.cache
def _kernel(function: Callable[..., float]) -> tuple[str, str]:
    """(symbol, text) of ``function`` called for each of some elements."""
    columns = range(scalars.takes_numbers(function))
    listed = "".join(f", ptr %column{k}" for k in columns)
    reads = "".join(
        f"  %at{k} = getelementptr double, ptr %column{k}, i64 %i\n"
        f"  %x{k} = load double, ptr %at{k}\n" for k in columns
    )  # fmt: skip
    given = "".join(f"double %x{k}, " for k in columns)
    head = f"(ptr %draw, i64 %count, ptr %out{listed}) {{"
    body = f"""
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{reads}  %y = call double @{function.__name__}({given}ptr %draw)
  %to = getelementptr double, ptr %out, i64 %i
  store double %y, ptr %to
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  call void @give_back(ptr %draw)
  ret void
}}
"""
    rest = "\n".join([body, scalars.module(function), _TEXT, LONGS_PART])
    symbol = f"rushlight_drawn_{digest(rest.encode()).hex()[:16]}"
    return symbol, f"define void @{symbol}{head}{rest}"


def drawn(
    engine: Mt19937, function: Callable[..., float], *columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``function`` (see ``scalars.py``) of each element's numbers, drawing from ``engine``. 1-d."""
    given = [np.ascontiguousarray(each) for each in columns]
    count = given[0].size
    out = np.empty(count)
    if not count:
        return out
    memory = np.zeros(_WORDS, np.int64)
    code: Any = native(*_kernel(function))
    addresses = [each.ctypes.data for each in given]

    def run(stream: int) -> None:
        memory[_STREAM // 8] = stream
        code(address_of(memory), count, address_of(out), *addresses)

    engine.lend(run)
    return out
