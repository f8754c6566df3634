"""What a kernel's text depends on, and the words it reads.

Everything that decides the text is in the signature; sizes, strides and constants become words, so
that another batch size is the same kernel with other words.
"""

from __future__ import annotations

from typing import Any

from rushlight.compiler.loops.bits import constant_bits
from rushlight.compiler.loops.index import Coord
from rushlight.compiler.loops.schedule import BACKWARD, Schedule
from rushlight.compiler.loops.turn import which_turn


def finish(schedule: Schedule) -> tuple[Any, ...]:
    """Lay out the words after the caller's own; returns the signature of the text."""
    s = schedule
    order = s.rows + s.inner
    s.extent_words = {variable: s.word(s.sizes[variable]) for variable in order}
    number = {value: place for place, value in enumerate(s.values)}
    signature: list[Any] = [
        s.by_rows, order.index(s.vector) if order else -1, len(s.rows), len(s.inner), s.lanes,
        s.unroll, s.masked, s.exact, s.woven, s.few, s.whole, s.turned, which_turn(s), s.squares,
        s.panel, s.cpu.isa, len(s.pointers), order.index(s.cut) if s.inner else -1, s.streamed,
        s.shifted, bool(s.joined), s.row_by_row, s.panel_columns[1], s.fetches,
    ]  # fmt: skip
    s.constants = {}
    s.affine_codes = {}
    s.guard_codes = {}
    for value in s.values:
        row: list[Any] = [value.op, value.dtype.name, *(number[arg] for arg in value.args)]
        access = s.loads.get(value)
        if access is not None:
            access.codes = _codes(s, access.index, order, False)
            row += [access.pointer, access.codes, access.apart]
        if value.op == "const":
            data = value.data
            if type(data) is bool or data in (0, 1, -1):
                row.append(repr(data))
            else:
                s.constants[value] = s.word(constant_bits(data, value.dtype))
        elif value.op == "scalar":
            row.append(s.scalars[value])
        elif value.op == "reduce":
            row += [value.data, value.full]
        if value in s.affine:
            codes = _codes(s, s.affine[value], order, True)
            s.affine_codes[value] = codes
            row.append(codes)
        if value in s.guards:
            rows = []
            for coord, size in s.guards[value]:
                codes = _codes(s, coord, order, True)
                rows.append((codes, s.word(size), _is_narrow(s, coord, size)))
            s.guard_codes[value] = rows
            row.append(tuple(rows))
        row.append(
            (
                value.full,
                value.phase,
                s.vector >= 0 and value.uses >> s.vector & 1,
                value in s.saved,
            )
        )
        signature.append(tuple(row))
    for store in s.stores:
        store.access.codes = _codes(s, store.access.index, order, False)
        signature.append(
            (number[store.value], store.access.pointer, store.access.codes, store.full,
             store.node.dtype.name)
        )  # fmt: skip
    return tuple(signature)


def _is_narrow(schedule: Schedule, coord: Coord, size: int) -> bool:
    """Whether the coordinate stays within 32 bits, which half the registers hold."""
    reach = abs(coord[0]) + size
    for variable, count in schedule.sizes.items():
        reach += abs(coord[variable + 1]) * count
    return reach < 2**31


def _codes(schedule: Schedule, index: Coord, order: list[int], offset: bool) -> tuple[Any, ...]:
    """For each variable 0, 1 or ('w', word), with BACKWARD after it where that word is -1; then
    the offset's word if it is wanted."""
    codes: list[Any] = []
    for variable in order:
        coef = index[variable + 1]
        if coef == 0 or coef == 1:
            codes.append(coef)
            continue
        backward = (BACKWARD,) if type(coef) is int and coef == -1 else ()
        codes.append(("w", schedule.word(coef), *backward))
    if offset:
        codes.append(("w", schedule.word(index[0])) if index[0] else 0)
    return tuple(codes)
