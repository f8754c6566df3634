"""Bytes summed with whole weights along an axis: the native text behind ``taps.py``.

Both functions work on planes of bytes, and take for each output where its inputs begin and their
weights. Along the height a vector holds neighbours of a row. Along the width the same is done on
sixteen rows turned by a quarter, so that neighbours of a column lie side by side.
"""

from __future__ import annotations

from rushlight.runtime.native import native

# Rows and columns of a block that is turned at once: bytes of the smallest vector.
BLOCK = 16
# Bytes of a row that are summed at once, where it has as many.
WIDE = 64


def _loop(name: str, start: str, end: str, step: int, body: str) -> str:
    """``body`` for %name from ``start`` to ``end``; blocks within it begin and end with a name."""
    return f"""
  br label %{name}.enter
{name}.enter:
  br label %{name}.head
{name}.head:
  %{name} = phi i64 [ {start}, %{name}.enter ], [ %{name}.next, %{name}.again ]
  %{name}.more = icmp slt i64 %{name}, {end}
  br i1 %{name}.more, label %{name}.body, label %{name}.done
{name}.body:
{body}
  br label %{name}.again
{name}.again:
  %{name}.next = add i64 %{name}, {step}
  br label %{name}.head
{name}.done:
"""


def _sums(lanes: int, source: str, pitch: str, to: str) -> str:
    """Output %at of ``lanes`` neighbours: from ``source``, a tap every ``pitch`` bytes."""
    wholes, small = f"<{lanes} x i32>", f"<{lanes} x i8>"
    return f"""
  %first.at = getelementptr i32, ptr %first, i64 %at
  %first.32 = load i32, ptr %first.at
  %begin = zext i32 %first.32 to i64
  %begin.bytes = mul i64 %begin, {pitch}
  %from = getelementptr i8, ptr {source}, i64 %begin.bytes
  %weight.row = mul i64 %at, %taps
  %weight.from = getelementptr i32, ptr %weights, i64 %weight.row
  br label %tap
tap:
  %k = phi i64 [ 0, %at.sums ], [ %k.next, %tap ]
  %here = phi ptr [ %from, %at.sums ], [ %here.next, %tap ]
  %sum = phi {wholes} [ %half.all, %at.sums ], [ %sum.next, %tap ]
  %weight.at = getelementptr i32, ptr %weight.from, i64 %k
  %weight = load i32, ptr %weight.at
  %weight.1 = insertelement {wholes} poison, i32 %weight, i64 0
  %weight.all = shufflevector {wholes} %weight.1, {wholes} poison, {wholes} zeroinitializer
  %bytes = load {small}, ptr %here, align 1
  %values = zext {small} %bytes to {wholes}
  %part = mul {wholes} %values, %weight.all
  %sum.next = add {wholes} %sum, %part
  %here.next = getelementptr i8, ptr %here, i64 {pitch}
  %k.next = add i64 %k, 1
  %k.more = icmp slt i64 %k.next, %taps
  br i1 %k.more, label %tap, label %tapped
tapped:
  %shifted = ashr {wholes} %sum.next, %digits.all
  %low = call {wholes} @llvm.smax({wholes} %shifted, {wholes} zeroinitializer)
  %bound = call {wholes} @llvm.smin({wholes} %low, {wholes} splat (i32 255))
  %result = trunc {wholes} %bound to {small}
  store {small} %result, ptr {to}, align 1
"""


def _rounding(lanes: int) -> str:
    """The half that is added to all sums, and by how many digits they are moved."""
    wholes = f"<{lanes} x i32>"
    lines = """
  %digits.32 = trunc i64 %digits to i32
  %digits.less = sub i32 %digits.32, 1
  %half = shl i32 1, %digits.less"""
    for name, value in (("digits.all", "%digits.32"), ("half.all", "%half")):
        lines += f"""
  %{name}.1 = insertelement {wholes} poison, i32 {value}, i64 0
  %{name} = shufflevector {wholes} %{name}.1, {wholes} poison, {wholes} zeroinitializer"""
    return lines


def _at_most(name: str, value: str, end: str) -> str:
    """The last block overlaps the one before instead of reaching beyond the end."""
    return f"  %{name} = call i64 @llvm.smin(i64 {value}, i64 {end})\n"


def down_text(symbol: str, lanes: int) -> str:
    """Along the height: planes (size, width) with rows of ``pitch`` bytes -> (target, width)."""
    sums = (
        _at_most("x", "%x.0", "%x.last")
        + f"""
  %column = getelementptr i8, ptr %plane, i64 %x
  %to = getelementptr i8, ptr %row.out, i64 %x
  br label %at.sums
at.sums:
{_sums(lanes, "%column", "%pitch", "%to")}"""
    )
    row = f"""
  %row.place = mul i64 %at, %width
  %row.out = getelementptr i8, ptr %plane.out, i64 %row.place
{_loop("x.0", "0", "%width", lanes, sums)}"""
    plane = f"""
  %plane.place = mul i64 %p, %stride
  %plane = getelementptr i8, ptr %in, i64 %plane.place
  %plane.out.place = mul i64 %p, %made
  %plane.out = getelementptr i8, ptr %out, i64 %plane.out.place
{_loop("at", "0", "%target", 1, row)}"""
    return f"""
define void @{symbol}(ptr %out, ptr %in, ptr %first, ptr %weights, i64 %planes, i64 %target,
    i64 %width, i64 %stride, i64 %pitch, i64 %taps, i64 %digits) {{
entry:
{_rounding(lanes)}
  %made = mul i64 %target, %width
  %x.last = sub i64 %width, {lanes}
{_loop("p", "0", "%planes", 1, plane)}
  ret void
}}
"""


def _turned(name: str, rows: list[str], to: list[str]) -> str:
    """A block of bytes at the pointers ``rows``, turned by a quarter, to the pointers ``to``.

    Each round interleaves the upper half of the rows with the lower: of the eight digits of a
    byte's place in the block, four for the row and four for the column, the first becomes the
    last. After four rounds row and column have changed places.
    """
    kind = f"<{BLOCK} x i8>"
    lines = [
        f"  %{name}.0.{row} = load {kind}, ptr {place}, align 1" for row, place in enumerate(rows)
    ]
    half = BLOCK // 2
    for turn in range(4):
        for row in range(half):
            for upper in (0, 1):
                places = [half * upper + k // 2 + BLOCK * (k % 2) for k in range(BLOCK)]
                mask = ", ".join(f"i32 {place}" for place in places)
                lines.append(
                    f"  %{name}.{turn + 1}.{2 * row + upper} = shufflevector "
                    f"{kind} %{name}.{turn}.{row}, {kind} %{name}.{turn}.{row + half}, "
                    f"<{BLOCK} x i32> <{mask}>"
                )
    for row, place in enumerate(to):
        lines.append(f"  store {kind} %{name}.4.{row}, ptr {place}, align 1")
    return "\n".join(lines)


def _places(name: str, base: str, start: str, pitch: int) -> tuple[list[str], str]:
    """Pointers to BLOCK pieces of ``pitch`` bytes from number ``start`` on, and their text."""
    lines = [f"  %{name}.byte = mul i64 {start}, {pitch}"]
    lines.append(f"  %{name}.base = getelementptr i8, ptr {base}, i64 %{name}.byte")
    names = [f"%{name}.p{k}" for k in range(BLOCK)]
    for k, each in enumerate(names):
        lines.append(f"  {each} = getelementptr i8, ptr %{name}.base, i64 {k * pitch}")
    return names, "\n".join(lines) + "\n"


def _columns(name: str, rows: list[str], at: str) -> tuple[list[str], str]:
    """Pointers to the bytes ``at`` of each of the ``rows``, and their text."""
    names = [f"%{name}.r{k}" for k in range(BLOCK)]
    lines = [
        f"  {each} = getelementptr i8, ptr {row}, i64 {at}"
        for each, row in zip(names, rows, strict=True)
    ]
    return names, "\n".join(lines) + "\n"


def across_text(symbol: str) -> str:
    """Along the width: planes (height, size) with rows of ``pitch`` bytes -> (height, target).

    ``scratch`` has room for BLOCK rows of the input and of the output.
    """
    ins, outs = ([f"%{kind}.{k}" for k in range(BLOCK)] for kind in ("in", "out"))
    rows = ""
    for k in range(BLOCK):
        rows += f"""
  %row.{k}.own = add i64 %r, {k}
  %row.{k} = call i64 @llvm.smin(i64 %row.{k}.own, i64 %r.last)
  %in.{k}.place = mul i64 %row.{k}, %pitch
  %in.{k} = getelementptr i8, ptr %plane, i64 %in.{k}.place
  %out.{k}.place = mul i64 %row.{k}, %target
  %out.{k} = getelementptr i8, ptr %plane.out, i64 %out.{k}.place"""
    sources, source_text = _columns("source", ins, "%c")
    sides, side_text = _places("side", "%scratch", "%c", BLOCK)
    into = _at_most("c", "%c.0", "%c.last") + source_text + side_text
    into += _turned("turn", sources, sides)
    sums = f"""
  %to.place = mul i64 %at, {BLOCK}
  %to = getelementptr i8, ptr %results, i64 %to.place
  br label %at.sums
at.sums:
{_sums(BLOCK, "%scratch", str(BLOCK), "%to")}"""
    made, made_text = _places("made", "%results", "%x", BLOCK)
    targets, target_text = _columns("target", outs, "%x")
    back = _at_most("x", "%x.0", "%x.last") + made_text + target_text
    back += _turned("back", made, targets)
    block = f"""
{rows}
{_loop("c.0", "0", "%size", BLOCK, into)}
{_loop("at", "0", "%target", 1, sums)}
{_loop("x.0", "0", "%target", BLOCK, back)}"""
    plane = f"""
  %plane.place = mul i64 %p, %stride
  %plane = getelementptr i8, ptr %in, i64 %plane.place
  %plane.out.place = mul i64 %p, %made
  %plane.out = getelementptr i8, ptr %out, i64 %plane.out.place
{_loop("r", "0", "%height", BLOCK, block)}"""
    return f"""
define void @{symbol}(ptr %out, ptr %in, ptr %first, ptr %weights, ptr %scratch, i64 %planes,
    i64 %height, i64 %size, i64 %target, i64 %stride, i64 %pitch, i64 %taps, i64 %digits) {{
entry:
{_rounding(BLOCK)}
  %made = mul i64 %height, %target
  %r.last = sub i64 %height, 1
  %c.last = sub i64 %size, {BLOCK}
  %x.last = sub i64 %target, {BLOCK}
  %room = mul i64 %size, {BLOCK}
  %results = getelementptr i8, ptr %scratch, i64 %room
{_loop("p", "0", "%planes", 1, plane)}
  ret void
}}
"""


_DOWN = {
    lanes: (f"rushlight_taps_down_{lanes}", down_text(f"rushlight_taps_down_{lanes}", lanes))
    for lanes in (BLOCK, WIDE)
}
_ACROSS = ("rushlight_taps_across", across_text("rushlight_taps_across"))


def down(lanes: int, *words: int) -> None:
    """``down_text`` with vectors of BLOCK or WIDE bytes."""
    native(*_DOWN[lanes])(*words)


def across(*words: int) -> None:
    """``across_text``."""
    native(*_ACROSS)(*words)
