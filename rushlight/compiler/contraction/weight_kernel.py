"""The weight gradient's kernel: weights are rows and columns of register tiles, results are depth.

A chunk owns a block of output channels by a block of input channels, with all taps (or some rows
of them, where channels are few), and walks the whole batch, so that no two chunks add to the same
weight. Band by band it packs the inputs to a slab and the output's gradient to panels, and adds
each tap's products to sums that wait in scratch memory; at the end it writes the weights in the
order they have.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction import slab, values
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.finish import Finish, Output
from rushlight.compiler.contraction.panel import Panel
from rushlight.compiler.contraction.reach import Along
from rushlight.compiler.contraction.tile import ROW_BYTES, Level, Tile
from rushlight.compiler.launch import Kernel

# Inputs and gradients of a band, and rows of weights that lie together, all on the stack.
SLAB_BYTES = 224 * 1024
GRADIENT_BYTES = 160 * 1024
MAX_RUN = 512

WORDS = (
    "images", "height", "width", "channels", "filters", "taps_row", "taps_column",
    "out_height", "out_width", "stride_row", "stride_column", "dilation_row", "dilation_column",
    "low_row", "low_column",
    "block_images", "band_rows", "band_columns", "block_channels", "block_filters",
    "channel_blocks", "filter_blocks", "block_taps", "tap_blocks",
    "x_group", "x_image", "x_row", "x_column", "x_channel",
    "g_group", "g_image", "g_row", "g_column", "g_channel",
    "slab_rows", "slab_columns", "slab_image", "slab_row", "slab_column", "merged",
    "dw_group", "dw_filter", "dw_channel", "dw_row", "dw_column", "dw_flat", "chunk_bytes",
    "groups", "share_images", "dw_share",
)  # fmt: skip


class Weight(Record):
    """What is in the kernel's text.

    ``packs``: inputs are copied to a slab, ``planes`` of them woven. ``lies``: gradients of a band
    are read as they lie, not packed: rows that follow each other, of output channels that fill
    tiles. ``skips``: a tap is summed over the results at which it meets the image.
    """

    tile: Tile
    packs: bool
    dtype: str
    lies: bool = False
    planes: int = 0
    skips: bool = False


@functools.lru_cache(maxsize=64)
def weight_kernel(spec: Weight) -> Kernel:
    """Pointers: g, x, dw, sums. Words: ``WORDS``."""
    tile = spec.tile
    size, width = tile.itemsize, tile.columns * tile.itemsize
    body = Body()
    g, x, dw, sums_base = body.words("%args", 4, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=4), strict=True))
    table = body.op(f"alloca [{(MAX_RUN + tile.rows) * ROW_BYTES} x i8], align 64")
    panels = Panel(tile, Finish(tile.dtype), levels=3, follows=spec.lies, gaps=spec.skips)
    gradients = "" if spec.lies else body.op(f"alloca [{GRADIENT_BYTES} x i8], align 64")
    room = body.op(f"alloca [{SLAB_BYTES} x i8], align 64") if spec.packs else ""
    merged = body.op(f"icmp ne i64 {word['merged']}, 0")
    copier = slab.Copier(spec.dtype, tile.lanes, spec.planes)
    with body.loop("%begin", "%end") as chunk:
        filter0 = body.mul(body.rem(chunk, word["filter_blocks"]), word["block_filters"])
        rest = body.div(chunk, word["filter_blocks"])
        tap0 = body.mul(body.rem(rest, word["tap_blocks"]), word["block_taps"])
        tap_rows = body.min(word["block_taps"], body.sub(word["taps_row"], tap0))
        rest = body.div(rest, word["tap_blocks"])
        channel0 = body.mul(body.rem(rest, word["channel_blocks"]), word["block_channels"])
        rest = body.div(rest, word["channel_blocks"])
        group, share = body.rem(rest, word["groups"]), body.div(rest, word["groups"])
        image0 = body.mul(share, word["share_images"])
        image_stop = body.min(body.add(image0, word["share_images"]), word["images"])
        filters = body.min(word["block_filters"], body.sub(word["filters"], filter0))
        channels = body.min(word["block_channels"], body.sub(word["channels"], channel0))
        sums_row = body.mul(body.ceil_div(filters, str(tile.columns)), str(width))
        sums_at = body.at(sums_base, body.mul(chunk, word["chunk_bytes"]))
        g_here = body.at(g, body.mul(group, word["g_group"]))
        g_here = body.at(g_here, body.mul(filter0, word["g_channel"]))
        x_here = body.at(x, body.mul(group, word["x_group"]))
        x_here = body.at(x_here, body.mul(channel0, word["x_channel"]))
        # Taps of a row that follow each other in memory are one run with their channels.
        one_run = body.op(f"and i1 {merged}, {body.equal(channels, word['block_channels'])}")
        run = body.select(one_run, body.mul(word["taps_column"], channels), channels)
        across = body.select(one_run, "1", word["taps_column"])
        with body.loop("0", body.add(run, str(tile.rows - 1))) as place:
            line = body.at(table, body.mul(place, str(ROW_BYTES)))
            inside = body.min(place, body.sub(run, "1"))
            body.store("i64", body.mul(inside, str(size)), line)
            body.store("i64", body.mul(inside, sums_row), body.at(line, "8"))
        with (
            body.loop(image0, image_stop, word["block_images"]) as image,
            body.loop("0", word["out_height"], word["band_rows"]) as row,
            body.loop("0", word["out_width"], word["band_columns"]) as column,
        ):
            images = body.min(word["block_images"], body.sub(image_stop, image))
            rows = body.min(word["band_rows"], body.sub(word["out_height"], row))
            columns = body.min(word["band_columns"], body.sub(word["out_width"], column))
            begun = body.add(body.sub(image, image0), body.add(row, column))
            first = body.equal(begun, "0")
            results = body.mul(images, body.mul(rows, columns))
            g_band = body.at(g_here, body.mul(image, word["g_image"]))
            if spec.lies:
                g_panels = body.at(g_band, body.mul(row, word["g_row"]))
                g_step, g_panel = word["g_column"], str(width)
                follows = {"b_band": body.mul(results, g_step)}
            else:
                g_panels, g_step, g_panel = gradients, str(width), body.mul(results, str(width))
                follows = {}
                _pack_gradient(
                    body, copier, tile, word, g_band, gradients, images, row, rows, column,
                    columns, filters, g_panel,
                )  # fmt: skip
            top = body.sub(body.mul(row, word["stride_row"]), word["low_row"])
            left = body.sub(body.mul(column, word["stride_column"]), word["low_column"])
            above = before = "0"
            if spec.skips:
                top, above = Along.of(word, "row").origin(body, top, word["slab_rows"])
                left, before = Along.of(word, "column").origin(body, left, word["slab_columns"])
            source = body.at(x_here, body.mul(image, word["x_image"]))
            if spec.packs:
                picture = slab.Image(
                    source, word["height"], word["width"],
                    word["x_image"], word["x_row"], word["x_column"], word["x_channel"],
                )  # fmt: skip
                into = slab.Slab(
                    room, word["slab_rows"], word["slab_columns"], channels,
                    word["slab_image"], word["slab_row"], word["slab_column"],
                )  # fmt: skip
                copier.fill(body, picture, into, images, top, left)
                origin = body.at(room, body.mul(above, word["slab_row"]))
                origin = body.at(origin, body.mul(before, word["slab_column"]))
            else:
                origin = body.at(source, body.mul(top, word["x_row"]))
                origin = body.at(origin, body.mul(left, word["x_column"]))
            levels = [
                Level(images, word["slab_image"]),
                Level(rows, body.mul(word["stride_row"], word["slab_row"])),
                Level(columns, body.mul(word["stride_column"], word["slab_column"])),
            ]
            tap_row_step = body.mul(word["dilation_row"], word["slab_row"])
            tap_column_step = body.mul(word["dilation_column"], word["slab_column"])
            with (
                body.loop("0", filters, str(tile.columns)) as filter_,
                body.loop("0", tap_rows) as tap_row,
                body.loop("0", across) as tap_column,
            ):
                number = body.div(filter_, str(tile.columns))
                panel = body.at(g_panels, body.mul(number, g_panel))
                tap = body.at(origin, body.mul(body.add(tap0, tap_row), tap_row_step))
                tap = body.at(tap, body.mul(tap_column, tap_column_step))
                met = levels
                if spec.skips:
                    at = body.add(tap0, tap_row), tap_column
                    met, x_start, g_start = _met(body, word, levels, at, (row, column), g_step)
                    tap, panel = body.at(tap, x_start), body.at(panel, g_start)
                number = body.add(body.mul(tap_row, across), tap_column)
                sums_here = body.at(sums_at, body.mul(body.mul(number, run), sums_row))
                output = Output({"out": sums_here}, {"out": str(size)}, "true")
                panels.call(
                    body, table, run, tap, panel, met, g_step, output,
                    filter_, str(tile.columns), first, "true", follows,
                )  # fmt: skip
        dw_here = body.at(dw, body.mul(share, word["dw_share"]))
        dw_here = body.at(dw_here, body.mul(tap0, word["dw_row"]))
        _write(
            body, spec, word, dw_here, sums_at, sums_row, group, filter0, filters, channel0,
            channels, tap_rows,
        )  # fmt: skip
    return kernel("weight_grad", panels.declare() + panels.define() + copier.define() + entry(body))


def _met(
    body: Body, word: dict[str, str], levels: list[Level], tap: tuple[str, str],
    begin: tuple[str, str], g_step: str,
) -> tuple[list[Level], str, str]:  # fmt: skip
    """Of a band's results from ``begin`` on those at which a tap meets the image.

    Returns their levels, and how far after the band's first one they begin, in x and in g.
    """
    images, down, across = levels
    row, rows = Along.of(word, "row").results_of(body, tap[0], begin[0], down.count)
    column, columns = Along.of(word, "column").results_of(body, tap[1], begin[1], across.count)
    rows = body.select(body.equal(columns, "0"), "0", rows)
    line = body.mul(across.count, g_step)
    missing = body.mul(body.sub(across.count, columns), g_step)
    met = [
        Level(images.count, images.a_step, body.mul(body.sub(down.count, rows), line)),
        Level(rows, down.a_step, missing),
        Level(columns, across.a_step),
    ]
    x_start = body.add(body.mul(row, down.a_step), body.mul(column, across.a_step))
    return met, x_start, body.add(body.mul(row, line), body.mul(column, g_step))


def _pack_gradient(
    body: Body,
    copier: slab.Copier,
    tile: Tile,
    word: dict[str, str],
    source: str,
    target: str,
    images: str,
    row: str,
    rows: str,
    column: str,
    columns: str,
    filters: str,
    panel_bytes: str,
) -> None:
    """Panels of a tile's width of output channels, result by result."""
    width = str(tile.columns * tile.itemsize)
    row_step = body.mul(columns, width)
    whole = body.mul(body.div(filters, str(tile.columns)), str(tile.columns))
    apart = body.select(body.equal(word["g_channel"], str(values.SIZES[copier.source])), whole, "0")
    with body.when(body.op(f"icmp sgt i64 {apart}, 0")):
        _pack_together(
            body, copier, tile, word, source, target, images, row, rows, column, columns, apart,
            panel_bytes,
        )  # fmt: skip
    with body.loop(apart, filters, str(tile.columns)) as filter_:
        valid = body.min(str(tile.columns), body.sub(filters, filter_))
        picture = slab.Image(
            body.at(source, body.mul(filter_, word["g_channel"])),
            word["out_height"], word["out_width"],
            word["g_image"], word["g_row"], word["g_column"], word["g_channel"],
        )  # fmt: skip
        panel = body.at(target, body.mul(body.div(filter_, str(tile.columns)), panel_bytes))
        into = slab.Slab(panel, rows, columns, valid, body.mul(rows, row_step), row_step, width)
        copier.fill(body, picture, into, images, row, column)


def _pack_together(
    body: Body,
    copier: slab.Copier,
    tile: Tile,
    word: dict[str, str],
    source: str,
    target: str,
    images: str,
    row: str,
    rows: str,
    column: str,
    columns: str,
    filters: str,
    panel_bytes: str,
) -> None:
    """Whole panels of output channels that lie together: each result is read from end to end."""
    width = tile.columns * tile.itemsize
    with (
        body.loop("0", images) as image,
        body.loop("0", rows) as down,
        body.loop("0", columns) as across,
    ):
        here = body.at(source, body.mul(image, word["g_image"]))
        here = body.at(here, body.mul(body.add(row, down), word["g_row"]))
        here = body.at(here, body.mul(body.add(column, across), word["g_column"]))
        number = body.add(body.mul(image, rows), down)
        number = body.add(body.mul(number, columns), across)
        there = body.at(target, body.mul(number, str(width)))
        with body.loop("0", filters, str(tile.columns)) as filter_:
            to = body.at(there, body.mul(body.div(filter_, str(tile.columns)), panel_bytes))
            for vector in range(tile.vectors):
                lane = body.add(filter_, str(vector * tile.lanes))
                from_ = body.at(here, body.mul(lane, str(values.SIZES[copier.source])))
                body.prefetch(body.at(from_, body.mul(word["g_column"], "16")))
                value = values.load(body, copier.source, from_, tile.lanes)
                place = body.at(to, str(vector * tile.lanes * tile.itemsize))
                values.store(body, tile.dtype, value, place, tile.lanes)


def _write(
    body: Body,
    spec: Weight,
    word: dict[str, str],
    dw: str,
    sums: str,
    sums_row: str,
    group: str,
    filter0: str,
    filters: str,
    channel0: str,
    channels: str,
    tap_rows: str,
) -> None:
    """The chunk's sums to their places."""
    size, narrow = spec.tile.itemsize, str(values.SIZES[spec.dtype])
    lanes = spec.tile.lanes
    out = body.at(dw, body.mul(group, word["dw_group"]))
    out = body.at(out, body.mul(filter0, word["dw_filter"]))
    out = body.at(out, body.mul(channel0, word["dw_channel"]))
    tap_step = body.mul(channels, sums_row)
    # Weights of one filter that lie together are written as rows of squares turned round.
    whole = body.mul(body.div(filters, str(lanes)), str(lanes))
    whole = body.select(body.op(f"icmp ne i64 {word['dw_flat']}, 0"), whole, "0")
    taps = body.mul(tap_rows, word["taps_column"])
    count = body.mul(channels, taps)
    squares = body.mul(body.div(count, str(lanes)), str(lanes))
    with body.loop("0", squares, str(lanes)) as first:
        starts = []
        for lane in range(lanes):
            number = body.add(first, str(lane))
            tap, channel = body.rem(number, taps), body.div(number, taps)
            start = body.add(body.mul(tap, tap_step), body.mul(channel, sums_row))
            starts.append(body.at(sums, start))
        to = body.at(out, body.mul(first, narrow))
        with body.loop("0", whole, str(lanes)) as filter_:
            across = body.mul(filter_, str(size))
            rows = [body.load(spec.tile.vector, body.at(start, across), size) for start in starts]
            there = body.at(to, body.mul(filter_, word["dw_filter"]))
            for value in values.turned(body, spec.tile.dtype, rows):
                values.store(body, spec.dtype, value, there, lanes)
                there = body.at(there, word["dw_filter"])
    with body.loop("0", whole) as filter_, body.loop(squares, count) as number:
        tap, channel = body.rem(number, taps), body.div(number, taps)
        here = body.at(sums, body.mul(filter_, str(size)))
        here = body.at(here, body.mul(tap, tap_step))
        here = body.at(here, body.mul(channel, sums_row))
        there = body.at(out, body.mul(filter_, word["dw_filter"]))
        there = body.at(there, body.mul(number, narrow))
        values.store(body, spec.dtype, values.load(body, spec.tile.dtype, here), there)
    with body.loop(whole, filters) as filter_, body.loop("0", channels) as channel:
        there = body.at(out, body.mul(filter_, word["dw_filter"]))
        there = body.at(there, body.mul(channel, word["dw_channel"]))
        here = body.at(sums, body.mul(filter_, str(size)))
        here = body.at(here, body.mul(channel, sums_row))
        with body.loop("0", tap_rows) as row, body.loop("0", word["taps_column"]) as column:
            tap = body.add(body.mul(row, word["taps_column"]), column)
            value = values.load(body, spec.tile.dtype, body.at(here, body.mul(tap, tap_step)))
            place = body.at(there, body.mul(row, word["dw_row"]))
            place = body.at(place, body.mul(column, word["dw_column"]))
            values.store(body, spec.dtype, value, place)
