"""The Mersenne Twister's words as native code (Matsumoto and Nishimura 1998), eight at a time.

A state is 624 words and, behind them, the number of those that are used up. The words of the next
round follow from the last one's in order, each from two neighbours and one 397 places on, so eight
can be made at once; so can what hides the state from whoever sees the words ("tempering").
"""

from __future__ import annotations

from collections.abc import Callable

WORDS = 624
# Behind the number of used words, in words: a normal number that waits, and whether one does.
WAITING, WAITS = 626, 628
STATE_WORDS = 630
_MIDDLE = 397
_MATRIX = 0x9908B0DF
_UPPER, _LOWER = 0x80000000, 0x7FFFFFFF
_LANES = 8
# Pairs of words that wait on the stack before they are looked at.
PART = 1024

# The instructions that make %{name}out of what %{name} holds, of so many lanes.
Change = Callable[[int, str], str]

_VECTOR = f"<{_LANES} x i32>"


def _number(value: int, kind: str) -> str:
    """A constant of ``kind``: i32, or a vector of them."""
    signed = value - 2**32 if value >= 2**31 else value
    return str(signed) if kind == "i32" else f"splat (i32 {signed})"


def _mixed(kind: str, place: str, far: int, name: str) -> str:
    """Word(s) at %{place} of the next round, stored over the old: with those ``far`` words on."""
    n = f"%{name}"
    align = "align 4"
    return f"""
  {n}p = getelementptr i32, ptr %key, i64 %{place}
  {n}q = getelementptr i32, ptr {n}p, i64 1
  {n}r = getelementptr i32, ptr {n}p, i64 {far}
  {n}u = load {kind}, ptr {n}p, {align}
  {n}v = load {kind}, ptr {n}q, {align}
  {n}f = load {kind}, ptr {n}r, {align}
  {n}x = and {kind} {n}u, {_number(_UPPER, kind)}
  {n}y = and {kind} {n}v, {_number(_LOWER, kind)}
  {n}z = or {kind} {n}x, {n}y
  {n}h = lshr {kind} {n}z, {_number(1, kind)}
  {n}o = and {kind} {n}v, {_number(1, kind)}
  {n}m = sub {kind} zeroinitializer, {n}o
  {n}a = and {kind} {n}m, {_number(_MATRIX, kind)}
  {n}b = xor {kind} {n}f, {n}h
  {n}c = xor {kind} {n}b, {n}a
  store {kind} {n}c, ptr {n}p, {align}
""".replace("i32 zeroinitializer", "i32 0")


def _round(begin: int, end: int, far: int, name: str, after: str) -> str:
    """Blocks that make the words ``begin`` to ``end``: eight at a time, then one by one."""
    middle = begin + (end - begin) // _LANES * _LANES
    text = f"{name}:\n"
    for part, kind, first, last, step in (
        ("wide", _VECTOR, begin, middle, _LANES), ("one", "i32", middle, end, 1),
    ):  # fmt: skip
        here = f"{name}_{part}"
        then = f"{name}_rest" if part == "wide" else after
        if first == last:
            text += f"  br label %{then}\n"
        else:
            entry = name if part == "wide" else f"{name}_rest"
            text += f"""  br label %{here}
{here}:
  %{here}_i = phi i64 [ {first}, %{entry} ], [ %{here}_n, %{here} ]
{_mixed(kind, here + "_i", far, here)}
  %{here}_n = add i64 %{here}_i, {step}
  %{here}_go = icmp ult i64 %{here}_n, {last}
  br i1 %{here}_go, label %{here}, label %{then}
"""
        if part == "wide":
            text += f"{name}_rest:\n"
    return text


def _tempered(kind: str, name: str) -> str:
    """%{name}w -> %{name}out."""
    n = f"%{name}"
    return f"""
  {n}1 = lshr {kind} {n}w, {_number(11, kind)}
  {n}2 = xor {kind} {n}w, {n}1
  {n}3 = shl {kind} {n}2, {_number(7, kind)}
  {n}4 = and {kind} {n}3, {_number(0x9D2C5680, kind)}
  {n}5 = xor {kind} {n}2, {n}4
  {n}6 = shl {kind} {n}5, {_number(15, kind)}
  {n}7 = and {kind} {n}6, {_number(0xEFC60000, kind)}
  {n}8 = xor {kind} {n}5, {n}7
  {n}9 = lshr {kind} {n}8, {_number(18, kind)}
  {n}out = xor {kind} {n}8, {n}9
"""


SPREAD = f"""
define internal void @spread(ptr %key) noinline {{
entry:
  br label %near
{_round(0, WORDS - _MIDDLE, _MIDDLE, "near", "far")}
{_round(WORDS - _MIDDLE, WORDS - 1, _MIDDLE - WORDS, "far", "last")}
last:
  %p = getelementptr i32, ptr %key, i64 {WORDS - 1}
  %r = getelementptr i32, ptr %key, i64 {_MIDDLE - 1}
  %u = load i32, ptr %p
  %v = load i32, ptr %key
  %f = load i32, ptr %r
  %x = and i32 %u, {_number(_UPPER, "i32")}
  %y = and i32 %v, {_LOWER}
  %z = or i32 %x, %y
  %h = lshr i32 %z, 1
  %o = and i32 %v, 1
  %m = sub i32 0, %o
  %a = and i32 %m, {_number(_MATRIX, "i32")}
  %b = xor i32 %f, %h
  %c = xor i32 %b, %a
  store i32 %c, ptr %p
  ret void
}}
"""

TAKE = f"""
define internal void @words(ptr %state, i64 %count, ptr %out) noinline {{
entry:
  %used = getelementptr i32, ptr %state, i64 {WORDS}
  %start = load i32, ptr %used
  %first = zext i32 %start to i64
  br label %look
look:
  %left = phi i64 [ %count, %entry ], [ %rest, %counted ]
  %at = phi i64 [ %first, %entry ], [ %next, %counted ]
  %to = phi ptr [ %out, %entry ], [ %on, %counted ]
  %none = icmp eq i64 %left, 0
  br i1 %none, label %done, label %more
more:
  %empty = icmp uge i64 %at, {WORDS}
  br i1 %empty, label %fresh, label %take
fresh:
  call void @spread(ptr %state)
  br label %take
take:
  %from = phi i64 [ %at, %more ], [ 0, %fresh ]
  %there = sub i64 {WORDS}, %from
  %fewer = icmp ult i64 %left, %there
  %some = select i1 %fewer, i64 %left, i64 %there
  %source = getelementptr i32, ptr %state, i64 %from
  %whole = and i64 %some, {-_LANES}
  %any = icmp ne i64 %whole, 0
  br i1 %any, label %wide, label %single
wide:
  %i = phi i64 [ 0, %take ], [ %i.next, %wide ]
  %wp = getelementptr i32, ptr %source, i64 %i
  %ww = load {_VECTOR}, ptr %wp, align 4
{_tempered(_VECTOR, "w")}
  %wt = getelementptr i32, ptr %to, i64 %i
  store {_VECTOR} %wout, ptr %wt, align 4
  %i.next = add i64 %i, {_LANES}
  %w.go = icmp ult i64 %i.next, %whole
  br i1 %w.go, label %wide, label %single
single:
  %ends = icmp eq i64 %whole, %some
  br i1 %ends, label %counted, label %one
one:
  %j = phi i64 [ %whole, %single ], [ %j.next, %one ]
  %sp = getelementptr i32, ptr %source, i64 %j
  %sw = load i32, ptr %sp
{_tempered("i32", "s")}
  %st = getelementptr i32, ptr %to, i64 %j
  store i32 %sout, ptr %st, align 4
  %j.next = add i64 %j, 1
  %s.go = icmp ult i64 %j.next, %some
  br i1 %s.go, label %one, label %counted
counted:
  %next = add i64 %from, %some
  %rest = sub i64 %left, %some
  %on = getelementptr i32, ptr %to, i64 %some
  br label %look
done:
  %end = trunc i64 %at to i32
  store i32 %end, ptr %used
  ret void
}}
"""

SEED = "rushlight_twister_seed"
SEED_TEXT = f"""
define void @{SEED}(ptr %state, i64 %seed) {{
entry:
  %low = trunc i64 %seed to i32
  store i32 %low, ptr %state
  br label %loop
loop:
  %i = phi i64 [ 1, %entry ], [ %next, %loop ]
  %before = phi i32 [ %low, %entry ], [ %word, %loop ]
  %high = lshr i32 %before, 30
  %both = xor i32 %before, %high
  %product = mul i32 %both, 1812433253
  %number = trunc i64 %i to i32
  %word = add i32 %product, %number
  %place = getelementptr i32, ptr %state, i64 %i
  store i32 %word, ptr %place
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, {WORDS}
  br i1 %more, label %loop, label %done
done:
  %used = getelementptr i32, ptr %state, i64 {WORDS}
  store i32 {WORDS}, ptr %used
  ret void
}}
"""

DRAW = "rushlight_twister_words"
# Asked for first, because ``native`` reads its parameters from the beginning of the text.
DRAW_TEXT = f"""
define void @{DRAW}(ptr %state, i64 %count, ptr %out) {{
  call void @words(ptr %state, i64 %count, ptr %out)
  ret void
}}
{SPREAD}{TAKE}"""

# Two words for each of what is left, a part at a time: %some of them at %to, until ``made``.
PARTS = f"""look:
  %left = phi i64 [ %count, %entry ], [ %rest, %made ]
  %to = phi ptr [ %out, %entry ], [ %on, %made ]
  %none = icmp eq i64 %left, 0
  br i1 %none, label %done, label %part
part:
  %few = icmp ult i64 %left, {PART}
  %some = select i1 %few, i64 %left, i64 {PART}
  %two = shl i64 %some, 1
"""


def next_part(kind: str) -> str:
    """The block ``made`` of ``PARTS``: on to what is behind %some of ``kind``."""
    return f"""made:
  %rest = sub i64 %left, %some
  %on = getelementptr {kind}, ptr %to, i64 %some
  br label %look
"""


def each_of_part(kind: str, steps: str) -> str:
    """What follows ``PARTS`` and the drawing: ``steps`` for each %i of the part, then the next
    one, to the end of the function. Elements are ``kind``s."""
    return f"""  br label %loop
loop:
  %i = phi i64 [ 0, %part ], [ %next, %loop ]
{steps}
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %some
  br i1 %more, label %loop, label %made
{next_part(kind)}done:
  ret void
}}"""


EVENTS = "rushlight_twister_events"
_PAIRS = f"<{2 * _LANES} x i32>"
_HIGHS = ", ".join(f"i32 {2 * lane}" for lane in range(_LANES))
_LOWS = ", ".join(f"i32 {2 * lane + 1}" for lane in range(_LANES))
# A number of 53 bits from two words, the first above: true where it is less than %limit.
EVENTS_TEXT = f"""
define void @{EVENTS}(ptr %state, i64 %count, ptr %out, i64 %limit) {{
entry:
  %room = alloca [{2 * PART + 2 * _LANES} x i32], align 64
  %bytes = alloca [{PART + _LANES} x i8], align 64
  %upper = lshr i64 %limit, 32
  %upper32 = trunc i64 %upper to i32
  %lower32 = trunc i64 %limit to i32
  %u0 = insertelement {_VECTOR} poison, i32 %upper32, i32 0
  %u = shufflevector {_VECTOR} %u0, {_VECTOR} poison, {_VECTOR} zeroinitializer
  %l0 = insertelement {_VECTOR} poison, i32 %lower32, i32 0
  %l = shufflevector {_VECTOR} %l0, {_VECTOR} poison, {_VECTOR} zeroinitializer
  br label %look
{PARTS}  call void @words(ptr %state, i64 %two, ptr %room)
  br label %loop
loop:
  ; past the last pair are words of before, whose bytes nobody reads
  %i = phi i64 [ 0, %part ], [ %next, %loop ]
  %twice = shl i64 %i, 1
  %p = getelementptr i32, ptr %room, i64 %twice
  %pairs = load {_PAIRS}, ptr %p, align 4
  %h = shufflevector {_PAIRS} %pairs, {_PAIRS} poison, {_VECTOR} <{_HIGHS}>
  %low = shufflevector {_PAIRS} %pairs, {_PAIRS} poison, {_VECTOR} <{_LOWS}>
  %high = and {_VECTOR} %h, splat (i32 {2**21 - 1})
  %less = icmp ult {_VECTOR} %high, %u
  %same = icmp eq {_VECTOR} %high, %u
  %under = icmp ult {_VECTOR} %low, %l
  %both = and <{_LANES} x i1> %same, %under
  %event = or <{_LANES} x i1> %less, %both
  %byte = zext <{_LANES} x i1> %event to <{_LANES} x i8>
  %t = getelementptr i8, ptr %bytes, i64 %i
  store <{_LANES} x i8> %byte, ptr %t, align 1
  %next = add i64 %i, {_LANES}
  %more = icmp ult i64 %next, %some
  br i1 %more, label %loop, label %copy
copy:
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %bytes, i64 %some, i1 false)
  br label %made
{next_part("i8")}done:
  ret void
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
{SPREAD}{TAKE}"""


def _changed_text(symbol: str, element: str, lanes: int, words: str, change: Change) -> str:
    """Fills memory with ``words`` of the stream for each ``element`` and changes them there."""
    wide = f"<{lanes} x {element}>"
    return f"""
define void @{symbol}(ptr %state, i64 %count, ptr %out) {{
entry:
  br label %look
{PARTS}  call void @words(ptr %state, i64 {words}, ptr %to)
  %whole = and i64 %some, {-lanes}
  %any = icmp ne i64 %whole, 0
  br i1 %any, label %wide, label %single
wide:
  %i = phi i64 [ 0, %part ], [ %i.next, %wide ]
  %p = getelementptr {element}, ptr %to, i64 %i
  %v = load {wide}, ptr %p, align 4
{change(lanes, "%v")}
  store {wide} %vout, ptr %p, align 4
  %i.next = add i64 %i, {lanes}
  %w.go = icmp ult i64 %i.next, %whole
  br i1 %w.go, label %wide, label %single
single:
  %ends = icmp eq i64 %whole, %some
  br i1 %ends, label %made, label %one
one:
  %j = phi i64 [ %whole, %single ], [ %j.next, %one ]
  %q = getelementptr {element}, ptr %to, i64 %j
  %s = load {element}, ptr %q, align 4
{change(1, "%s")}
  store {element} %sout, ptr %q, align 4
  %j.next = add i64 %j, 1
  %s.go = icmp ult i64 %j.next, %some
  br i1 %s.go, label %one, label %made
{next_part(element)}done:
  ret void
}}
{SPREAD}{TAKE}"""


def _first_above(lanes: int, x: str) -> str:
    kind, half = ("i64", "32") if lanes == 1 else (f"<{lanes} x i64>", "splat (i64 32)")
    return f"""
  {x}1 = shl {kind} {x}, {half}
  {x}2 = lshr {kind} {x}, {half}
  {x}out = or {kind} {x}1, {x}2"""


def _fraction(lanes: int, x: str) -> str:
    kind, real = ("i32", "float") if lanes == 1 else (f"<{lanes} x i32>", f"<{lanes} x float>")
    unit = "0x3E70000000000000" if lanes == 1 else "splat (float 0x3E70000000000000)"
    return f"""
  {x}1 = and {kind} {x}, {_number(2**24 - 1, kind)}
  {x}2 = sitofp {kind} {x}1 to {real}
  {x}3 = fmul {real} {x}2, {unit}
  {x}out = bitcast {real} {x}3 to {kind}"""


# The first word of a pair is the upper half: memory has it first, which is the lower.
LONGS = "rushlight_twister_longs"
LONGS_TEXT = _changed_text(LONGS, "i64", 4, "%two", _first_above)
# The lower 24 bits of a word as a float in [0, 1), which has just so many digits.
FRACTIONS = "rushlight_twister_fractions"
FRACTIONS_TEXT = _changed_text(FRACTIONS, "i32", _LANES, "%some", _fraction)
