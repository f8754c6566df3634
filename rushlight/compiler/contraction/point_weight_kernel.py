"""The weight gradient of a single tap: a product of two packed blocks, band by band.

A chunk owns a block of output channels by a block of input channels of one share of the positions.
For each band of positions it packs the output's gradient into strips of a vector's width (whose
stores never cross a line, as those of a tile's rows would) and the inputs into panels of a tile's
columns, both on the stack and in the second cache, and adds their product to the weights where they
are.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import Finish, Output
from rushlight.compiler.contraction.pack import pieces
from rushlight.compiler.contraction.panel import Panel
from rushlight.compiler.contraction.tile import ROW_BYTES, Level, Tile
from rushlight.compiler.launch import Kernel

# Each of the two packed blocks of a band, on the stack.
ROOM_BYTES = 320 * 1024
MAX_ROWS = 512
# Positions that are packed at a time: their strips are written from end to end. Those ``AHEAD`` of
# them are asked for meanwhile.
TOGETHER = 4
AHEAD = 8

WORDS = (
    "filters", "channels", "block_filters", "block_channels", "filter_blocks", "channel_blocks",
    "groups", "g_group", "x_group", "dw_group", "dw_filter", "dw_share", "share",
    "count0", "count1", "count2", "band0", "band1", "band2",
    "g_step0", "g_step1", "g_step2", "x_step0", "x_step1", "x_step2", "strip", "panel",
)  # fmt: skip


@functools.lru_cache(maxsize=32)
def point_weight_kernel(tile: Tile, axes: int) -> Kernel:
    """Pointers: g, x, dw. Words: ``WORDS``, of which those of ``axes`` axes of positions count."""
    size = tile.itemsize
    body = Body()
    g, x, dw = body.words("%args", 3, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=3), strict=True))
    table = body.op(f"alloca [{(MAX_ROWS + tile.rows) * ROW_BYTES} x i8], align 64")
    strips = body.op(f"alloca [{ROOM_BYTES} x i8], align 64")
    panels = body.op(f"alloca [{ROOM_BYTES} x i8], align 64")
    product = Panel(tile, Finish(tile.dtype), levels=2)
    with body.loop("%begin", "%end") as chunk:
        filter0 = body.mul(body.rem(chunk, word["filter_blocks"]), word["block_filters"])
        rest = body.div(chunk, word["filter_blocks"])
        channel0 = body.mul(body.rem(rest, word["channel_blocks"]), word["block_channels"])
        rest = body.div(rest, word["channel_blocks"])
        group, share = body.rem(rest, word["groups"]), body.div(rest, word["groups"])
        filters = body.min(word["block_filters"], body.sub(word["filters"], filter0))
        channels = body.min(word["block_channels"], body.sub(word["channels"], channel0))
        start = body.mul(share, word["share"])
        stop = body.min(body.add(start, word["share"]), word["count0"])
        g_here = body.at(g, body.mul(group, word["g_group"]))
        g_here = body.at(g_here, body.mul(filter0, str(size)))
        x_here = body.at(x, body.mul(group, word["x_group"]))
        x_here = body.at(x_here, body.mul(channel0, str(size)))
        out = body.at(dw, body.mul(group, word["dw_group"]))
        out = body.at(out, body.mul(share, word["dw_share"]))
        out = body.at(out, body.mul(filter0, word["dw_filter"]))
        out = body.at(out, body.mul(channel0, str(size)))
        _fill_table(body, tile, word, table, filters)
        with ExitStack() as nest:
            depth, begun, counts = "1", "0", []
            for axis in range(axes):
                low, high = ("0", word[f"count{axis}"]) if axis else (start, stop)
                place = nest.enter_context(body.loop(low, high, word[f"band{axis}"]))
                counts.append(body.min(word[f"band{axis}"], body.sub(high, place)))
                depth = body.mul(depth, counts[-1])
                begun = body.add(begun, body.sub(place, low))
                g_here = body.at(g_here, body.mul(place, word[f"g_step{axis}"]))
                x_here = body.at(x_here, body.mul(place, word[f"x_step{axis}"]))
            for name, source, room, many, pitch in (
                ("strips", g_here, strips, filters, word["strip"]),
                ("panels", x_here, panels, channels, word["panel"]),
            ):
                steps = [word[f"{'g' if room is strips else 'x'}_step{k}"] for k in range(axes)]
                numbers = [("i64", number) for number in (many, pitch, *counts, *steps)]
                body.call(name, [("ptr", source), ("ptr", room), *numbers])
            first = body.equal(begun, "0")
            levels = [Level("1", "0"), Level(depth, str(tile.lanes * size))]
            output = Output({"out": out}, {"out": str(size)}, "true")
            with body.loop("0", channels, str(tile.columns)) as column:
                number = body.div(column, str(tile.columns))
                left = body.min(str(tile.columns), body.sub(channels, column))
                product.call(
                    body, table, filters, strips, body.at(panels, body.mul(number, word["panel"])),
                    levels, str(tile.columns * size), output, column, left, first, "true",
                )  # fmt: skip
    functions = _define_pack("strips", tile, tile.lanes, axes)
    functions += _define_pack("panels", tile, tile.columns, axes)
    functions += product.declare() + product.define()
    return kernel("point_weight", functions + entry(body))


def _fill_table(body: Body, tile: Tile, word: dict[str, str], table: str, rows: str) -> None:
    """Where each row of weights is in the strips and in the output; the last row repeats."""
    width = str(tile.lanes)
    with body.loop("0", body.add(rows, str(tile.rows - 1))) as place:
        row = body.min(place, body.sub(rows, "1"))
        line = body.at(table, body.mul(place, str(ROW_BYTES)))
        inside = body.mul(body.rem(row, width), str(tile.itemsize))
        strip = body.mul(body.div(row, width), word["strip"])
        body.store("i64", body.add(strip, inside), line)
        body.store("i64", body.mul(row, word["dw_filter"]), body.at(line, "8"))


def _define_pack(name: str, tile: Tile, width: int, axes: int) -> str:
    """``many`` neighbours of each position as strips of ``width``, one position after another.

    Strips are ``pitch`` bytes apart; the last is filled up with zeros.
    """
    size = tile.itemsize
    body = Body()
    full = body.div("%many", str(width))
    whole = body.mul(full, str(width))
    end = body.mul(body.ceil_div("%many", str(width)), str(width))
    inner, step = f"%count{axes - 1}", f"%step{axes - 1}"
    together = body.mul(body.div(inner, str(TOGETHER)), str(TOGETHER))
    with ExitStack() as nest:
        here, number = "%source", "0"
        for axis in range(axes - 1):
            place = nest.enter_context(body.loop("0", f"%count{axis}"))
            here = body.at(here, body.mul(place, f"%step{axis}"))
            number = body.mul(body.add(number, place), f"%count{axis + 1}")
        there = body.at("%target", body.mul(number, str(width * size)))
        for start, stop, many in (("0", together, TOGETHER), (together, inner, 1)):
            with body.loop(start, stop, str(many)) as position:
                sources = [body.at(here, body.mul(position, step))]
                while len(sources) < many:
                    sources.append(body.at(sources[-1], step))
                target = body.at(there, body.mul(position, str(width * size)))
                with body.loop("0", full) as strip:
                    offset = body.mul(strip, str(width * size))
                    to = body.at(target, body.mul(strip, "%pitch"))
                    ahead = body.at(body.at(sources[0], offset), body.mul(step, str(AHEAD)))
                    for _ in range(many):
                        body.prefetch(ahead)
                        ahead = body.at(ahead, step)
                    _copy(body, tile, [body.at(each, offset) for each in sources], to, width)
        with body.when(body.less(whole, end)), body.loop("0", inner) as position:
            source = body.at(here, body.mul(position, step))
            target = body.at(there, body.mul(position, str(width * size)))
            target = body.at(target, body.mul(full, "%pitch"))
            with body.loop(whole, "%many") as one:
                value = values.load(body, tile.dtype, body.at(source, body.mul(one, str(size))))
                offset = body.mul(body.sub(one, whole), str(size))
                values.store(body, tile.dtype, value, body.at(target, offset))
            with body.loop("%many", end) as one:
                offset = body.mul(body.sub(one, whole), str(size))
                values.store(body, tile.dtype, "0.0", body.at(target, offset))
    numbers = ["many", "pitch", *[f"{n}{k}" for n in ("count", "step") for k in range(axes)]]
    parameters = [("ptr", "source"), ("ptr", "target"), *[("i64", n) for n in numbers]]
    return function(name, parameters, body)


def _copy(body: Body, tile: Tile, sources: list[str], to: str, width: int) -> None:
    """``width`` numbers from each of ``sources``, one behind the other."""
    for number, source in enumerate(sources):
        for place, piece in pieces(width, tile.lanes):
            value = values.load(
                body, tile.dtype, body.at(source, str(place * tile.itemsize)), piece
            )
            there = body.at(to, str((number * width + place) * tile.itemsize))
            values.store(body, tile.dtype, value, there, piece)
