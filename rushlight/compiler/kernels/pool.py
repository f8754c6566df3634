"""Pools over channels-last arrays: max, sum, and the places of the maxima.

A chunk is a number of output rows. Inside a row, where every tap is in the array, the window is
written out; along the edges the taps that exist are looped over.
"""

from __future__ import annotations

import functools
import math

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import contiguous
from rushlight.compiler.kernels.element import (
    FLOATS,
    SIGNED,
    combine,
    entry,
    exceeds,
    flags,
    register_kind,
)
from rushlight.compiler.kernels.nest import chunk_rows
from rushlight.compiler.kernels.pool_window import (
    Channels,
    Triple,
    Window,
    padding_before,
    tap_range,
    triple,
)
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

_WORDS = ("depth", "height", "width", "channels", "rows", "columns", "layers", "pad_d", "pad_h",
          "pad_w", "first", "last", "group", "total")  # fmt: skip


def lower_pool(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    kind, source = node.attrs["kind"], sources[0]
    before, source = contiguous(source)
    window, pad = Window.of(node.attrs), padding_before(node.attrs)
    sizes = triple(source.shape[1:-1], 1)
    counts = triple(node.shape[1:-1], 1)
    channels = source.shape[-1]
    if math.prod(sizes) >= 2**31:
        raise NotImplementedError(f"pool: {node} has 2**31 places or more in an image")
    total = node.shape[0] * counts[0] * counts[1]
    cost = counts[2] * channels * (window.count + 1) * source.itemsize
    group, chunks = chunk_rows(total, cost, finer=4)
    if not node.size:
        return []
    first, last = _inside(sizes[2], counts[2], window, pad)
    if not window.unrolled:
        first = last = counts[2]
    words = (
        *sizes, channels, counts[1], counts[2], counts[0], *pad, first, last, group, total,
        *window.words(),
    )  # fmt: skip
    form = _Form(kind, source.dtype, window.written(), Channels.of(source.dtype, channels))
    moved = (math.prod(source.shape) + node.size) * source.itemsize
    label = f"pool {kind} {shown(node.attrs['window'])} {node.dtype.name}{shown(source.shape)}"
    flops = node.size * window.count
    return [
        *before,
        Launch(_kernel(form), (source.ref, out.ref), words, chunks, flops, moved, label),
    ]


def _inside(size: int, count: int, window: Window, pad: Triple) -> tuple[int, int]:
    """Columns [first, last) of the result whose windows lie inside a row of the source."""
    stride, reach = window.stride[2], (window.taps[2] - 1) * window.dilation[2]
    first = min(count, -(-pad[2] // stride))
    last = min(count, max(0, (size - 1 - reach + pad[2]) // stride + 1))
    return first, max(first, last)


class _Form(Record):
    """What the text of a kernel depends on."""

    kind: str
    dtype: str
    window: Window
    channels: Channels

    @property
    def places(self) -> bool:
        return self.kind == "argmax"

    @property
    def place_kind(self) -> str:
        # As wide as the values, so that one comparison's mask serves both.
        return "i64" if values.SIZES[values.register_dtype(self.dtype)] == 8 else "i32"


class _Pixel(Record):
    """Addresses of one output pixel and of the first tap of its window."""

    source: str
    place: str  # of that tap in the flattened image; may be outside
    out: str


@functools.lru_cache(maxsize=256)
def _kernel(form: _Form) -> Kernel:
    return kernel(f"pool_{form.kind}", entry(_Writer(form).write()))


class _Writer:
    """Writes one kernel, from the chunk down to the tap."""

    def __init__(self, form: _Form) -> None:
        self.form = form
        self.body = Body()
        self.word: dict[str, str] = {}
        self.best: dict[int, str] = {}
        self.spot: dict[int, str] = {}

    def write(self) -> Body:
        body, form = self.body, self.form
        pointers = body.words("%args", 2, kind="ptr")
        names = (*_WORDS, *form.window.names())
        loaded = body.words("%args", len(names), first=2)
        self.word = word = dict(zip(names, loaded, strict=True))
        self.taps, self.stride = form.window.numbers(word)
        itemsize = str(values.SIZES[form.dtype])
        for lanes in form.channels.shapes():
            self.best[lanes] = body.op(f"alloca {register_kind(form.dtype, lanes)}")
            self.spot[lanes] = body.op(f"alloca <{lanes} x {form.place_kind}>")
        self.step_w = body.mul(word["channels"], itemsize)
        self.step_h = body.mul(self.step_w, word["width"])
        self.step_d = body.mul(self.step_h, word["height"])
        with body.loop("%begin", "%end") as chunk:
            start = body.mul(chunk, word["group"])
            stop = body.min(body.add(start, word["group"]), word["total"])
            with body.loop(start, stop) as row:
                self._row(row, pointers)
        return body

    def _row(self, row: str, pointers: list[str]) -> None:
        body, word, gaps = self.body, self.word, self.form.window.dilation
        taps, stride = self.taps, self.stride
        h = body.rem(row, word["rows"])
        rest = body.div(row, word["rows"])
        d, n = body.rem(rest, word["layers"]), body.div(rest, word["layers"])
        top = body.sub(body.mul(h, stride[1]), word["pad_h"])
        front = body.sub(body.mul(d, stride[0]), word["pad_d"])
        ranges = [
            tap_range(body, front, word["depth"], taps[0], gaps[0]),
            tap_range(body, top, word["height"], taps[1], gaps[1]),
        ]
        count = body.mul(body.sub(ranges[0][1], ranges[0][0]), body.sub(ranges[1][1], ranges[1][0]))
        whole = body.equal(count, body.mul(taps[0], taps[1]))
        image = body.at(pointers[0], body.mul(n, body.mul(self.step_d, word["depth"])))
        line = body.add(body.mul(front, word["height"]), top)
        line_place = body.mul(line, word["width"])
        line_at = body.at(image, body.mul(line, self.step_h))
        done = body.mul(body.mul(row, word["columns"]), word["channels"])

        def pixel(column: str) -> tuple[_Pixel, str]:
            left = body.sub(body.mul(column, stride[2]), word["pad_w"])
            element = body.add(done, body.mul(column, word["channels"]))
            width = 8 if self.form.places else values.SIZES[self.form.dtype]
            here = _Pixel(
                body.at(line_at, body.mul(left, self.step_w)),
                body.add(line_place, left),
                body.at(pointers[1], body.mul(element, str(width))),
            )
            return here, left

        first = body.select(whole, word["first"], word["columns"])
        last = body.select(whole, word["last"], word["columns"])
        if self.form.window.unrolled:
            with body.loop(first, last) as column:
                self._whole_pixel(pixel(column)[0])
        # The columns before and after: one loop that skips the whole ones.
        with body.loop("0", word["columns"]) as column:
            outside = body.op(
                f"or i1 {body.less(column, first)}, {body.op(f'icmp sge i64 {column}, {last}')}"
            )
            with body.when(outside):
                here, left = pixel(column)
                across = tap_range(body, left, word["width"], taps[2], gaps[2])
                self._edge_pixel(here, [*ranges, across])

    def _whole_pixel(self, here: _Pixel) -> None:
        body, word, form = self.body, self.word, self.form
        with form.channels.each(body, word["channels"]) as vectors:
            for channel, lanes in vectors:
                best = spot = ""
                for d, h, w in form.window.places():
                    value = self._load(here, channel, lanes, (str(d), str(h), str(w)))
                    place = self._place(here, lanes, (str(d), str(h), str(w)))
                    if not best:
                        best, spot = value, place
                    else:
                        best, spot = self._better(best, spot, value, place, lanes)
                self._store(here, channel, lanes, best, spot)

    def _edge_pixel(self, here: _Pixel, ranges: list[tuple[str, str]]) -> None:
        body, form = self.body, self.form
        gaps = form.window.dilation
        empty = [body.op(f"icmp sge i64 {first}, {last}") for first, last in ranges]
        none = body.op(f"or i1 {body.op(f'or i1 {empty[0]}, {empty[1]}')}, {empty[2]}")
        with form.channels.each(body, self.word["channels"]) as vectors:
            for channel, lanes in vectors:
                kind, places = register_kind(form.dtype, lanes), f"<{lanes} x {form.place_kind}>"
                body.store(kind, _start(form.dtype, form.kind, lanes), self.best[lanes])
                if form.places:
                    corner = [
                        body.mul(first, str(gap))
                        for (first, _), gap in zip(ranges, gaps, strict=True)
                    ]
                    place = self._place(here, lanes, (corner[0], corner[1], corner[2]))
                    start = body.op(f"select i1 {none}, {places} zeroinitializer, {places} {place}")
                    body.store(places, start, self.spot[lanes])
                with (
                    body.loop(*ranges[0]) as d,
                    body.loop(*ranges[1]) as h,
                    body.loop(*ranges[2]) as w,
                ):
                    at = tuple(
                        body.mul(k, str(gap)) for k, gap in zip((d, h, w), gaps, strict=True)
                    )
                    where = (at[0], at[1], at[2])
                    value = self._load(here, channel, lanes, where)
                    place = self._place(here, lanes, where)
                    best = body.load(kind, self.best[lanes])
                    spot = body.load(places, self.spot[lanes]) if form.places else ""
                    best, spot = self._better(best, spot, value, place, lanes)
                    body.store(kind, best, self.best[lanes])
                    if form.places:
                        body.store(places, spot, self.spot[lanes])
                best = body.load(kind, self.best[lanes])
                spot = body.load(places, self.spot[lanes]) if form.places else ""
                self._store(here, channel, lanes, best, spot)

    def _load(self, here: _Pixel, channel: str, lanes: int, tap: tuple[str, str, str]) -> str:
        body = self.body
        offset = body.mul(tap[0], self.step_d)
        offset = body.add(offset, body.mul(tap[1], self.step_h))
        offset = body.add(offset, body.mul(tap[2], self.step_w))
        first = body.mul(channel, str(values.SIZES[self.form.dtype]))
        address = body.at(body.at(here.source, offset), first)
        return values.load(body, self.form.dtype, address, lanes)

    def _place(self, here: _Pixel, lanes: int, tap: tuple[str, str, str]) -> str:
        """The tap's place in the flattened image, in every lane."""
        if not self.form.places:
            return ""
        body, kind = self.body, self.form.place_kind
        line = body.add(body.mul(tap[0], self.word["height"]), tap[1])
        place = body.add(here.place, body.add(body.mul(line, self.word["width"]), tap[2]))
        if kind == "i32":
            place = body.op(f"trunc i64 {place} to i32")
        vector = f"<{lanes} x {kind}>"
        one = body.op(f"insertelement {vector} poison, {kind} {place}, i64 0")
        return body.op(
            f"shufflevector {vector} {one}, {vector} poison, <{lanes} x i32> zeroinitializer"
        )

    def _better(self, best: str, spot: str, value: str, place: str, lanes: int) -> tuple[str, str]:
        body, form = self.body, self.form
        if form.kind == "sum":
            return combine(body, form.dtype, "add", best, value, lanes), ""
        if not form.places:
            return combine(body, form.dtype, "max", best, value, lanes), ""
        kind, mask = register_kind(form.dtype, lanes), flags(lanes)
        wins = exceeds(body, form.dtype, value, best, lanes)
        places = f"<{lanes} x {form.place_kind}>"
        if lanes == 1:
            places_mask = body.op(f"insertelement <1 x i1> poison, i1 {wins}, i64 0")
        else:
            places_mask = wins
        return (
            body.op(f"select {mask} {wins}, {kind} {value}, {kind} {best}"),
            body.op(f"select <{lanes} x i1> {places_mask}, {places} {place}, {places} {spot}"),
        )

    def _store(self, here: _Pixel, channel: str, lanes: int, best: str, spot: str) -> None:
        body, form = self.body, self.form
        if not form.places:
            address = body.at(here.out, body.mul(channel, str(values.SIZES[form.dtype])))
            values.store(body, form.dtype, best, address, lanes)
            return
        if form.place_kind == "i32":
            spot = body.op(f"sext <{lanes} x i32> {spot} to <{lanes} x i64>")
        address = body.at(here.out, body.mul(channel, "8"))
        body.store(f"<{lanes} x i64>", spot, address, 8)


def _start(dtype: str, kind: str, lanes: int) -> str:
    """What no value is below; 0 of a sum."""
    if kind == "sum":
        zero = "0.0" if dtype in FLOATS else "0"
        return zero if lanes == 1 else "zeroinitializer"
    if dtype in FLOATS:
        least = "0xFFF0000000000000"
    elif dtype in SIGNED:
        least = str(-(2 ** (8 * values.SIZES[dtype] - 1)))
    else:
        least = "0"
    return least if lanes == 1 else f"splat ({values.kind(values.register_dtype(dtype))} {least})"
