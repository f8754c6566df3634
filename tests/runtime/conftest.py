"""Kernels written by hand, and a folder of its own for every process that these tests start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rushlight.runtime import code, pool

ZERO = "define i64 @zero(ptr %args, i64 %begin, i64 %end) { ret i64 0 }"

# args: x, y, count[units], elements per unit.  y = 2 x + y, and count[unit] += 1.
SAXPY = """
define i64 @saxpy(ptr noalias %args, i64 %begin, i64 %end) {
entry:
  %x = load ptr, ptr %args
  %yp = getelementptr i64, ptr %args, i64 1
  %y = load ptr, ptr %yp
  %np = getelementptr i64, ptr %args, i64 2
  %unit = load i64, ptr %np
  %first = mul i64 %begin, %unit
  %last = mul i64 %end, %unit
  br label %loop
loop:
  %i = phi i64 [ %first, %entry ], [ %next, %loop ]
  %p = getelementptr float, ptr %x, i64 %i
  %v = load float, ptr %p
  %q = getelementptr float, ptr %y, i64 %i
  %w = load float, ptr %q
  %m = fmul contract float %v, 2.0
  %s = fadd contract float %m, %w
  store float %s, ptr %q
  %next = add i64 %i, 1
  %done = icmp uge i64 %next, %last
  br i1 %done, label %exit, label %loop
exit:
  ret i64 0
}
"""

# args: counts.  counts[unit] += 1 without a lock: a unit done twice or never shows.
COUNT = """
define i64 @count(ptr noalias %args, i64 %begin, i64 %end) {
entry:
  %counts = load ptr, ptr %args
  br label %loop
loop:
  %i = phi i64 [ %begin, %entry ], [ %next, %loop ]
  %p = getelementptr i64, ptr %counts, i64 %i
  %v = load i64, ptr %p
  %w = add i64 %v, 1
  store i64 %w, ptr %p
  %next = add i64 %i, 1
  %done = icmp uge i64 %next, %end
  br i1 %done, label %exit, label %loop
exit:
  ret i64 0
}
"""

# args: first bad unit.  Every unit from there on fails with 100 + its number.
FAIL = """
define i64 @fail(ptr noalias %args, i64 %begin, i64 %end) {
entry:
  %bad = load i64, ptr %args
  %from = call i64 @llvm.umax.i64(i64 %bad, i64 %begin)
  %fails = icmp ult i64 %from, %end
  %code = add i64 %from, 100
  %result = select i1 %fails, i64 %code, i64 0
  ret i64 %result
}
"""

# args: flag, said.  Waits until the flag is 7, then says 1.
AWAIT = """
define i64 @await(ptr noalias %args, i64 %begin, i64 %end) {
entry:
  %flag = load ptr, ptr %args
  %p = getelementptr i64, ptr %args, i64 1
  %said = load ptr, ptr %p
  br label %loop
loop:
  %v = load atomic i64, ptr %flag acquire, align 8
  %up = icmp eq i64 %v, 7
  br i1 %up, label %exit, label %loop
exit:
  store i64 1, ptr %said
  ret i64 0
}
"""

# args: x, y.  y[unit] = x[unit] * 0.5, to see what happens to denormal numbers.
HALVE = """
define i64 @halve(ptr noalias %args, i64 %begin, i64 %end) {
entry:
  %x = load ptr, ptr %args
  %yp = getelementptr i64, ptr %args, i64 1
  %y = load ptr, ptr %yp
  br label %loop
loop:
  %i = phi i64 [ %begin, %entry ], [ %next, %loop ]
  %p = getelementptr float, ptr %x, i64 %i
  %v = load float, ptr %p
  %m = fmul float %v, 0.5
  %q = getelementptr float, ptr %y, i64 %i
  store float %m, ptr %q
  %next = add i64 %i, 1
  %done = icmp uge i64 %next, %end
  br i1 %done, label %exit, label %loop
exit:
  ret i64 0
}
"""

TEXTS = {
    "zero": ZERO, "saxpy": SAXPY, "count": COUNT, "fail": FAIL, "halve": HALVE, "await": AWAIT,
}  # fmt: skip


@pytest.fixture(scope="session")
def kernels() -> dict[str, int]:
    """Addresses of zero, saxpy(x, y; unit), count(counts), fail(; first), halve(x, y),
    await(flag, said)."""
    return code.load(list(TEXTS.items()))


@pytest.fixture
def threads() -> Callable[[int], None]:
    """Sets the number of threads for one test."""
    before = pool.get_num_threads()
    yield pool.set_num_threads
    pool.set_num_threads(before)


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs Python text in a process with a cache folder of its own; switches as keywords."""

    def run(script: str, **switches: object) -> subprocess.CompletedProcess[str]:
        settings = {"RUSHLIGHT_CACHE": str(tmp_path / "cache")}
        settings.update({f"RUSHLIGHT_{name}": str(value) for name, value in switches.items()})
        root = Path(__file__).parents[2]
        return subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, **settings, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run
