"""The places of the first few in order: topk, with equal elements as GNU's library leaves them.

As in ``sort.py`` a key carries its place. Where only few are wanted, the best so far are a heap and
a row is looked through once; else introselect parts all keys of a row (``tied_sort.py``).
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
from rushlight.compiler.kernels.sort import MOST_CHUNKS, key_bytes, packed_key, place_of
from rushlight.compiler.kernels.tied_sort import tied_functions
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown
from rushlight.ir.tied_order import by_heap

# What an element costs, in bytes moved: looked at, or packed and parted.
_LOOKED_AT, _PARTED = 16, 64


def lower_first_places(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    before, source = contiguous(sources[0])
    axis, shape = node.attrs["axis"], node.src[0].shape
    size, count = shape[axis], node.shape[axis]
    outer, inner = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    if not node.size:
        return before
    rows = outer * inner
    heap = by_heap(count, size)
    cost = size * (_LOOKED_AT if heap else _PARTED)
    group, chunks = chunk_rows(rows, cost)
    group = max(group, -(-rows // MOST_CHUNKS))
    chunks = -(-rows // group)
    room = (count if heap else size) * 2 * key_bytes(source.dtype)
    scratch = Ref(Scratch(room * chunks))
    words = (size, inner, group, rows, room, count)
    label = f"first_places {node.src[0].dtype.name}{shown(shape)}"
    attrs = node.attrs
    made = _kernel(source.dtype, bool(attrs["descending"]), bool(attrs["ordered"]), heap)
    pointers = (source.ref, out.ref, scratch)
    return [*before, Launch(made, pointers, words, chunks, 0, rows * cost, label)]


@functools.lru_cache(maxsize=64)
def _kernel(dtype: str, descending: bool, ordered: bool, heap: bool) -> Kernel:
    body = Body()
    source, target, scratch = body.words("%args", 3, kind="ptr")
    size, inner, group, rows, room, count = body.words("%args", 6, first=3)
    bits = 8 * key_bytes(dtype)
    both, step = f"i{2 * bits}", str(values.SIZES[dtype])
    with body.loop("%begin", "%end") as chunk:
        mine = body.at(scratch, body.mul(chunk, room))

        def held(index: str) -> str:
            return body.at(mine, body.mul(index, str(2 * bits // 8)))

        start = body.mul(chunk, group)
        stop = body.min(body.add(start, group), rows)
        with body.loop(start, stop) as row:
            high, low = body.div(row, inner), body.rem(row, inner)
            first = body.add(body.mul(body.mul(high, size), inner), low)

            def packed(index: str) -> str:
                element = body.add(first, body.mul(index, inner))
                at = body.at(source, body.mul(element, step))
                return packed_key(body, dtype, at, index, descending)

            with body.loop("0", count if heap else size) as index:
                body.store(both, packed(index), held(index))
            if heap:
                body.call("make_heap", [("ptr", mine), ("i64", count)])
                with body.loop(count, size) as index:
                    value = packed(index)
                    last = body.load(both, mine)
                    with body.when(body.op(f"call i1 @before({both} {value}, {both} {last})")):
                        where = [("ptr", mine), ("i64", "0"), ("i64", count)]
                        body.call("sink", [*where, (both, value)])
                body.call("unheap", [("ptr", mine), ("i64", count)])
            else:
                nth = body.sub(count, "1")
                body.call("select", [("ptr", mine), ("i64", size), ("i64", nth)])
                if ordered:  # the last is where it belongs
                    body.call("introsort", [("ptr", mine), ("i64", nth)])
            begin = body.add(body.mul(body.mul(high, count), inner), low)
            with body.loop("0", count) as index:
                place = place_of(body, both, body.load(both, held(index)))
                element = body.add(begin, body.mul(index, inner))
                body.store("i64", place, body.at(target, body.mul(element, "8")))
    return kernel("first_places", entry(body, MEMORY_DECLARES + tied_functions(both, bits)))
