"""The weight gradient of a single tap: a product of two packed blocks, band by band.

A chunk owns a block of output channels by a block of input channels of one share of the positions.
For each band of positions it packs the output's gradient into strips and the inputs into panels,
both on the stack and in the second cache, and adds their product to the weights where they are. A
strip is a tile's rows, filled up to whole vectors with what follows: its stores never cross a line,
and a tile reads one line where it would read parts of two.
"""

from __future__ import annotations

import functools
from contextlib import ExitStack

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import Finish, Output
from rushlight.compiler.contraction.operand import round_up
from rushlight.compiler.contraction.panel import Panel
from rushlight.compiler.contraction.tile import ROW_BYTES, Level, Tile, column_masks
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


class Chunk(Record):
    """A block of ``filters`` by ``channels`` of one share of the positions, which has ``counts`` of
    them along their axes. ``g``, ``x``: where the first one is, ``out``: where the weights are."""

    filters: str
    channels: str
    counts: list[str]
    g: str
    x: str
    out: str

    @staticmethod
    def of(
        body: Body, tile: Tile, word: dict[str, str], axes: int, pointers: tuple[str, str, str],
        number: str,
    ) -> Chunk:  # fmt: skip
        """``pointers``: g, x, dw."""
        size = str(tile.itemsize)
        filter0 = body.mul(body.rem(number, word["filter_blocks"]), word["block_filters"])
        rest = body.div(number, word["filter_blocks"])
        channel0 = body.mul(body.rem(rest, word["channel_blocks"]), word["block_channels"])
        rest = body.div(rest, word["channel_blocks"])
        group, share = body.rem(rest, word["groups"]), body.div(rest, word["groups"])
        start = body.mul(share, word["share"])
        counts = [body.min(word["share"], body.sub(word["count0"], start))]
        counts += [word[f"count{axis}"] for axis in range(1, axes)]
        g, x, out = pointers
        g = body.at(body.at(g, body.mul(group, word["g_group"])), body.mul(filter0, size))
        x = body.at(body.at(x, body.mul(group, word["x_group"])), body.mul(channel0, size))
        out = body.at(out, body.mul(group, word["dw_group"]))
        out = body.at(out, body.mul(share, word["dw_share"]))
        out = body.at(out, body.mul(filter0, word["dw_filter"]))
        return Chunk(
            filters=body.min(word["block_filters"], body.sub(word["filters"], filter0)),
            channels=body.min(word["block_channels"], body.sub(word["channels"], channel0)),
            counts=counts,
            g=body.at(g, body.mul(start, word["g_step0"])),
            x=body.at(x, body.mul(start, word["x_step0"])),
            out=body.at(out, body.mul(channel0, size)),
        )


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
    product = Panel(tile, Finish(tile.dtype), levels=2, beside=True, asks=True)
    width = strip_width(tile)
    with body.loop("%begin", "%end") as chunk:
        work = Chunk.of(body, tile, word, axes, (g, x, dw), chunk)
        filters, channels, g_here, x_here = work.filters, work.channels, work.g, work.x
        fill_table(body, tile, word, table, filters)
        with ExitStack() as nest:
            depth, begun, counts = "1", "0", []
            for axis, count in enumerate(work.counts):
                place = nest.enter_context(body.loop("0", count, word[f"band{axis}"]))
                counts.append(body.min(word[f"band{axis}"], body.sub(count, place)))
                depth = body.mul(depth, counts[-1])
                begun = body.add(begun, place)
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
            levels = [Level("1", "0"), Level(depth, str(width * size))]
            output = Output({"out": work.out}, {"out": str(size)}, "true")
            gradients = (g_here, word[f"g_step{axes - 1}"], filters)
            inputs = (x_here, word[f"x_step{axes - 1}"], channels)
            (ask, ask_bytes), (then, then_bytes) = _next_band(body, tile, depth, gradients, inputs)
            asks = {"ask": ask, "ask_bytes": ask_bytes, "then": then, "then_bytes": then_bytes}
            walked = body.mul(depth, str(width * size))
            walked = body.mul(walked, body.ceil_div(filters, str(tile.rows)))
            with body.loop("0", channels, str(tile.columns)) as column:
                number = body.div(column, str(tile.columns))
                left = body.min(str(tile.columns), body.sub(channels, column))
                product.call(
                    body, table, filters, strips, body.at(panels, body.mul(number, word["panel"])),
                    levels, str(tile.columns * size), output, column, left, first, "true",
                    {**asks, "asked": body.mul(number, walked)},
                )  # fmt: skip
    functions = define_pack("strips", tile, tile.rows, width, axes)
    functions += define_pack("panels", tile, tile.columns, tile.columns, axes)
    functions += product.declare() + product.define()
    return kernel("point_weight", functions + entry(body))


def _next_band(
    body: Body, tile: Tile, depth: str, *sources: tuple[str, str, str]
) -> list[tuple[str, str]]:
    """What will be packed next, (where, how many bytes): 0 unless it follows this without a gap.

    ``sources``: where the band is, the step between positions and how many neighbours each has.
    """
    found = []
    for here, step, many in sources:
        nbytes = body.mul(depth, step)
        together = body.equal(step, body.mul(many, str(tile.itemsize)))
        found.append((body.at(here, nbytes), body.select(together, nbytes, "0")))
    return found


def strip_width(tile: Tile) -> int:
    """Numbers of one position in a strip: a tile's rows, in whole vectors."""
    return round_up(tile.rows, tile.lanes)


def fill_table(
    body: Body, tile: Tile, word: dict[str, str], table: str, rows: str, shifted: bool = False
) -> None:
    """Where each tile's rows are in its strip, and each row of weights in the output; the last
    repeats. ``shifted``: see ``define_pack``."""
    with body.loop("0", body.add(rows, str(tile.rows - 1))) as place:
        row = body.min(place, body.sub(rows, "1"))
        line = body.at(table, body.mul(place, str(ROW_BYTES)))
        strip = body.div(place, str(tile.rows))
        inside = body.mul(strip, word["strip"])
        if shifted:
            inside = body.add(inside, shift(body, tile, strip, tile.rows, rows, strip_width(tile)))
        body.store("i64", inside, line)
        body.store("i64", body.mul(row, word["dw_filter"]), body.at(line, "8"))


def shift(body: Body, tile: Tile, strip: str, step: int, many: str, width: int) -> str:
    """Bytes by which a strip begins earlier, so that it does not reach past ``many``."""
    begun = body.mul(strip, str(step))
    over = body.sub(body.add(begun, str(width)), many)
    return body.mul(body.max(over, "0"), str(tile.itemsize))


def define_pack(
    name: str, tile: Tile, step: int, width: int, axes: int, shifted: bool = False
) -> str:
    """``many`` neighbours of each position as strips of ``width``, one position after another.

    Strips begin ``step`` neighbours, and ``pitch`` bytes, apart; what lies past the last neighbour
    is 0. ``shifted``: nothing does, a strip that would reach further begins earlier.
    """
    size, body = tile.itemsize, Body()
    # Strips whose neighbours are all there.
    full = body.div(body.max(body.sub("%many", str(width - step)), "0"), str(step))
    end = body.ceil_div("%many", str(step))
    full = end if shifted else full
    inner, across = f"%count{axes - 1}", f"%step{axes - 1}"
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
                sources = [body.at(here, body.mul(position, across))]
                while len(sources) < many:
                    sources.append(body.at(sources[-1], across))
                target = body.at(there, body.mul(position, str(width * size)))
                parts = [("0", full, True)] if shifted else [("0", full, True), (full, end, False)]
                for first, last, whole in parts:
                    with body.loop(first, last) as strip:
                        column = body.mul(strip, str(step))
                        if shifted:
                            column = body.min(column, body.sub("%many", str(width)))
                        shape = tile.replace(vectors=width // tile.lanes)
                        left = body.sub("%many", column)
                        masks = [] if whole else column_masks(body, shape, left)
                        offset = body.mul(column, str(size))
                        to = body.at(target, body.mul(strip, "%pitch"))
                        ahead = body.at(body.at(sources[0], offset), body.mul(across, str(AHEAD)))
                        for source in sources:
                            body.prefetch(ahead)
                            ahead = body.at(ahead, across)
                            to = _copy(body, shape, body.at(source, offset), to, masks)
    numbers = ["many", "pitch", *[f"{n}{k}" for n in ("count", "step") for k in range(axes)]]
    parameters = [("ptr", "source"), ("ptr", "target"), *[("i64", n) for n in numbers]]
    return function(name, parameters, body)


def _copy(body: Body, shape: Tile, source: str, to: str, masks: list[str]) -> str:
    """A row of ``shape`` from ``source`` to ``to``; gives what follows there."""
    across = str(shape.lanes * shape.itemsize)
    for vector in range(shape.vectors):
        mask = masks[vector] if masks else ""
        value = values.load(body, shape.dtype, source, shape.lanes, mask)
        values.store(body, shape.dtype, value, to, shape.lanes)
        source, to = body.at(source, across), body.at(to, across)
    return to
