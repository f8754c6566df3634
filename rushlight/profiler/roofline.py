"""The machine's limits, measured, and how near to them a kernel comes.

A kernel can be no faster than its arithmetic at the peak rate of fused multiply-adds, nor than its
bytes at the rate of the memory they are in. The longer of the two is its least time; least over
measured is its share of the roofline (Williams, Waterman and Patterson, 2009). Which memory follows
from how many bytes it touches: rates are measured from caches to main memory, copying and reading.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from rushlight.runtime import code, cpu
from rushlight.runtime.executor import Command, Program
from rushlight.runtime.pool import get_num_threads

_CHAINS = 10  # independent sums: more than a multiply-add takes cycles to be ready, times two units
_ROUNDS = 20_000
_SIZES = tuple(1 << power for power in (13, 15, 17, 19, 21, 23, 26))  # bytes touched
_LEAST_TIMED = 400_000  # bytes copied in one measurement
_UNROLLED = 4  # vectors that a round of reading adds, each to a sum of its own
_LEAST_SECONDS = 0.03  # of repeating each measurement: on a shared machine the best of many


@dataclass(frozen=True)
class Peaks:
    """Operations a second (float32, a multiply-add is two), bytes a second by bytes touched."""

    threads: int
    flops: float
    bandwidth: tuple[tuple[int, float], ...]

    def bytes_a_second(self, touched: int) -> float:
        """The rate of the smallest measured size that holds ``touched`` bytes."""
        return next((rate for size, rate in self.bandwidth if size >= touched), self.memory)

    @property
    def memory(self) -> float:
        """The rate of main memory."""
        return self.bandwidth[-1][1]

    def least_seconds(self, flops: int, moved: int) -> float:
        """What a kernel of so many operations and bytes takes at least."""
        return max(flops / self.flops, moved / self.bytes_a_second(moved))


def peaks() -> Peaks:
    """What this machine can do with the current number of threads; measured once (about 0.5 s)."""
    return _measured(get_num_threads())


@functools.cache
def _measured(threads: int) -> Peaks:
    lanes = cpu.host().lanes(4)
    kernels = [
        ("peak_muladd", _muladd(lanes)), ("peak_copy", _copy(lanes)), ("peak_read", _read(lanes))
    ]  # fmt: skip
    addresses = code.load(kernels)
    chunks = 4 * threads
    out = np.zeros(chunks * lanes, np.float32)
    muladds = Program([Command(addresses["peak_muladd"], chunks, ((0, 0),))])
    seconds = _best(muladds, np.array([out.ctypes.data]))
    flops = 2.0 * chunks * _ROUNDS * _CHAINS * lanes / seconds
    rates = [
        max(
            _bandwidth(addresses[each], size, threads, lanes) for each in ("peak_copy", "peak_read")
        )
        for size in _SIZES
    ]
    # What is smaller can be had at least as fast: the rest is noise and the cost of a launch.
    held = [max(rates[place:]) for place in range(len(rates))]
    return Peaks(threads, flops, tuple(zip(_SIZES, held, strict=True)))


def _bandwidth(address: int, size: int, threads: int, lanes: int) -> float:
    """Bytes a second of a kernel that goes through two arrays which are ``size`` together."""
    shared = threads if size > 1 << 16 else 1  # what is smaller stays on one thread: pipeline.py
    vectors = size // 2 // (4 * lanes) // shared // _UNROLLED * _UNROLLED
    half = vectors * lanes * shared
    memory = np.zeros(2 * half + 16, np.float32)
    source = memory.ctypes.data + -memory.ctypes.data % 64
    again = max(1, _LEAST_TIMED // size)
    slots = np.array([source, source + 4 * half])
    program = Program(
        [Command(address, shared, ((0, 0), (1, 0)), (vectors,), serial=shared == 1)] * again
    )
    return 8.0 * half * again / _best(program, slots)


def _best(program: Program, slots: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Seconds of the fastest of several runs, after one that warms up."""
    program.run(slots.ctypes.data)
    times = []
    end = perf_counter() + _LEAST_SECONDS
    while len(times) < 3 or perf_counter() < end:
        begin = perf_counter()
        program.run(slots.ctypes.data)
        times.append(perf_counter() - begin)
    return min(times)


def _muladd(lanes: int) -> str:
    """Each chunk: ``_CHAINS`` sums, each ``_ROUNDS`` times x = x * a + b; the total is stored."""
    kind = f"<{lanes} x float>"
    sums = range(_CHAINS)
    start = "\n".join(
        f"  %x{n} = phi {kind} [ zeroinitializer, %chunk ], [ %y{n}, %loop ]" for n in sums
    )
    body = "\n".join(
        f"  %y{n} = call {kind} @llvm.fma.v{lanes}f32({kind} %x{n}, {kind} %a, {kind} %b)"
        for n in sums
    )
    total = ["  %t0 = fadd " + f"{kind} %y0, %y1"]
    total += [f"  %t{n - 1} = fadd {kind} %t{n - 2}, %y{n}" for n in range(2, _CHAINS)]
    last = f"%t{_CHAINS - 2}"
    joined = "\n".join(total)
    return f"""
declare {kind} @llvm.fma.v{lanes}f32({kind}, {kind}, {kind})
define i64 @peak_muladd(ptr noalias %args, i64 %begin, i64 %end) {{
entry:
  %out = load ptr, ptr %args
  %a = load {kind}, ptr %out, align 4
  %b = fadd {kind} %a, %a
  br label %chunk
chunk:
  %c = phi i64 [ %begin, %entry ], [ %c1, %done ]
  br label %loop
loop:
  %i = phi i64 [ 0, %chunk ], [ %i1, %loop ]
{start}
{body}
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, {_ROUNDS}
  br i1 %more, label %loop, label %done
done:
{joined}
  %to = getelementptr {kind}, ptr %out, i64 %c
  store {kind} {last}, ptr %to, align 4
  %c1 = add i64 %c, 1
  %again = icmp slt i64 %c1, %end
  br i1 %again, label %chunk, label %end_
end_:
  ret i64 0
}}
"""


# How ``_copy`` and ``_read`` begin: a loop over the vectors %first to %last of two arrays.
_OVER_VECTORS = """(ptr noalias %args, i64 %begin, i64 %end) {
entry:
  %from = load ptr, ptr %args
  %slot = getelementptr i64, ptr %args, i64 1
  %to = load ptr, ptr %slot
  %count = getelementptr i64, ptr %args, i64 2
  %n = load i64, ptr %count
  %first = mul i64 %begin, %n
  %last = mul i64 %end, %n
  br label %loop
loop:
  %i = phi i64 [ %first, %entry ], [ %i1, %loop ]
"""


def _copy(lanes: int) -> str:
    """Chunk c copies vectors c * n .. (c + 1) * n from the first array to the second."""
    kind = f"<{lanes} x float>"
    return f"""
define i64 @peak_copy{_OVER_VECTORS}  %a = getelementptr {kind}, ptr %from, i64 %i
  %b = getelementptr {kind}, ptr %to, i64 %i
  %x = load {kind}, ptr %a, align 4
  store {kind} %x, ptr %b, align 4
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %last
  br i1 %more, label %loop, label %done
done:
  ret i64 0
}}
"""


def _read(lanes: int) -> str:
    """As ``_copy``, but adds the vectors of both arrays up; what comes out is stored once."""
    kind = f"<{lanes} x float>"
    places = range(_UNROLLED)
    start = "\n".join(
        f"  %s{k} = phi {kind} [ zeroinitializer, %entry ], [ %u{k}, %loop ]" for k in places
    )
    body = "\n".join(
        f"""  %j{k} = add i64 %i, {k}
  %a{k} = getelementptr {kind}, ptr %from, i64 %j{k}
  %b{k} = getelementptr {kind}, ptr %to, i64 %j{k}
  %x{k} = load {kind}, ptr %a{k}, align 4
  %y{k} = load {kind}, ptr %b{k}, align 4
  %t{k} = fadd {kind} %s{k}, %x{k}
  %u{k} = fadd {kind} %t{k}, %y{k}"""
        for k in places
    )
    total = "\n".join(
        f"  %z{k} = fadd {kind} %{'u0' if k == 1 else f'z{k - 1}'}, %u{k}" for k in places if k
    )
    return f"""
define i64 @peak_read{_OVER_VECTORS}{start}
{body}
  %i1 = add i64 %i, {_UNROLLED}
  %more = icmp slt i64 %i1, %last
  br i1 %more, label %loop, label %done
done:
{total}
  %out = getelementptr {kind}, ptr %from, i64 %first
  store {kind} %z{_UNROLLED - 1}, ptr %out, align 4
  ret i64 0
}}
"""
