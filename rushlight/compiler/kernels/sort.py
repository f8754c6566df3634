"""argsort: a stable merge sort of keys that carry their places, in long rows a sort by digits
(digit_sort.py), or an introsort (tied_sort.py).

A key is the element as an integer of the same order (nan above all, -0 and 0 alike), its place in
the bits below: one comparison decides, no two keys are equal, and what is sorted is one array.
"""

from __future__ import annotations

import functools
import math

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous
from rushlight.compiler.kernels.digit_sort import LEAST, digit_sort
from rushlight.compiler.kernels.element import (
    FLOATS,
    MEMORY_DECLARES,
    SIGNED,
    entry,
    word_kind,
)
from rushlight.compiler.kernels.nest import chunk_rows
from rushlight.compiler.kernels.tied_sort import SHORT, tied_functions
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

# Each chunk has scratch of its own.
MOST_CHUNKS = 64
# Runs sorted by insertion before merging begins: shorter, merging does more passes.
_RUN = 16


def lower_argsort(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    before, source = contiguous(sources[0])
    axis = node.attrs["axis"]
    size = node.shape[axis] if node.shape else 1
    outer, inner = math.prod(node.shape[:axis]), math.prod(node.shape[axis + 1 :])
    if not node.size:
        return before
    rows = outer * inner
    packed_bytes = 2 * key_bytes(source.dtype)
    cost = size * 16 * max(1, size.bit_length() - 2)
    group, chunks = chunk_rows(rows, cost)
    group = max(group, -(-rows // MOST_CHUNKS))
    chunks = -(-rows // group)
    half = (size + 1) * packed_bytes  # one more: merging looks past the end
    scratch = Ref(Scratch(2 * half * chunks))
    words = (size, inner, group, rows, half)
    label = f"argsort {node.src[0].dtype.name}{shown(node.shape)}"
    tied = bool(node.attrs["tied"]) and size > SHORT
    made = _kernel(source.dtype, bool(node.attrs["descending"]), tied)
    pointers = (source.ref, out.ref, scratch)
    return [*before, Launch(made, pointers, words, chunks, 0, rows * cost, label)]


def key_bytes(dtype: str) -> int:
    return 8 if values.SIZES[dtype] == 8 else 4


@functools.lru_cache(maxsize=32)
def _kernel(dtype: str, descending: bool, tied: bool) -> Kernel:
    body = Body()
    source, target, scratch = body.words("%args", 3, kind="ptr")
    size, inner, group, rows, half = body.words("%args", 5, first=3)
    packed_bytes = 2 * key_bytes(dtype)
    both = f"i{8 * packed_bytes}"
    merge = Merge(body, both, packed_bytes)
    step = values.SIZES[dtype]
    with body.loop("%begin", "%end") as chunk:
        mine = body.at(scratch, body.mul(chunk, body.mul(half, "2")))
        spare = body.at(mine, half)
        start = body.mul(chunk, group)
        stop = body.min(body.add(start, group), rows)
        with body.loop(start, stop) as row:
            first = body.mul(body.mul(body.div(row, inner), size), inner)
            first = body.add(first, body.rem(row, inner))
            with body.loop("0", size) as index:
                element = body.add(first, body.mul(index, inner))
                at = body.at(source, body.mul(element, str(step)))
                packed = packed_key(body, dtype, at, index, descending)
                body.store(both, packed, merge.at(mine, index))
            if tied:
                body.call("introsort", [("ptr", mine), ("i64", size)])
                ordered = mine
            else:
                few = body.less(size, str(LEAST))
                with body.either(few) as (yes, no):
                    with body.branch(yes):
                        merge.insertion(mine, size)
                        merge.passes(mine, spare, size)
                    with body.branch(no):
                        arguments = f"ptr {mine}, ptr {spare}, i64 {size}"
                        found = body.op(f"call ptr @digit_sort({arguments})")
                        body.store("ptr", found, merge.source)
                ordered = body.load("ptr", merge.source)
            with body.loop("0", size) as index:
                place = place_of(body, both, body.load(both, merge.at(ordered, index)))
                element = body.add(first, body.mul(index, inner))
                body.store("i64", place, body.at(target, body.mul(element, "8")))
    bits = 4 * packed_bytes
    more = tied_functions(both, bits) if tied else digit_sort(bits)
    return kernel("argsort", entry(body, MEMORY_DECLARES + more))


def packed_key(body: Body, dtype: str, address: str, place: str, descending: bool) -> str:
    """The key of the element at ``address`` above its place."""
    bits = 8 * key_bytes(dtype)
    both = f"i{2 * bits}"
    key = _key(body, dtype, address, descending)
    high = body.op(f"shl {both} {body.op(f'sext i{bits} {key} to {both}')}, {bits}")
    low = place if both == "i64" else body.op(f"zext i64 {place} to {both}")
    return body.op(f"or {both} {high}, {low}")


def place_of(body: Body, both: str, packed: str) -> str:
    """The place that a packed key carries."""
    if both == "i128":
        return body.op(f"trunc i128 {packed} to i64")
    return body.op(f"and i64 {packed}, 4294967295")


def _key(body: Body, dtype: str, address: str, descending: bool) -> str:
    """The element as a signed integer that sorts as it does."""
    if dtype in FLOATS:
        value = values.load(body, dtype, address)
        kind = values.kind(values.register_dtype(dtype))
        whole = "i64" if kind == "double" else "i32"
        bits = int(whole[1:])
        # -0 + 0 is 0
        value = body.op(f"fadd {kind} {value}, 0.0")
        raw = body.op(f"bitcast {kind} {value} to {whole}")
        sign = body.op(f"ashr {whole} {raw}, {bits - 1}")
        flip = body.op(f"lshr {whole} {sign}, 1")
        key = body.op(f"xor {whole} {raw}, {flip}")
        is_nan = body.op(f"fcmp uno {kind} {value}, {value}")
        key = body.op(f"select i1 {is_nan}, {whole} {2 ** (bits - 1) - 1}, {whole} {key}")
    else:
        width = values.SIZES[dtype]
        key = body.load(word_kind(width), address, width)
        whole = "i64" if width == 8 else "i32"
        if width < 4:
            extend = "sext" if dtype in SIGNED else "zext"
            key = body.op(f"{extend} {word_kind(width)} {key} to {whole}")
    return body.op(f"xor {whole} {key}, -1") if descending else key


class Merge:
    """Sorts an array of ``kind`` integers: insertion in short runs, branchless merges."""

    def __init__(self, body: Body, kind: str, itemsize: int) -> None:
        self.body = body
        self.kind = kind
        self.itemsize = str(itemsize)
        self.hole = body.op("alloca i64")
        self.left = body.op("alloca i64")
        self.right = body.op("alloca i64")
        self.width = body.op("alloca i64")
        self.source = body.op("alloca ptr")
        self.target = body.op("alloca ptr")

    def at(self, base: str, index: str) -> str:
        return self.body.at(base, self.body.mul(index, self.itemsize))

    def insertion(self, array: str, size: str) -> None:
        """Every run of _RUN elements in order."""
        body, kind = self.body, self.kind
        with body.loop("0", size, str(_RUN)) as run:
            stop = body.min(body.add(run, str(_RUN)), size)
            with body.loop(body.add(run, "1"), stop) as index:
                value = body.load(kind, self.at(array, index))
                body.store("i64", index, self.hole)
                number = body.name("")
                look, shift, done = f"look{number}", f"shift{number}", f"placed{number}"
                body.jump(look)
                body.label(look)
                hole = body.load("i64", self.hole)
                more = body.op(f"icmp sgt i64 {hole}, {run}")
                body.line(f"br i1 {more}, label %{shift}, label %{done}")
                body.label(shift)
                before = body.op(f"sub i64 {hole}, 1")
                other = body.load(kind, self.at(array, before))
                larger = body.op(f"icmp sgt {kind} {other}, {value}")
                move = f"move{number}"
                body.line(f"br i1 {larger}, label %{move}, label %{done}")
                body.label(move)
                body.store(kind, other, self.at(array, hole))
                body.store("i64", before, self.hole)
                body.jump(look)
                body.label(done)
                body.store(kind, value, self.at(array, body.load("i64", self.hole)))

    def passes(self, array: str, spare: str, size: str) -> str:
        """Merge runs of doubling width from one array to the other; the one that has the result."""
        body = self.body
        body.store("ptr", array, self.source)
        body.store("ptr", spare, self.target)
        body.store("i64", str(_RUN), self.width)
        number = body.name("")
        again, merge, done = f"again{number}", f"merge{number}", f"sorted{number}"
        body.jump(again)
        body.label(again)
        width = body.load("i64", self.width)
        body.line(f"br i1 {body.less(width, size)}, label %{merge}, label %{done}")
        body.label(merge)
        source, target = body.load("ptr", self.source), body.load("ptr", self.target)
        twice = body.op(f"shl i64 {width}, 1")
        with body.loop("0", size, twice) as low:
            middle = body.min(body.add(low, width), size)
            high = body.min(body.add(low, twice), size)
            self._pair(source, target, low, middle, high)
        body.store("ptr", target, self.source)
        body.store("ptr", source, self.target)
        body.store("i64", twice, self.width)
        body.jump(again)
        body.label(done)
        return body.load("ptr", self.source)

    def _pair(self, source: str, target: str, low: str, middle: str, high: str) -> None:
        body, kind = self.body, self.kind
        last = body.load(kind, self.at(source, body.op(f"sub i64 {middle}, 1")))
        first = body.load(kind, self.at(source, middle))
        one_run = body.op(f"icmp sge i64 {middle}, {high}")
        in_order = body.op(f"icmp sle {kind} {last}, {first}")
        with body.either(body.op(f"or i1 {one_run}, {in_order}")) as (yes, no):
            with body.branch(yes):
                length = body.mul(body.sub(high, low), self.itemsize)
                body.line(
                    f"call void @llvm.memcpy.p0.p0.i64(ptr align 8 {self.at(target, low)}, "
                    f"ptr align 8 {self.at(source, low)}, i64 {length}, i1 false)"
                )
            with body.branch(no):
                self._merge(source, target, low, middle, high)

    def _merge(self, source: str, target: str, low: str, middle: str, high: str) -> None:
        body, kind = self.body, self.kind
        body.store("i64", low, self.left)
        body.store("i64", middle, self.right)
        with body.loop(low, high) as index:
            left, right = body.load("i64", self.left), body.load("i64", self.right)
            a, b = (body.load(kind, self.at(source, place)) for place in (left, right))
            in_left, in_right = body.less(left, middle), body.less(right, high)
            smaller = body.op(f"icmp sle {kind} {a}, {b}")
            alone = body.op(f"xor i1 {in_right}, true")
            take = body.op(f"and i1 {in_left}, {body.op(f'or i1 {alone}, {smaller}')}")
            value = body.op(f"select i1 {take}, {kind} {a}, {kind} {b}")
            body.store(kind, value, self.at(target, index))
            step = body.op(f"zext i1 {take} to i64")
            body.store("i64", body.add(left, step), self.left)
            body.store("i64", body.add(right, body.op(f"xor i64 {step}, 1")), self.right)
