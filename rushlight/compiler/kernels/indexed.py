"""take, gather, put and scatter: one loop nest that looks places up in an index.

Every one of them walks three arrays: the values (what comes out, or goes in), the index (which does
not move along the axes it says nothing about) and the table, whose place along ``axis`` the index
gives. Where the innermost axis is not indexed, it is a row: a memcpy or a vector addition.
"""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous, start_from, steps_of
from rushlight.compiler.kernels.element import (
    MEMORY_DECLARES,
    combine,
    copy_row,
    entry,
    load_indices,
    move,
)
from rushlight.compiler.kernels.nest import Row, loops, make_nest
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown
from rushlight.runtime import cpu

Steps = tuple[int, ...]
# Elements whose places are looked up before the first of them moves.
_TOGETHER = 4


def _label(node: Node) -> str:
    return f"{node.op} {node.dtype.name}{shown(node.src[0].shape)} at {shown(node.src[1].shape)}"


def lower_take(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    table, index = sources
    axis, table_steps, index_steps = node.attrs["axis"], steps_of(table), steps_of(index)
    before, after = table_steps[:axis], table_steps[axis + 1 :]
    along = len(index_steps)
    steps = (
        steps_of(out),
        (*(0,) * len(before), *index_steps, *(0,) * len(after)),
        (*before, *(0,) * along, *after),
    )
    return _indexed("read", node, (out, index, table), axis, node.shape, steps, ())


def lower_gather(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    table, index = sources
    axis = node.attrs["axis"]
    table_steps = list(steps_of(table))
    if table_steps:
        table_steps[axis] = 0
    steps = (steps_of(out), steps_of(index), tuple(table_steps))
    return _indexed("read", node, (out, index, table), axis, node.shape, steps, ())


def lower_put(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    table, index, added = sources
    before_index, index = contiguous(index)
    before_values, added = contiguous(added)
    axis, width = node.attrs["axis"], out.itemsize
    outer, inner = math.prod(node.shape[:axis]), math.prod(node.shape[axis + 1 :])
    count, size = math.prod(index.shape), node.shape[axis]
    steps = (
        (count * inner * width, inner * width, width),
        (0, index.itemsize, 0),
        (size * inner * width, 0, width),
    )
    arrays = (added, index, out)
    # Duplicates meet in the order of the index: its axis is never cut.
    written = _indexed(node.attrs["mode"], node, arrays, axis, (outer, count, inner), steps, (1,))
    return [*start_from(table, out, _label(node)), *before_index, *before_values, *written]


def lower_scatter(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    table, index, added = sources
    axis = node.attrs["axis"]
    out_steps = list(steps_of(out))
    if out_steps:
        out_steps[axis] = 0
    steps = (steps_of(added), steps_of(index), tuple(out_steps))
    arrays = (added, index, out)
    serial = (axis,) if out_steps else ()
    written = _indexed(node.attrs["mode"], node, arrays, axis, index.shape, steps, serial)
    return [*start_from(table, out, _label(node)), *written]


def _indexed(
    mode: str,
    node: Node,
    arrays: tuple[Operand, Operand, Operand],
    axis: int,
    shape: tuple[int, ...],
    steps: tuple[Steps, Steps, Steps],
    serial: tuple[int, ...],
) -> list[Launch]:
    moved, index, table = arrays
    width = table.itemsize
    nest = make_nest(shape, steps, 2 * width + index.itemsize, serial=serial)
    if not nest.chunks:
        return []
    last = tuple(mine[-1] for mine in nest.steps)
    rows = last == (width, 0, width)
    dtype = str(width) if mode in ("read", "set") else table.dtype
    size = table.shape[axis] if table.shape else 1
    step = table.step(axis) if table.shape else 0
    known = _known((*last, step), (width, index.itemsize, width, width))
    made = _kernel(mode, dtype, index.dtype, nest.rank, rows, known, cpu.host().lanes(4))
    pointers = (moved.ref, index.ref, table.ref)
    total = (2 * width + (0 if rows else index.itemsize)) * nest.size
    words = (size, step, *nest.words)
    return [Launch(made, pointers, words, nest.chunks, 0, total, _label(node))]


def _known(steps: Steps, widths: Steps) -> tuple[int | None, ...]:
    """The steps that a kernel is written for: to the neighbour, or none at all."""
    return tuple(
        [
            width if step == width else 0 if step == 0 else None
            for step, width in zip(steps, widths, strict=True)
        ]
    )


@functools.lru_cache(maxsize=256)
def _kernel(
    mode: str, dtype: str, index: str, rank: int, rows: bool, known: tuple[int | None, ...],
    lanes: int,
) -> Kernel:  # fmt: skip
    """``dtype`` is a width in bytes for plain moves (read, set)."""
    body = Body()
    moved, places, table = body.words("%args", 3, kind="ptr")
    size, step = body.words("%args", 2, first=3)
    with loops(body, rank, (moved, places, table), 5) as row:
        *steps, step = [
            told if fixed is None else str(fixed)
            for told, fixed in zip((*row.steps, step), known, strict=True)
        ]
        row = Row(row.at, row.start, row.stop, tuple(steps))
        if rows:
            (place,) = load_indices(body, index, [row.at[1]], size)
            there = body.at(row.at[2], body.mul(place, step))
            _whole_row(body, mode, dtype, row, there, lanes)
        else:
            count = body.sub(row.stop, row.start)
            whole = body.add(row.start, body.op(f"and i64 {count}, {-_TOGETHER}"))
            for start, stop, many in ((row.start, whole, _TOGETHER), (whole, row.stop, 1)):
                with body.loop(start, stop, str(many)) as first:
                    _elements(body, mode, dtype, index, row, first, many, size, step)
    return kernel(mode, entry(body, MEMORY_DECLARES))


def _elements(
    body: Body, mode: str, dtype: str, index: str, row: Row, first: str, many: int,
    size: str, step: str,
) -> None:  # fmt: skip
    """``many`` elements from place ``first`` of a row on, one after another."""
    at = []
    for number in range(many):
        i = body.add(first, str(number))
        at.append(
            [body.at(base, body.mul(i, by)) for base, by in zip(row.at, row.steps, strict=True)]
        )
    found = load_indices(body, index, [places for _, places, _ in at], size)
    for place, (here, _, there) in zip(found, at, strict=True):
        _element(body, mode, dtype, here, body.at(there, body.mul(place, step)))


def _element(body: Body, mode: str, dtype: str, here: str, there: str) -> None:
    if mode == "read":
        move(body, int(dtype), here, there)
    elif mode == "set":
        move(body, int(dtype), there, here)
    else:
        _combine_at(body, mode, dtype, here, there, 1)


def _combine_at(body: Body, mode: str, dtype: str, here: str, there: str, lanes: int) -> None:
    old = values.load(body, dtype, there, lanes)
    new = values.load(body, dtype, here, lanes)
    values.store(body, dtype, combine(body, dtype, mode, old, new, lanes), there, lanes)


def _whole_row(body: Body, mode: str, dtype: str, row: Row, there: str, lanes: int) -> None:
    if mode in ("read", "set"):
        start = body.mul(row.start, dtype)
        here, there = body.at(row.at[0], start), body.at(there, start)
        target, source = (here, there) if mode == "read" else (there, here)
        copy_row(body, int(dtype), target, source, body.sub(row.stop, row.start))
        return
    width = values.SIZES[dtype]
    start = row.start
    for many in sorted({lanes, min(lanes, 4), 1}, reverse=True):
        whole = body.op(f"and i64 {body.sub(row.stop, start)}, {-many}")
        stop = body.add(start, whole)
        with body.loop(start, stop, str(many)) as i:
            offset = body.mul(i, str(width))
            _combine_at(body, mode, dtype, body.at(row.at[0], offset), body.at(there, offset), many)
        start = stop
