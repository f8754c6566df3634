"""The convolution kernel: results are rows of register tiles, taps and channels are depth.

A chunk is a block of results (images, a band of rows, a band of columns) by a block of output
channels of one group. For each block of input channels it packs a slab (or reads the image as it
lies, where nothing is padded), then runs the tile over the weights' panels and its results. The
depth of a tile is walked as taps' rows, taps' columns and channels: distances, no copies.
"""

from __future__ import annotations

import functools
from contextlib import nullcontext

from rushlight.base.record import Record
from rushlight.compiler.contraction import slab
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.finish import Finish, Output, column_steps
from rushlight.compiler.contraction.panel import Panel
from rushlight.compiler.contraction.reach import Along, Rectangle, Rectangles
from rushlight.compiler.contraction.tile import ASKED_ROWS, ROW_BYTES, Level, Tile
from rushlight.compiler.launch import Kernel

# Results of a chunk: the table of their addresses is on the stack, and so is the slab.
MAX_RESULTS = 512
SLAB_BYTES = 384 * 1024

WORDS = (
    "images", "height", "width", "channels", "filters", "taps_row", "taps_column",
    "out_height", "out_width", "stride_row", "stride_column", "dilation_row", "dilation_column",
    "low_row", "low_column",
    "block_images", "band_rows", "band_columns", "block_channels", "block_filters",
    "image_blocks", "row_bands", "column_bands", "filter_blocks",
    "x_group", "x_image", "x_row", "x_column", "x_channel",
    "slab_rows", "slab_columns", "slab_image", "slab_row", "slab_column", "merged",
    "b_group", "b_panel",
    "out_group", "out_image", "out_row", "out_column", "out_channel",
    "residual_group", "residual_image", "residual_row", "residual_column", "residual_channel",
    "bias_step", "whole_vectors", "adds",
)  # fmt: skip


class Conv(Record):
    """What is in a convolution kernel's text.

    ``packs``: the chunk copies its inputs to a slab and weaves ``planes`` of them. ``streams``: a
    single tap of inputs that lie one behind the other. ``skips``: taps in the padding are left out,
    rectangle by rectangle of results.
    """

    tile: Tile
    finish: Finish
    packs: bool
    x_dtype: str
    streams: bool = False
    planes: int = 0
    skips: bool = False


@functools.lru_cache(maxsize=128)
def conv_kernel(spec: Conv) -> Kernel:
    """Pointers: x, packed weights, out, then the finish's. Words: ``WORDS``."""
    tile, finish = spec.tile, spec.finish
    body = Body()
    pointers = 3 + len(finish.pointers)
    x, b, out, *others = body.words("%args", pointers, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=pointers), strict=True))
    bases = {"out": out, **dict(zip(finish.pointers, others, strict=True))}
    table = body.op(
        f"alloca [{(MAX_RESULTS + max(tile.rows, ASKED_ROWS)) * ROW_BYTES} x i8], align 64"
    )
    panels = Panel(tile, finish, levels=3, streams=spec.streams, gaps=spec.skips)
    copier = slab.Copier(spec.x_dtype, tile.lanes, spec.planes)
    room = body.op(f"alloca [{SLAB_BYTES} x i8], align 64") if spec.packs else ""
    rectangles = Rectangles.make(body, MAX_RESULTS) if spec.skips else None
    steps = {
        "out": word["out_channel"],
        "residual": word["residual_channel"],
        **column_steps(finish, word["bias_step"]),
    }
    whole = body.op(f"icmp ne i64 {word['whole_vectors']}, 0")
    merged = body.op(f"icmp ne i64 {word['merged']}, 0")
    taps = body.mul(word["taps_row"], word["taps_column"])
    depth_bytes = str(tile.columns * tile.itemsize)

    with body.loop("%begin", "%end") as chunk:
        part = _Part.of(body, word, chunk)
        here = {
            name: body.at(base, body.mul(part.group, word[f"{name}_group"]))
            for name, base in bases.items()
            if name not in finish.columns
        }
        if finish.columns:
            start = body.mul(part.group, body.mul(word["filters"], word["bias_step"]))
            here |= {name: body.at(bases[name], start) for name in finish.columns}
        output = Output(here, steps, whole)
        down, across = (part.row, part.rows), (part.column, part.columns)
        if rectangles:
            with rectangles.fill(body, word, part.images, down, across) as (some, those, place):
                _fill_table(body, word, part, some, those, table, place)
        else:
            _fill_table(body, word, part, down, across, table, "0")
        results = body.mul(part.images, body.mul(part.rows, part.columns))
        _fill_up(body, spec, table, results)
        source = body.at(x, body.mul(part.group, word["x_group"]))
        source = body.at(source, body.mul(part.image, word["x_image"]))
        weights = body.at(b, body.mul(part.group, word["b_group"]))
        top = body.sub(body.mul(part.row, word["stride_row"]), word["low_row"])
        left = body.sub(body.mul(part.column, word["stride_column"]), word["low_column"])
        above = before = "0"
        if spec.skips:
            top, above = Along.of(word, "row").origin(body, top, word["slab_rows"])
            left, before = Along.of(word, "column").origin(body, left, word["slab_columns"])
        with body.loop("0", body.max(word["channels"], "1"), word["block_channels"]) as c0:
            channels = body.min(word["block_channels"], body.sub(word["channels"], c0))
            whole_block = body.equal(channels, word["block_channels"])
            first = body.op(f"and i1 {body.equal(c0, '0')}, {body.equal(word['adds'], '0')}")
            last = body.op(f"icmp sge i64 {body.add(c0, channels)}, {word['channels']}")
            block = body.at(source, body.mul(c0, word["x_channel"]))
            if spec.packs:
                image = slab.Image(
                    block, word["height"], word["width"],
                    word["x_image"], word["x_row"], word["x_column"], word["x_channel"],
                )  # fmt: skip
                into = slab.Slab(
                    room, word["slab_rows"], word["slab_columns"], channels,
                    word["slab_image"], word["slab_row"], word["slab_column"],
                )  # fmt: skip
                copier.fill(body, image, into, part.images, top, left)
                origin = body.at(room, body.mul(above, word["slab_row"]))
                origin = body.at(origin, body.mul(before, word["slab_column"]))
            else:
                # Nothing is padded here: low is 0 or negative, top and left are in the image.
                origin = body.at(block, body.mul(top, word["x_row"]))
                origin = body.at(origin, body.mul(left, word["x_column"]))
            # Taps of a row that follow each other in memory are one run with their channels.
            one_run = body.op(f"and i1 {merged}, {whole_block}")
            run = body.select(one_run, body.mul(word["taps_column"], channels), channels)
            tap_columns = body.select(one_run, "1", word["taps_column"])
            tap_rows = body.select(body.equal(run, "0"), "0", word["taps_row"])
            all_taps = Rectangle("0", results, "0", tap_rows, "0", tap_columns)
            row_step = body.mul(word["dilation_row"], word["slab_row"])
            column_step = body.mul(word["dilation_column"], word["slab_column"])
            one_tap = body.mul(channels, depth_bytes)
            begun = body.mul(body.mul(c0, taps), depth_bytes)
            with body.loop("0", part.filters, str(tile.columns)) as step:
                column = body.add(part.filter, step)
                number = body.div(column, str(tile.columns))
                panel = body.at(body.at(weights, body.mul(number, word["b_panel"])), begun)
                valid_columns = body.min(str(tile.columns), body.sub(part.filters, step))
                with rectangles.each(body) if rectangles else nullcontext(all_taps) as one:
                    start = body.at(origin, body.mul(one.tap_row, row_step))
                    start = body.at(start, body.mul(one.tap_column, column_step))
                    tap = body.add(body.mul(one.tap_row, word["taps_column"]), one.tap_column)
                    missing = body.sub(word["taps_column"], one.tap_columns)
                    levels = [
                        Level(one.tap_rows, row_step, body.mul(missing, one_tap)),
                        Level(one.tap_columns, column_step),
                        Level(run, str(tile.itemsize)),
                    ]
                    panels.call(
                        body, body.at(table, body.mul(one.place, str(ROW_BYTES))), one.results,
                        start, body.at(panel, body.mul(tap, one_tap)), levels, depth_bytes, output,
                        column, valid_columns, first, last,
                    )  # fmt: skip
    if finish.past:
        body.wait_for_streams()
    functions = panels.declare() + panels.define() + (copier.define() if spec.packs else "")
    return kernel("conv", functions + entry(body))


class _Part(Record):
    """What one chunk computes: first and count of each axis (names of values)."""

    group: str
    image: str
    images: str
    row: str
    rows: str
    column: str
    columns: str
    filter: str
    filters: str

    @staticmethod
    def of(body: Body, word: dict[str, str], chunk: str) -> _Part:
        def split(blocks: str, size: str, total: str, rest: str) -> tuple[str, str, str]:
            first = body.mul(body.rem(rest, blocks), size)
            count = body.min(size, body.sub(total, first))
            return first, count, body.div(rest, blocks)

        filter, filters, rest = split(
            word["filter_blocks"], word["block_filters"], word["filters"], chunk
        )
        column, columns, rest = split(
            word["column_bands"], word["band_columns"], word["out_width"], rest
        )
        row, rows, rest = split(word["row_bands"], word["band_rows"], word["out_height"], rest)
        image, images, group = split(
            word["image_blocks"], word["block_images"], word["images"], rest
        )
        return _Part(group, image, images, row, rows, column, columns, filter, filters)


def _fill_table(
    body: Body, word: dict[str, str], part: _Part, rows: tuple[str, str], columns: tuple[str, str],
    table: str, place: str,
) -> None:  # fmt: skip
    """Addresses of some rows and columns of the chunk's results, in order, from ``place`` on."""
    per_image = body.mul(rows[1], columns[1])
    above, before = body.sub(rows[0], part.row), body.sub(columns[0], part.column)
    with body.loop("0", part.images) as image, body.loop("0", rows[1]) as row:
        begin = body.add(body.mul(image, per_image), body.mul(row, columns[1]))
        begin = body.add(place, begin)
        down, number = body.add(rows[0], row), body.add(part.image, image)
        a_start = body.add(
            body.mul(image, word["slab_image"]),
            body.mul(body.mul(body.add(above, row), word["stride_row"]), word["slab_row"]),
        )
        a_step = body.mul(word["stride_column"], word["slab_column"])
        a_start = body.add(a_start, body.mul(before, a_step))
        starts = {
            name: body.add(
                body.add(
                    body.mul(number, word[f"{name}_image"]), body.mul(down, word[f"{name}_row"])
                ),
                body.mul(columns[0], word[f"{name}_column"]),
            )
            for name in ("out", "residual")
        }
        with body.loop("0", columns[1]) as column:
            entry = body.at(table, body.mul(body.add(begin, column), str(ROW_BYTES)))
            body.store("i64", body.add(a_start, body.mul(column, a_step)), entry)
            for word_offset, name in (("8", "out"), ("16", "residual")):
                offset = body.add(starts[name], body.mul(column, word[f"{name}_column"]))
                body.store("i64", offset, body.at(entry, word_offset))


def _fill_up(body: Body, spec: Conv, table: str, count: str) -> None:
    """The last tile's rows past the end are the chunk's first result again, and are not stored."""
    words = [body.load("i64", body.at(table, offset)) for offset in ("0", "8", "16")]
    with body.loop(count, body.add(count, str(spec.tile.rows - 1))) as extra:
        for index, value in enumerate(words):
            place = body.add(body.mul(extra, str(ROW_BYTES)), str(8 * index))
            body.store("i64", value, body.at(table, place))
