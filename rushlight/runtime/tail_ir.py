"""Tails of programs, as LLVM IR: their last commands, left to a worker (see tail.py).

``rushlight_run_head`` returns when the commands before the tail have ended. The tail is a job of
one chunk that nobody waits for, and as long as it is not over, no other job is published: whoever
wants the pool next settles it first, by doing what no worker has begun, or else by waiting.
"""

from __future__ import annotations

TEXT = """
; Whether a tail was handed over and not settled yet; the header and table of its program.
@tail = internal global i64 0, align 128
@tail_words = internal global [3 x i64] zeroinitializer, align 128

; The job: all commands from the program's head on, each at once. None of them can fail.
define internal i64 @run_tail(ptr %words, i64 %begin, i64 %end) {
entry:
  %header = load ptr, ptr %words
  %w1 = getelementptr i64, ptr %words, i64 1
  %slots = load ptr, ptr %w1
  %w2 = getelementptr i64, ptr %words, i64 2
  %head = load i64, ptr %w2
  %count = load i64, ptr %header
  %h1 = getelementptr i64, ptr %header, i64 1
  %commands = load ptr, ptr %h1
  br label %next
next:
  %k = phi i64 [ %head, %entry ], [ %up, %command ]
  %more = icmp ult i64 %k, %count
  br i1 %more, label %command, label %out
command:
  %code = call i64 @launch(ptr %commands, i64 %k, ptr %slots, i1 true)
  %up = add i64 %k, 1
  br label %next
out:
  ret i64 0
}

; Leave the tail of a program to a worker. Whoever calls has the lock, and there are workers.
define internal void @hand_over(ptr %header, ptr %slots, i64 %head) noinline {
entry:
  store ptr %header, ptr @tail_words
  %w1 = getelementptr i64, ptr @tail_words, i64 1
  store ptr %slots, ptr %w1
  %w2 = getelementptr i64, ptr @tail_words, i64 2
  store i64 %head, ptr %w2
  store i64 1, ptr @tail
  ; Nothing is left in the first share, the one of the calling thread.
  %high = call i64 @publish(ptr @run_tail, ptr @tail_words, i64 1, i64 1, i64 2)
  store atomic i64 %high, ptr @shares release, align 8
  %one = or i64 %high, 1
  %share = getelementptr i64, ptr @shares, i64 16
  store atomic i64 %one, ptr %share release, align 8
  call void @announce(i64 %high, i64 2)
  ret void
}

; Wait until the tail is over, or do it, where no worker has begun. Needs the lock.
define internal void @settle() alwaysinline {
entry:
  %tail = load i64, ptr @tail
  %some = icmp ne i64 %tail, 0
  br i1 %some, label %take, label %out
take:
  call void @finish_tail()
  br label %out
out:
  ret void
}

define internal void @finish_tail() noinline {
  %number = load atomic i64, ptr @number monotonic, align 8
  call void @finish(ptr @run_tail, ptr @tail_words, i64 1, i64 1, i64 2, i64 %number, i64 0)
  store i64 0, ptr @tail
  ret void
}

define void @rushlight_settle() {
entry:
  %mine = call i1 @acquire()
  call void @settle()
  br i1 %mine, label %unlock, label %out
unlock:
  call void @release()
  br label %out
out:
  ret void
}
"""
