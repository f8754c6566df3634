"""The function that LLVM calls to round doubles to float16, where it makes one step of two."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from rushlight.runtime import code, cpu, half_step

# A kernel that calls it outright, as LLVM may.
KERNEL = """
declare half @__truncdfhf2(double)

define void @{name}(ptr %from, ptr %to, i64 %count) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %a = getelementptr double, ptr %from, i64 %i
  %b = getelementptr half, ptr %to, i64 %i
  %x = load double, ptr %a
  %h = call half @__truncdfhf2(double %x)
  store half %h, ptr %b
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


@pytest.mark.skipif(cpu.host().isa not in ("avx2", "avx512"), reason="a function of x86")
def test_rounds_by_way_of_float() -> None:
    # The last one is above a tie by less than float sees: float, then half, gives the even one.
    given = np.array([0.1, -3.0, 65504.0, 1e9, -1e-9, np.inf, np.nan, 1 + 2.0**-11 + 2.0**-40])
    name = "half_step_of_doubles"
    address = code.load([(name, KERNEL.format(name=name))])[name]
    made = np.zeros(given.size, np.float16)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64)(address)
    call(given.ctypes.data, made.ctypes.data, given.size)
    with np.errstate(over="ignore"):
        wanted = given.astype(np.float32).astype(np.float16)
    assert made.tobytes() == wanted.tobytes()
    assert made[-1] == 1.0


def test_is_named_where_it_is_looked_for() -> None:
    assert b"@" + half_step.NAME in half_step.TEXT.encode()
