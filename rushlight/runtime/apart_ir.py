"""Workers keep off the core of the calling thread, as LLVM IR.

Where another process has one core of a few, Linux wakes a worker where it finds room: often on the
caller's core, and leaves it there for long. Two threads of a program on one core are slower than
one, and the other process has a core to itself. So whoever starts a program says where it runs, and
a worker that finds itself on the same core leaves it for the others that it may use. It stays off
that one until it meets the caller again.
"""

from __future__ import annotations

from rushlight.runtime import platform_ir

# 1024 cores: as many as sched_getaffinity's cpu_set_t has room for.
MASK_WORDS = 16

_APART = """
@caller_core = internal global i32 -1, align 128
declare i32 @sched_getcpu()
declare i32 @sched_getaffinity(i32, i64, ptr)
declare i32 @sched_setaffinity(i32, i64, ptr)

; The calling thread runs a program: where.
define internal void @say_where() alwaysinline {
  %core = call i32 @sched_getcpu()
  store atomic i32 %core, ptr @caller_core monotonic, align 4
  ret void
}

; The cores that this thread may use; none where there are too many to know.
define internal void @note_cores(ptr %cores) noinline {
  call void @llvm.memset.p0.i64(ptr %cores, i8 0, i64 BYTES, i1 false)
  %r = call i32 @sched_getaffinity(i32 0, i64 BYTES, ptr %cores)
  ret void
}

; Be on another core than the caller, if %cores has one.
define internal void @stand_apart(ptr %cores) alwaysinline {
entry:
  %core = call i32 @sched_getcpu()
  %caller = load atomic i32, ptr @caller_core monotonic, align 4
  %together = icmp eq i32 %core, %caller
  br i1 %together, label %leave, label %out
leave:
  call void @leave(i32 %core, ptr %cores)
  br label %out
out:
  ret void
}

define internal void @leave(i32 %core, ptr %cores) noinline cold {
entry:
  %others = alloca [BYTES x i8], align 8
  call void @llvm.memcpy.p0.p0.i64(ptr %others, ptr %cores, i64 BYTES, i1 false)
  %known = icmp ult i32 %core, BITS
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
  %r = call i32 @sched_setaffinity(i32 0, i64 BYTES, ptr %others)
  br label %out
out:
  ret void
}
"""
# Other systems choose cores themselves.
_AS_IT_COMES = """
define internal void @say_where() alwaysinline {
  ret void
}
define internal void @note_cores(ptr %cores) alwaysinline {
  ret void
}
define internal void @stand_apart(ptr %cores) alwaysinline {
  ret void
}
"""


def text() -> str:
    """@say_where() for callers; @note_cores(cores) and @stand_apart(cores) for workers."""
    if not platform_ir.LINUX:
        return _AS_IT_COMES
    return _APART.replace("BYTES", str(8 * MASK_WORDS)).replace("BITS", str(64 * MASK_WORDS))
