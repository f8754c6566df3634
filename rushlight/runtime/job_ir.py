"""Jobs of the thread pool, as LLVM IR: how one is published, and how its chunks are taken.

The calling thread fills ``@job`` and cuts the chunks into a share for each thread: a word of
``@shares`` holds the number of the job in its high half and how many chunks are left in its low
half. Then it stores the number in ``@number``, which the workers watch.

A thread takes chunks from its own share first, so that from one command to the next it meets the
data that its cache holds, and then from the others' shares. To take means to count a word down with
a compare-and-swap. That succeeds only while the job of that number has chunks left, so what was
read of ``@job`` before was whole and is still true: a worker that slept through a job, or read
``@job`` while it was being rewritten, finds no chunks and does no harm. Finished chunks are counted
in ``@done``.

Every mutable global has a cache line pair of its own, or threads would slow each other down.
"""

from __future__ import annotations

MAX_WORKERS = 1023

_JOB = """
@number = internal global i64 0, align 128
@shares = internal global [$share_words x i64] zeroinitializer, align 128
@job = internal global [16 x i64] zeroinitializer, align 128
@done = internal global i64 0, align 128
@bell = internal global i32 0, align 128
@sleepers = internal global i32 0, align 128
@flush = internal global i64 0, align 128
@failure = internal global [16 x i64] zeroinitializer, align 128

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

; Write down a new job. Its number, in the high half of a word; the caller cuts the shares.
define internal i64 @publish(ptr %fn, ptr %args, i64 %chunks, i64 %grain,
                             i64 %sharers) alwaysinline {
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
  %high = shl i64 %up, 32
  ret i64 %high
}

; The shares of a job are cut: tell the workers.
define internal void @announce(i64 %high, i64 %sharers) alwaysinline {
entry:
  %number = lshr i64 %high, 32
  store atomic i64 %number, ptr @number seq_cst, align 8
  %sleepers = load atomic i32, ptr @sleepers seq_cst, align 4
  %asleep = icmp ne i32 %sleepers, 0
  br i1 %asleep, label %call, label %out
call:
  %sharers32 = trunc i64 %sharers to i32
  %needed = sub i32 %sharers32, 1
  call void @ring(i32 %needed)
  br label %out
out:
  ret void
}
"""


def text() -> str:
    """@publish, @announce, @take and what they need, beside platform_ir."""
    return _JOB.replace("$share_words", str(16 * (MAX_WORKERS + 1)))
