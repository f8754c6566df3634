"""Gradients of pools: each input element gathers from the windows that cover it.

Gathering needs no atomics and adds in one order, so the bits do not depend on threads. Where the
windows tile the array (stride = window, the usual case) each window writes all its elements.
"""

from __future__ import annotations

import functools
import math

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import all_contiguous
from rushlight.compiler.kernels.element import (
    FLOATS,
    combine,
    entry,
    exceeds,
    flags,
    register_kind,
)
from rushlight.compiler.kernels.fill import fill
from rushlight.compiler.kernels.nest import chunk_rows
from rushlight.compiler.kernels.pool_window import (
    Channels,
    Triple,
    Window,
    padding_before,
    side_by_side,
    triple,
    window_range,
)
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown

_WORDS = ("depth", "height", "width", "channels", "layers", "rows", "columns", "pad_d", "pad_h",
          "pad_w", "group", "total")  # fmt: skip


class _Form(Record):
    """What the text of a kernel depends on."""

    kind: str
    dtype: str
    window: Window
    channels: Channels


def lower_pool_input_grad(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    """kind sum: (g,), max: (g, places), top: (g, x) -> the gradient of the pool's source x."""
    launches, ready = all_contiguous(sources)
    if not node.size:
        return launches
    window, pad = Window.of(node.attrs), padding_before(node.attrs)
    sizes, counts = triple(node.shape[1:-1], 1), triple(sources[0].shape[1:-1], 1)
    channels = node.shape[-1]
    form = _Form(node.attrs["kind"], out.dtype, window.written(), Channels.of(out.dtype, channels))
    label = f"pool_input_grad {form.kind} {shown(node.attrs['window'])} {shown(node.shape)}"
    tiled = _tiles(window, pad, sizes, counts)
    covered = all(a == b * s for a, b, s in zip(sizes, counts, window.stride, strict=True))
    if tiled and not covered:
        launches += fill(out, 0, label)
    lines = counts if tiled else sizes
    total = node.shape[0] * lines[0] * lines[1]
    cost = node.size * out.itemsize * 3 // max(1, total)
    group, chunks = chunk_rows(total, cost, finer=4)
    words = (*sizes, channels, *counts, *pad, group, total, *window.words())
    pointers = (out.ref, *(source.ref for source in ready))
    made = _tiled_kernel(form) if tiled else _kernel(form)
    moved = node.size * out.itemsize + sum(s.itemsize * math.prod(s.shape) for s in sources)
    launches.append(Launch(made, pointers, words, chunks, node.size, moved, label))
    return launches


def _tiles(window: Window, pad: Triple, sizes: Triple, counts: Triple) -> bool:
    """Whether windows lie side by side inside the array, each element in at most one."""
    inside = all(
        n * step <= size for n, step, size in zip(counts, window.stride, sizes, strict=True)
    )
    return inside and side_by_side(window, pad)


def _open(form: _Form) -> tuple[Body, list[str], dict[str, str]]:
    body = Body()
    count = 2 if form.kind == "sum" else 3
    pointers = body.words("%args", count, kind="ptr")
    names = (*_WORDS, *form.window.names())
    loaded = body.words("%args", len(names), first=count)
    return body, pointers, dict(zip(names, loaded, strict=True))


def _split(body: Body, row: str, rows: str, layers: str) -> tuple[str, str, str]:
    """Row number -> (image, layer, row of it)."""
    h = body.rem(row, rows)
    rest = body.div(row, rows)
    return body.div(rest, layers), body.rem(rest, layers), h


def _matching(body: Body, places: str, channel: str, lanes: int, place: str) -> str:
    """Lanes whose maximum came from ``place``."""
    kind = f"<{lanes} x i64>"
    found = body.load(kind, body.at(places, body.mul(channel, "8")), 8)
    one = body.op(f"insertelement {kind} poison, i64 {place}, i64 0")
    here = body.op(f"shufflevector {kind} {one}, {kind} poison, <{lanes} x i32> zeroinitializer")
    mask = body.op(f"icmp eq {kind} {found}, {here}")
    return mask if lanes > 1 else body.op(f"extractelement <1 x i1> {mask}, i64 0")


def _kept(body: Body, form: _Form, mask: str, value: str, lanes: int) -> str:
    kind = register_kind(form.dtype, lanes)
    return body.op(
        f"select {'i1' if lanes == 1 else f'<{lanes} x i1>'} {mask}, {kind} {value}, "
        f"{kind} {_zero(form.dtype, lanes)}"
    )


def _zero(dtype: str, lanes: int) -> str:
    if lanes > 1:
        return "zeroinitializer"
    return "0.0" if dtype in FLOATS else "0"


def _line_of(body: Body, word: dict[str, str], tap: Triple) -> str:
    """How many lines of the array a tap is below the window's first one."""
    return body.add(body.mul(str(tap[0]), word["height"]), str(tap[1]))


def _largest(body: Body, form: _Form, addresses: list[str], lanes: int) -> list[str]:
    """For each tap the lanes of which it is the place: the first largest, or the last nan."""
    kind, mask = register_kind(form.dtype, lanes), flags(lanes)
    best, wins = "", []
    for address in addresses:
        value = values.load(body, form.dtype, address, lanes)
        if not best:
            best = value
            continue
        wins.append(exceeds(body, form.dtype, value, best, lanes))
        best = body.op(f"select {mask} {wins[-1]}, {kind} {value}, {kind} {best}")
    # Whoever wins last holds the place.
    ones = "true" if lanes == 1 else "splat (i1 true)"
    held, open_ = [], ones
    for win in reversed(wins):
        held.append(body.op(f"and {mask} {win}, {open_}"))
        lost = body.op(f"xor {mask} {win}, {ones}")
        open_ = body.op(f"and {mask} {open_}, {lost}")
    return [open_, *reversed(held)]


@functools.lru_cache(maxsize=128)
def _tiled_kernel(form: _Form) -> Kernel:
    body, pointers, word = _open(form)
    window, itemsize = list(form.window.places()), values.SIZES[form.dtype]
    step_w = body.mul(word["channels"], str(itemsize))
    step_h = body.mul(step_w, word["width"])
    with body.loop("%begin", "%end") as chunk:
        start = body.mul(chunk, word["group"])
        stop = body.min(body.add(start, word["group"]), word["total"])
        with body.loop(start, stop) as row:
            n, d, h = _split(body, row, word["rows"], word["layers"])
            first = body.mul(row, word["columns"])
            front = body.mul(d, str(form.window.stride[0]))
            top = body.mul(h, str(form.window.stride[1]))
            line = body.add(body.mul(front, word["height"]), top)
            image = body.mul(body.mul(n, body.mul(word["depth"], word["height"])), step_h)
            line_at = body.add(image, body.mul(line, step_h))
            with body.loop("0", word["columns"]) as column:
                left = body.mul(column, str(form.window.stride[2]))
                pixel = body.add(first, column)
                g_at = body.at(pointers[1], body.mul(pixel, step_w))
                window_at = body.add(line_at, body.mul(left, step_w))
                below = [_line_of(body, word, tap) for tap in window]
                taps = [
                    body.add(body.mul(lines, step_h), body.mul(str(tap[2]), step_w))
                    for lines, tap in zip(below, window, strict=True)
                ]
                with form.channels.each(body, word["channels"]) as vectors:
                    for channel, lanes in vectors:
                        inside = body.mul(channel, str(itemsize))
                        here = body.add(window_at, inside)
                        g = values.load(body, form.dtype, body.at(g_at, inside), lanes)
                        masks: list[str] = []
                        if form.kind == "top":
                            x = [body.at(body.at(pointers[2], here), tap) for tap in taps]
                            masks = _largest(body, form, x, lanes)
                        elif form.kind == "max":
                            offset = body.mul(body.mul(pixel, word["channels"]), "8")
                            places = body.at(pointers[2], offset)
                            place = body.add(body.mul(line, word["width"]), left)
                            for lines, tap in zip(below, window, strict=True):
                                spot = body.add(body.mul(lines, word["width"]), str(tap[2]))
                                spot = body.add(place, spot)
                                masks.append(_matching(body, places, channel, lanes, spot))
                        target = body.at(pointers[0], here)
                        for number, tap_at in enumerate(taps):
                            value = _kept(body, form, masks[number], g, lanes) if masks else g
                            address = body.at(target, tap_at)
                            values.store(body, form.dtype, value, address, lanes)
    return kernel("pool_grad_tiled", entry(body))


@functools.lru_cache(maxsize=128)
def _kernel(form: _Form) -> Kernel:
    body, pointers, word = _open(form)
    gaps = form.window.dilation
    taps, stride = form.window.numbers(word)
    step = body.mul(word["channels"], str(values.SIZES[form.dtype]))
    total = {
        lanes: body.op(f"alloca {register_kind(form.dtype, lanes)}")
        for lanes in form.channels.shapes()
    }
    counts = (word["layers"], word["rows"], word["columns"])
    pads = (word["pad_d"], word["pad_h"], word["pad_w"])
    with body.loop("%begin", "%end") as chunk:
        start = body.mul(chunk, word["group"])
        stop = body.min(body.add(start, word["group"]), word["total"])
        with body.loop(start, stop) as row:
            n, d, h = _split(body, row, word["height"], word["depth"])
            base = body.mul(body.mul(n, word["layers"]), body.mul(word["rows"], word["columns"]))
            line = body.mul(body.add(body.mul(d, word["height"]), h), word["width"])
            with body.loop("0", word["width"]) as w:
                ranges = [
                    window_range(
                        body, place, counts[k], pads[k],
                        taps[k], stride[k], gaps[k],
                    )
                    for k, place in enumerate((d, h, w))
                ]  # fmt: skip
                place = body.add(line, w)
                pixel = body.add(body.mul(row, word["width"]), w)
                target = body.at(pointers[0], body.mul(pixel, step))
                with form.channels.each(body, word["channels"]) as vectors:
                    for channel, lanes in vectors:
                        kind = register_kind(form.dtype, lanes)
                        body.store(kind, _zero(form.dtype, lanes), total[lanes])
                        with (
                            body.loop(*ranges[0]) as at_d,
                            body.loop(*ranges[1]) as at_h,
                            body.loop(*ranges[2]) as at_w,
                        ):
                            lines = body.add(body.mul(at_d, word["rows"]), at_h)
                            source = body.add(body.mul(lines, word["columns"]), at_w)
                            source = body.add(base, source)
                            hits = _hits(
                                body,
                                gaps,
                                stride,
                                list(zip((d, h, w), pads, (at_d, at_h, at_w), strict=True)),
                            )
                            with body.when(hits):
                                _gather(
                                    body, form, pointers, word, source, place, channel, lanes,
                                    total[lanes],
                                )  # fmt: skip
                        inside = body.mul(channel, str(values.SIZES[form.dtype]))
                        value = body.load(kind, total[lanes])
                        values.store(body, form.dtype, value, body.at(target, inside), lanes)
    return kernel("pool_grad", entry(body))


def _hits(body: Body, gaps: Triple, strides: list[str], axes: list[tuple[str, str, str]]) -> str:
    """Whether the window's taps fall on the place, not between: only dilation asks."""
    held = "true"
    for (place, pad, at), stride, gap in zip(axes, strides, gaps, strict=True):
        if gap > 1:
            distance = body.sub(body.add(place, pad), body.mul(at, stride))
            on = body.equal(body.rem(distance, str(gap)), "0")
            held = on if held == "true" else body.op(f"and i1 {held}, {on}")
    return held


def _gather(
    body: Body, form: _Form, pointers: list[str], word: dict[str, str], source: str, place: str,
    channel: str, lanes: int, total: str,
) -> None:  # fmt: skip
    kind = register_kind(form.dtype, lanes)
    element = body.add(body.mul(source, word["channels"]), channel)
    address = body.at(pointers[1], body.mul(element, str(values.SIZES[form.dtype])))
    value = values.load(body, form.dtype, address, lanes)
    if form.kind == "max":
        places = body.at(pointers[2], body.mul(element, "8"))
        value = _kept(body, form, _matching(body, places, "0", lanes, place), value, lanes)
    old = body.load(kind, total)
    body.store(kind, combine(body, form.dtype, "add", old, value, lanes), total)
