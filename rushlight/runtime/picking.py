"""Elements picked by whole numbers or by a mask, copied by one native call: to ask NumPy for a few
takes ten times as long as to copy them."""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.runtime.native import native

_PLACES = "rushlight_pick_places"


def _place(axis: str) -> str:
    """Lines that read the number %k of an axis: whether it is inside, and its distance in bytes."""
    return f"""
  %{axis}.at = getelementptr i64, ptr %{axis}, i64 %k
  %{axis}.given = load i64, ptr %{axis}.at
  %{axis}.negative = icmp slt i64 %{axis}.given, 0
  %{axis}.wrapped = add i64 %{axis}.given, %{axis}.length
  %{axis}.place = select i1 %{axis}.negative, i64 %{axis}.wrapped, i64 %{axis}.given
  %{axis}.inside = icmp ult i64 %{axis}.place, %{axis}.length
  %{axis}.bytes = mul i64 %{axis}.place, %{axis}.step"""


# An axis is (numbers, its length, bytes from one of its places to the next).
_PLACES_TEXT = f"""
define i64 @{_PLACES}(ptr %to, ptr %from, i64 %count, i64 %size, ptr %a, i64 %a.length,
                      i64 %a.step, ptr %b, i64 %b.length, i64 %b.step) {{
entry:
  %two = icmp ne ptr %b, null
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %after, %copy ]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %first, label %done
first:{_place("a")}
  br i1 %a.inside, label %found, label %done
found:
  br i1 %two, label %second, label %copy
second:{_place("b")}
  %both = add i64 %a.bytes, %b.bytes
  br i1 %b.inside, label %copy, label %done
copy:
  %offset = phi i64 [ %a.bytes, %found ], [ %both, %second ]
  %source = getelementptr i8, ptr %from, i64 %offset
  %target.bytes = mul i64 %k, %size
  %target = getelementptr i8, ptr %to, i64 %target.bytes
  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %source, i64 %size, i1 false)
  %after = add i64 %k, 1
  br label %loop
done:
  ret i64 %k
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""
_COUNT = "rushlight_count_true"
_COUNT_TEXT = f"""
define i64 @{_COUNT}(ptr %mask, i64 %length) {{
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %after, %body ]
  %sum = phi i64 [ 0, %entry ], [ %next, %body ]
  %more = icmp ult i64 %k, %length
  br i1 %more, label %body, label %done
body:
  %at = getelementptr i8, ptr %mask, i64 %k
  %byte = load i8, ptr %at
  %true = icmp ne i8 %byte, 0
  %one = zext i1 %true to i64
  %next = add i64 %sum, %one
  %after = add i64 %k, 1
  br label %loop
done:
  ret i64 %sum
}}
"""
_TRUE = "rushlight_pick_true"
_TRUE_TEXT = f"""
define void @{_TRUE}(ptr %to, ptr %from, ptr %mask, i64 %length, i64 %size) {{
entry:
  br label %loop
loop:
  %k = phi i64 [ 0, %entry ], [ %after, %on ]
  %target = phi ptr [ %to, %entry ], [ %next, %on ]
  %more = icmp ult i64 %k, %length
  br i1 %more, label %body, label %done
body:
  %at = getelementptr i8, ptr %mask, i64 %k
  %byte = load i8, ptr %at
  %true = icmp ne i8 %byte, 0
  br i1 %true, label %copy, label %on
copy:
  %offset = mul i64 %k, %size
  %source = getelementptr i8, ptr %from, i64 %offset
  call void @llvm.memcpy.p0.p0.i64(ptr %target, ptr %source, i64 %size, i1 false)
  %behind = getelementptr i8, ptr %target, i64 %size
  br label %on
on:
  %next = phi ptr [ %target, %body ], [ %behind, %copy ]
  %after = add i64 %k, 1
  br label %loop
done:
  ret void
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def pick_places(
    target: int, source: int, count: int, size: int, axes: Sequence[tuple[int, int, int]]
) -> bool:
    """Copy ``count`` elements of ``size`` bytes; False, and some may be copied, where a number is
    out of bounds.

    ``axes``: one or two, each the address of its ``count`` 64-bit numbers (negative ones count from
    the end), its length, and the bytes from one of its places to the next.

    >>> import numpy as np
    >>> x, rows, made = np.arange(6).reshape(3, 2), np.array([2, -3]), np.zeros((2, 2), np.int64)
    >>> axis = rows.ctypes.data, 3, 16
    >>> pick_places(made.ctypes.data, x.ctypes.data, 2, 16, [axis])
    True
    >>> made.tolist()
    [[4, 5], [0, 1]]
    """
    second = axes[1] if len(axes) == 2 else (0, 0, 0)
    pick = native(_PLACES, _PLACES_TEXT)
    return bool(pick(target, source, count, size, *axes[0], *second) == count)


def count_true(mask: int, length: int) -> int:
    """How many of the bytes from ``mask`` on are not 0.

    >>> import numpy as np
    >>> count_true(np.array([True, False, True]).ctypes.data, 3)
    2
    """
    return int(native(_COUNT, _COUNT_TEXT)(mask, length))


def pick_true(target: int, source: int, mask: int, length: int, size: int) -> None:
    """Copy those of ``length`` elements of ``size`` bytes whose byte of the mask is not 0.

    >>> import numpy as np
    >>> x, mask, made = np.arange(3), np.array([True, False, True]), np.zeros(2, np.int64)
    >>> pick_true(made.ctypes.data, x.ctypes.data, mask.ctypes.data, 3, 8)
    >>> made.tolist()
    [0, 2]
    """
    native(_TRUE, _TRUE_TEXT)(target, source, mask, length, size)
