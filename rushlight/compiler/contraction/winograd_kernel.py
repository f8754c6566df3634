"""Winograd's kernel: inputs to 16 points, a matrix product at each point, points to results.

A chunk is some blocks of results; of a block, all is in memory of the chunk's own that the second
cache holds: ``v``, the inputs at each point (results x channels), ``m``, the products (results x
filters), and an edge: zeros, which are the padding, and a place for results beyond the
image. Lanes are channels before the product and filters after it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from rushlight.compiler.contraction import winograd_direct
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import LINE, Finish
from rushlight.compiler.contraction.tile import Level, Tile, accumulate
from rushlight.compiler.contraction.winograd_places import (
    finished,
    noted,
    notes,
    places,
    transformed_inputs,
    vectors,
)
from rushlight.compiler.contraction.winograd_weights import POINTS
from rushlight.compiler.launch import Kernel

WORDS = (
    "height", "width", "channels", "filters", "out_height", "out_width", "low_row", "low_column",
    "tile_rows", "tile_columns", "tiles", "block_tiles", "blocks", "chunks",
    "x_image", "x_row", "x_column", "u_point",
    "v_row", "v_point", "m_row", "m_point", "m_start", "edge_start", "edge", "room",
    "w_filter", "w_channel", "w_row", "w_column", "skips",
    "out_image", "out_row", "out_column", "residual_image", "residual_row", "residual_column",
)  # fmt: skip


@dataclass(frozen=True)
class Winograd:
    """What is in the kernel's text. Inputs and weights are of the results' dtype.

    ``asks``: weights are more than the second cache holds; those of the next part are asked for.
    """

    tile: Tile
    finish: Finish
    asks: bool

    @property
    def pointers(self) -> tuple[str, ...]:
        return ("x", "points", "out", "w", "room", *self.finish.pointers)


@functools.lru_cache(maxsize=32)
def winograd_kernel(spec: Winograd) -> Kernel:
    """Pointers: x, points of the weights, out, the weights, room, then the finish's."""
    tile, finish, body = spec.tile, spec.finish, Body()
    at = places(body, spec.pointers, WORDS)
    word = at.word
    panel_bytes = body.mul(word["channels"], str(tile.columns * tile.itemsize))
    with body.loop("%begin", "%end") as chunk:
        room = body.at(at.pointer["room"], body.mul(chunk, word["room"]))
        edge = body.at(room, word["edge_start"])
        with body.loop("0", word["edge"], "4") as zero:
            body.store("float", "0.0", body.at(edge, zero))
        flags = body.at(edge, body.mul(word["edge"], "2"))
        products = body.at(room, word["m_start"])
        stop = body.div(body.mul(body.add(chunk, "1"), word["blocks"]), word["chunks"])
        start = body.div(body.mul(chunk, word["blocks"]), word["chunks"])
        with body.loop(start, stop) as block:
            first = body.mul(block, word["block_tiles"])
            count = body.min(word["block_tiles"], body.sub(word["tiles"], first))
            whole = [("ptr", "%args"), ("ptr", room), ("i64", first), ("i64", count)]
            body.store(tile.vector, "zeroinitializer", flags, tile.itemsize)
            body.call("inputs", whole)
            with (
                body.loop("0", str(POINTS)) as point,
                body.loop("0", word["filters"], str(tile.columns)) as filter_,
            ):
                weights = body.at(at.pointer["points"], body.mul(point, word["u_point"]))
                across = body.mul(body.div(filter_, str(tile.columns)), panel_bytes)
                to = body.at(products, body.mul(point, word["m_point"]))
                given = [
                    ("ptr", body.at(room, body.mul(point, word["v_point"]))),
                    ("ptr", body.at(weights, across)),
                    ("ptr", body.at(to, body.mul(filter_, str(tile.itemsize)))),
                    ("i64", count), ("i64", word["channels"]),
                    ("i64", word["v_row"]), ("i64", word["m_row"]),
                ]  # fmt: skip
                body.call("product", given)
            body.call("results", whole)
            seen = body.load(tile.vector, flags, tile.itemsize)
            with body.when(noted(body, tile, seen)):
                body.call("direct", whole)
    functions = [
        _inputs(spec),
        _product(spec),
        _results(spec),
        winograd_direct.define(tile, finish, spec.pointers, WORDS),
    ]
    return kernel("conv_winograd", "".join(functions) + entry(body))


_BLOCK = [("ptr", "args"), ("ptr", "room"), ("i64", "first"), ("i64", "count")]


def _inputs(spec: Winograd) -> str:
    """``inputs``: 4 x 4 inputs of each block of results, ``B' d B``, to ``v``."""
    tile, body = spec.tile, Body()
    at = places(body, spec.pointers, WORDS)
    word = at.word
    edge = body.at("%room", word["edge_start"])
    with body.loop("0", "%count") as number:
        here = at.find(body, body.add("%first", number))
        sources = [
            [at.input(body, here, row, column, edge) for column in range(4)] for row in range(4)
        ]
        line = body.at("%room", body.mul(number, word["v_row"]))
        targets = [body.at(line, body.mul(word["v_point"], str(p))) for p in range(POINTS)]
        with vectors(body, tile, word["channels"]) as channel:
            to = body.mul(channel, str(tile.itemsize))
            transformed_inputs(body, tile, spec.finish.out, sources, channel, targets, to)
    return function("inputs", _BLOCK, body)


# Depth that is summed at once: partial sums of some such parts are nearer to the truth than one
# long sum, and a panel of weights stays in the first cache.
_PART = 128


def _product(spec: Winograd) -> str:
    """``product``: a panel of one point's weights against all inputs of the block."""
    tile, body = spec.tile, Body()
    parameters = [
        ("ptr", "v"), ("ptr", "u"), ("ptr", "m"), ("i64", "count"), ("i64", "depth"),
        ("i64", "v_row"), ("i64", "m_row"),
    ]  # fmt: skip
    with (
        body.loop("0", "%depth", str(_PART)) as begun,
        body.loop("0", "%count", str(tile.rows)) as first,
    ):
        base = body.at("%v", body.mul(first, "%v_row"))
        base = body.at(base, body.mul(begun, str(tile.itemsize)))
        rows = [body.at(base, body.mul("%v_row", str(row))) for row in range(tile.rows)]
        part = body.min(body.sub("%depth", begun), str(_PART))
        levels = [Level(part, str(tile.itemsize))]
        step = str(tile.columns * tile.itemsize)
        weights = body.at("%u", body.mul(begun, step))
        after = body.at(weights, str(_PART * tile.columns * tile.itemsize))
        lines = body.mul(body.div(first, str(tile.rows)), str(_PART * LINE))
        ahead = (body.at(after, lines), LINE // tile.itemsize) if spec.asks else None
        sums = accumulate(body, tile, rows, weights, levels, step, [], ahead)
        line = body.at("%m", body.mul(first, "%m_row"))
        places = []
        for index in range(len(sums)):
            row, vector = divmod(index, tile.vectors)
            to = body.at(line, body.mul("%m_row", str(row)))
            places.append(body.at(to, str(vector * tile.lanes * tile.itemsize)))

        def more(sums: list[str]) -> list[str]:
            old = [body.load(tile.vector, place, tile.itemsize) for place in places]
            both = zip(old, sums, strict=True)
            return [body.op(f"fadd {tile.vector} {one}, {new}") for one, new in both]

        later = body.op(f"icmp ne i64 {begun}, 0")
        for place, value in zip(places, body.maybe(later, tile.vector, sums, more), strict=True):
            body.store(tile.vector, value, place, tile.itemsize)
    return function("product", parameters, body)


def _results(spec: Winograd) -> str:
    """``results``: ``A' m A`` to the image, finished."""
    tile, finish, body = spec.tile, spec.finish, Body()
    at = places(body, spec.pointers, WORDS)
    word, kind = at.word, tile.vector
    edge = body.at("%room", word["edge_start"])
    flags = body.at(edge, body.mul(word["edge"], "2"))
    products = body.at("%room", word["m_start"])
    with body.loop("0", "%count") as number:
        here = at.find(body, body.add("%first", number))
        targets = at.outputs(body, here, body.at(edge, word["edge"]))
        line = body.at(products, body.mul(number, word["m_row"]))
        sources = [body.at(line, body.mul(word["m_point"], str(p))) for p in range(POINTS)]
        with vectors(body, tile, word["filters"]) as column:
            offset = body.mul(column, str(tile.itemsize))
            upper, lower = [], []
            for place in range(4):
                points = [
                    body.load(kind, body.at(sources[4 * row + place], offset), tile.itemsize)
                    for row in range(4)
                ]
                both = _ends(body, kind, points)
                upper.append(both[0])
                lower.append(both[1])
            results = [*_ends(body, kind, upper), *_ends(body, kind, lower)]
            seen = notes(body, tile, body.load(kind, flags, tile.itemsize), results)
            body.store(kind, seen, flags, tile.itemsize)
            finished(body, tile, finish, at, targets, column, results)
    return function("results", _BLOCK, body)


def _ends(body: Body, kind: str, points: list[str]) -> tuple[str, str]:
    """``A'`` times four: (0 + 1 + 2, 1 - 2 - 3)."""
    zero, one, two, three = points
    plus = body.op(f"fadd {kind} {one}, {two}")
    minus = body.op(f"fsub {kind} {one}, {two}")
    return (
        body.op(f"fadd {kind} {zero}, {plus}"),
        body.op(f"fsub {kind} {minus}, {three}"),
    )
