"""``rushlight doctor``: what this machine is, and whether compiled code is right on it."""

from __future__ import annotations

import ctypes
import importlib.metadata
import platform
import time
import uuid
import warnings
from dataclasses import dataclass
from typing import Any

import click
import numpy as np

import rushlight
from rushlight.base import config
from rushlight.base.version import VERSION
from rushlight.runtime import code, cpu, llvm
from rushlight.runtime.cache import DiskCache
from rushlight.runtime.hot import begin

REQUIRED = ("numpy", "llvmlite", "ml_dtypes")
OPTIONAL = ("pillow", "matplotlib", "rich", "torch")
MIB = 1024 * 1024


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, whether it is as it should be."""

    subject: str
    text: str
    right: bool = True


@click.command()
def doctor() -> int:
    """Show what is here and check that compiled code is right.

    Versions, CPU, threads and cache are shown, a kernel is compiled, run and compared with NumPy.
    Exits with 1 if something is wrong.
    """
    findings = [*versions(), *machine(), cache(), kernel(), engine(), recorder()]
    for finding in findings:
        mark = "ok   " if finding.right else "WRONG"
        click.echo(f"{mark} {finding.subject:<10} {finding.text}")
    wrong = [finding.subject for finding in findings if not finding.right]
    click.echo(f"\nWrong: {', '.join(wrong)}." if wrong else "\nAll is well.")
    return 1 if wrong else 0


def versions() -> list[Finding]:
    """Python, ourselves and what we stand on."""
    found = {name: _version(name) for name in (*REQUIRED, *OPTIONAL)}
    needed = ", ".join(f"{name} {found[name] or 'missing'}" for name in REQUIRED)
    others = ", ".join(f"{name} {found[name] or '-'}" for name in OPTIONAL)
    return [
        Finding("rushlight", f"{VERSION}, Python {platform.python_version()}"),
        Finding("needs", needed, right=all(found[name] for name in REQUIRED)),
        Finding("optional", others),
    ]


def _version(distribution: str) -> str:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return ""


def machine() -> list[Finding]:
    """The CPU as the compiler sees it, and how many threads a plan uses."""
    host = cpu.host()
    return [
        Finding(
            "cpu",
            f"{host.name}, {host.isa}: {host.registers} vector registers of {host.vector_bytes} "
            f"bytes, L1 {host.l1_bytes // 1024} KiB, L2 {host.l2_bytes // 1024} KiB",
        ),
        Finding("compiler", llvm.version()),
        Finding("threads", f"{cpu.default_threads()} ({host.cores} cores may be used)"),
    ]


def recorder() -> Finding:
    """Whether what records operations becomes machine code. (If not, nothing is wrong but time.)"""
    return Finding("recorder", begin.status())


def cache() -> Finding:
    """Whether compiled code is kept on disk, and how much of it there is."""
    if config.NO_CACHE:
        return Finding("cache", "switched off (RUSHLIGHT_NO_CACHE)")
    disk = DiskCache(config.cache_folder() / "code")
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        disk.put("doctor", b"may be written")
    if complaints:
        # Not wrong: everything works, and processes compile what they do not find.
        return Finding("cache", "; ".join(str(each.message) for each in complaints))
    disk.path("doctor").unlink(missing_ok=True)
    sizes = disk.sizes()
    return Finding(
        "cache",
        f"{disk.folder}: {len(sizes)} kernels and plans, {sum(sizes) / MIB:.1f} MiB "
        f"of {disk.limit_bytes // MIB} MiB",
    )


def kernel() -> Finding:
    """Compile y = x * x + x over vectors, never from the cache, and compare it with NumPy."""
    symbol = f"doctor_{uuid.uuid4().hex}"
    lanes = cpu.host().lanes(4)
    values = np.linspace(-3, 3, 8 * lanes, dtype=np.float32)
    results = np.zeros_like(values)
    start = time.perf_counter()
    try:
        address = code.load([(symbol, _square_plus(symbol, lanes))])[symbol]
    except code.CompilerError as error:
        return Finding("kernel", str(error).splitlines()[0], right=False)
    milliseconds = (time.perf_counter() - start) * 1e3
    words = np.array([values.ctypes.data, results.ctypes.data], np.uint64)
    call = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
    status = call(address)(words.ctypes.data, 0, 8)
    wanted = values * values + values
    if status != 0 or not np.array_equal(results, wanted):
        worst = float(np.abs(results - wanted).max())
        text = f"a compiled kernel is wrong: status {status}, largest difference {worst:g}"
        return Finding("kernel", text, right=False)
    return Finding("kernel", f"compiled in {milliseconds:.0f} ms, equal to NumPy's result")


def engine(torch: Any = rushlight) -> Finding:
    """One step through all layers: loss and gradient of sum((x * 2 + 1) ** 2), exact in float32."""
    start = time.perf_counter()
    try:
        x = torch.arange(4, dtype=torch.float32).requires_grad_()
        loss = ((x * 2 + 1) ** 2).sum()
        loss.backward()
        found = [loss.item(), *x.grad.tolist()]
    except (AttributeError, ImportError, RuntimeError, TypeError, ValueError) as error:
        return Finding("engine", f"{type(error).__name__}: {error}", right=False)
    milliseconds = (time.perf_counter() - start) * 1e3
    wanted = [84.0, 4.0, 12.0, 20.0, 28.0]
    if found != wanted:
        return Finding("engine", f"a step gave {found} instead of {wanted}", right=False)
    return Finding("engine", f"a step forward and backward is right, {milliseconds:.0f} ms")


def _square_plus(symbol: str, lanes: int) -> str:
    """A kernel whose chunk i is vector i of the two arrays. No fma: NumPy rounds twice."""
    vector = f"<{lanes} x float>"
    return f"""
define i64 @{symbol}(ptr noalias %args, i64 %begin, i64 %end) {{
entry:
  %x = load ptr, ptr %args
  %slot = getelementptr i64, ptr %args, i64 1
  %y = load ptr, ptr %slot
  br label %loop
loop:
  %i = phi i64 [ %begin, %entry ], [ %next, %loop ]
  %from = getelementptr {vector}, ptr %x, i64 %i
  %to = getelementptr {vector}, ptr %y, i64 %i
  %value = load {vector}, ptr %from, align 4
  %square = fmul {vector} %value, %value
  %sum = fadd {vector} %square, %value
  store {vector} %sum, ptr %to, align 4
  %next = add i64 %i, 1
  %more = icmp slt i64 %next, %end
  br i1 %more, label %loop, label %done
done:
  ret i64 0
}}
"""
