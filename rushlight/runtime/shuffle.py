"""Permutations from random numbers, as PyTorch's ``randperm`` makes them, as native code."""

from __future__ import annotations

from rushlight.runtime import twister
from rushlight.runtime.draw_ir import LONGS_PART
from rushlight.runtime.twister import PARTS, each_of_part

# Where so many are permuted, one word modulo what is left would show a bias, and two are drawn.
LARGE = (2**32 - 1) // 20


def _text(symbol: str, kind: str, draw: str) -> str:
    """Each place but the last changes with one from itself on; the remainder says which (Fisher and
    Yates 1938; Durstenfeld 1964)."""
    # LLVM folds these where both are of 64 bits
    fit = f"trunc i64 %until to {kind}" if kind == "i32" else "add i64 %until, 0"
    widen = f"zext {kind} %jump to i64" if kind == "i32" else "add i64 %jump, 0"
    swap = f"""  %draw.at = getelementptr {kind}, ptr %room, i64 %i
  %draw = load {kind}, ptr %draw.at
  %until = sub i64 %behind, %i
  %range = {fit}
  %jump = urem {kind} %draw, %range
  %wide = {widen}
  %here = getelementptr i64, ptr %to, i64 %i
  %there = getelementptr i64, ptr %here, i64 %wide
  %a = load i64, ptr %here
  %b = load i64, ptr %there
  store i64 %b, ptr %here
  store i64 %a, ptr %there"""
    return f"""
define void @{symbol}(ptr %state, i64 %count, ptr %out) {{
entry:
  %room = alloca [{twister.PART} x {kind}], align 64
  %all = add i64 %count, 1
  call void @in_order(i64 %all, ptr %out)
  br label %look
{PARTS}  call void @{draw}(ptr %state, i64 %some, ptr %room)
  %behind = add i64 %left, 1
{each_of_part("i64", swap)}
define internal void @in_order(i64 %all, ptr %out) {{
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = getelementptr i64, ptr %out, i64 %k
  store i64 %k, ptr %at
  %next = add i64 %k, 1
  %more = icmp ult i64 %next, %all
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


_FEW, _MANY = "rushlight_shuffle", "rushlight_shuffle_many"
# (symbol, text); both take the number of draws, which is one less than that of places.
FEW = _FEW, _text(_FEW, "i32", "words") + twister.SPREAD + twister.TAKE
MANY = _MANY, _text(_MANY, "i64", twister.LONGS) + LONGS_PART
