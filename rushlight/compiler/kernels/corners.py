"""Weighted elements at computed places (``ops/corners.py``): vectors of points, a channel each.

Places and weights of a vector of points are read once for all channels.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import all_contiguous
from rushlight.compiler.kernels.element import MEMORY_DECLARES, entry, flags
from rushlight.compiler.kernels.nest import chunk_rows
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir.graph import Node
from rushlight.ir.size import shown
from rushlight.runtime import cpu

# Points in one piece of work, with all their channels.
_BLOCK = 256


class _Form(Record):
    """What a kernel is written for: how many corners a point has, dtypes, points at a time."""

    name: str
    count: int
    dtype: str
    index: str
    lanes: int


class _Sizes(NamedTuple):
    """As a kernel reads them."""

    channels: str
    places: str  # of a row of the table
    points: str


def lower_corners(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch] | None:
    """The launches of a call of one of the three, or None where it has no kernel."""
    name, count = node.attrs["name"], node.attrs["params"][0] if node.attrs["params"] else 0
    if not name.startswith("corners_") or out.dtype not in ("f32", "f64"):
        return None
    spread, met = name == "corners_spread", name == "corners_met"
    if not node.size:
        return []
    before, ready = all_contiguous(sources)
    n, channels, size = (sources[1] if met else out if spread else sources[0]).shape
    places = ready[2 if met else 1]
    points = places.shape[1]
    lanes = cpu.host().lanes(out.itemsize)
    form = _Form(name, count, out.dtype, places.dtype, lanes if points >= lanes else 1)
    cost = (2 * count + 2) * out.itemsize
    if spread:
        blocks, rows = 1, n * channels
        group, chunks = chunk_rows(rows, (points * cost + size * out.itemsize), 2)
    else:
        blocks = -(-points // _BLOCK)
        rows = n * blocks
        group, chunks = chunk_rows(rows, channels * _BLOCK * cost, 2)
    pointers = tuple([each.ref for each in (*ready, out)])
    words = (rows, group, blocks, channels, size, points)
    made = (_spread_kernel if spread else _sampled_kernel)(form)
    label = f"{name.removeprefix('corners_')} {node.dtype.name}{shown(node.shape)}"
    moved = n * channels * points * cost
    return [*before, Launch(made, pointers, words, chunks, node.size * count, moved, label)]


@contextmanager
def _rows(body: Body, first_word: int) -> Iterator[tuple[str, str, _Sizes]]:
    """(row, blocks, sizes) of each row of a chunk."""
    rows, group, blocks, *sizes = body.words("%args", 6, first=first_word)
    with body.loop("%begin", "%end") as chunk:
        start = body.mul(chunk, group)
        with body.loop(start, body.min(body.add(start, group), rows)) as row:
            yield row, blocks, _Sizes(*sizes)


@functools.lru_cache(maxsize=32)
def _sampled_kernel(form: _Form) -> Kernel:
    body, lanes, met = Body(), form.lanes, form.name == "corners_met"
    count = form.count
    pointers = body.words("%args", 4 if met else 2 + 2 * count, kind="ptr")
    first, *rest, out = pointers
    g, table = (first, rest.pop(0)) if met else ("", first)
    total = body.op(f"alloca {values.kind(form.dtype, lanes)}, align 64")
    with _rows(body, len(pointers)) as (row, blocks, sizes):
        n = body.div(row, blocks)
        start = body.mul(body.rem(row, blocks), str(_BLOCK))
        stop = body.min(body.add(start, str(_BLOCK)), sizes.points)
        with body.loop(start, stop, str(lanes)) as each:
            # The last vector reaches back over its neighbour: it computes the same there.
            point = body.min(each, body.sub(sizes.points, str(lanes)))
            place = body.add(body.mul(n, sizes.points), point)
            corners = [_places(body, form, base, place) for base in rest[:count]]
            weights = [_numbers(body, form, base, place) for base in rest[count:]]
            if met:
                body.store(values.kind(form.dtype, lanes), values.zero(lanes), total)
            with body.loop("0", sizes.channels) as channel:
                line = body.add(body.mul(n, sizes.channels), channel)
                start_of = body.mul(body.mul(line, sizes.places), str(values.SIZES[form.dtype]))
                found = [_gathered(body, form, body.at(table, start_of), *c) for c in corners]
                there = body.add(body.mul(line, sizes.points), point)
                if met:
                    slope = _numbers(body, form, g, there)
                    old = body.load(values.kind(form.dtype, lanes), total)
                    new = _fused(body, form, slope, found[0], old)
                    body.store(values.kind(form.dtype, lanes), new, total)
                else:
                    _write(body, form, _sum(body, form, found, weights), out, there)
            if met:
                _write(body, form, body.load(values.kind(form.dtype, lanes), total), out, place)
    return kernel("corners", entry(body, MEMORY_DECLARES))


def _sum(body: Body, form: _Form, found: list[str], weights: list[str]) -> str:
    total = ""
    for value, weight in zip(found, weights, strict=True):
        if total:
            total = _fused(body, form, value, weight, total)
        else:
            total = body.op(f"fmul {values.kind(form.dtype, form.lanes)} {value}, {weight}")
    return total


def _fused(body: Body, form: _Form, a: str, b: str, c: str) -> str:
    kind = values.kind(form.dtype, form.lanes)
    suffix = form.dtype if form.lanes == 1 else f"v{form.lanes}{form.dtype}"
    return body.op(f"call {kind} @llvm.fma.{suffix}({kind} {a}, {kind} {b}, {kind} {c})")


def _numbers(body: Body, form: _Form, base: str, place: str) -> str:
    address = body.at(base, body.mul(place, str(values.SIZES[form.dtype])))
    return values.load(body, form.dtype, address, form.lanes)


def _write(body: Body, form: _Form, value: str, base: str, place: str) -> None:
    address = body.at(base, body.mul(place, str(values.SIZES[form.dtype])))
    values.store(body, form.dtype, value, address, form.lanes)


def _places(body: Body, form: _Form, base: str, place: str) -> tuple[str, str]:
    """(places, which of them are inside)."""
    kind = values.kind(form.index, form.lanes)
    found = values.load(
        body, form.index, body.at(base, body.mul(place, str(values.SIZES[form.index]))), form.lanes
    )
    zero = "0" if form.lanes == 1 else "zeroinitializer"
    return found, body.op(f"icmp sge {kind} {found}, {zero}")


def _gathered(body: Body, form: _Form, row: str, places: str, inside: str) -> str:
    lanes, element = form.lanes, values.kind(form.dtype)
    index, width = values.kind(form.index, lanes), values.SIZES[form.dtype]
    if lanes == 1:
        safe = body.select(inside, places, "0", index)
        address = body.op(f"getelementptr {element}, ptr {row}, {index} {safe}")
        return body.select(inside, body.load(element, address, width), "0.0", element)
    kind = values.kind(form.dtype, lanes)
    address = body.op(f"getelementptr {element}, ptr {row}, {index} {places}")
    return body.op(
        f"call {kind} @llvm.masked.gather.v{lanes}{form.dtype}.v{lanes}p0(<{lanes} x ptr> "
        f"{address}, i32 {width}, {flags(lanes)} {inside}, {kind} zeroinitializer)"
    )


@functools.lru_cache(maxsize=32)
def _spread_kernel(form: _Form) -> Kernel:
    """Rows of the table one by one; what meets in one place is added in the order of points."""
    body, count, width = Body(), form.count, str(values.SIZES[form.dtype])
    element, index = values.kind(form.dtype), values.kind(form.index)
    pointers = body.words("%args", 2 + 2 * count, kind="ptr")
    g, *rest, out = pointers
    with _rows(body, len(pointers)) as (row, _, sizes):
        target = body.at(out, body.mul(body.mul(row, sizes.places), width))
        with body.loop("0", sizes.places) as place:
            body.store(element, "0.0", body.at(target, body.mul(place, width)))
        n = body.div(row, sizes.channels)
        with body.loop("0", sizes.points) as point:
            slope = body.load(
                element, body.at(g, body.mul(body.add(body.mul(row, sizes.points), point), width))
            )
            place = body.add(body.mul(n, sizes.points), point)
            for base, weight in zip(rest[:count], rest[count:], strict=True):
                there = body.load(
                    index, body.at(base, body.mul(place, str(values.SIZES[form.index])))
                )
                share = body.load(element, body.at(weight, body.mul(place, width)))
                with body.when(body.op(f"icmp sge {index} {there}, 0")):
                    address = body.op(f"getelementptr {element}, ptr {target}, {index} {there}")
                    added = body.op(f"fmul {element} {slope}, {share}")
                    before = body.load(element, address)
                    body.store(element, body.op(f"fadd {element} {before}, {added}"), address)
    return kernel("corners", entry(body, MEMORY_DECLARES))
