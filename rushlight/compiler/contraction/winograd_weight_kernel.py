"""The kernel of Winograd's weight gradient.

A chunk owns some channels and some filters, and a share of the batch. Of some 2 x 2 blocks of
gradients at a time it makes ``v``, their inputs at 16 points (in panels as wide as the register
tile), and ``z``, the gradients at these points (in panels of one vector), and adds their products
to ``m`` (filters x channels at each point). At the end ``m`` becomes weights.
"""

from __future__ import annotations

import functools

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.tile import Level, Tile, accumulate
from rushlight.compiler.contraction.winograd_places import (
    noted,
    notes,
    places,
    transformed_inputs,
)
from rushlight.compiler.contraction.winograd_weight_direct import define_direct, store_taps
from rushlight.compiler.contraction.winograd_weights import POINTS
from rushlight.compiler.launch import Kernel

POINTERS = ("x", "out", "dw", "room")
WORDS = (
    "height", "width", "channels", "filters", "out_height", "out_width", "low_row", "low_column",
    "tile_rows", "tile_columns", "tiles", "block_tiles", "shares", "channel_blocks",
    "filter_blocks", "block_channels", "block_filters", "v_point", "z_point", "m_row", "m_point",
    "z_start", "m_start", "edge_start", "edge", "room",
    "dw_filter", "dw_channel", "dw_share",
    "x_image", "x_row", "x_column", "out_image", "out_row", "out_column",
)  # fmt: skip


@functools.lru_cache(maxsize=16)
def winograd_weight_kernel(tile: Tile, dtype: str, result: str) -> Kernel:
    """Pointers: x, the output's gradient, weights (or shares of them), room.

    Inputs and gradients are ``dtype``, weights are ``result``.
    """
    body = Body()
    at = places(body, POINTERS, WORDS)
    word = at.word
    size = tile.itemsize
    with body.loop("%begin", "%end") as chunk:
        room = body.at(at.pointer["room"], body.mul(chunk, word["room"]))
        edge = body.at(room, word["edge_start"])
        with body.loop("0", word["edge"], "4") as zero:
            body.store("float", "0.0", body.at(edge, zero))
        rest = body.div(chunk, word["channel_blocks"])
        channel = body.mul(body.rem(chunk, word["channel_blocks"]), word["block_channels"])
        filter_ = body.mul(body.rem(rest, word["filter_blocks"]), word["block_filters"])
        share = body.div(rest, word["filter_blocks"])
        channels = body.min(word["block_channels"], body.sub(word["channels"], channel))
        filters = body.min(word["block_filters"], body.sub(word["filters"], filter_))
        start = body.div(body.mul(share, word["tiles"]), word["shares"])
        stop = body.div(body.mul(body.add(share, "1"), word["tiles"]), word["shares"])
        z, m = body.at(room, word["z_start"]), body.at(room, word["m_start"])
        v_panel = body.mul(word["block_tiles"], str(tile.columns * size))
        z_panel = body.mul(word["block_tiles"], str(tile.lanes * size))
        with body.loop(start, stop, word["block_tiles"]) as first:
            count = body.min(word["block_tiles"], body.sub(stop, first))
            some = [("ptr", "%args"), ("ptr", room), ("i64", first), ("i64", count)]
            body.call("inputs", [*some, ("i64", channel), ("i64", channels)])
            body.call("gradients", [*some, ("i64", filter_), ("i64", filters)])
            with body.loop("0", str(POINTS)) as point:
                given = [
                    ("ptr", body.at(z, body.mul(point, word["z_point"]))),
                    ("ptr", body.at(room, body.mul(point, word["v_point"]))),
                    ("ptr", body.at(m, body.mul(point, word["m_point"]))),
                    ("i64", count), ("i64", filters), ("i64", channels),
                    ("i64", z_panel), ("i64", v_panel), ("i64", word["m_row"]),
                    ("i1", body.op(f"icmp ne i64 {first}, {start}")),
                ]  # fmt: skip
                body.call("product", given)
        to = body.at(at.pointer["dw"], body.mul(share, word["dw_share"]))
        to = body.at(to, body.mul(filter_, word["dw_filter"]))
        to = body.at(to, body.mul(channel, word["dw_channel"]))
        flags = body.at(edge, word["edge"])
        body.store(tile.vector, "zeroinitializer", flags, size)
        block = [("ptr", "%args"), ("ptr", room), ("ptr", to), ("i64", filters), ("i64", channels)]
        body.call("weights", block)
        with body.when(noted(body, tile, body.load(tile.vector, flags, size))):
            # Addresses of the first channel and filter: what follows is as in a chunk of its own.
            near = [("i64", channel), ("i64", filter_), ("i64", start), ("i64", stop)]
            body.call("direct", [*block, *near])
    functions = [
        _inputs(tile, dtype), _gradients(tile, dtype), _product(tile), _weights(tile, result),
        define_direct(tile, dtype, result, POINTERS, WORDS),
    ]  # fmt: skip
    return kernel("conv_weight_winograd", "".join(functions) + entry(body))


_SOME = [
    ("ptr", "args"), ("ptr", "room"), ("i64", "first"), ("i64", "count"),
    ("i64", "from"), ("i64", "some"),
]  # fmt: skip


def _panel(body: Body, place: str, width: int, panel: str) -> str:
    """The bytes from a point's start to element ``place`` of the first row, in panels."""
    whole = body.mul(body.div(place, str(width)), panel)
    return body.add(whole, body.mul(body.rem(place, str(width)), "4"))


def _inputs(tile: Tile, dtype: str) -> str:
    """``inputs``: of some channels, to ``v``."""
    body = Body()
    at = places(body, POINTERS, WORDS)
    word = at.word
    edge = body.at("%room", word["edge_start"])
    panel = body.mul(word["block_tiles"], str(tile.columns * tile.itemsize))
    with body.loop("0", "%count") as number:
        here = at.find(body, body.add("%first", number))
        sources = [
            [at.input(body, here, row, column, edge) for column in range(4)] for row in range(4)
        ]
        line = body.at("%room", body.mul(number, str(tile.columns * tile.itemsize)))
        targets = [body.at(line, body.mul(word["v_point"], str(p))) for p in range(POINTS)]
        with body.loop("0", "%some", str(tile.lanes)) as channel:
            to = _panel(body, channel, tile.columns, panel)
            place = body.add("%from", channel)
            transformed_inputs(body, tile, dtype, sources, place, targets, to)
    return function("inputs", _SOME, body)


def _gradients(tile: Tile, dtype: str) -> str:
    """``gradients``: of some filters, ``A g A'`` to ``z``; the sign of a row is in ``weights``."""
    body = Body()
    at = places(body, POINTERS, WORDS)
    word, kind, size = at.word, tile.vector, tile.itemsize
    edge = body.at("%room", word["edge_start"])
    z = body.at("%room", word["z_start"])
    panel = body.mul(word["block_tiles"], str(tile.lanes * size))
    with body.loop("0", "%count") as number:
        here = at.find(body, body.add("%first", number))
        # What is beyond the image is zeros.
        sources = at.outputs(body, here, edge).out
        line = body.at(z, body.mul(number, str(tile.lanes * size)))
        targets = [body.at(line, body.mul(word["z_point"], str(p))) for p in range(POINTS)]
        with body.loop("0", "%some", str(tile.lanes)) as filter_:
            offset = body.mul(body.add("%from", filter_), str(values.SIZES[dtype]))
            to = body.mul(body.div(filter_, str(tile.lanes)), panel)
            four = [values.load(body, dtype, body.at(each, offset), tile.lanes) for each in sources]
            left = _spread(body, kind, four[0], four[2])
            right = _spread(body, kind, four[1], four[3])
            for row in range(4):
                for column, value in enumerate(_spread(body, kind, left[row], right[row])):
                    body.store(kind, value, body.at(targets[4 * row + column], to), size)
    return function("gradients", _SOME, body)


def _spread(body: Body, kind: str, first: str, second: str) -> list[str]:
    """``A`` but for the sign of its last row: (0, 0 + 1, 0 - 1, 1)."""
    plus = body.op(f"fadd {kind} {first}, {second}")
    return [first, plus, body.op(f"fsub {kind} {first}, {second}"), second]


def _product(tile: Tile) -> str:
    """``product``: one point's gradients by its inputs; ``again``: added to what is there."""
    body = Body()
    size = tile.itemsize
    parameters = [
        ("ptr", "z"), ("ptr", "v"), ("ptr", "m"), ("i64", "count"), ("i64", "filters"),
        ("i64", "channels"), ("i64", "z_panel"), ("i64", "v_panel"), ("i64", "m_row"),
        ("i1", "again"),
    ]  # fmt: skip
    last = body.sub("%filters", "1")
    with (
        body.loop("0", "%channels", str(tile.columns)) as channel,
        body.loop("0", "%filters", str(tile.rows)) as filter_,
    ):
        panel = body.at("%v", body.mul(body.div(channel, str(tile.columns)), "%v_panel"))
        rows = []
        for row in range(tile.rows):
            # Rows beyond the last filter are there in ``m``, and never read.
            number = body.min(body.add(filter_, str(row)), last)
            rows.append(body.at("%z", _panel(body, number, tile.lanes, "%z_panel")))
        levels = [Level("%count", str(tile.lanes * size))]
        sums = accumulate(body, tile, rows, panel, levels, str(tile.columns * size), [])
        line = body.at("%m", body.mul(filter_, "%m_row"))
        line = body.at(line, body.mul(channel, str(size)))
        spots = []
        for index in range(len(sums)):
            row, vector = divmod(index, tile.vectors)
            to = body.at(line, body.mul("%m_row", str(row)))
            spots.append(body.at(to, str(vector * tile.lanes * size)))

        def more(sums: list[str]) -> list[str]:
            old = [body.load(tile.vector, spot, size) for spot in spots]
            both = zip(old, sums, strict=True)
            return [body.op(f"fadd {tile.vector} {one}, {new}") for one, new in both]

        for spot, value in zip(spots, body.maybe("%again", tile.vector, sums, more), strict=True):
            body.store(tile.vector, value, spot, size)
    return function("product", parameters, body)


BLOCK = [
    ("ptr", "args"), ("ptr", "room"), ("ptr", "to"), ("i64", "filters"), ("i64", "channels"),
]  # fmt: skip


def _weights(tile: Tile, result: str) -> str:
    """``weights``: ``G' m G`` of all filters and channels of the chunk to their places."""
    body = Body()
    at = places(body, POINTERS, WORDS)
    word, kind, size = at.word, tile.vector, tile.itemsize
    flags = body.at(body.at("%room", word["edge_start"]), word["edge"])
    m = body.at("%room", word["m_start"])
    with (
        body.loop("0", "%filters") as filter_,
        body.loop("0", "%channels", str(tile.lanes)) as channel,
    ):
        line = body.at(m, body.mul(filter_, word["m_row"]))
        line = body.at(line, body.mul(channel, str(size)))
        columns = []
        for column in range(4):
            points = [
                body.load(
                    kind, body.at(line, body.mul(word["m_point"], str(4 * row + column))), size
                )
                for row in range(4)
            ]
            columns.append(_taps(body, tile, points))
        results = []
        for row in range(3):
            results += _taps(body, tile, [columns[column][row] for column in range(4)])
        seen = notes(body, tile, body.load(kind, flags, size), results)
        body.store(kind, seen, flags, size)
        to = body.at("%to", body.mul(filter_, word["dw_filter"]))
        store_taps(body, tile, result, results, body.at(to, body.mul(channel, word["dw_channel"])))
    return function("weights", BLOCK, body)


def _taps(body: Body, tile: Tile, points: list[str]) -> list[str]:
    """``G'``, with the sign that ``A`` lacks: (0 + (1 + 2) / 2, (1 - 2) / 2, (1 + 2) / 2 - 3)."""
    kind = tile.vector
    half = "<" + ", ".join(["float 0.5"] * tile.lanes) + ">"
    zero, one, two, three = points
    plus = body.op(f"fmul {kind} {body.op(f'fadd {kind} {one}, {two}')}, {half}")
    minus = body.op(f"fmul {kind} {body.op(f'fsub {kind} {one}, {two}')}, {half}")
    first = body.op(f"fadd {kind} {zero}, {plus}")
    return [first, minus, body.op(f"fsub {kind} {plus}, {three}")]
