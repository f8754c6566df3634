"""Where workers run beside other processes, as LLVM IR: not where the caller does.

Where another process has one core of a few, Linux wakes a worker where it finds room: often on the
caller's core, and leaves it there for long. Two threads of a program on one core are slower than
one, and the other process has a core to itself. So whoever starts a program says where it runs, and
a worker that finds itself on the same core leaves it for the others that it may use. It stays off
that one until it meets the caller again.

There it shares a core with the other process, and is put aside for milliseconds, at times in the
middle of a chunk. The caller that waits for this chunk has a core to spare: it looks at the clock
of the worker's own time, and if that stands still, brings the worker over. The worker leaves again
when it has done its chunk.
"""

from __future__ import annotations

import re

from rushlight.runtime import platform_ir
from rushlight.runtime.job_ir import MAX_WORKERS

# 1024 cores: as many as sched_getaffinity's cpu_set_t has room for.
MASK_BYTES = 128

_APART = """
@caller_core = internal global i32 -1, align 128
@cores = internal global [$bytes x i8] zeroinitializer, align 128
; Of each worker: its number for Linux while it may hold chunks, else 0; what the caller read of its
; clock; whether it was brought over.
@holders = internal global [$lines x [16 x i64]] zeroinitializer, align 128
declare i32 @sched_getcpu()
declare i32 @sched_getaffinity(i32, i64, ptr)
declare i32 @sched_setaffinity(i32, i64, ptr)

; The calling thread runs a program: where.
define internal void @say_where() alwaysinline {
  %core = call i32 @sched_getcpu()
  store atomic i32 %core, ptr @caller_core monotonic, align 4
  ret void
}

; The cores that the workers which this thread starts may use; none where there are too many.
define internal void @note_cores() noinline {
  call void @llvm.memset.p0.i64(ptr @cores, i8 0, i64 $bytes, i1 false)
  %r = call i32 @sched_getaffinity(i32 0, i64 $bytes, ptr @cores)
  ret void
}

; Be on another core than the caller, if there is one.
define internal void @stand_apart() alwaysinline {
entry:
  %core = call i32 @sched_getcpu()
  %caller = load atomic i32, ptr @caller_core monotonic, align 4
  %together = icmp eq i32 %core, %caller
  br i1 %together, label %leave, label %out
leave:
  call void @leave(i32 %core)
  br label %out
out:
  ret void
}

define internal void @leave(i32 %core) noinline cold {
entry:
  %others = alloca [$bytes x i8], align 8
  call void @llvm.memcpy.p0.p0.i64(ptr %others, ptr @cores, i64 $bytes, i1 false)
  %known = icmp ult i32 %core, $bits
  br i1 %known, label %strike, label %out
strike:
  %which = lshr i32 %core, 3
  %place = getelementptr i8, ptr %others, i32 %which
  %low = and i32 %core, 7
  %bit32 = shl i32 1, %low
  %bit = trunc i32 %bit32 to i8
  %keep = xor i8 %bit, -1
  %before = load i8, ptr %place
  %after = and i8 %before, %keep
  store i8 %after, ptr %place
  ; No core left is an error that changes nothing: then the two share one.
  %r = call i32 @sched_setaffinity(i32 0, i64 $bytes, ptr %others)
  br label %out
out:
  ret void
}

define internal i64 @thread_number() noinline {
  %number = call i64 (i64, ...) @syscall(i64 $gettid)
  ret i64 %number
}

; Worker %place may take chunks from now on, and no more.
define internal void @may_hold(i64 %place, i64 %thread) alwaysinline {
  %line = getelementptr [16 x i64], ptr @holders, i64 %place
  store atomic i64 %thread, ptr %line release, align 8
  ret void
}
define internal void @holds_nothing(i64 %place) alwaysinline {
entry:
  %line = getelementptr [16 x i64], ptr @holders, i64 %place
  store atomic i64 0, ptr %line release, align 8
  %p2 = getelementptr i64, ptr %line, i64 2
  %brought = load atomic i64, ptr %p2 acquire, align 8
  %moved = icmp ne i64 %brought, 0
  br i1 %moved, label %go_back, label %out
go_back:
  store atomic i64 0, ptr %p2 release, align 8
  %caller = load atomic i32, ptr @caller_core monotonic, align 4
  call void @leave(i32 %caller)
  br label %out
out:
  ret void
}

; Bring workers over that hold chunks and have not run since the last look (at %last, where this is
; not the first). The caller is about to sleep.
define internal void @look_after(i1 %last) noinline cold {
entry:
  %mine = alloca [$bytes x i8], align 8
  %workers = load i32, ptr @workers
  %count = zext i32 %workers to i64
  br label %next
next:
  %done = phi i64 [ 0, %entry ], [ %place, %one ], [ %place, %clock ], [ %place, %bring ]
  %more = icmp ult i64 %done, %count
  br i1 %more, label %one, label %out
one:
  %place = add i64 %done, 1
  %line = getelementptr [16 x i64], ptr @holders, i64 %place
  %thread = load atomic i64, ptr %line acquire, align 8
  %idle = icmp eq i64 %thread, 0
  br i1 %idle, label %next, label %clock
clock:
  ; Linux's number of the clock of a thread's own time.
  %thread32 = trunc i64 %thread to i32
  %inverse = xor i32 %thread32, -1
  %high = shl i32 %inverse, 3
  %which = or i32 %high, 6
  %ran = call i64 @read_clock(i32 %which)
  %p1 = getelementptr i64, ptr %line, i64 1
  %had = load i64, ptr %p1
  store i64 %ran, ptr %p1
  %stood = icmp eq i64 %ran, %had
  %core = call i32 @sched_getcpu()
  %known = icmp ult i32 %core, $bits
  %movable = and i1 %known, %last
  %stuck = and i1 %stood, %movable
  br i1 %stuck, label %bring, label %next
bring:
  call void @llvm.memset.p0.i64(ptr %mine, i8 0, i64 $bytes, i1 false)
  %byte = lshr i32 %core, 3
  %spot = getelementptr i8, ptr %mine, i32 %byte
  %low = and i32 %core, 7
  %bit32 = shl i32 1, %low
  %bit = trunc i32 %bit32 to i8
  store i8 %bit, ptr %spot
  %p2 = getelementptr i64, ptr %line, i64 2
  store atomic i64 1, ptr %p2 release, align 8
  %r = call i32 @sched_setaffinity(i32 %thread32, i64 $bytes, ptr %mine)
  br label %next
out:
  ret void
}
"""
# Other systems choose cores themselves.
_AS_IT_COMES = """
define internal void @say_where() alwaysinline {
  ret void
}
define internal void @note_cores() alwaysinline {
  ret void
}
define internal void @stand_apart() alwaysinline {
  ret void
}
define internal i64 @thread_number() alwaysinline {
  ret i64 1
}
define internal void @may_hold(i64 %place, i64 %thread) alwaysinline {
  ret void
}
define internal void @holds_nothing(i64 %place) alwaysinline {
  ret void
}
define internal void @look_after(i1 %last) alwaysinline {
  ret void
}
"""


def text() -> str:
    """For callers @say_where() and @look_after(last), for workers the rest; beside platform_ir and
    the pool's @workers."""
    if not platform_ir.LINUX:
        return _AS_IT_COMES
    values = {
        "lines": MAX_WORKERS + 1,
        "bytes": MASK_BYTES,
        "bits": 8 * MASK_BYTES,
        "gettid": 178 if platform_ir.ARM else 186,
    }
    return re.sub(r"\$(\w+)", lambda name: str(values[name[1]]), _APART)
