"""Tables of eight words in one register, looked up by all lanes at once."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from rushlight.compiler.math.body import Body, Value, literal
from rushlight.compiler.math.coefficients import TABLES
from rushlight.runtime import cpu

# Entries of a table: as many words as the smallest vector has that another can permute.
SIZE = 8


def look_up(b: Body, index: Value, table: Sequence[int]) -> Value:
    """The entry of ``table``, eight 32-bit words, that the three low bits of ``index`` name.

    One instruction for eight or sixteen lanes where the CPU has it (vpermd, which looks at no other
    bits; a register of sixteen words has the table twice), elsewhere a load for each.
    """
    if not _permutes(b.lanes):
        index = index & (SIZE - 1)
    at_once = 2 * SIZE if cpu.host().isa == "avx512" and b.lanes % (2 * SIZE) == 0 else SIZE
    entries = ["i32 " + literal(entry, "i32") for entry in table] * (at_once // SIZE)
    source = f"<{at_once} x i32> <{', '.join(entries)}>"
    if b.lanes == 1:
        return b.emit(f"extractelement {source}, i32 {index.name}", "i32")
    name, count = "", 0
    for first in range(0, b.lanes, at_once):
        more = min(at_once, b.lanes - first)
        part = _picked(b, index, first, more, source)
        name = _joined(b, name, count, part, more) if count else part
        count += more
    return Value(b, name, "i32")


def _permutes(lanes: int) -> bool:
    """Whether the host's vpermd picks the words of all lanes, eight at a time."""
    return lanes % SIZE == 0 and cpu.host().isa in ("avx2", "avx512")


def look_up_float(b: Body, index: Value, table: Sequence[float]) -> Value:
    return b.from_bits(look_up(b, index, words_of(table)))


def words_of(table: Sequence[float]) -> list[int]:
    """The bits of each float."""
    return [struct.unpack("<I", struct.pack("<f", number))[0] for number in table]


def piecewise(
    b: Body, name: str, index: Value, t: Value, first: int = 0, steep: bool = False,
    start: float = 0.0,
) -> Value:  # fmt: skip
    """The polynomial in ``t`` of the piece that ``index`` names, all lanes one of their own.

    ``first``: the index of piece 0, which is around 0: there the function is ``start``.
    ``steep``: that piece is t + P(t), so that a slope a little more than 1 costs no digit; every
    other constant is larger than t.
    """
    pieces = [TABLES[f"{name}_{number}_f32"] for number in range(SIZE)]
    pieces[0] = (start, *pieces[0])
    total: Value | None = None
    for power in reversed(range(len(pieces[0]))):
        column = [pieces[(place - first) % SIZE][power] for place in range(SIZE)]
        coefficient = look_up_float(b, index, column)
        if steep and not power:
            coefficient = b.select(coefficient < t, t, coefficient)
        total = coefficient if total is None else b.fma(total, t, coefficient)
    assert total is not None
    return total


def _shuffled(b: Body, left: str, right: str, of: int, lanes: Sequence[int]) -> str:
    """The ``lanes`` of two vectors of length ``of``, one after the other."""
    kind, mask = f"<{of} x i32>", ", ".join(f"i32 {lane}" for lane in lanes)
    name = f"%{b.fresh()}"
    b.lines.append(
        f"  {name} = shufflevector {kind} {left}, {kind} {right}, <{len(lanes)} x i32> <{mask}>"
    )
    return name


def _picked(b: Body, index: Value, first: int, count: int, source: str) -> str:
    """The entries for ``count`` lanes from ``first`` on."""
    kind, places, result = f"<{count} x i32>", index.name, "poison"
    if count < b.lanes:
        places = _shuffled(b, places, "poison", b.lanes, range(first, first + count))
    if _permutes(count):
        name = f"%{b.fresh()}"
        permute = "avx2.permd" if count == SIZE else "avx512.permvar.si.512"
        b.lines.append(f"  {name} = call {kind} @llvm.x86.{permute}({source}, {kind} {places})")
        return name
    for lane in range(count):
        place, entry, grown = (f"%{b.fresh()}" for _ in range(3))
        b.lines += [
            f"  {place} = extractelement {kind} {places}, i64 {lane}",
            f"  {entry} = extractelement {source}, i32 {place}",
            f"  {grown} = insertelement {kind} {result}, i32 {entry}, i64 {lane}",
        ]
        result = grown
    return result


def _joined(b: Body, left: str, count: int, right: str, more: int) -> str:
    """Two vectors as one; those that a shuffle takes are of one length."""
    if more < count:
        right = _shuffled(b, right, "poison", more, [min(k, more - 1) for k in range(count)])
    return _shuffled(b, left, right, count, range(count + more))
