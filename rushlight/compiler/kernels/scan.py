"""Running sums and products along an axis; extrema are in ``running.py``."""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels import wide_scan
from rushlight.compiler.kernels.copy import contiguous
from rushlight.compiler.kernels.element import combine, entry, register_kind
from rushlight.compiler.kernels.nest import SMALL_BYTES, Nest, Row, loops, make_nest
from rushlight.compiler.kernels.pool_window import Channels
from rushlight.compiler.kernels.running import KINDS, running_kernel
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

# Columns of a strip at least, where there are enough for some threads, and strips at most.
STRIP = 512
WIDE_STRIP = 1024
MOST_STRIPS = 64
_MODE = {"sum": "add", "prod": "prod"}


def lower_scan(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    """Vectors run across the axes after the scanned one; along it one is added to the next."""
    before, source = contiguous(sources[0])
    axis, kind = node.attrs["axis"], node.attrs["kind"]
    outer, inner = math.prod(node.shape[:axis]), math.prod(node.shape[axis + 1 :])
    size = node.shape[axis] if node.shape else 1
    channels = Channels.of(source.dtype, inner)
    row, out_row = inner * source.itemsize, inner * out.itemsize
    steps = ((size * row, source.itemsize), (size * out_row, out.itemsize))
    moved = source.itemsize + out.itemsize
    nest = make_nest((outer, inner), steps, moved * size, fixed=(0, 1), serial=(1,))
    moved *= node.size
    if not channels.small and moved > SMALL_BYTES:
        nest = _in_strips(nest)
    if not node.size:
        return before
    if kind in KINDS:
        made = running_kernel(kind, source.dtype, channels, inner == 1)
        words = (size, row, out_row, inner, *nest.words)
    else:
        words = (size, row, inner, *nest.words)
        if wide_scan.is_wide(_MODE[kind], out.dtype):
            made = _wide_kernel(_MODE[kind], channels, inner == 1)
        else:
            made = _kernel(_MODE[kind], out.dtype, channels)
    label = f"scan {kind} {node.src[0].dtype.name}{shown(node.shape)}"
    pointers = (source.ref, out.ref)
    return [*before, Launch(made, pointers, words, nest.chunks, node.size, moved, label)]


def _in_strips(nest: Nest) -> Nest:
    """Long rows cut into strips of even width: none is narrower than a vector."""
    outer, inner = nest.shape
    least = WIDE_STRIP if inner >= 4 * WIDE_STRIP else STRIP
    strips = max(1, min(inner // least, MOST_STRIPS))
    if strips == 1:
        return nest
    columns = -(-inner // strips)
    return nest.replace(groups=(1, columns), chunks=outer * -(-inner // columns))


@functools.lru_cache(maxsize=16)
def _wide_kernel(mode: str, channels: Channels, neighbours: bool) -> Kernel:
    body = Body()
    source, target = body.words("%args", 2, kind="ptr")
    size, step, inner = body.words("%args", 3, first=2)
    place = body.op(f"alloca [{wide_scan.BLOCK} x double], align 64")
    with loops(body, 2, (source, target), 5) as row:
        if neighbours:
            wide_scan.neighbours(body, mode, row.at, size, place)
        elif channels.small:
            with channels.each(body, inner) as vectors:
                for first, lanes in vectors:
                    wide_scan.along(body, mode, row.at, first, lanes, (size, step))
        else:
            wide_scan.rows(body, mode, row, channels.lanes, (size, step), place)
    return kernel("scan", entry(body))


@functools.lru_cache(maxsize=128)
def _kernel(mode: str, dtype: str, channels: Channels) -> Kernel:
    body = Body()
    source, target = body.words("%args", 2, kind="ptr")
    size, step, inner = body.words("%args", 3, first=2)
    total = {lanes: body.op(f"alloca {register_kind(dtype, lanes)}") for lanes in channels.shapes()}
    with loops(body, 2, (source, target), 5) as row:
        if channels.small:
            with channels.each(body, inner) as vectors:
                for first, lanes in vectors:
                    _along(body, mode, dtype, row.at, first, lanes, (size, step), total[lanes])
        elif values.register_dtype(dtype) == dtype:
            _rows(body, mode, dtype, row, channels.lanes, (size, step))
        else:
            lanes = channels.lanes
            with body.loop(row.start, row.stop, str(lanes)) as index:
                # The last vector reaches back over its neighbour: it computes the same there.
                first = body.min(index, body.sub(row.stop, str(lanes)))
                _along(body, mode, dtype, row.at, first, lanes, (size, step), total[lanes])
    return kernel("scan", entry(body))


def _rows(body: Body, mode: str, dtype: str, row: Row, lanes: int, walk: tuple[str, str]) -> None:
    """One row after another, whole: each is the one above, in the result, and one more.

    Rows stream through memory as they lie; a vector walked down all of them would not.
    """
    size, step = walk
    last = body.sub(row.stop, str(lanes))
    with body.loop("0", size) as index:
        there = body.mul(index, step)
        source, target = body.at(row.at[0], there), body.at(row.at[1], there)
        above = body.at(target, body.sub("0", step))
        first_row = body.op(f"icmp eq i64 {index}, 0")
        stop = body.select(first_row, row.stop, row.start)
        with body.loop(row.start, stop, str(lanes)) as column:
            offset = body.mul(body.min(column, last), str(values.SIZES[dtype]))
            value = values.load(body, dtype, body.at(source, offset), lanes)
            values.store(body, dtype, value, body.at(target, offset), lanes)
        start = body.select(first_row, row.stop, row.start)
        with body.loop(start, row.stop, str(lanes)) as column:
            # The last vector reaches back over its neighbour: it computes the same there.
            offset = body.mul(body.min(column, last), str(values.SIZES[dtype]))
            value = values.load(body, dtype, body.at(source, offset), lanes)
            total = values.load(body, dtype, body.at(above, offset), lanes)
            value = combine(body, dtype, mode, total, value, lanes)
            values.store(body, dtype, value, body.at(target, offset), lanes)


def _along(
    body: Body, mode: str, dtype: str, at: tuple[str, ...], first: str, lanes: int,
    walk: tuple[str, str], total: str,
) -> None:  # fmt: skip
    kind = register_kind(dtype, lanes)
    offset = body.mul(first, str(values.SIZES[dtype]))
    source, target = body.at(at[0], offset), body.at(at[1], offset)
    start = values.load(body, dtype, source, lanes)
    body.store(kind, start, total)
    values.store(body, dtype, start, target, lanes)
    size, step = walk
    with body.loop("1", size) as index:
        there = body.mul(index, step)
        value = values.load(body, dtype, body.at(source, there), lanes)
        value = combine(body, dtype, mode, body.load(kind, total), value, lanes)
        body.store(kind, value, total)
        values.store(body, dtype, value, body.at(target, there), lanes)
