"""The native thread pool and the executor of programs, as LLVM IR.

How a parallel command runs. The calling thread fills ``@job`` and cuts the chunks into a share for
each thread: a word of ``@shares`` holds the number of the job in its high half and how many chunks
are left in its low half. Then it stores the number in ``@number``, which the workers watch.

A thread takes chunks from its own share first, so that from one command to the next it meets the
data that its cache holds, and then from the others' shares. To take means to count a word down with
a compare-and-swap. That succeeds only while the job of that number has chunks left, so what was
read of ``@job`` before was whole and is still true: a worker that slept through a job, or read
``@job`` while it was being rewritten, finds no chunks and does no harm. The caller never waits for
a worker that has taken nothing. Finished chunks are counted in ``@done``; the caller waits for the
count, first spinning, then yielding, then asleep (another process may have the worker's core).

Workers without work spin for a bounded *time* (``pause`` takes 10 times longer on some CPUs than on
others), as long as it takes Python to record the next step of a small model, then sleep on
``@bell``. A worker that sees time jump while it spins has lost its core to somebody else. To spin
would use up its share of that core, and it would be put aside in the middle of a chunk for whose
end all others wait; so from then on, for a number of sleeps, it goes to sleep early.

Every mutable global has a cache line pair of its own, or threads would slow each other down.
"""

from __future__ import annotations

import re

from rushlight.runtime import platform_ir

MAX_WORKERS = 1023
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
YIELD_FOR_LAST_NS = 100_000

_POOL = """
@number = internal global i64 0, align 128
@shares = internal global [$share_words x i64] zeroinitializer, align 128
@job = internal global [16 x i64] zeroinitializer, align 128
@done = internal global i64 0, align 128
@awaited = internal global i32 0, align 128
@bell = internal global i32 0, align 128
@sleepers = internal global i32 0, align 128
@active = internal global i32 0, align 128
@wanted = internal global i32 1, align 128
@workers = internal global i32 0, align 128
@stop = internal global i32 0, align 128
@flush = internal global i64 0, align 128
@failure = internal global [16 x i64] zeroinitializer, align 128
@threads = internal global [$max_workers x i64] zeroinitializer, align 128
@nap = internal constant [2 x i64] [i64 0, i64 1000000]

declare i32 @sched_yield()
declare i64 @llvm.usub.sat.i64(i64, i64)

define internal void @ring(i32 %count) noinline {
  %old = atomicrmw add ptr @bell, i32 1 seq_cst
  call void @wake(ptr @bell, i32 %count)
  ret void
}

; Keep the error of the lowest chunk: which one it is must not depend on timing.
define internal void @fail(i64 %begin, i64 %code) noinline cold {
entry:
  br label %try
try:
  %pair = cmpxchg ptr @failure, i64 0, i64 1 acquire monotonic
  %locked = extractvalue { i64, i1 } %pair, 1
  br i1 %locked, label %compare, label %try
compare:
  %where = getelementptr i64, ptr @failure, i64 1
  %what = getelementptr i64, ptr @failure, i64 2
  %before = load i64, ptr %where
  %lower = icmp ult i64 %begin, %before
  br i1 %lower, label %keep, label %out
keep:
  store i64 %begin, ptr %where
  store i64 %code, ptr %what
  br label %out
out:
  store atomic i64 0, ptr @failure release, align 8
  ret void
}

; Take chunks of job %number, first from share %place, until there are none. Returns how many
; this thread has done, counting from %had.
define internal i64 @take(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers, i64 %number,
                          i64 %place, i64 %had) {
entry:
  %inside = icmp ult i64 %place, %sharers
  br i1 %inside, label %share, label %wrap
wrap:
  %wrapped = urem i64 %place, %sharers
  br label %share
share:
  %total = phi i64 [ %had, %entry ], [ %had, %wrap ], [ %count, %after ]
  %of = phi i64 [ %place, %entry ], [ %wrapped, %wrap ], [ %around, %after ]
  %visited = phi i64 [ 0, %entry ], [ 0, %wrap ], [ %visits, %after ]
  %line = shl i64 %of, 4
  %next_share = getelementptr i64, ptr @shares, i64 %line
  %above = add i64 %of, 1
  %product = mul i64 %chunks, %above
  %limit = udiv i64 %product, %sharers
  br label %look
look:
  %count = phi i64 [ %total, %share ], [ %count, %try ], [ %more, %run ], [ %more, %failed ]
  %word = load atomic i64, ptr %next_share acquire, align 8
  %current = lshr i64 %word, 32
  %remaining = and i64 %word, 4294967295
  %same = icmp eq i64 %current, %number
  %left = icmp ne i64 %remaining, 0
  %go = and i1 %same, %left
  br i1 %go, label %try, label %next_one
try:
  %did = call i64 @llvm.umin.i64(i64 %grain, i64 %remaining)
  %moved = sub i64 %word, %did
  %pair = cmpxchg ptr %next_share, i64 %word, i64 %moved acq_rel acquire
  %won = extractvalue { i64, i1 } %pair, 1
  br i1 %won, label %run, label %look
run:
  %next = sub i64 %limit, %remaining
  %end = add i64 %next, %did
  %code = call i64 %fn(ptr %args, i64 %next, i64 %end)
  %more = add i64 %count, %did
  %bad = icmp ne i64 %code, 0
  br i1 %bad, label %failed, label %look
failed:
  call void @fail(i64 %next, i64 %code)
  br label %look
next_one:
  ; A share of another number: the job is over, whoever asks.
  br i1 %same, label %after, label %out
after:
  %visits = add i64 %visited, 1
  %last = icmp eq i64 %above, %sharers
  %around = select i1 %last, i64 0, i64 %above
  %all = icmp eq i64 %visits, %sharers
  br i1 %all, label %out, label %share
out:
  ret i64 %count
}

; A worker. Its argument: its share in the high half, the last job it need not do in the low half.
define internal ptr @worker(ptr %argument) {
entry:
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
  %turn = phi i64 [ 0, %entry ], [ %turned, %again ], [ 0, %clock ], [ 31, %yield ], [ 31, %rest ]
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

define internal i64 @parallel(ptr %fn, ptr %args, i64 %chunks, i64 %grain) noinline {
entry:
  %workers = load i32, ptr @workers
  %some = icmp ne i32 %workers, 0
  br i1 %some, label %publish, label %none
none:
  %wanted = load i32, ptr @wanted
  %want = icmp ugt i32 %wanted, 1
  br i1 %want, label %create, label %alone
create:
  call void @start()
  %workers2 = load i32, ptr @workers
  %some2 = icmp ne i32 %workers2, 0
  br i1 %some2, label %publish, label %alone
alone:
  %only = call i64 %fn(ptr %args, i64 0, i64 %chunks)
  ret i64 %only
publish:
  %others = phi i32 [ %workers, %entry ], [ %workers2, %create ]
  %helpers = zext i32 %others to i64
  %all_threads = add i64 %helpers, 1
  %sharers = call i64 @llvm.umin.i64(i64 %all_threads, i64 %chunks)
  store atomic ptr %fn, ptr @job monotonic, align 8
  %p1 = getelementptr i64, ptr @job, i64 1
  store atomic ptr %args, ptr %p1 monotonic, align 8
  %p2 = getelementptr i64, ptr @job, i64 2
  store atomic i64 %chunks, ptr %p2 monotonic, align 8
  %p3 = getelementptr i64, ptr @job, i64 3
  store atomic i64 %grain, ptr %p3 monotonic, align 8
  %p4 = getelementptr i64, ptr @job, i64 4
  %flush = load i64, ptr @flush
  store atomic i64 %flush, ptr %p4 monotonic, align 8
  %p5 = getelementptr i64, ptr @job, i64 5
  store atomic i64 %sharers, ptr %p5 monotonic, align 8
  %where = getelementptr i64, ptr @failure, i64 1
  store i64 -1, ptr %where
  %what = getelementptr i64, ptr @failure, i64 2
  store i64 0, ptr %what
  store atomic i64 0, ptr @done monotonic, align 8
  %last = load atomic i64, ptr @number monotonic, align 8
  %up = add i64 %last, 1
  %number = and i64 %up, 4294967295
  %high = shl i64 %number, 32
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
  store atomic i64 %number, ptr @number seq_cst, align 8
  %sleepers = load atomic i32, ptr @sleepers seq_cst, align 4
  %asleep = icmp ne i32 %sleepers, 0
  br i1 %asleep, label %call, label %begin
call:
  %sharers32 = trunc i64 %sharers to i32
  %needed = sub i32 %sharers32, 1
  call void @ring(i32 %needed)
  br label %begin
begin:
  %code = call i64 %fn(ptr %args, i64 0, i64 %mine)
  %bad = icmp ne i64 %code, 0
  br i1 %bad, label %failed, label %on
failed:
  call void @fail(i64 0, i64 %code)
  br label %on
on:
  %count = call i64 @take(ptr %fn, ptr %args, i64 %chunks, i64 %grain, i64 %sharers, i64 %number,
                          i64 0, i64 %mine)
  %need = sub i64 %chunks, %count
  %done = load atomic i64, ptr @done acquire, align 8
  %all = icmp eq i64 %done, %need
  br i1 %all, label %out, label %wait
wait:
  call void @wait_for(i64 %need)
  br label %out
out:
  %result = load atomic i64, ptr %what acquire, align 8
  ret i64 %result
}
"""


def text() -> str:
    """@parallel(fn, args, chunks, grain) and what it needs, beside platform_ir."""
    values = {
        "max_workers": MAX_WORKERS,
        "share_words": 16 * (MAX_WORKERS + 1),
        "pause": platform_ir.PAUSE,
        "spin_in_program": SPIN_IN_PROGRAM_NS,
        "spin_idle": SPIN_IDLE_NS,
        "lost_core": LOST_CORE_NS,
        "spin_wary": SPIN_WARY_NS,
        "wary_sleeps": WARY_SLEEPS,
        "spin_for_last": SPIN_FOR_LAST_NS,
        "yield_for_last": YIELD_FOR_LAST_NS,
    }
    return re.sub(r"\$(\w+)", lambda name: str(values[name[1]]), _POOL)
