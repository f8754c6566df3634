"""A stable sort by digits of eight bits, the lowest first, of keys that carry their places.

Of n elements it takes a pass over them for each digit in which two of them differ, where a merge
sort takes log2(n / 16): numbers below 65536, say, are sorted in two.
"""

from __future__ import annotations

# Fewer are merged sooner than the 256 counters of each digit are cleared and added up.
LEAST = 2048

# Where the digit of key %NAME.key is counted, and later where its next element goes.
_COUNTER = """\
  %NAME.down = lshr KEY %NAME.key, %shift
  %NAME.low = and KEY %NAME.down, 255
  %NAME.digit = xor KEY %NAME.low, %flip
  %NAME.index = zext KEY %NAME.digit to i128
  %NAME.slot = trunc i128 %NAME.index to i64
  %NAME.counter = getelementptr i64, ptr %places, i64 %NAME.slot
"""
_TEXT = """
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
define internal ptr @digit_sort(ptr %array, ptr %spare, i64 %count) noinline nounwind {
  %places = alloca [256 x i64], align 64
  %first.at = getelementptr i8, ptr %array, i64 HALF
  %first = load KEY, ptr %first.at, align HALF
  br label %differ
differ:
  %i = phi i64 [ 0, %0 ], [ %i.next, %differ ]
  %bits = phi KEY [ 0, %0 ], [ %bits.next, %differ ]
  %key.place = mul i64 %i, ITEM
  %key.at = getelementptr i8, ptr %first.at, i64 %key.place
  %key = load KEY, ptr %key.at, align HALF
  %other = xor KEY %key, %first
  %bits.next = or KEY %bits, %other
  %i.next = add i64 %i, 1
  %i.more = icmp slt i64 %i.next, %count
  br i1 %i.more, label %differ, label %digits
digits:
  %shift = phi KEY [ 0, %differ ], [ %shift.next, %next ]
  %from = phi ptr [ %array, %differ ], [ %from.next, %next ]
  %to = phi ptr [ %spare, %differ ], [ %to.next, %next ]
  %left = icmp ult KEY %shift, WIDTH
  br i1 %left, label %look, label %done
look:
  %shifted = lshr KEY %bits.next, %shift
  %digit = and KEY %shifted, 255
  %same = icmp eq KEY %digit, 0
  br i1 %same, label %next, label %clear
clear:
  call void @llvm.memset.p0.i64(ptr align 64 %places, i8 0, i64 2048, i1 false)
  %last = icmp eq KEY %shift, TOP
  %flip = select i1 %last, KEY 128, KEY 0
  %keys = getelementptr i8, ptr %from, i64 HALF
  br label %tally
tally:
  %j = phi i64 [ 0, %clear ], [ %j.next, %tally ]
  %j.place = mul i64 %j, ITEM
  %j.at = getelementptr i8, ptr %keys, i64 %j.place
  %j.key = load KEY, ptr %j.at, align HALF
COUNTER(j)
  %j.old = load i64, ptr %j.counter
  %j.new = add i64 %j.old, 1
  store i64 %j.new, ptr %j.counter
  %j.next = add i64 %j, 1
  %j.more = icmp slt i64 %j.next, %count
  br i1 %j.more, label %tally, label %sums
sums:
  %d = phi i64 [ 0, %tally ], [ %d.next, %sums ]
  %before = phi i64 [ 0, %tally ], [ %sum, %sums ]
  %d.at = getelementptr i64, ptr %places, i64 %d
  %d.count = load i64, ptr %d.at
  store i64 %before, ptr %d.at
  %sum = add i64 %before, %d.count
  %d.next = add i64 %d, 1
  %d.more = icmp slt i64 %d.next, 256
  br i1 %d.more, label %sums, label %deal
deal:
  %k = phi i64 [ 0, %sums ], [ %k.next, %deal ]
  %k.place = mul i64 %k, ITEM
  %k.at = getelementptr i8, ptr %from, i64 %k.place
  %k.whole = load BOTH, ptr %k.at, align HALF
  %k.key.at = getelementptr i8, ptr %keys, i64 %k.place
  %k.key = load KEY, ptr %k.key.at, align HALF
COUNTER(k)
  %k.target = load i64, ptr %k.counter
  %k.after = add i64 %k.target, 1
  store i64 %k.after, ptr %k.counter
  %k.target.place = mul i64 %k.target, ITEM
  %k.target.at = getelementptr i8, ptr %to, i64 %k.target.place
  store BOTH %k.whole, ptr %k.target.at, align HALF
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %count
  br i1 %k.more, label %deal, label %swap
swap:
  br label %next
next:
  %from.next = phi ptr [ %from, %look ], [ %to, %swap ]
  %to.next = phi ptr [ %to, %look ], [ %from, %swap ]
  %shift.next = add KEY %shift, 8
  br label %digits
done:
  ret ptr %from
}
"""


def digit_sort(key_bits: int) -> str:
    """The function ``ptr @digit_sort(ptr array, ptr spare, i64 count)``: which of the two has it.

    An element is a place of ``key_bits`` bits below a signed key of as many.
    """
    text = _TEXT
    for name in ("j", "k"):
        text = text.replace(f"COUNTER({name})\n", _COUNTER.replace("NAME", name))
    text = text.replace("BOTH", f"i{2 * key_bits}").replace("KEY", f"i{key_bits}")
    text = text.replace("HALF", str(key_bits // 8)).replace("ITEM", str(key_bits // 4))
    return text.replace("WIDTH", str(key_bits)).replace("TOP", str(key_bits - 8))
