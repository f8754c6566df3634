"""Sorting and selecting that leave equal elements where GNU's library does (Musser, 1997).

What PyTorch's ``sort(stable=False)`` and ``topk`` name for equal elements; ``ir/tied_order.py``
says the same in Python. An element is a key with its place in the bits below, as in ``sort.py``;
only keys are compared. ``TYPE`` is the integer that holds both, ``BITS`` how many of it the place
takes.
"""

from __future__ import annotations

SHORT = 16  # what sorting leaves to insertion
_FEW = 3  # what selecting does

_BEFORE = """
define internal i1 @before(TYPE %a, TYPE %b) alwaysinline nounwind {
  %x = ashr TYPE %a, BITS
  %y = ashr TYPE %b, BITS
  %less = icmp slt TYPE %x, %y
  ret i1 %less
}
"""

# Let the hole sink to a leaf along the larger children, then the value rise from there.
_SINK = """
define internal void @sink(ptr %a, i64 %top, i64 %count, TYPE %value) noinline nounwind {
entry:
  %rest = sub i64 %count, 1
  %inner = ashr i64 %rest, 1
  br label %down
down:
  %hole = phi i64 [ %top, %entry ], [ %child, %step ]
  %deep = icmp slt i64 %hole, %inner
  br i1 %deep, label %step, label %tail
step:
  %above = add i64 %hole, 1
  %right = shl i64 %above, 1
  %left = sub i64 %right, 1
  %right.at = getelementptr TYPE, ptr %a, i64 %right
  %left.at = getelementptr TYPE, ptr %a, i64 %left
  %right.value = load TYPE, ptr %right.at
  %left.value = load TYPE, ptr %left.at
  %smaller = call i1 @before(TYPE %right.value, TYPE %left.value)
  %child = select i1 %smaller, i64 %left, i64 %right
  %larger = select i1 %smaller, TYPE %left.value, TYPE %right.value
  %hole.at = getelementptr TYPE, ptr %a, i64 %hole
  store TYPE %larger, ptr %hole.at
  br label %down
tail:
  %odd = and i64 %count, 1
  %is.even = icmp eq i64 %odd, 0
  %less.two = sub i64 %count, 2
  %parent.last = ashr i64 %less.two, 1
  %is.last = icmp eq i64 %hole, %parent.last
  %single = and i1 %is.even, %is.last
  br i1 %single, label %only, label %rise.from
only:
  %twice = shl i64 %hole, 1
  %only.child = add i64 %twice, 1
  %only.at = getelementptr TYPE, ptr %a, i64 %only.child
  %only.value = load TYPE, ptr %only.at
  %only.hole.at = getelementptr TYPE, ptr %a, i64 %hole
  store TYPE %only.value, ptr %only.hole.at
  br label %rise.from
rise.from:
  %lowest = phi i64 [ %hole, %tail ], [ %only.child, %only ]
  br label %rise
rise:
  %now = phi i64 [ %lowest, %rise.from ], [ %parent, %lift ]
  %under = icmp sgt i64 %now, %top
  br i1 %under, label %look, label %put
look:
  %one.less = sub i64 %now, 1
  %parent = ashr i64 %one.less, 1
  %parent.at = getelementptr TYPE, ptr %a, i64 %parent
  %parent.value = load TYPE, ptr %parent.at
  %lower = call i1 @before(TYPE %parent.value, TYPE %value)
  br i1 %lower, label %lift, label %put
lift:
  %now.at = getelementptr TYPE, ptr %a, i64 %now
  store TYPE %parent.value, ptr %now.at
  br label %rise
put:
  %put.at = getelementptr TYPE, ptr %a, i64 %now
  store TYPE %value, ptr %put.at
  ret void
}
"""

# The largest first; then, of a heap, the elements in order.
_HEAP = """
define internal void @make_heap(ptr %a, i64 %count) noinline nounwind {
entry:
  %less.two = sub i64 %count, 2
  %deepest = ashr i64 %less.two, 1
  br label %make
make:
  %parent = phi i64 [ %deepest, %entry ], [ %parent.next, %made ]
  %some = icmp sge i64 %parent, 0
  br i1 %some, label %made, label %done
made:
  %parent.at = getelementptr TYPE, ptr %a, i64 %parent
  %parent.value = load TYPE, ptr %parent.at
  call void @sink(ptr %a, i64 %parent, i64 %count, TYPE %parent.value)
  %parent.next = sub i64 %parent, 1
  br label %make
done:
  ret void
}
define internal void @unheap(ptr %a, i64 %count) noinline nounwind {
entry:
  %last = sub i64 %count, 1
  br label %unheap
unheap:
  %end = phi i64 [ %last, %entry ], [ %end.next, %taken ]
  %left = icmp sgt i64 %end, 0
  br i1 %left, label %taken, label %done
taken:
  %end.at = getelementptr TYPE, ptr %a, i64 %end
  %end.value = load TYPE, ptr %end.at
  %largest = load TYPE, ptr %a
  store TYPE %largest, ptr %end.at
  call void @sink(ptr %a, i64 0, i64 %end, TYPE %end.value)
  %end.next = sub i64 %end, 1
  br label %unheap
done:
  ret void
}
"""

# Part around the median of the second, the middle and the last element: where the halves meet.
_PART = """
define internal i64 @part(ptr %a, i64 %first, i64 %last) alwaysinline nounwind {
entry:
  %count = sub i64 %last, %first
  %first.at = getelementptr TYPE, ptr %a, i64 %first
  %half = ashr i64 %count, 1
  %middle = add i64 %first, %half
  %second = add i64 %first, 1
  %final = sub i64 %last, 1
  %second.at = getelementptr TYPE, ptr %a, i64 %second
  %middle.at = getelementptr TYPE, ptr %a, i64 %middle
  %final.at = getelementptr TYPE, ptr %a, i64 %final
  %low = load TYPE, ptr %second.at
  %mid = load TYPE, ptr %middle.at
  %high = load TYPE, ptr %final.at
  %low.mid = call i1 @before(TYPE %low, TYPE %mid)
  %mid.high = call i1 @before(TYPE %mid, TYPE %high)
  %low.high = call i1 @before(TYPE %low, TYPE %high)
  %up.rest = select i1 %low.high, ptr %final.at, ptr %second.at
  %up.chosen = select i1 %mid.high, ptr %middle.at, ptr %up.rest
  %down.rest = select i1 %mid.high, ptr %final.at, ptr %middle.at
  %down.chosen = select i1 %low.high, ptr %second.at, ptr %down.rest
  %chosen.at = select i1 %low.mid, ptr %up.chosen, ptr %down.chosen
  %pivot = load TYPE, ptr %chosen.at
  %displaced = load TYPE, ptr %first.at
  store TYPE %pivot, ptr %first.at
  store TYPE %displaced, ptr %chosen.at
  br label %outer
outer:
  %l.from = phi i64 [ %second, %entry ], [ %l.next, %swap ]
  %r.from = phi i64 [ %last, %entry ], [ %r, %swap ]
  br label %up
up:
  %l = phi i64 [ %l.from, %outer ], [ %l.more, %up.on ]
  %l.at = getelementptr TYPE, ptr %a, i64 %l
  %l.value = load TYPE, ptr %l.at
  %small = call i1 @before(TYPE %l.value, TYPE %pivot)
  br i1 %small, label %up.on, label %down
up.on:
  %l.more = add i64 %l, 1
  br label %up
down:
  %r.above = phi i64 [ %r.from, %up ], [ %r, %down ]
  %r = sub i64 %r.above, 1
  %r.at = getelementptr TYPE, ptr %a, i64 %r
  %r.value = load TYPE, ptr %r.at
  %large = call i1 @before(TYPE %pivot, TYPE %r.value)
  br i1 %large, label %down, label %both
both:
  %met = icmp sge i64 %l, %r
  br i1 %met, label %meet, label %swap
swap:
  store TYPE %r.value, ptr %l.at
  store TYPE %l.value, ptr %r.at
  %l.next = add i64 %l, 1
  br label %outer
meet:
  ret i64 %l
}
"""

# Part until parts are short; one in which halves turned out too uneven too often is made a heap.
_RUNS = """
define internal void @runs(ptr %a, i64 %first, i64 %end, i64 %most) noinline nounwind {
entry:
  br label %head
head:
  %last = phi i64 [ %end, %entry ], [ %cut, %parted ]
  %depth = phi i64 [ %most, %entry ], [ %less.deep, %parted ]
  %count = sub i64 %last, %first
  %long = icmp sgt i64 %count, SHORT
  br i1 %long, label %test, label %done
test:
  %spent = icmp eq i64 %depth, 0
  br i1 %spent, label %heap, label %parted
heap:
  %first.at = getelementptr TYPE, ptr %a, i64 %first
  call void @make_heap(ptr %first.at, i64 %count)
  call void @unheap(ptr %first.at, i64 %count)
  br label %done
parted:
  %less.deep = sub i64 %depth, 1
  %cut = call i64 @part(ptr %a, i64 %first, i64 %last)
  call void @runs(ptr %a, i64 %cut, i64 %last, i64 %less.deep)
  br label %head
done:
  ret void
}
"""

_INSERT = """
define internal void @insertion(ptr %a, i64 %count) noinline nounwind {
entry:
  br label %head
head:
  %index = phi i64 [ 1, %entry ], [ %index.next, %put ]
  %more = icmp slt i64 %index, %count
  br i1 %more, label %take, label %done
take:
  %value.at = getelementptr TYPE, ptr %a, i64 %index
  %value = load TYPE, ptr %value.at
  br label %look
look:
  %hole = phi i64 [ %index, %take ], [ %lower, %shift ]
  %inside = icmp sgt i64 %hole, 0
  br i1 %inside, label %test, label %put
test:
  %lower = sub i64 %hole, 1
  %other.at = getelementptr TYPE, ptr %a, i64 %lower
  %other = load TYPE, ptr %other.at
  %smaller = call i1 @before(TYPE %value, TYPE %other)
  br i1 %smaller, label %shift, label %put
shift:
  %to.at = getelementptr TYPE, ptr %a, i64 %hole
  store TYPE %other, ptr %to.at
  br label %look
put:
  %put.at = getelementptr TYPE, ptr %a, i64 %hole
  store TYPE %value, ptr %put.at
  %index.next = add i64 %index, 1
  br label %head
done:
  ret void
}
"""

# Halves may turn out uneven twice as often as halving takes.
_DEPTH = """
declare i64 @llvm.ctlz.i64(i64, i1)
define internal i64 @depth(i64 %count) alwaysinline nounwind {
  %zeros = call i64 @llvm.ctlz.i64(i64 %count, i1 false)
  %log = sub i64 63, %zeros
  %most = shl i64 %log, 1
  ret i64 %most
}
"""

_SORT = """
define internal void @introsort(ptr %a, i64 %count) noinline nounwind {
  %most = call i64 @depth(i64 %count)
  call void @runs(ptr %a, i64 0, i64 %count, i64 %most)
  call void @insertion(ptr %a, i64 %count)
  ret void
}
"""

# The smallest ``%kept`` of all as a heap at the beginning.
_HEAP_SELECT = """
define internal void @heap_select(ptr %a, i64 %kept, i64 %count) noinline nounwind {
entry:
  call void @make_heap(ptr %a, i64 %kept)
  br label %head
head:
  %index = phi i64 [ %kept, %entry ], [ %index.next, %on ]
  %more = icmp slt i64 %index, %count
  br i1 %more, label %look, label %done
look:
  %at = getelementptr TYPE, ptr %a, i64 %index
  %value = load TYPE, ptr %at
  %largest = load TYPE, ptr %a
  %smaller = call i1 @before(TYPE %value, TYPE %largest)
  br i1 %smaller, label %swap, label %on
swap:
  store TYPE %largest, ptr %at
  call void @sink(ptr %a, i64 0, i64 %kept, TYPE %value)
  br label %on
on:
  %index.next = add i64 %index, 1
  br label %head
done:
  ret void
}
"""

# What belongs at ``%nth`` moved there, smaller ones before it: introselect.
_SELECT = """
define internal void @select(ptr %a, i64 %count, i64 %nth) noinline nounwind {
entry:
  %most = call i64 @depth(i64 %count)
  br label %head
head:
  %first = phi i64 [ 0, %entry ], [ %first.next, %parted ]
  %last = phi i64 [ %count, %entry ], [ %last.next, %parted ]
  %depth = phi i64 [ %most, %entry ], [ %less.deep, %parted ]
  %size = sub i64 %last, %first
  %first.at = getelementptr TYPE, ptr %a, i64 %first
  %long = icmp sgt i64 %size, FEW
  br i1 %long, label %test, label %short
test:
  %spent = icmp eq i64 %depth, 0
  br i1 %spent, label %heap, label %parted
heap:
  %before = sub i64 %nth, %first
  %kept = add i64 %before, 1
  call void @heap_select(ptr %first.at, i64 %kept, i64 %size)
  %nth.at = getelementptr TYPE, ptr %a, i64 %nth
  %largest = load TYPE, ptr %first.at
  %other = load TYPE, ptr %nth.at
  store TYPE %largest, ptr %nth.at
  store TYPE %other, ptr %first.at
  ret void
parted:
  %less.deep = sub i64 %depth, 1
  %cut = call i64 @part(ptr %a, i64 %first, i64 %last)
  %right = icmp sle i64 %cut, %nth
  %first.next = select i1 %right, i64 %cut, i64 %first
  %last.next = select i1 %right, i64 %last, i64 %cut
  br label %head
short:
  call void @insertion(ptr %first.at, i64 %size)
  ret void
}
"""


def tied_functions(kind: str, place_bits: int) -> str:
    """Functions for elements of ``kind``. To be called are ``@introsort(ptr, count)``,
    ``@select(ptr, count, nth)``, and of heaps ``@make_heap(ptr, count)``, ``@sink(ptr, 0, count,
    value)``, which puts the value in the place of the first, and ``@unheap(ptr, count)``."""
    text = "".join(
        (_BEFORE, _SINK, _HEAP, _PART, _DEPTH, _RUNS, _INSERT, _SORT, _HEAP_SELECT, _SELECT)
    )
    text = text.replace("TYPE", kind).replace("BITS", str(place_bits))
    return text.replace("SHORT", str(SHORT)).replace("FEW", str(_FEW))
