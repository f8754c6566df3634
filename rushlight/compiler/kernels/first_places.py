"""The places of the first few in order, without sorting the rest: topk.

Keys (``sort.py``) that come before the last of the best so far are collected; whenever there is no
more room, the collected ones are sorted and the best of them kept. Seldom: of random numbers few
are among the best so far.
"""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous
from rushlight.compiler.kernels.element import MEMORY_DECLARES, entry
from rushlight.compiler.kernels.nest import chunk_rows
from rushlight.compiler.kernels.sort import MOST_CHUNKS, Merge, key_bytes, packed_key, place_of
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

# Room for so many keys beside the best at least.
_ROOM = 16
# What an element costs, in bytes moved.
_COST = 24


def lower_first_places(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    before, source = contiguous(sources[0])
    axis, shape = node.attrs["axis"], node.src[0].shape
    size, count = shape[axis], node.shape[axis]
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    if not node.size:
        return before
    rows = outer * inner
    cost = size * _COST
    group, chunks = chunk_rows(rows, cost)
    group = max(group, -(-rows // MOST_CHUNKS))
    chunks = -(-rows // group)
    room = count + max(count, _ROOM)
    half = (room + 1) * 2 * key_bytes(source.dtype)  # one more: merging looks past the end
    scratch = Ref(Scratch(2 * half * chunks))
    words = (size, inner, group, rows, half, count, room)
    label = f"first_places {node.src[0].dtype.name}{shown(shape)}"
    made = _kernel(source.dtype, bool(node.attrs["descending"]))
    pointers = (source.ref, out.ref, scratch)
    return [*before, Launch(made, pointers, words, chunks, 0, rows * cost, label)]


@functools.lru_cache(maxsize=32)
def _kernel(dtype: str, descending: bool) -> Kernel:
    body = Body()
    source, target, scratch = body.words("%args", 3, kind="ptr")
    size, inner, group, rows, half, count, room = body.words("%args", 7, first=3)
    width = 2 * key_bytes(dtype)
    both = f"i{8 * width}"
    merge = Merge(body, both, width)
    step = str(values.SIZES[dtype])
    kept, limit = body.op("alloca i64"), body.op(f"alloca {both}, align 16")
    with body.loop("%begin", "%end") as chunk:
        mine = body.at(scratch, body.mul(chunk, body.mul(half, "2")))
        spare = body.at(mine, half)
        start = body.mul(chunk, group)
        stop = body.min(body.add(start, group), rows)
        with body.loop(start, stop) as row:
            high, low = body.div(row, inner), body.rem(row, inner)
            first = body.add(body.mul(body.mul(high, size), inner), low)
            body.store("i64", "0", kept)
            body.store(both, str(2 ** (8 * width - 1) - 1), limit)
            with body.loop("0", size) as index:
                element = body.add(first, body.mul(index, inner))
                at = body.at(source, body.mul(element, step))
                packed = packed_key(body, dtype, at, index, descending)
                best = body.load(both, limit)
                with body.either(body.op(f"icmp slt {both} {packed}, {best}")) as (yes, no):
                    with body.branch(yes):
                        held = body.load("i64", kept)
                        body.store(both, packed, merge.at(mine, held))
                        held = body.add(held, "1")
                        body.store("i64", held, kept)
                        full = body.op(f"icmp eq i64 {held}, {room}")
                        with body.either(full) as (crowded, free):
                            with body.branch(crowded):
                                _keep_best(merge, mine, spare, room, count)
                                body.store("i64", count, kept)
                                last = body.load(both, merge.at(mine, body.sub(count, "1")))
                                body.store(both, last, limit)
                            with body.branch(free):
                                pass
                    with body.branch(no):
                        pass
            _keep_best(merge, mine, spare, body.load("i64", kept), count)
            begin = body.add(body.mul(body.mul(high, count), inner), low)
            with body.loop("0", count) as index:
                place = place_of(body, both, body.load(both, merge.at(mine, index)))
                element = body.add(begin, body.mul(index, inner))
                body.store("i64", place, body.at(target, body.mul(element, "8")))
    return kernel("first_places", entry(body, MEMORY_DECLARES))


def _keep_best(merge: Merge, mine: str, spare: str, held: str, count: str) -> None:
    """The first ``count`` of ``held`` keys in order at the beginning of ``mine``."""
    body = merge.body
    merge.insertion(mine, held)
    ordered = merge.passes(mine, spare, held)
    with body.either(body.op(f"icmp eq ptr {ordered}, {mine}")) as (there, elsewhere):
        with body.branch(there):
            pass
        with body.branch(elsewhere):
            length = body.mul(count, merge.itemsize)
            body.line(
                f"call void @llvm.memcpy.p0.p0.i64(ptr align 8 {mine}, ptr align 8 {ordered}, "
                f"i64 {length}, i1 false)"
            )
