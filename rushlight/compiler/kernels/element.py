"""Elements by width and by dtype: moving them, combining them, reading indices.

Moves know an element's width only. Arithmetic is done in the memory type, halves in f32, bool as
a byte of 0 or 1.
"""

from __future__ import annotations

from collections.abc import Sequence

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body

SIGNED = ("i64", "i32", "i16", "i8")
FLOATS = ("f64", "f32", "f16", "bf16")
BAD_INDEX = 1
# Bytes of a row that is copied without a call, and of what is copied at once.
_SHORT_ROW, _VECTOR = 1024, 32
_BYTES = f"<{_VECTOR} x i8>"

MEMORY_DECLARES = """declare void @llvm.memcpy.p0.p0.i64(ptr noalias, ptr noalias readonly, i64, i1)
"""


def word_kind(width: int) -> str:
    """The LLVM type that moves ``width`` bytes."""
    return f"i{8 * width}"


def entry(body: Body, declares: str = "") -> str:
    """``body`` as a kernel's entry; a jump to %bad_index ends it with that error."""
    text = body.text()
    fails = f"bad_index:\n  ret i64 {BAD_INDEX}\n" if "%bad_index" in text else ""
    return (
        "declare i64 @llvm.smin.i64(i64, i64)\ndeclare i64 @llvm.smax.i64(i64, i64)\n"
        f"{declares}"
        "define i64 @ENTRY(ptr noalias %args, i64 %begin, i64 %end) nounwind {\n"
        f"entry:\n{text}\n  ret i64 0\n{fails}}}\n"
    )


def load_indices(body: Body, dtype: str, addresses: Sequence[str], size: str) -> list[str]:
    """Indices from the front; it leaves the kernel where one is out of range."""
    width = values.SIZES[dtype]
    found, outside = [], "false"
    for address in addresses:
        value = body.load(word_kind(width), address, width)
        if width < 8:
            extend = "sext" if dtype in SIGNED else "zext"
            value = body.op(f"{extend} {word_kind(width)} {value} to i64")
        if dtype in SIGNED:
            negative = body.less(value, "0")
            value = body.select(negative, body.op(f"add i64 {value}, {size}"), value)
        wrong = body.op(f"icmp uge i64 {value}, {size}")
        outside = body.op(f"or i1 {outside}, {wrong}")
        found.append(value)
    inside = f"inside{body.name('')}"
    body.line(f"br i1 {outside}, label %bad_index, label %{inside}")
    body.label(inside)
    return found


def register_kind(dtype: str, lanes: int = 1) -> str:
    return values.kind(values.register_dtype(dtype), lanes)


def flags(lanes: int) -> str:
    return "i1" if lanes == 1 else f"<{lanes} x i1>"


def combine(body: Body, dtype: str, mode: str, left: str, right: str, lanes: int = 1) -> str:
    """``add prod max min`` of two register values; max and min are nan if either is."""
    kind = register_kind(dtype, lanes)
    if dtype in FLOATS:
        if mode in ("add", "prod"):
            name = "fadd" if mode == "add" else "fmul"
            return body.op(f"{name} contract {kind} {left}, {right}")
        test = "ogt" if mode == "max" else "olt"
        better = body.op(f"fcmp {test} {kind} {left}, {right}")
        # A nan on the right makes the comparison fail, which chooses it.
        best = body.op(f"select {flags(lanes)} {better}, {kind} {left}, {kind} {right}")
        is_nan = body.op(f"fcmp uno {kind} {left}, {left}")
        return body.op(f"select {flags(lanes)} {is_nan}, {kind} {left}, {kind} {best}")
    if dtype == "bool":
        return body.op(f"{'or' if mode in ('add', 'max') else 'and'} {kind} {left}, {right}")
    if mode in ("add", "prod"):
        return body.op(f"{'add' if mode == 'add' else 'mul'} {kind} {left}, {right}")
    test = ("s" if dtype in SIGNED else "u") + ("gt" if mode == "max" else "lt")
    better = body.op(f"icmp {test} {kind} {left}, {right}")
    return body.op(f"select {flags(lanes)} {better}, {kind} {left}, {kind} {right}")


def exceeds(body: Body, dtype: str, value: str, best: str, lanes: int) -> str:
    """Which lanes of ``value`` take the place of ``best``, the largest so far: all that are nan."""
    kind = register_kind(dtype, lanes)
    if dtype in FLOATS:
        above = body.op(f"fcmp ogt {kind} {value}, {best}")
        is_nan = body.op(f"fcmp uno {kind} {value}, {value}")
        return body.op(f"or {flags(lanes)} {above}, {is_nan}")
    return body.op(f"icmp {'sgt' if dtype in SIGNED else 'ugt'} {kind} {value}, {best}")


def copy_row(body: Body, width: int, target: str, source: str, count: str) -> None:
    """``count`` neighbouring elements: short rows cost less than a call."""
    size = body.mul(count, str(width))
    short = body.op(f"icmp ule i64 {size}, {_SHORT_ROW}")
    with body.either(short) as (yes, no):
        with body.branch(no):
            body.line(
                f"call void @llvm.memcpy.p0.p0.i64(ptr align {width} {target}, "
                f"ptr align {width} {source}, i64 {size}, i1 false)"
            )
        with body.branch(yes):
            vector = body.op(f"icmp uge i64 {size}, {_VECTOR}")
            with body.either(vector) as (wide, narrow):
                with body.branch(wide):
                    last = body.sub(size, str(_VECTOR))
                    with body.loop("0", size, str(_VECTOR)) as each:
                        # The last one reaches back over its neighbour.
                        offset = body.min(each, last)
                        value = body.load(_BYTES, body.at(source, offset), width)
                        body.store(_BYTES, value, body.at(target, offset), width)
                with body.branch(narrow), body.loop("0", size, str(width)) as offset:
                    move(body, width, body.at(target, offset), body.at(source, offset))


def move(body: Body, width: int, target: str, source: str) -> None:
    value = body.load(word_kind(width), source, width)
    body.store(word_kind(width), value, target, width)
