"""The native thread pool, as LLVM IR: its workers, and how a command runs on all threads.

The calling thread publishes a job (job_ir.py), does its part, and waits for the chunks that others
have taken, never for a worker that has taken nothing: first spinning, then yielding, then asleep
(another process may have the worker's core, see apart_ir.py).

Workers without work spin for a bounded *time* (``pause`` takes 10 times longer on some CPUs than on
others), as long as it takes Python to record the next step of a small model, then sleep on
``@bell``. A worker that sees time jump while it spins has lost its core to somebody else. To spin
would use up its share of that core, and it would be put aside in the middle of a chunk for whose
end all others wait; so from then on, for a number of sleeps, it goes to sleep early.
"""

from __future__ import annotations

import re

from rushlight.runtime import apart_ir, job_ir, platform_ir
from rushlight.runtime.job_ir import MAX_WORKERS

# A worker without work spins this long inside a program, and this long after it.
SPIN_IN_PROGRAM_NS = 200_000
SPIN_IDLE_NS = 200_000
# Between two looks at the clock lie a few microseconds. If it was more than this, somebody else had
# the core: after that a worker spins only so long after a program, until it slept so many times.
LOST_CORE_NS = 60_000
SPIN_WARY_NS = 15_000
WARY_SLEEPS = 256
# The caller spins this long for the last chunks, yields until the second limit, then sleeps.
SPIN_FOR_LAST_NS = 30_000
YIELD_FOR_LAST_NS = 60_000
# So long, then it looks whether who has taken them runs.
NAP_NS = 100_000

_POOL = """
@awaited = internal global i32 0, align 128
@active = internal global i32 0, align 128
@wanted = internal global i32 1, align 128
@workers = internal global i32 0, align 128
@stop = internal global i32 0, align 128
@threads = internal global [$max_workers x i64] zeroinitializer, align 128
@nap = internal constant [2 x i64] [i64 0, i64 $nap]

declare i32 @sched_yield()
declare i64 @llvm.usub.sat.i64(i64, i64)

; A worker. Its argument: its share in the high half, the last job it need not do in the low half.
define internal ptr @worker(ptr %argument) {
entry:
  %thread = call i64 @thread_number()
  %packed = ptrtoint ptr %argument to i64
  %place = lshr i64 %packed, 32
  %first = and i64 %packed, 4294967295
  br label %wait
wait:
  %seen = phi i64 [ %first, %entry ], [ %seen, %awake ], [ %number, %finished ]
  %wary = phi i64 [ 0, %entry ], [ %less_wary, %awake ], [ %wary2, %finished ]
  %since = call i64 @now()
  br label %spin
spin:
  %turn = phi i64 [ 0, %wait ], [ %turned, %again ], [ 0, %slow ]
  %before = phi i64 [ %since, %wait ], [ %before, %again ], [ %now, %slow ]
  %wary2 = phi i64 [ %wary, %wait ], [ %wary2, %again ], [ %wary3, %slow ]
  $pause
  %number = load atomic i64, ptr @number acquire, align 8
  %news = icmp ne i64 %number, %seen
  br i1 %news, label %work, label %again
again:
  %turned = add i64 %turn, 1
  %often = icmp ult i64 %turned, 32
  br i1 %often, label %spin, label %clock
clock:
  %stop = load atomic i32, ptr @stop acquire, align 4
  %stopped = icmp ne i32 %stop, 0
  br i1 %stopped, label %out, label %slow
slow:
  call void @stand_apart()
  %active = load atomic i32, ptr @active monotonic, align 4
  %busy = icmp ne i32 %active, 0
  %now = call i64 @now()
  %gap = sub i64 %now, %before
  %lost = icmp ugt i64 %gap, $lost_core
  %wary3 = select i1 %lost, i64 $wary_sleeps, i64 %wary2
  %trusts = icmp eq i64 %wary3, 0
  %idle = select i1 %trusts, i64 $spin_idle, i64 $spin_wary
  %limit = select i1 %busy, i64 $spin_in_program, i64 %idle
  %spent = sub i64 %now, %since
  %long = icmp ugt i64 %spent, %limit
  br i1 %long, label %sleep, label %spin
sleep:
  %less_wary = call i64 @llvm.usub.sat.i64(i64 %wary3, i64 1)
  %bell = load atomic i32, ptr @bell seq_cst, align 4
  %a = atomicrmw add ptr @sleepers, i32 1 seq_cst
  %number2 = load atomic i64, ptr @number seq_cst, align 8
  %same = icmp eq i64 %number2, %seen
  %stop2 = load atomic i32, ptr @stop seq_cst, align 4
  %going = icmp eq i32 %stop2, 0
  %quiet = and i1 %same, %going
  br i1 %quiet, label %nap, label %awake
nap:
  call void @sleep_while(ptr @bell, i32 %bell, ptr null)
  br label %awake
awake:
  %b = atomicrmw sub ptr @sleepers, i32 1 seq_cst
  br label %wait
work:
  call void @stand_apart()
  %fn = load atomic ptr, ptr @job monotonic, align 8
  %p1 = getelementptr i64, ptr @job, i64 1
  %args = load atomic ptr, ptr %p1 monotonic, align 8
  %p2 = getelementptr i64, ptr @job, i64 2
  %chunks = load atomic i64, ptr %p2 monotonic, align 8
  %p3 = getelementptr i64, ptr @job, i64 3
  %grain = load atomic i64, ptr %p3 monotonic, align 8
  %p4 = getelementptr i64, ptr @job, i64 4
  %flush = load atomic i64, ptr %p4 monotonic, align 8
  %p5 = getelementptr i64, ptr @job, i64 5
  %sharers = load atomic i64, ptr %p5 monotonic, align 8
  %mode = call i64 @enter_mode(i64 %flush)
  call void @may_hold(i64 %place, i64 %thread)
  %count = call i64 @take(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers, i64 %number,
                          i64 %place, i64 0)
  %some = icmp ne i64 %count, 0
  br i1 %some, label %report, label %finished
report:
  %c = atomicrmw add ptr @done, i64 %count seq_cst
  %awaited = load atomic i32, ptr @awaited seq_cst, align 4
  %asleep = icmp ne i32 %awaited, 0
  br i1 %asleep, label %tell, label %finished
tell:
  call void @wake(ptr @done, i32 1)
  br label %finished
finished:
  call void @holds_nothing(i64 %place)
  br label %wait
out:
  ret ptr null
}

; Wait until @done is %need: spin, then yield, then sleep.
define internal void @wait_for(i64 %need) noinline {
entry:
  %since = call i64 @now()
  br label %spin
spin:
  %turn = phi i64 [ 0, %entry ], [ %turned, %again ], [ 0, %clock ], [ 31, %yield ]
  $pause
  %done = load atomic i64, ptr @done seq_cst, align 8
  %all = icmp eq i64 %done, %need
  br i1 %all, label %out, label %again
again:
  %turned = add i64 %turn, 1
  %often = icmp ult i64 %turned, 32
  br i1 %often, label %spin, label %clock
clock:
  %now = call i64 @now()
  %spent = sub i64 %now, %since
  %short = icmp ult i64 %spent, $spin_for_last
  br i1 %short, label %spin, label %longer
longer:
  %medium = icmp ult i64 %spent, $yield_for_last
  br i1 %medium, label %yield, label %rest
yield:
  %r = call i32 @sched_yield()
  br label %spin
rest:
  %again_here = phi i1 [ false, %longer ], [ true, %rested ]
  call void @look_after(i1 %again_here)
  store atomic i32 1, ptr @awaited seq_cst, align 4
  %latest = load atomic i64, ptr @done seq_cst, align 8
  %low = trunc i64 %latest to i32
  %still = icmp ne i64 %latest, %need
  br i1 %still, label %nap, label %out
nap:
  call void @sleep_while(ptr @done, i32 %low, ptr @nap)
  br label %rested
rested:
  %latest2 = load atomic i64, ptr @done seq_cst, align 8
  %all2 = icmp eq i64 %latest2, %need
  br i1 %all2, label %out, label %rest
out:
  store atomic i32 0, ptr @awaited monotonic, align 4
  ret void
}

; Whether there are workers; they start here.
define internal i1 @staffed() alwaysinline {
entry:
  %workers = load i32, ptr @workers
  %some = icmp ne i32 %workers, 0
  br i1 %some, label %out, label %none
none:
  %wanted = load i32, ptr @wanted
  %want = icmp ugt i32 %wanted, 1
  br i1 %want, label %create, label %out
create:
  call void @start()
  %made = load i32, ptr @workers
  %some2 = icmp ne i32 %made, 0
  br label %out
out:
  %result = phi i1 [ true, %entry ], [ false, %none ], [ %some2, %create ]
  ret i1 %result
}

; Take what is left of a job of which this thread has done %had chunks, then wait for the others.
define internal void @finish(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers,
                             i64 %number, i64 %had) alwaysinline {
entry:
  %count = call i64 @take(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers, i64 %number,
                          i64 0, i64 %had)
  %need = sub i64 %chunks, %count
  %done = load atomic i64, ptr @done acquire, align 8
  %all = icmp eq i64 %done, %need
  br i1 %all, label %out, label %wait
wait:
  call void @wait_for(i64 %need)
  br label %out
out:
  ret void
}

define internal i64 @parallel(ptr %fn, ptr %args, i64 %chunks, i64 %grain) noinline {
entry:
  %staffed = call i1 @staffed()
  br i1 %staffed, label %publish, label %alone
alone:
  %only = call i64 %fn(ptr %args, i64 0, i64 %chunks)
  ret i64 %only
publish:
  %workers = load i32, ptr @workers
  %helpers = zext i32 %workers to i64
  %all_threads = add i64 %helpers, 1
  %sharers = call i64 @llvm.umin.i64(i64 %all_threads, i64 %chunks)
  %high = call i64 @publish(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers)
  %number = lshr i64 %high, 32
  %first_end = udiv i64 %chunks, %sharers
  ; The caller has taken the first grain already.
  %mine = call i64 @llvm.umin.i64(i64 %grain, i64 %first_end)
  %first_left = sub i64 %first_end, %mine
  %first_word = or i64 %high, %first_left
  store atomic i64 %first_word, ptr @shares release, align 8
  br label %cut
cut:
  %of = phi i64 [ 1, %publish ], [ %of1, %cut_one ]
  %from = phi i64 [ %first_end, %publish ], [ %to, %cut_one ]
  %uncut = icmp ult i64 %of, %sharers
  br i1 %uncut, label %cut_one, label %tell
cut_one:
  %of1 = add i64 %of, 1
  %product = mul i64 %chunks, %of1
  %to = udiv i64 %product, %sharers
  %size = sub i64 %to, %from
  %share_word = or i64 %high, %size
  %line = shl i64 %of, 4
  %share = getelementptr i64, ptr @shares, i64 %line
  store atomic i64 %share_word, ptr %share release, align 8
  br label %cut
tell:
  call void @announce(i64 %high, i64 %sharers)
  %code = call i64 %fn(ptr %args, i64 0, i64 %mine)
  %bad = icmp ne i64 %code, 0
  br i1 %bad, label %failed, label %on
failed:
  call void @fail(i64 0, i64 %code)
  br label %on
on:
  call void @finish(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers, i64 %number,
                    i64 %mine)
  %what = getelementptr i64, ptr @failure, i64 2
  %result = load atomic i64, ptr %what acquire, align 8
  ret i64 %result
}
"""


def text() -> str:
    """@parallel(fn, args, chunks, grain) and what it needs, beside platform_ir."""
    values = {
        "max_workers": MAX_WORKERS,
        "pause": platform_ir.PAUSE,
        "spin_in_program": SPIN_IN_PROGRAM_NS,
        "spin_idle": SPIN_IDLE_NS,
        "lost_core": LOST_CORE_NS,
        "spin_wary": SPIN_WARY_NS,
        "wary_sleeps": WARY_SLEEPS,
        "spin_for_last": SPIN_FOR_LAST_NS,
        "nap": NAP_NS,
        "yield_for_last": YIELD_FOR_LAST_NS,
    }
    pool = re.sub(r"\$(\w+)", lambda name: str(values[name[1]]), _POOL)
    return job_ir.text() + apart_ir.text() + pool
