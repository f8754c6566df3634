"""Running sums, products, maxima and minima along an axis."""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous
from rushlight.compiler.kernels.element import combine, entry, register_kind
from rushlight.compiler.kernels.nest import loops, make_nest
from rushlight.compiler.kernels.pool_window import Channels
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node

_MODE = {"sum": "add", "prod": "prod", "max": "max", "min": "min"}


def lower_scan(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    """Vectors run across the axes after the scanned one; along it one is added to the next."""
    before, source = contiguous(sources[0])
    axis, width = node.attrs["axis"], out.itemsize
    outer, inner = math.prod(node.shape[:axis]), math.prod(node.shape[axis + 1 :])
    size = node.shape[axis] if node.shape else 1
    channels = Channels.of(out.dtype, inner)
    steps = (size * inner * width, width)
    whole = (1,) if channels.small else ()
    nest = make_nest((outer, inner), (steps, steps), 2 * width * size, fixed=(0, 1), serial=whole)
    if not node.size:
        return before
    words = (size, inner * width, inner, *nest.words)
    made = _kernel(_MODE[node.attrs["kind"]], out.dtype, channels)
    label = f"scan {node.attrs['kind']} {node.dtype.name}{list(node.shape)}"
    moved = 2 * node.nbytes
    pointers = (source.ref, out.ref)
    return [*before, Launch(made, pointers, words, nest.chunks, node.size, moved, label)]


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
        else:
            lanes = channels.lanes
            with body.loop(row.start, row.stop, str(lanes)) as index:
                # The last vector reaches back over its neighbour: it computes the same there.
                first = body.min(index, body.sub(inner, str(lanes)))
                _along(body, mode, dtype, row.at, first, lanes, (size, step), total[lanes])
    return kernel("scan", entry(body))


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
