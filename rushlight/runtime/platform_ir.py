"""What differs between machines, as LLVM IR: waiting, sleeping, clocks, denormal numbers.

Defines @read_clock(which) and @now() in nanoseconds, @sleep_while(address, value, timeout),
@wake(address, count), @read_mode(), @write_mode(mode) and @enter_mode(flush). On Linux threads
sleep on futexes.
"""

from __future__ import annotations

import platform
import sys

ARM = platform.machine().lower() in ("aarch64", "arm64")
LINUX = sys.platform == "linux"

_X86_PAUSE = "call void @llvm.x86.sse2.pause()"
_ARM_PAUSE = 'call void asm sideeffect "yield", "~{memory}"()'

# Flush-to-zero and denormals-are-zero: bits 15 and 6 of MXCSR, bit 24 of FPCR.
_X86_DENORMALS = """
define internal i64 @read_mode() alwaysinline {
  %p = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %p)
  %v = load i32, ptr %p
  %w = zext i32 %v to i64
  ret i64 %w
}
define internal void @write_mode(i64 %w) alwaysinline {
  %p = alloca i32
  %v = trunc i64 %w to i32
  store i32 %v, ptr %p
  call void @llvm.x86.sse.ldmxcsr(ptr %p)
  ret void
}
"""
_X86_FLUSH_BITS = 0x8040
_ARM_DENORMALS = """
define internal i64 @read_mode() alwaysinline {
  %w = call i64 asm sideeffect "mrs $0, fpcr", "=r"()
  ret i64 %w
}
define internal void @write_mode(i64 %w) alwaysinline {
  call void asm sideeffect "msr fpcr, $0", "r"(i64 %w)
  ret void
}
"""
_ARM_FLUSH_BITS = 1 << 24

# FUTEX_WAIT_PRIVATE is 128, FUTEX_WAKE_PRIVATE 129.
_LINUX_SLEEP = """
declare i64 @syscall(i64, ...)
define internal void @sleep_while(ptr %address, i32 %value, ptr %timeout) noinline {
  %r = call i64 (i64, ...) @syscall(i64 FUTEX, ptr %address, i64 128, i32 %value, ptr %timeout)
  ret void
}
define internal void @wake(ptr %address, i32 %count) noinline {
  %r = call i64 (i64, ...) @syscall(i64 FUTEX, ptr %address, i64 129, i32 %count)
  ret void
}
"""
# Without futexes: short naps. Every sleeper looks again by itself, so nothing has to wake it.
_NAPPING_SLEEP = """
declare i32 @usleep(i32)
define internal void @sleep_while(ptr %address, i32 %value, ptr %timeout) noinline {
  %r = call i32 @usleep(i32 50)
  ret void
}
define internal void @wake(ptr %address, i32 %count) noinline {
  ret void
}
"""

_CLOCK = """
declare i32 @clock_gettime(i32, ptr)
define internal i64 @read_clock(i32 %which) noinline {
  %time = alloca [2 x i64]
  %r = call i32 @clock_gettime(i32 %which, ptr %time)
  %second = load i64, ptr %time
  %p = getelementptr i64, ptr %time, i64 1
  %nano = load i64, ptr %p
  %scaled = mul i64 %second, 1000000000
  %sum = add i64 %scaled, %nano
  ret i64 %sum
}
define internal i64 @now() alwaysinline {
  %now = call i64 @read_clock(i32 MONOTONIC)
  ret i64 %now
}
"""

# Denormals as %flush says; returns the mode before.
_ENTER_MODE = """
define internal i64 @enter_mode(i64 %flush) alwaysinline {
  %old = call i64 @read_mode()
  %cleared = and i64 %old, KEEP
  %on = icmp ne i64 %flush, 0
  %bits = select i1 %on, i64 FLUSH, i64 0
  %new = or i64 %cleared, %bits
  call void @write_mode(i64 %new)
  ret i64 %old
}
"""

# One breath of a waiting thread: lets the core's other half run.
PAUSE = _ARM_PAUSE if ARM else _X86_PAUSE
# How pthread_sigmask says "these and no others".
SETMASK = 2 if LINUX else 3


def text() -> str:
    """The functions for this machine."""
    flush = _ARM_FLUSH_BITS if ARM else _X86_FLUSH_BITS
    sleep = _LINUX_SLEEP.replace("FUTEX", "98" if ARM else "202") if LINUX else _NAPPING_SLEEP
    clock = _CLOCK.replace("MONOTONIC", "1" if LINUX else "6")
    mode = _ENTER_MODE.replace("KEEP", str(~flush)).replace("FLUSH", str(flush))
    return (_ARM_DENORMALS if ARM else _X86_DENORMALS) + sleep + clock + mode
