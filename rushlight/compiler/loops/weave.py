"""Short rows side by side in memory, several in a vector: each number of a row of the result is
there as often as its row is long, or once for each of the rows.

    out[r, j] = a[r] * b[j] + c[r, j],  j < 2

A vector of lanes (r, j), (r, j + 1), (r + 1, j), ... takes neighbours of ``a``, each repeated, and
all of ``b``, one after another. A vector for each row by itself would have two lanes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rushlight.compiler.emit import MEMORY
from rushlight.compiler.loops.build import Value
from rushlight.compiler.loops.schedule import Access, Schedule

if TYPE_CHECKING:
    from rushlight.compiler.loops.places import Places

# Vectors side by side, of the lanes that the processor has.
_SEVERAL, _MOST = 2, 4


def rows_together(schedule: Schedule, lanes: int) -> int:
    """How many short rows share a vector of ``schedule``, a power of 2; 0: each has its own.

    ``lanes``: what a vector of the processor holds.
    """
    s = schedule
    if not s.exact or s.tiled or s.inner or s.guards or len(s.rows) < 2:
        return 0
    row, along = s.rows[-2], s.vector
    width = s.sizes[along]
    if type(width) is not int:
        return 0
    for store in s.stores:
        if _steps(store.access, row, along) != (width, 1):
            return 0
    for access in s.loads.values():
        down, across = _steps(access, row, along)
        if not (across == 0 or (across == 1 and down in (0, width))):
            return 0
    if any(coord[row + 1] != 0 for coord in s.affine.values()):
        return 0  # numbers of places along rows are all that is asked for
    rows = lanes // math.gcd(width, lanes)
    while rows * width < _SEVERAL * lanes:
        rows *= 2
    while rows > 1 and rows * width > _MOST * lanes:
        rows //= 2
    return rows if rows > 1 else 0


def is_apart(schedule: Schedule, access: Access) -> bool:
    """Whether one number of each row is read, of rows that lie one after another: they are loaded
    with what is between them."""
    s = schedule
    known = len(MEMORY[access.dtype.name]) > 2 and access.dtype.itemsize >= 4
    steps = _steps(access, s.vector, s.short)
    return known and s.cpu.isa != "portable" and steps == (s.woven, 0)


def _steps(access: Access, row: int, along: int) -> tuple[int, int]:
    """How far the next row and the next number of a row are; -1: not known while this is made."""
    down, across = access.index[row + 1], access.index[along + 1]
    return (down if type(down) is int else -1, across if type(across) is int else -1)


def numbers(places: Places, value: Value, lanes: int) -> str:
    """The number of each lane's place in its row, times a coefficient, from an offset on."""
    w, s = places.w, places.s
    codes = s.affine_codes[value]
    first = w.splat(places.affine(codes, 1, False), "i64", lanes)
    code = codes[places.order.index(s.short)]
    if code == 0:
        return first
    order = "<" + ", ".join(f"i64 {lane % s.woven}" for lane in range(lanes)) + ">"
    if code != 1:
        by = w.splat(f"%w{code[1]}", "i64", lanes)
        order = w.let(f"mul <{lanes} x i64> {order}, {by}")
    return w.let(f"add <{lanes} x i64> {first}, {order}")


def read(places: Places, access: Access, lanes: int) -> str:
    """What lies at ``access`` for ``lanes`` places of rows."""
    w, s = places.w, places.s
    memory, size = MEMORY[access.dtype.name], access.dtype.itemsize
    kind, rows = w.kind(memory, lanes), lanes // s.woven
    down = access.codes[places.order.index(s.vector)]
    across = access.codes[places.order.index(s.short)]
    start = places.first(access)
    if across and down:
        return w.let(f"load {kind}, ptr {start}, align {size}")
    if across:
        some, order = s.woven, [lane % s.woven for lane in range(lanes)]
    else:
        some, order = rows, [lane // s.woven for lane in range(lanes)]
    if access.apart:
        # all that lies between them, too, but not what is behind the last
        flags = ", ".join(f"i1 {lane <= lanes - s.woven}" for lane in range(lanes)).lower()
        found = w.let(
            f"call {kind} @llvm.masked.load.{w.overload(memory, lanes)}.p0(ptr {start}, "
            f"i32 {size}, <{lanes} x i1> <{flags}>, {kind} poison)"
        )
        mask = ", ".join(f"i32 {lane - lane % s.woven}" for lane in range(lanes))
        return w.let(f"shufflevector {kind} {found}, {kind} poison, <{lanes} x i32> <{mask}>")
    few = f"<{some} x {memory}>"
    if across or down == 1:
        found = w.let(f"load {few}, ptr {start}, align {size}")
    else:
        found = "poison"
        for row in range(rows):
            place = places.step(start, memory, down[1], row)
            one = w.let(f"load {memory}, ptr {place}, align {size}")
            found = w.let(f"insertelement {few} {found}, {memory} {one}, i64 {row}")
    mask = ", ".join(f"i32 {lane}" for lane in order)
    return w.let(f"shufflevector {few} {found}, {few} poison, <{lanes} x i32> <{mask}>")
