"""The weight gradient of a depthwise convolution: a sum over all results, for each tap and channel.

Sums of a few taps stay in registers along a run of results, one vector of channels at a time, so
that a gradient is read once for all of them. Results near the image's edge are collected in a
table that says where each tap meets its input, or zeros; many of them are then summed as one run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.depthwise_kernel import (
    AXIS,
    cleared,
    input_or_zeros,
    inside,
    origin,
)
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.tile import Level, Tile, column_masks, nested
from rushlight.compiler.launch import Kernel

# Taps whose sums are in registers together.
TAPS = 9
# Results of a table, and of a run: its inputs should stay in the first cache.
_PLACES = 64
_RUN = 32

WEIGHT_WORDS = (
    "images", "channels", "block", "blocks", "taps", "tap_groups", "block_images", "block_rows",
    "row_blocks", "chunk_bytes", "streams",
    *(f"{axis}_{name}" for axis in ("row", "column") for name in AXIS),
    *(f"{what}_{name}" for what in ("x", "out") for name in ("image", "row", "column")),
)  # fmt: skip
SUM_WORDS = (
    "channels", "block", "blocks", "taps", "tap_groups", "shares", "chunk_bytes", "column_taps",
    "w_channel", "w_row", "w_column",
)  # fmt: skip


@functools.lru_cache(maxsize=32)
def depthwise_weight_kernel(dtype: str, lanes: int, taps: int) -> Kernel:
    """Pointers: x, gradient, sums. A chunk is a share of the results, some channels and taps."""
    tile = Tile(taps, 1, lanes, dtype)
    body = Body()
    x, g, sums = body.words("%args", 3, kind="ptr")
    word = dict(zip(WEIGHT_WORDS, body.words("%args", len(WEIGHT_WORDS), first=3), strict=True))
    size = str(tile.itemsize)
    table = body.op(f"alloca [{_PLACES * (taps + 1) * 8} x i8], align 64")
    filled = body.op("alloca i64, align 8")
    distances = body.op(f"alloca [{taps * 8} x i8], align 64")
    zeros = cleared(body, tile)
    streams = body.op(f"icmp ne i64 {word['streams']}, 0")
    with body.loop("%begin", "%end") as chunk:
        block, rest = body.rem(chunk, word["blocks"]), body.div(chunk, word["blocks"])
        tap0 = body.mul(body.rem(rest, word["tap_groups"]), str(taps))
        share = body.div(rest, word["tap_groups"])
        row0 = body.mul(body.rem(share, word["row_blocks"]), word["block_rows"])
        image0 = body.mul(body.div(share, word["row_blocks"]), word["block_images"])
        channel = body.mul(block, word["block"])
        channels = body.min(word["block"], body.sub(word["channels"], channel))
        here = body.at(sums, body.mul(chunk, word["chunk_bytes"]))
        with body.loop("0", body.mul(word["block"], str(taps)), str(lanes)) as place:
            at = body.at(here, body.mul(place, size))
            body.store(tile.vector, values.zero(lanes), at, tile.itemsize)
        body.store("i64", "0", filled)
        _fill_distances(body, word, distances, tap0, taps)
        sums_step = body.mul(word["block"], size)
        stop = body.min(body.add(image0, word["block_images"]), word["images"])
        bottom = body.min(body.add(row0, word["block_rows"]), word["row_out"])
        shared = [("ptr", here), ("i64", sums_step), ("i64", channels)]
        with body.loop(image0, stop) as image, body.loop(row0, bottom) as row:
            start = body.at(x, body.mul(image, word["x_image"]))
            start = body.at(start, body.mul(channel, size))
            there = body.at(g, body.mul(image, word["out_image"]))
            there = body.at(there, body.mul(row, word["out_row"]))
            there = body.at(there, body.mul(channel, size))
            first, last = _within(body, word, row)
            for begin, end in (("0", first), (last, word["column_out"])):
                with body.loop(begin, end) as column:
                    _append(body, word, tile, table, filled, start, zeros, there, tap0, row, column)
                    full = body.equal(body.load("i64", filled), str(_PLACES))
                    with body.when(full):
                        body.call("far", [("ptr", table), ("i64", str(_PLACES)), *shared])
                        body.store("i64", "0", filled)
            with body.loop(first, last, str(_RUN)) as column:
                from_ = body.at(start, body.mul(origin(body, word, "row", row), word["x_row"]))
                across = origin(body, word, "column", column)
                from_ = body.at(from_, body.mul(across, word["x_column"]))
                g_here = body.at(there, body.mul(column, word["out_column"]))
                count = body.min(str(_RUN), body.sub(last, column))
                with body.when(streams):
                    _prefetch_next_row(body, word, from_, g_here, count, channels, size)
                given = [
                    ("ptr", from_), ("ptr", g_here), ("i64", count),
                    ("i64", body.mul(word["column_stride"], word["x_column"])),
                    ("i64", word["out_column"]), ("ptr", distances), *shared,
                ]  # fmt: skip
                body.call("near", given)
        left = body.load("i64", filled)
        with body.when(body.op(f"icmp sgt i64 {left}, 0")):
            body.call("far", [("ptr", table), ("i64", left), *shared])
    text = values.declare_masked_load(dtype, lanes) + _define_near(tile) + _define_far(tile)
    return kernel("depthwise_weight", text + entry(body))


def _prefetch_next_row(
    body: Body, word: dict[str, str], x: str, g: str, count: str, channels: str, size: str
) -> None:
    """What is new to a run of the next row of results."""
    below = body.at(x, body.mul(word["row_reach"], word["x_row"]))
    wide = body.mul(channels, size)
    with body.loop("0", count) as number:
        first = body.mul(body.mul(number, word["column_stride"]), word["x_column"])
        with (
            body.loop("0", word["row_stride"]) as row,
            body.loop("0", word["column_stride"]) as column,
            body.loop("0", wide, "64") as line,
        ):
            here = body.at(body.at(below, first), body.mul(row, word["x_row"]))
            here = body.at(here, body.mul(column, word["x_column"]))
            body.prefetch(body.at(here, line))
        first = body.add(body.mul(number, word["out_column"]), word["out_row"])
        with body.loop("0", wide, "64") as line:
            body.prefetch(body.at(body.at(g, first), line))


def _tap(body: Body, word: dict[str, str], tap0: str, number: str) -> tuple[str, str]:
    """Row and column of a chunk's tap, the last one again beyond it, in inputs from the first."""
    tap = body.min(body.add(tap0, number), body.sub(word["taps"], "1"))
    row, column = body.div(tap, word["column_taps"]), body.rem(tap, word["column_taps"])
    return body.mul(row, word["row_dilation"]), body.mul(column, word["column_dilation"])


def _fill_distances(body: Body, word: dict[str, str], distances: str, tap0: str, taps: int) -> None:
    with body.loop("0", str(taps)) as number:
        row, column = _tap(body, word, tap0, number)
        far = body.add(body.mul(row, word["x_row"]), body.mul(column, word["x_column"]))
        body.store("i64", far, body.at(distances, body.mul(number, "8")))


def _within(body: Body, word: dict[str, str], row: str) -> tuple[str, str]:
    """First and last + 1 of a row's results whose taps are all in the image."""
    stride, out = word["column_stride"], word["column_out"]
    first = body.ceil_div(body.max(word["column_low"], "0"), stride)
    room = body.sub(body.add(word["column_size"], word["column_low"]), word["column_reach"])
    last = body.div(body.max(body.add(room, stride), "0"), stride)
    down = inside(body, word, "row", row, "1")
    first = body.min(body.select(down, first, out), out)
    return first, body.max(body.min(last, out), first)


def _append(
    body: Body, word: dict[str, str], tile: Tile, table: str, filled: str, start: str, zeros: str,
    there: str, tap0: str, row: str, column: str,
) -> None:  # fmt: skip
    """One more result to the table: its gradient, and what each tap meets."""
    number = body.load("i64", filled)
    line = body.at(table, body.mul(number, str((tile.rows + 1) * 8)))
    body.store("ptr", body.at(there, body.mul(column, word["out_column"])), line)
    down, across = origin(body, word, "row", row), origin(body, word, "column", column)
    with body.loop("0", str(tile.rows)) as tap:
        y, z = _tap(body, word, tap0, tap)
        address = input_or_zeros(body, word, start, zeros, body.add(down, y), body.add(across, z))
        body.store("ptr", address, body.at(body.at(line, "8"), body.mul(tap, "8")))
    body.store("i64", body.add(number, "1"), filled)


# From the channel's offset, A's offset and B's address: where the gradient and the inputs are.
_Places = Callable[[str, str, str], tuple[str, list[str]]]
_SHARED = [("ptr", "sums"), ("i64", "sums_step"), ("i64", "channels")]


def _define_near(tile: Tile) -> str:
    """``near``: a run of results, whose taps meet inputs at the same distances."""
    body = Body()
    parameters = [
        ("ptr", "x"), ("ptr", "g"), ("i64", "count"), ("i64", "x_step"), ("i64", "g_step"),
        ("ptr", "distances"), *_SHARED,
    ]  # fmt: skip
    distances = body.words("%distances", tile.rows)

    def places(offset: str, here: str, b: str) -> tuple[str, list[str]]:
        first = body.at(body.at("%x", offset), here)
        return body.at(b, offset), [body.at(first, distance) for distance in distances]

    _channels(body, tile, "%g", Level("%count", "%x_step"), "%g_step", places)
    return function("near", parameters, body)


def _define_far(tile: Tile) -> str:
    """``far``: results that a table lists."""
    body = Body()
    parameters = [("ptr", "table"), ("i64", "count"), *_SHARED]
    line = str((tile.rows + 1) * 8)

    def places(offset: str, here: str, b: str) -> tuple[str, list[str]]:
        found = [body.load("ptr", body.at(b, str(8 * n))) for n in range(tile.rows + 1)]
        found = [body.at(place, offset) for place in found]
        return found[0], found[1:]

    _channels(body, tile, "%table", Level("%count", "0"), line, places)
    return function("far", parameters, body)


def _channels(body: Body, tile: Tile, b: str, level: Level, b_step: str, places: _Places) -> None:
    """A run of results for all channels of a block: whole vectors, then what is left."""
    whole = body.mul(body.div("%channels", str(tile.lanes)), str(tile.lanes))
    for begin, end in (("0", whole), (whole, "%channels")):
        with body.loop(begin, end, str(tile.lanes)) as channel:
            offset = body.mul(channel, str(tile.itemsize))
            mask = ""
            if end == "%channels":
                mask = column_masks(body, tile, body.sub("%channels", channel))[0]
            here = body.at("%sums", offset)
            rows = [body.at(here, body.mul(str(n), "%sums_step")) for n in range(tile.rows)]
            sums = [body.load(tile.vector, row, tile.itemsize) for row in rows]

            def step(
                at: str, there: str, sums: list[str], offset: str = offset, mask: str = mask
            ) -> list[str]:
                gradient, inputs = places(offset, at, there)
                right = values.load(body, tile.dtype, gradient, tile.lanes, mask)
                new = []
                for old, place in zip(sums, inputs, strict=True):
                    left = values.load(body, tile.dtype, place, tile.lanes, mask)
                    product = body.op(f"fmul contract {tile.vector} {left}, {right}")
                    new.append(body.op(f"fadd contract {tile.vector} {old}, {product}"))
                return new

            sums = nested(body, tile, b, [level], b_step, step, sums)
            for row, value in zip(rows, sums, strict=True):
                body.store(tile.vector, value, row, tile.itemsize)


@functools.lru_cache(maxsize=32)
def depthwise_sum_kernel(dtype: str, lanes: int, taps: int) -> Kernel:
    """Pointers: sums, dw. A chunk is a block of channels and some taps: all shares of them."""
    body = Body()
    tile = Tile(1, 1, lanes, dtype)
    sums, dw = body.words("%args", 2, kind="ptr")
    word = dict(zip(SUM_WORDS, body.words("%args", len(SUM_WORDS), first=2), strict=True))
    kind, size = values.kind(dtype), str(tile.itemsize)
    buffer = body.op(f"alloca {tile.vector}, align 64")
    share_bytes = body.mul(body.mul(word["blocks"], word["tap_groups"]), word["chunk_bytes"])
    with body.loop("%begin", "%end") as chunk:
        block, group = body.rem(chunk, word["blocks"]), body.div(chunk, word["blocks"])
        channel0 = body.mul(block, word["block"])
        channels = body.min(word["block"], body.sub(word["channels"], channel0))
        tap0 = body.mul(group, str(taps))
        count = body.min(str(taps), body.sub(word["taps"], tap0))
        here = body.at(sums, body.mul(chunk, word["chunk_bytes"]))
        with body.loop("0", count) as number, body.loop("0", channels, str(lanes)) as channel:
            tap = body.add(tap0, number)
            to = body.at(dw, body.mul(body.div(tap, word["column_taps"]), word["w_row"]))
            across = body.rem(tap, word["column_taps"])
            to = body.at(to, body.mul(across, word["w_column"]))
            to = body.at(to, body.mul(body.add(channel0, channel), word["w_channel"]))
            place = body.add(body.mul(number, word["block"]), channel)
            first = body.at(here, body.mul(place, size))
            body.store(tile.vector, values.zero(lanes), buffer, 64)
            with body.loop("0", word["shares"]) as share:
                more = body.load(
                    tile.vector, body.at(first, body.mul(share, share_bytes)), tile.itemsize
                )
                total = values.add(body, dtype, body.load(tile.vector, buffer, 64), more, lanes)
                body.store(tile.vector, total, buffer, 64)
            left = body.min(str(lanes), body.sub(channels, channel))
            with body.loop("0", left) as lane:
                value = body.load(kind, body.at(buffer, body.mul(lane, size)))
                body.store(kind, value, body.at(to, body.mul(lane, word["w_channel"])))
    return kernel("depthwise_sum", entry(body))
