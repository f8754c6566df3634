"""Random numbers straight into memory, as native code: what small tensors of every step are filled
with, each kind in one call.

All take (stream, count, memory, ...), as ``Mt19937.fill`` gives them. Each is (symbol, text).
"""

from __future__ import annotations

from math import pi

from rushlight.runtime import box_muller, twister
from rushlight.runtime.scalars import literal
from rushlight.runtime.twister import PARTS, WAITING, WAITS, each_of_part, next_part

_BLOCK = box_muller.BLOCK


def internal(text: str, symbol: str) -> str:
    """``text`` as part of another one."""
    return text.replace(f"define void @{symbol}", f"define internal void @{symbol}")


FRACTIONS_PART = internal(twister.FRACTIONS_TEXT, twister.FRACTIONS)
LONGS_PART = internal(twister.LONGS_TEXT, twister.LONGS)


def _in_blocks(symbol: str, kind: str, draw: str, blocks: str, parts: str) -> tuple[str, str]:
    """Normals of uniforms: ``draw`` makes all of those, ``blocks`` makes whole blocks of them
    normals. A ragged end is drawn again as the last block. ``parts``: the text of both."""
    text = f"""
define void @{symbol}(ptr %state, i64 %count, ptr %out, double %mean, double %std) {{
entry:
  br label %look
{PARTS}  call void @{draw}(ptr %state, i64 %some, ptr %to)
  %whole = and i64 %some, {-_BLOCK}
  call void @{blocks}(ptr %to, i64 %whole, double %mean, double %std)
  br label %made
{next_part(kind)}done:
  %over = and i64 %count, {_BLOCK - 1}
  %ragged = icmp ne i64 %over, 0
  br i1 %ragged, label %again, label %end
again:
  %last = getelementptr {kind}, ptr %out, i64 %count
  %from = getelementptr {kind}, ptr %last, i64 {-_BLOCK}
  call void @{draw}(ptr %state, i64 {_BLOCK}, ptr %from)
  call void @{blocks}(ptr %from, i64 {_BLOCK}, double %mean, double %std)
  br label %end
end:
  ret void
}}
{parts}"""
    return symbol, text


def _fraction(room: str, place: str, name: str) -> str:
    """%{name}: the lower 53 bits of a pair of words, as parts of 2**53."""
    n = f"%{name}"
    return f"""  {n}.at = getelementptr i64, ptr {room}, i64 {place}
  {n}.word = load i64, ptr {n}.at
  {n}.low = and i64 {n}.word, {2**53 - 1}
  {n}.whole = uitofp i64 {n}.low to double
  {n} = fmul double {n}.whole, {literal(2.0**-53)}"""


def _stored(kind: str) -> str:
    """The double %y as element %i of %{to}."""
    narrow = "" if kind == "double" else "  %y32 = fptrunc double %y to float\n"
    value = "%y" if kind == "double" else "%y32"
    return f"{narrow}  %at = getelementptr {kind}, ptr %to, i64 %i\n  store {kind} {value}, ptr %at"


def single_normal(draws: str) -> str:
    """%x: the normal number that waits behind the stream %state, or one made of %u0 and %u1, which
    ``draws`` makes; its second waits then. Ends in block ``ready``."""
    return f"""  %waiting = getelementptr i32, ptr %state, i64 {WAITING}
  %waits = getelementptr i32, ptr %state, i64 {WAITS}
  %one = load i64, ptr %waits
  %kept = icmp ne i64 %one, 0
  br i1 %kept, label %old, label %new
old:
  store i64 0, ptr %waits
  %second = load double, ptr %waiting
  br label %ready
new:
{draws}
  %less = fneg double %u1
  %log = call double @log1p(double %less)
  %square = fmul double %log, -2.0
  %radius = call double @llvm.sqrt.f64(double %square)
  %angle = fmul double %u0, {literal(2 * pi)}
  %cos = call double @cos(double %angle)
  %sin = call double @sin(double %angle)
  %first = fmul double %radius, %cos
  %later = fmul double %radius, %sin
  store double %later, ptr %waiting
  store i64 1, ptr %waits
  br label %ready
ready:
  %x = phi double [ %second, %old ], [ %first, %new ]"""


def _singles(symbol: str, kind: str) -> tuple[str, str]:
    """Normals one at a time in float64."""
    draws = f"""  call void @{twister.LONGS}(ptr %state, i64 2, ptr %room)
{_fraction("%room", "0", "u0")}
{_fraction("%room", "1", "u1")}"""
    text = f"""
define void @{symbol}(ptr %state, i64 %count, ptr %to, double %mean, double %std) {{
entry:
  %room = alloca [2 x i64], align 8
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %ready ]
{single_normal(draws)}
  %y = call double @llvm.fma.f64(double %x, double %std, double %mean)
{_stored(kind)}
  %next = add i64 %i, 1
  %more = icmp ult i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
declare double @cos(double)
declare double @sin(double)
declare double @log1p(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.fma.f64(double, double, double)
{LONGS_PART}"""
    return symbol, text


# Blocks in float64 and through the C library, as PyTorch makes them.
_BLOCKS64 = f"""
define internal void @blocks(ptr %numbers, i64 %count, double %mean, double %std) noinline {{
entry:
  %none = icmp eq i64 %count, 0
  br i1 %none, label %done, label %loop
loop:
  %b = phi i64 [ 0, %entry ], [ %b.next, %next ]
  %at = getelementptr double, ptr %numbers, i64 %b
  br label %pair
pair:
  %i = phi i64 [ 0, %loop ], [ %i.next, %pair ]
  %j = add i64 %i, {_BLOCK // 2}
{_fraction("%at", "%i", "u0")}
{_fraction("%at", "%j", "u1")}
  %left = fsub double 1.0, %u0
  %log = call double @log(double %left)
  %square = fmul double %log, -2.0
  %radius = call double @llvm.sqrt.f64(double %square)
  %angle = fmul double %u1, {literal(2 * pi)}
  %cos = call double @cos(double %angle)
  %sin = call double @sin(double %angle)
  %x = fmul double %radius, %cos
  %y = fmul double %radius, %sin
  %first = call double @llvm.fma.f64(double %x, double %std, double %mean)
  %second = call double @llvm.fma.f64(double %y, double %std, double %mean)
  %first.at = getelementptr double, ptr %at, i64 %i
  %second.at = getelementptr double, ptr %at, i64 %j
  store double %first, ptr %first.at
  store double %second, ptr %second.at
  %i.next = add i64 %i, 1
  %i.more = icmp ult i64 %i.next, {_BLOCK // 2}
  br i1 %i.more, label %pair, label %next
next:
  %b.next = add i64 %b, {_BLOCK}
  %b.more = icmp ult i64 %b.next, %count
  br i1 %b.more, label %loop, label %done
done:
  ret void
}}
declare double @log(double)
declare double @cos(double)
declare double @sin(double)
declare double @llvm.sqrt.f64(double)
declare double @llvm.fma.f64(double, double, double)
"""


def _exponentials(symbol: str, kind: str) -> tuple[str, str]:
    """log(1 - u) times a factor, in float64."""
    steps = f"""{_fraction("%room", "%i", "u")}
  %less = fneg double %u
  %log = call double @log1p(double %less)
  %y = fmul double %log, %factor
{_stored(kind)}"""
    text = f"""
define void @{symbol}(ptr %state, i64 %count, ptr %out, double %factor) {{
entry:
  %room = alloca [{twister.PART} x i64], align 64
  br label %look
{PARTS}  call void @{twister.LONGS}(ptr %state, i64 %some, ptr %room)
{each_of_part(kind, steps)}
declare double @log1p(double)
{LONGS_PART}"""
    return symbol, text


_KINDS = ("float", "double")
SINGLES = {kind: _singles(f"rushlight_draw_singles_{kind}", kind) for kind in _KINDS}
EXPONENTIALS = {kind: _exponentials(f"rushlight_draw_times_{kind}", kind) for kind in _KINDS}
NORMALS = _in_blocks(
    "rushlight_draw_normals", "float", twister.FRACTIONS, box_muller.SYMBOL,
    FRACTIONS_PART + internal(box_muller.TEXT, box_muller.SYMBOL),
)  # fmt: skip
NORMALS64 = _in_blocks(
    "rushlight_draw_normals64", "double", twister.LONGS, "blocks", _BLOCKS64 + LONGS_PART
)

# number * (high - low) + low, rounded once.
_SCALED = """  %at = getelementptr float, ptr %to, i64 %i
  %u = load float, ptr %at
  %x = call float @llvm.fma.f32(float %u, float %range, float %low32)
  store float %x, ptr %at"""
_UNIFORM = f"""
define void @rushlight_draw_uniform(ptr %state, i64 %count, ptr %out, double %low, double %high) {{
entry:
  %low32 = fptrunc double %low to float
  %high32 = fptrunc double %high to float
  %range = fsub float %high32, %low32
  br label %look
{PARTS}  call void @{twister.FRACTIONS}(ptr %state, i64 %some, ptr %to)
{each_of_part("float", _SCALED)}
declare float @llvm.fma.f32(float, float, float)
{FRACTIONS_PART}"""
UNIFORM = "rushlight_draw_uniform", _UNIFORM

# A word modulo a range of at most 32 bits and more than 0, by two products: the word's share of
# the range in 64 bits behind the point, times the range (Lemire, Kaser and Kurz 2019).
_REMAINDER = """  %from = getelementptr i32, ptr %room, i64 %i
  %word = load i32, ptr %from
  %long = zext i32 %word to i64
  %behind = mul i64 %long, %inverse
  %behind.wide = zext i64 %behind to i128
  %product = mul i128 %behind.wide, %wide
  %above = lshr i128 %product, 64
  %rest.of = trunc i128 %above to i64
  %number = add i64 %rest.of, %low
  %at = getelementptr i64, ptr %to, i64 %i
  store i64 %number, ptr %at"""
_INTEGERS = f"""
define void @rushlight_draw_integers(ptr %state, i64 %count, ptr %out, i64 %low, i64 %range) {{
entry:
  %room = alloca [{twister.PART} x i32], align 64
  %share = udiv i64 -1, %range
  %inverse = add i64 %share, 1
  %wide = zext i64 %range to i128
  br label %look
{PARTS}  call void @words(ptr %state, i64 %some, ptr %room)
{each_of_part("i64", _REMAINDER)}
{twister.SPREAD}{twister.TAKE}"""
INTEGERS = "rushlight_draw_integers", _INTEGERS
