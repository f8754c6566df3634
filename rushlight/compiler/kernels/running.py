"""Running maxima and minima, and the last place where each was met: ``scan`` of kind max, min,
argmax and argmin.

Along neighbours most numbers are no new extremum, so a vector of them is compared with the one so
far, and what came before is repeated where none is beyond it.
"""

from __future__ import annotations

import functools

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.kernels.element import FLOATS, SIGNED, entry, flags, register_kind
from rushlight.compiler.kernels.nest import Row, loops
from rushlight.compiler.kernels.pool_window import Channels
from rushlight.compiler.launch import Kernel

KINDS = ("max", "min", "argmax", "argmin")
# Columns whose extrema so far wait in the first cache.
_BLOCK = 1024


def is_place(kind: str) -> bool:
    """Whether the result says where, not what."""
    return kind.startswith("arg")


def _key(body: Body, kind: str, dtype: str, value: str, lanes: int) -> str:
    """A whole number in the place of a float, compared in a quarter of the time: 0 and -0 are one,
    nan is beyond all others."""
    if dtype not in FLOATS:
        return value
    size = 8 * values.SIZES[values.register_dtype(dtype)]
    element = f"i{size}"
    floats, whole = register_kind(dtype, lanes), element if lanes == 1 else f"<{lanes} x {element}>"

    def same(number: int) -> str:
        return str(number) if lanes == 1 else f"splat ({element} {number})"

    zero = "0.0" if lanes == 1 else "zeroinitializer"
    bits = body.op(f"bitcast {floats} {body.op(f'fadd {floats} {value}, {zero}')} to {whole}")
    sign = body.op(f"ashr {whole} {bits}, {same(size - 1)}")
    turned = body.op(f"and {whole} {sign}, {same(2 ** (size - 1) - 1)}")
    ordered = body.op(f"xor {whole} {bits}, {turned}")
    is_nan = body.op(f"fcmp uno {floats} {value}, {value}")
    beyond = same(2 ** (size - 1) - 1 if kind.endswith("max") else -(2 ** (size - 1)))
    return body.op(f"select {flags(lanes)} {is_nan}, {whole} {beyond}, {whole} {ordered}")


def _splat(body: Body, kind: str, value: str, lanes: int) -> str:
    if lanes == 1:
        return value
    wide = f"<{lanes} x {kind}>"
    one = body.op(f"insertelement {wide} poison, {kind} {value}, i64 0")
    zeros = f"<{lanes} x i32> zeroinitializer"
    return body.op(f"shufflevector {wide} {one}, {wide} poison, {zeros}")


class _Walk:
    """One kernel: of ``kind``, over numbers of ``dtype``.

    Two vectors are carried on: the keys of the extrema so far, and what is ``kept`` of them for the
    result, their bits or their places.
    """

    def __init__(self, body: Body, kind: str, dtype: str) -> None:
        self.body, self.kind, self.dtype = body, kind, dtype
        self.out = "i64" if is_place(kind) else dtype
        self.keys = f"i{8 * values.SIZES[values.register_dtype(dtype)]}"
        self.kept = "i64" if is_place(kind) else self.keys
        self.test = "s" if dtype in (*SIGNED, *FLOATS) else "u"
        self.test += "ge" if kind.endswith("max") else "le"

    def vector(self, element: str, lanes: int) -> str:
        return element if lanes == 1 else f"<{lanes} x {element}>"

    def read(self, row: str, column: str, place: str, lanes: int = 1) -> tuple[str, str]:
        """(keys, what would be kept) of the numbers at a place of the scanned axis."""
        address = self.body.at(row, self.body.mul(column, str(values.SIZES[self.dtype])))
        value = values.load(self.body, self.dtype, address, lanes)
        key = _key(self.body, self.kind, self.dtype, value, lanes)
        if is_place(self.kind):
            return key, _splat(self.body, "i64", place, lanes)
        return key, self._bits(self.dtype, value, lanes)

    def _bits(self, dtype: str, value: str, lanes: int) -> str:
        if dtype not in FLOATS:
            return value
        kind = register_kind(dtype, lanes)
        return self.body.op(f"bitcast {kind} {value} to {self.vector(self.keys, lanes)}")

    def _result(self, row: str, column: str) -> str:
        return self.body.at(row, self.body.mul(column, str(values.SIZES[self.out])))

    def above(self, row: str, column: str, lanes: int) -> str:
        """What a row of the result keeps."""
        value = values.load(self.body, self.out, self._result(row, column), lanes)
        return self._bits(self.out, value, lanes)

    def write(self, kept: str, row: str, column: str, lanes: int = 1) -> None:
        if self.out in FLOATS:
            whole, kind = self.vector(self.kept, lanes), register_kind(self.out, lanes)
            kept = self.body.op(f"bitcast {whole} {kept} to {kind}")
        values.store(self.body, self.out, kept, self._result(row, column), lanes)

    def met(self, key: str, best: str, lanes: int = 1) -> str:
        """Which lanes are the extremum now: those as far as ``best`` or beyond."""
        return self.body.op(f"icmp {self.test} {self.vector(self.keys, lanes)} {key}, {best}")

    def chosen(self, flag: str, element: str, new: str, old: str, lanes: int = 1) -> str:
        kind = self.vector(element, lanes)
        return self.body.op(f"select {flags(lanes)} {flag}, {kind} {new}, {kind} {old}")

    def room(self, lanes: int) -> tuple[str, str]:
        """Where both are carried on; LLVM makes registers of it."""
        elements = (self.keys, self.kept)
        key, kept = (self.body.op(f"alloca {self.vector(each, lanes)}") for each in elements)
        return key, kept

    def step(
        self, source: str, target: str, column: str, place: str, room: tuple[str, str], lanes: int
    ) -> None:
        """The numbers at one place of the scanned axis, with what was carried so far."""
        body, elements = self.body, (self.keys, self.kept)
        new = self.read(source, column, place, lanes)
        old = [
            body.load(self.vector(element, lanes), address)
            for element, address in zip(elements, room, strict=True)
        ]
        flag = self.met(new[0], old[0], lanes)
        for k, element in enumerate(elements):
            now = self.chosen(flag, element, new[k], old[k], lanes)
            body.store(self.vector(element, lanes), now, room[k])
        self.write(now, target, column, lanes)

    def begin(self, source: str, column: str, room: tuple[str, str], lanes: int) -> None:
        """The first numbers, met at place 0."""
        found = self.read(source, column, "0", lanes)
        for element, value, address in zip((self.keys, self.kept), found, room, strict=True):
            self.body.store(self.vector(element, lanes), value, address)


def _neighbours(
    walk: _Walk, at: tuple[str, ...], size: str, lanes: int, room: tuple[str, str]
) -> None:
    """One row of neighbours."""
    body = walk.body
    walk.begin(at[0], "0", room, 1)

    def one_by_one(start: str, stop: str) -> None:
        with body.loop(start, stop) as index:
            walk.step(at[0], at[1], index, index, room, 1)

    whole = body.op(f"and i64 {size}, {-lanes}")
    with body.loop("0", whole, str(lanes)) as index:
        best = _splat(body, walk.keys, body.load(walk.keys, room[0]), lanes)
        flag = walk.met(walk.read(at[0], index, "0", lanes)[0], best, lanes)
        some = body.op(f"call i1 @llvm.vector.reduce.or.v{lanes}i1({flags(lanes)} {flag})")
        with body.either(some) as (yes, no):
            with body.branch(no):
                kept = _splat(body, walk.kept, body.load(walk.kept, room[1]), lanes)
                walk.write(kept, at[1], index, lanes)
            with body.branch(yes):
                one_by_one(index, body.add(index, str(lanes)))
    one_by_one(whole, size)


def _down(
    walk: _Walk, at: tuple[str, ...], first: str, lanes: int, rows: list[str], room: tuple[str, str]
) -> None:
    """``lanes`` columns from ``first`` on, down all rows."""
    body = walk.body
    size, step, out_step = rows
    walk.begin(at[0], first, room, lanes)
    with body.loop("0", size) as index:
        source, target = body.mul(index, step), body.mul(index, out_step)
        walk.step(body.at(at[0], source), body.at(at[1], target), first, index, room, lanes)


def _rows(
    walk: _Walk, row: Row, lanes: int, rows: list[str], bests: str, room: tuple[str, str]
) -> None:
    """Blocks of columns, in each one row after another; ``bests``: a place for _BLOCK keys.

    The columns that are no whole vector are walked down, together with neighbours.
    """
    body, keys = walk.body, walk.vector(walk.keys, lanes)
    size, step, out_step = rows
    width = str(int(walk.keys[1:]) // 8)
    whole = body.add(row.start, body.op(f"and i64 {body.sub(row.stop, row.start)}, {-lanes}"))
    with body.loop(row.start, whole, str(_BLOCK)) as first:
        stop = body.min(body.add(first, str(_BLOCK)), whole)
        with body.loop(first, stop, str(lanes)) as column:
            there = body.at(bests, body.mul(body.sub(column, first), width))
            key, kept = walk.read(row.at[0], column, "0", lanes)
            body.store(keys, key, there, 1)
            walk.write(kept, row.at[1], column, lanes)
        with body.loop("1", size) as index:
            source = body.at(row.at[0], body.mul(index, step))
            target = body.at(row.at[1], body.mul(index, out_step))
            above = body.at(target, body.sub("0", out_step))
            with body.loop(first, stop, str(lanes)) as column:
                there = body.at(bests, body.mul(body.sub(column, first), width))
                key, kept = walk.read(source, column, index, lanes)
                best = body.load(keys, there, 1)
                flag = walk.met(key, best, lanes)
                body.store(keys, walk.chosen(flag, walk.keys, key, best, lanes), there, 1)
                old = walk.above(above, column, lanes)
                walk.write(walk.chosen(flag, walk.kept, kept, old, lanes), target, column, lanes)
    with body.when(body.less(whole, row.stop)):
        _down(walk, row.at, body.sub(row.stop, str(lanes)), lanes, rows, room)


@functools.lru_cache(maxsize=128)
def running_kernel(kind: str, dtype: str, channels: Channels, neighbours: bool) -> Kernel:
    """Words: size, steps from row to row of source and result, columns, then the nest."""
    body = Body()
    walk = _Walk(body, kind, dtype)
    source, target = body.words("%args", 2, kind="ptr")
    *rows, inner = body.words("%args", 4, first=2)
    bests = body.op(f"alloca [{_BLOCK} x {walk.keys}], align 64")
    lanes = channels.lanes
    room = {many: walk.room(many) for many in sorted({1, *channels.shapes()})}
    with loops(body, 2, (source, target), 6) as row:
        if neighbours:
            _neighbours(walk, row.at, rows[0], lanes, room[1])
        elif channels.small:
            with channels.each(body, inner) as vectors:
                for first, many in vectors:
                    _down(walk, row.at, first, many, rows, room[many])
        else:
            _rows(walk, row, lanes, rows, bests, room[lanes])
    return kernel("running", entry(body))
