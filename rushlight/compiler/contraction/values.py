"""Numbers in memory and numbers in registers: loads and stores that convert, relu, zero.

f16 and bf16 exist in memory only; in registers they are f32. ``lanes`` 1 is a scalar.
"""

from __future__ import annotations

from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.half import Half
from rushlight.compiler.math.body import literal
from rushlight.runtime import cpu

SIZES = {
    "f32": 4, "f64": 8, "f16": 2, "bf16": 2,
    "i64": 8, "u64": 8, "i32": 4, "u32": 4, "i16": 2, "u16": 2, "i8": 1, "u8": 1, "bool": 1,
    "c64": 8, "c128": 16,
}  # fmt: skip
_MEMORY = {
    "f32": "float", "f64": "double", "f16": "half", "bf16": "i16",
    "i64": "i64", "i32": "i32", "i16": "i16", "i8": "i8", "u8": "i8", "bool": "i8",
}  # fmt: skip


def register_dtype(dtype: str) -> str:
    """The dtype that arithmetic on ``dtype`` is done in."""
    return "f32" if dtype in ("f16", "bf16") else dtype


def kind(dtype: str, lanes: int = 1) -> str:
    """LLVM's type of ``lanes`` elements as they lie in memory."""
    return _MEMORY[dtype] if lanes == 1 else f"<{lanes} x {_MEMORY[dtype]}>"


def _has_half() -> bool:
    return cpu.host().isa != "portable"


def zero(lanes: int) -> str:
    return "0.0" if lanes == 1 else "zeroinitializer"


def load(body: Body, dtype: str, address: str, lanes: int = 1, mask: str = "") -> str:
    """``lanes`` neighbours as register values (f16 and bf16 as f32).

    ``mask`` (f32 and f64 only): the lanes that are read, others are 0.
    """
    if mask:
        text = kind(dtype, lanes)
        return body.op(
            f"call {text} @{_masked_load(dtype, lanes)}(ptr {address}, i32 {SIZES[dtype]}, "
            f"<{lanes} x i1> {mask}, {text} zeroinitializer)"
        )
    if dtype == "f16" and not _has_half():
        return Half(body, lanes).widen(body.load(kind("i16", lanes), address, SIZES[dtype]))
    value = body.load(kind(dtype, lanes), address, SIZES[dtype])
    if dtype == "f16":
        return body.op(f"fpext {kind('f16', lanes)} {value} to {kind('f32', lanes)}")
    if dtype == "bf16":
        wide = body.op(f"zext {kind('i16', lanes)} {value} to {kind('i32', lanes)}")
        bits = body.op(f"shl {kind('i32', lanes)} {wide}, {_same('i32', 16, lanes)}")
        return body.op(f"bitcast {kind('i32', lanes)} {bits} to {kind('f32', lanes)}")
    return value


def _masked_load(dtype: str, lanes: int) -> str:
    return f"llvm.masked.load.v{lanes}{dtype}.p0"


def declare_masked_load(dtype: str, lanes: int) -> str:
    """What a module needs that loads under a mask."""
    text = kind(dtype, lanes)
    return f"declare {text} @{_masked_load(dtype, lanes)}(ptr, i32, <{lanes} x i1>, {text})\n"


def store_some(body: Body, dtype: str, value: str, address: str, lanes: int, count: str) -> None:
    """The first ``count`` lanes of an f32 or f64 vector, 0 to ``lanes``, in powers of two.

    Stores under a mask take tens of cycles on some CPUs.
    """
    text = kind(dtype, lanes)
    piece = lanes
    while piece:
        # Pieces already written are those of the larger bits of the count.
        before = body.op(f"and i64 {count}, {-2 * piece}")
        there = body.op(f"and i64 {count}, {piece}")
        with body.when(body.op(f"icmp ne i64 {there}, 0")):
            place = body.at(address, body.mul(before, str(SIZES[dtype])))
            store(body, dtype, _head(body, dtype, value, lanes, piece), place, piece)
        if piece > 1 and piece < lanes:
            places = ", ".join(f"i32 {(lane + piece) % lanes}" for lane in range(lanes))
            moved = body.op(
                f"shufflevector {text} {value}, {text} poison, <{lanes} x i32> <{places}>"
            )
            taken = body.op(f"icmp ne i64 {there}, 0")
            value = body.op(f"select i1 {taken}, {text} {moved}, {text} {value}")
        piece //= 2


def _head(body: Body, dtype: str, value: str, lanes: int, count: int) -> str:
    """The first ``count`` lanes."""
    return part(body, dtype, value, lanes, 0, count)


def part(body: Body, dtype: str, value: str, lanes: int, first: int, count: int) -> str:
    """``count`` lanes from lane ``first`` on."""
    text = kind(dtype, lanes)
    if count == lanes:
        return value
    if count == 1:
        return body.op(f"extractelement {text} {value}, i64 {first}")
    places = ", ".join(f"i32 {lane}" for lane in range(first, first + count))
    return body.op(f"shufflevector {text} {value}, {text} poison, <{count} x i32> <{places}>")


def store(body: Body, dtype: str, value: str, address: str, lanes: int = 1) -> None:
    """Write register values as ``dtype``."""
    if dtype == "f16" and not _has_half():
        body.store(kind("i16", lanes), Half(body, lanes).narrow(value), address, SIZES[dtype])
        return
    if dtype == "f16":
        value = body.op(f"fptrunc {kind('f32', lanes)} {value} to {kind('f16', lanes)}")
    if dtype == "bf16":
        value = _round_to_bf16(body, value, lanes)
    body.store(kind(dtype, lanes), value, address, SIZES[dtype])


def _same(dtype: str, number: int, lanes: int) -> str:
    if lanes == 1:
        return str(number)
    return "<" + ", ".join(f"{kind(dtype)} {number}" for _ in range(lanes)) + ">"


def _round_to_bf16(body: Body, value: str, lanes: int) -> str:
    # By integers: LLVM's own fptrunc calls a library function that CPUs without bf16 do not have.
    wide, narrow, flags = (
        kind("i32", lanes),
        kind("i16", lanes),
        "i1" if lanes == 1 else f"<{lanes} x i1>",
    )
    floats = kind("f32", lanes)
    bits = body.op(f"bitcast {floats} {value} to {wide}")
    high = body.op(f"lshr {wide} {bits}, {_same('i32', 16, lanes)}")
    odd = body.op(f"and {wide} {high}, {_same('i32', 1, lanes)}")
    bump = body.op(f"add {wide} {odd}, {_same('i32', 0x7FFF, lanes)}")
    rounded = body.op(
        f"lshr {wide} {body.op(f'add {wide} {bits}, {bump}')}, {_same('i32', 16, lanes)}"
    )
    is_nan = body.op(f"fcmp uno {floats} {value}, {value}")
    quiet = body.op(f"or {wide} {high}, {_same('i32', 0x40, lanes)}")
    chosen = body.op(f"select {flags} {is_nan}, {wide} {quiet}, {wide} {rounded}")
    return body.op(f"trunc {wide} {chosen} to {narrow}")


def spread(body: Body, dtype: str, value: str, lanes: int) -> str:
    """One number in every lane."""
    if lanes == 1:
        return value
    text = kind(dtype, lanes)
    first = body.op(f"insertelement {text} poison, {kind(dtype)} {value}, i64 0")
    return body.op(f"shufflevector {text} {first}, {text} poison, <{lanes} x i32> zeroinitializer")


def joined(body: Body, dtype: str, parts: list[str], lanes: int) -> str:
    """Vectors of ``lanes`` each, one behind the other; a power of two of them."""
    while len(parts) > 1:
        places = ", ".join(f"i32 {place}" for place in range(2 * lanes))
        text = kind(dtype, lanes)
        parts = [
            body.op(f"shufflevector {text} {low}, {text} {high}, <{2 * lanes} x i32> <{places}>")
            for low, high in zip(parts[::2], parts[1::2], strict=True)
        ]
        lanes *= 2
    return parts[0]


def interleaved(body: Body, dtype: str, parts: list[str], lanes: int) -> str:
    """The first lane of each of two to four vectors, then the second of each, and so on."""
    count = len(parts)
    whole = [*parts, *["poison"] * (-count % 2)]
    pairs = [joined(body, dtype, whole[place : place + 2], lanes) for place in range(0, count, 2)]
    pairs += ["poison"] * (2 - len(pairs))
    text, size = kind(dtype, 2 * lanes), count * lanes
    places = ", ".join(f"i32 {place % count * lanes + place // count}" for place in range(size))
    return body.op(f"shufflevector {text} {pairs[0]}, {text} {pairs[1]}, <{size} x i32> <{places}>")


def turned(body: Body, dtype: str, rows: list[str], squares: int = 1) -> list[str]:
    """A square of numbers, one vector a row, with rows and columns exchanged.

    ``squares``: so many lie side by side in each vector; each is turned by itself.
    """
    count = len(rows)
    lanes = squares * count
    text = kind(dtype, lanes)
    step = 1
    while step < count:
        new = list(rows)
        for index in range(count):
            if index & step:
                continue
            upper, lower = rows[index], rows[index + step]
            for which in (0, 1):
                places = [
                    (place & ~step | which * step) + (lanes if place & step else 0)
                    for place in range(lanes)
                ]
                mask = ", ".join(f"i32 {place}" for place in places)
                new[index + which * step] = body.op(
                    f"shufflevector {text} {upper}, {text} {lower}, <{lanes} x i32> <{mask}>"
                )
        rows, step = new, 2 * step
    return rows


def add(body: Body, dtype: str, left: str, right: str, lanes: int = 1) -> str:
    return body.op(f"fadd contract {kind(dtype, lanes)} {left}, {right}")


def multiply_add(
    body: Body, dtype: str, value: str, factor: str, shift: str, lanes: int = 1
) -> str:
    """value * factor + shift, rounded once where the CPU does that in one instruction."""
    product = body.op(f"fmul contract {kind(dtype, lanes)} {value}, {factor}")
    return add(body, dtype, product, shift, lanes)


def plus_product(
    body: Body, dtype: str, old: str, left: str, right: str, lanes: int, pairs: bool
) -> str:
    """old + left * right in each lane; ``pairs``: a lane is two bf16 (``pairs.py``)."""
    text = kind(dtype, lanes)
    if pairs:
        halves = f"<{2 * lanes} x bfloat>"
        left, right = (body.op(f"bitcast {text} {each} to {halves}") for each in (left, right))
        return body.op(f"call {text} @{_PAIRS}({text} {old}, {halves} {left}, {halves} {right})")
    product = body.op(f"fmul contract {text} {left}, {right}")
    return add(body, dtype, old, product, lanes)


_PAIRS = "llvm.x86.avx512bf16.dpbf16ps.512"


def declare_pairs() -> str:
    halves = "<32 x bfloat>"
    return f"declare <16 x float> @{_PAIRS}(<16 x float>, {halves}, {halves})\n"


def total(body: Body, dtype: str, value: str, lanes: int) -> str:
    """The sum of all lanes, halves first."""
    while lanes > 1:
        half = lanes // 2
        low = part(body, dtype, value, lanes, 0, half)
        high = part(body, dtype, value, lanes, half, half)
        value, lanes = add(body, dtype, low, high, half), half
    return value


def relu(body: Body, dtype: str, value: str, lanes: int = 1) -> str:
    """0 where value < 0; nan stays nan."""
    flags = "i1" if lanes == 1 else f"<{lanes} x i1>"
    text = kind(dtype, lanes)
    negative = body.op(f"fcmp olt {text} {value}, {zero(lanes)}")
    return body.op(f"select {flags} {negative}, {text} {zero(lanes)}, {text} {value}")


def at_most(body: Body, dtype: str, value: str, most: float, lanes: int = 1) -> str:
    """``most`` where value > most; nan stays nan."""
    flags = "i1" if lanes == 1 else f"<{lanes} x i1>"
    text = kind(dtype, lanes)
    limit = spread(body, dtype, literal(most, kind(dtype)), lanes)
    above = body.op(f"fcmp ogt {text} {value}, {limit}")
    return body.op(f"select {flags} {above}, {text} {limit}, {text} {value}")
