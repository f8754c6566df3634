"""The executor of programs, and what Python calls of the pool, as LLVM IR.

One thread at a time runs a program or changes the pool: ``@lock`` is a futex mutex (0 free, 1
taken, 2 taken and waited for) that knows its owner: a host command may run a program itself.
"""

from __future__ import annotations

from rushlight.runtime import platform_ir, pool_ir, tail_ir

# Words of a program's header and of one of its commands (executor.py writes them).
HEADER_WORDS = 8
COMMAND_WORDS = 8

SYMBOLS = (
    "rushlight_run",
    "rushlight_run_head",
    "rushlight_settle",
    "rushlight_resize",
    "rushlight_workers",
    "rushlight_flush",
    "rushlight_forget",
)

_CONTROL = """
@lock = internal global i32 0, align 128
@owner = internal global i64 0, align 128
declare i64 @pthread_self()
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_join(i64, ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)

; Start the workers that are wanted, all signals blocked: Ctrl-C belongs to Python's threads.
define internal void @start() noinline cold {
entry:
  call void @note_cores()
  %full = alloca [128 x i8]
  %old = alloca [128 x i8]
  call void @llvm.memset.p0.i64(ptr %full, i8 -1, i64 128, i1 false)
  %r = call i32 @pthread_sigmask(i32 SETMASK, ptr %full, ptr %old)
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
  %r2 = call i32 @pthread_sigmask(i32 SETMASK, ptr %old, ptr null)
  ret void
}

; 1 if the lock was taken, 0 if this thread has it already (a host command runs a program).
define internal i1 @acquire() alwaysinline {
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

define internal void @release() alwaysinline {
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
  call void @settle()
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
  store i64 0, ptr @tail
  ret void
}
"""

_RUN = """
; Put the addresses of this run among the arguments of a command, and run it: on all threads where
; it is to be shared, unless %alone.
define internal i64 @launch(ptr %commands, i64 %k, ptr %slots, i1 %alone) alwaysinline {
entry:
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
  %j = phi i64 [ 0, %entry ], [ %j1, %one ]
  %rest = icmp ult i64 %j, %patches
  br i1 %rest, label %one, label %patched
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
patched:
  ; A grain of 0 says: all chunks at once, here.
  %whole = icmp eq i64 %grain, 0
  %here = or i1 %whole, %alone
  br i1 %here, label %serial, label %shared
serial:
  %code1 = call i64 %fn(ptr %args, i64 0, i64 %chunks)
  ret i64 %code1
shared:
  %code2 = call i64 @parallel(ptr %fn, ptr %args, i64 %chunks, i64 %grain)
  ret i64 %code2
}

; Run a program (executor.py describes its words) on a table of addresses.
define i64 @rushlight_run(ptr %header, ptr %slots) {
  %all = load i64, ptr %header
  %code = call i64 @rushlight_run_head(ptr %header, ptr %slots, i64 %all)
  ret i64 %code
}

; The same, but what comes after the first %head commands is left to a worker.
define i64 @rushlight_run_head(ptr %header, ptr %slots, i64 %head) {
entry:
  %mine = call i1 @acquire()
  call void @settle()
  %all = load i64, ptr %header
  %h1 = getelementptr i64, ptr %header, i64 1
  %commands = load ptr, ptr %h1
  %h2 = getelementptr i64, ptr %header, i64 2
  %times = load ptr, ptr %h2
  %timed = icmp ne ptr %times, null
  %h3 = getelementptr i64, ptr %header, i64 3
  %h4 = getelementptr i64, ptr %header, i64 4
  %threaded = load i64, ptr %h4
  %spread = icmp ne i64 %threaded, 0
  %whole = icmp uge i64 %head, %all
  br i1 %whole, label %counted, label %parted
parted:
  ; A tail needs a worker: without one all is done here.
  %helped = call i1 @staffed()
  %part = select i1 %helped, i64 %head, i64 %all
  br label %counted
counted:
  %count = phi i64 [ %all, %entry ], [ %part, %parted ]
  %flush = load i64, ptr @flush
  %flushing = icmp ne i64 %flush, 0
  br i1 %flushing, label %set_mode, label %mode_set
set_mode:
  %changed = call i64 @enter_mode(i64 %flush)
  br label %mode_set
mode_set:
  %mode = phi i64 [ 0, %counted ], [ %changed, %set_mode ]
  br i1 %spread, label %attach, label %begin
attach:
  call void @say_where()
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
  br i1 %more, label %command, label %complete
complete:
  ; Counted here and not by Python: an interrupt may come before Python knows that it returned.
  %h5 = getelementptr i64, ptr %header, i64 5
  %runs = load i64, ptr %h5
  %runs1 = add i64 %runs, 1
  store i64 %runs1, ptr %h5
  %over = icmp eq i64 %count, %all
  br i1 %over, label %finish, label %leave_rest
leave_rest:
  call void @hand_over(ptr %header, ptr %slots, i64 %count)
  br label %finish
command:
  %code = call i64 @launch(ptr %commands, i64 %k, ptr %slots, i1 false)
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
  %result = phi i64 [ 0, %complete ], [ 0, %leave_rest ], [ %code, %failed ]
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


def text() -> str:
    """The whole module for this machine."""
    control = _CONTROL.replace("SETMASK", str(platform_ir.SETMASK))
    return platform_ir.text() + pool_ir.text() + control + tail_ir.TEXT + _RUN
