"""The native thread pool and the executor of programs, as LLVM IR.

How a parallel command runs. The calling thread fills ``@job`` and cuts the chunks into a share for
each thread: a word of ``@shares`` holds the number of the job in its high half and how many chunks
are left in its low half. Then it stores the number in ``@number``, which the workers watch. A thread
takes chunks from its own share first, so that from one command to the next it meets the data that
its cache holds, and then from the others' shares. To take means to count a word down with a
compare-and-swap. That succeeds only while the job of that number has chunks left, so what was read
of ``@job`` before was whole and is still true: a worker that slept through a job, or read ``@job``
while it was being rewritten, finds no chunks and does no harm. The caller never waits for a worker
that has taken nothing. Finished chunks are counted in ``@done``; the caller waits for the count, first
spinning, then yielding, then asleep (another process may have the worker's core).

Workers without work spin for a bounded *time* (``pause`` takes 10 times longer on some CPUs than on
others), longer while a program runs than between programs, then sleep on ``@bell``.

Every mutable global has a cache line pair of its own, or threads would slow each other down.
"""

from __future__ import annotations

import platform
import sys
from string import Template

MAX_WORKERS = 1023
# A worker without work spins this long inside a program, and this long after it.
SPIN_IN_PROGRAM_NS = 200_000
SPIN_IDLE_NS = 20_000
# The caller spins this long for the last chunks, yields until the second limit, then sleeps.
SPIN_FOR_LAST_NS = 30_000
YIELD_FOR_LAST_NS = 100_000

# Words of a program's header and of one of its commands (executor.py writes them).
HEADER_WORDS = 8
COMMAND_WORDS = 8

_X86_PAUSE = "call void @llvm.x86.sse2.pause()"
_ARM_PAUSE = 'call void asm sideeffect "yield", "~{memory}"()'

# Flush-to-zero and denormals-are-zero: bits 15 and 6 of MXCSR, bit 24 of FPCR.
_X86_DENORMALS = """
define internal i64 @read_mode() {
  %p = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %p)
  %v = load i32, ptr %p
  %w = zext i32 %v to i64
  ret i64 %w
}
define internal void @write_mode(i64 %w) {
  %p = alloca i32
  %v = trunc i64 %w to i32
  store i32 %v, ptr %p
  call void @llvm.x86.sse.ldmxcsr(ptr %p)
  ret void
}
"""
_X86_FLUSH_BITS = 0x8040
_ARM_DENORMALS = """
define internal i64 @read_mode() {
  %w = call i64 asm sideeffect "mrs $0, fpcr", "=r"()
  ret i64 %w
}
define internal void @write_mode(i64 %w) {
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

_POOL = Template("""
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
@lock = internal global i32 0, align 128
@owner = internal global i64 0, align 128
@failure = internal global [16 x i64] zeroinitializer, align 128
@threads = internal global [$max_workers x i64] zeroinitializer, align 128
@nap = internal constant [2 x i64] [i64 0, i64 1000000]

declare i32 @clock_gettime(i32, ptr)
declare i32 @sched_yield()
declare i64 @pthread_self()
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)

define internal i64 @now() noinline {
  %time = alloca [2 x i64]
  %r = call i32 @clock_gettime(i32 $monotonic, ptr %time)
  %second = load i64, ptr %time
  %p = getelementptr i64, ptr %time, i64 1
  %nano = load i64, ptr %p
  %scaled = mul i64 %second, 1000000000
  %sum = add i64 %scaled, %nano
  ret i64 %sum
}

define internal void @ring(i32 %count) noinline {
  %old = atomicrmw add ptr @bell, i32 1 seq_cst
  call void @wake(ptr @bell, i32 %count)
  ret void
}

; Denormals as @flush says; returns the mode before.
define internal i64 @enter_mode(i64 %flush) {
  %old = call i64 @read_mode()
  %cleared = and i64 %old, $keep_bits
  %on = icmp ne i64 %flush, 0
  %bits = select i1 %on, i64 $flush_bits, i64 0
  %new = or i64 %cleared, %bits
  call void @write_mode(i64 %new)
  ret i64 %old
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
  %since = call i64 @now()
  br label %spin
spin:
  %turn = phi i64 [ 0, %wait ], [ %turned, %again ], [ 0, %slow ]
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
  %limit = select i1 %busy, i64 $spin_in_program, i64 $spin_idle
  %now = call i64 @now()
  %spent = sub i64 %now, %since
  %long = icmp ugt i64 %spent, %limit
  br i1 %long, label %sleep, label %spin
sleep:
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

; Start the workers that are wanted, all signals blocked: Ctrl-C belongs to Python's threads.
define internal void @start() noinline cold {
entry:
  %full = alloca [128 x i8]
  %old = alloca [128 x i8]
  call void @llvm.memset.p0.i64(ptr %full, i8 -1, i64 128, i1 false)
  %r = call i32 @pthread_sigmask(i32 $setmask, ptr %full, ptr %old)
  %number = load atomic i64, ptr @number acquire, align 8
  %wanted = load i32, ptr @wanted
  br label %next
next:
  %made = phi i32 [ 0, %entry ], [ %count, %good ]
  %count = add i32 %made, 1
  %enough = icmp uge i32 %count, %wanted
  br i1 %enough, label %out, label %create
create:
  %slot = getelementptr i64, ptr @threads, i32 %made
  %place = zext i32 %count to i64
  %high = shl i64 %place, 32
  %packed = or i64 %high, %number
  %argument = inttoptr i64 %packed to ptr
  %failed = call i32 @pthread_create(ptr %slot, ptr null, ptr @worker, ptr %argument)
  %ok = icmp eq i32 %failed, 0
  br i1 %ok, label %good, label %limited
good:
  br label %next
limited:
  ; No more threads allowed: go on with those there are, and do not ask again.
  store i32 %count, ptr @wanted
  br label %out
out:
  store i32 %made, ptr @workers
  %r2 = call i32 @pthread_sigmask(i32 $setmask, ptr %old, ptr null)
  ret void
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
  br label %rest2
rest2:
  %done2 = load atomic i64, ptr @done seq_cst, align 8
  %all2 = icmp eq i64 %done2, %need
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

; 1 if the lock was taken, 0 if this thread has it already (a host command runs a program).
define internal i1 @acquire() {
entry:
  %self = call i64 @pthread_self()
  %pair = cmpxchg ptr @lock, i32 0, i32 1 acquire monotonic
  %free = extractvalue { i32, i1 } %pair, 1
  br i1 %free, label %taken, label %contended
contended:
  %owner = load atomic i64, ptr @owner monotonic, align 8
  %again = icmp eq i64 %owner, %self
  br i1 %again, label %nested, label %wait
wait:
  %old = atomicrmw xchg ptr @lock, i32 2 acquire
  %got = icmp eq i32 %old, 0
  br i1 %got, label %taken, label %sleep
sleep:
  call void @sleep_while(ptr @lock, i32 2, ptr null)
  br label %wait
taken:
  store atomic i64 %self, ptr @owner monotonic, align 8
  ret i1 true
nested:
  ret i1 false
}

define internal void @release() {
  store atomic i64 0, ptr @owner monotonic, align 8
  %old = atomicrmw xchg ptr @lock, i32 0 release
  %waiters = icmp eq i32 %old, 2
  br i1 %waiters, label %wake, label %out
wake:
  call void @wake(ptr @lock, i32 1)
  br label %out
out:
  ret void
}

define void @rushlight_resize(i64 %threads) {
entry:
  %mine = call i1 @acquire()
  %workers = load i32, ptr @workers
  store atomic i32 1, ptr @stop seq_cst, align 4
  call void @ring(i32 2147483647)
  br label %next
next:
  %k = phi i32 [ 0, %entry ], [ %up, %join ]
  %more = icmp ult i32 %k, %workers
  br i1 %more, label %join, label %ended
join:
  %slot = getelementptr i64, ptr @threads, i32 %k
  %thread = load i64, ptr %slot
  %r = call i32 @pthread_join(i64 %thread, ptr null)
  %up = add i32 %k, 1
  br label %next
ended:
  store atomic i32 0, ptr @stop seq_cst, align 4
  store i32 0, ptr @workers
  %wanted = trunc i64 %threads to i32
  store i32 %wanted, ptr @wanted
  br i1 %mine, label %unlock, label %out
unlock:
  call void @release()
  br label %out
out:
  ret void
}

define i64 @rushlight_workers() {
  %workers = load i32, ptr @workers
  %w = zext i32 %workers to i64
  ret i64 %w
}

define void @rushlight_flush(i64 %on) {
  store i64 %on, ptr @flush
  ret void
}

; In a forked child: the other threads are not there.
define void @rushlight_forget() {
  store i32 0, ptr @workers
  store i32 0, ptr @sleepers
  store i32 0, ptr @stop
  store i32 0, ptr @awaited
  store i32 0, ptr @active
  store i32 0, ptr @lock
  store i64 0, ptr @failure
  ret void
}
""")

_EXECUTOR = """
; Run a program (executor.py describes its words) on a table of addresses.
define i64 @rushlight_run(ptr %header, ptr %slots) {
entry:
  %mine = call i1 @acquire()
  %count = load i64, ptr %header
  %h1 = getelementptr i64, ptr %header, i64 1
  %commands = load ptr, ptr %h1
  %h2 = getelementptr i64, ptr %header, i64 2
  %times = load ptr, ptr %h2
  %timed = icmp ne ptr %times, null
  %h3 = getelementptr i64, ptr %header, i64 3
  %h4 = getelementptr i64, ptr %header, i64 4
  %threaded = load i64, ptr %h4
  %spread = icmp ne i64 %threaded, 0
  %flush = load i64, ptr @flush
  %flushing = icmp ne i64 %flush, 0
  br i1 %flushing, label %set_mode, label %mode_set
set_mode:
  %changed = call i64 @enter_mode(i64 %flush)
  br label %mode_set
mode_set:
  %mode = phi i64 [ 0, %entry ], [ %changed, %set_mode ]
  br i1 %spread, label %attach, label %begin
attach:
  store atomic i32 1, ptr @active seq_cst, align 4
  %sleepers = load atomic i32, ptr @sleepers seq_cst, align 4
  %asleep = icmp ne i32 %sleepers, 0
  br i1 %asleep, label %call, label %begin
call:
  call void @ring(i32 2147483647)
  br label %begin
begin:
  br i1 %timed, label %first_time, label %next
first_time:
  %t0 = call i64 @now()
  store i64 %t0, ptr %times
  br label %next
next:
  %k = phi i64 [ 0, %begin ], [ 0, %first_time ], [ %up, %good ]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %command, label %finish
command:
  %offset = shl i64 %k, 6
  %c = getelementptr i8, ptr %commands, i64 %offset
  %fn = load ptr, ptr %c
  %c1 = getelementptr i64, ptr %c, i64 1
  %chunks = load i64, ptr %c1
  %c2 = getelementptr i64, ptr %c, i64 2
  %grain = load i64, ptr %c2
  %c3 = getelementptr i64, ptr %c, i64 3
  %args = load ptr, ptr %c3
  %c4 = getelementptr i64, ptr %c, i64 4
  %patches = load i64, ptr %c4
  %c5 = getelementptr i64, ptr %c, i64 5
  %pairs = load ptr, ptr %c5
  br label %patch
patch:
  %j = phi i64 [ 0, %command ], [ %j1, %one ]
  %rest = icmp ult i64 %j, %patches
  br i1 %rest, label %one, label %launch
one:
  %j2 = shl i64 %j, 1
  %q = getelementptr i64, ptr %pairs, i64 %j2
  %slot = load i64, ptr %q
  %q1 = getelementptr i64, ptr %q, i64 1
  %shift = load i64, ptr %q1
  %s = getelementptr i64, ptr %slots, i64 %slot
  %base = load i64, ptr %s
  %address = add i64 %base, %shift
  %a = getelementptr i64, ptr %args, i64 %j
  store i64 %address, ptr %a
  %j1 = add i64 %j, 1
  br label %patch
launch:
  ; A grain of 0 says: all chunks at once, here.
  %here = icmp eq i64 %grain, 0
  br i1 %here, label %serial, label %shared
serial:
  %code1 = call i64 %fn(ptr %args, i64 0, i64 %chunks)
  br label %ran
shared:
  %code2 = call i64 @parallel(ptr %fn, ptr %args, i64 %chunks, i64 %grain)
  br label %ran
ran:
  %code = phi i64 [ %code1, %serial ], [ %code2, %shared ]
  %up = add i64 %k, 1
  br i1 %timed, label %time, label %check
time:
  %t = call i64 @now()
  %tp = getelementptr i64, ptr %times, i64 %up
  store i64 %t, ptr %tp
  br label %check
check:
  %bad = icmp ne i64 %code, 0
  br i1 %bad, label %failed, label %good
good:
  br label %next
failed:
  store i64 %k, ptr %h3
  br label %finish
finish:
  %result = phi i64 [ 0, %next ], [ %code, %failed ]
  br i1 %flushing, label %restore_mode, label %mode_restored
restore_mode:
  call void @write_mode(i64 %mode)
  br label %mode_restored
mode_restored:
  br i1 %mine, label %leave, label %out
leave:
  store atomic i32 0, ptr @active monotonic, align 4
  call void @release()
  br label %out
out:
  ret i64 %result
}
"""

SYMBOLS = (
    "rushlight_run",
    "rushlight_resize",
    "rushlight_workers",
    "rushlight_flush",
    "rushlight_forget",
)


def text() -> str:
    """The whole module for this machine."""
    arm = platform.machine().lower() in ("aarch64", "arm64")
    linux = sys.platform == "linux"
    flush_bits = _ARM_FLUSH_BITS if arm else _X86_FLUSH_BITS
    pool = _POOL.substitute(
        max_workers=MAX_WORKERS,
        share_words=16 * (MAX_WORKERS + 1),
        monotonic=1 if linux else 6,
        setmask=2 if linux else 3,
        keep_bits=~flush_bits,
        flush_bits=flush_bits,
        pause=_ARM_PAUSE if arm else _X86_PAUSE,
        spin_in_program=SPIN_IN_PROGRAM_NS,
        spin_idle=SPIN_IDLE_NS,
        spin_for_last=SPIN_FOR_LAST_NS,
        yield_for_last=YIELD_FOR_LAST_NS,
    )
    futex = _LINUX_SLEEP.replace("FUTEX", "98" if arm else "202")
    sleep = futex if linux else _NAPPING_SLEEP
    return (_ARM_DENORMALS if arm else _X86_DENORMALS) + sleep + pool + _EXECUTOR
