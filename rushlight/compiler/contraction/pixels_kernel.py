"""Convolution to few channels: lanes are neighbouring results of a row, rows are channels.

Six channels would leave two lanes of eight idle, three would leave five. Here a vector is a *run*
of results of one row and channel, which meets a run of inputs for each tap: loads at any distance,
from the image as it lies or from a slab of planes. A row's last run overlaps the one before it
instead of ending early, so that nothing is masked; what both compute is the same. Where rows are
shorter than a vector, or would fill the last one badly, a run is half a vector, and two of any rows
share a register.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction import pixels_apart, planar_slab, slab, values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import Finish, column_parameters, finished_channels
from rushlight.compiler.contraction.pack import pieces
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.launch import Kernel

# What is on the stack: places of a chunk's runs, distances of the terms of depth, and the slab.
MAX_RUNS = 512
MAX_DEPTH = 2048
SLAB_BYTES = 384 * 1024
# A run's words: offset of its inputs and of its results, first and last term of depth to be summed.
_RUN_BYTES = 32

WORDS = (
    "images", "height", "width", "channels", "filters", "taps_row", "taps_column",
    "out_height", "out_width", "stride_row", "dilation_row", "dilation_column",
    "low_row", "low_column", "block_images", "band_rows", "image_blocks", "row_bands",
    "x_group", "x_image", "x_row", "x_column", "x_channel",
    "slab_rows", "slab_columns", "slab_image", "slab_channel", "slab_row",
    "b_group", "b_panel",
    "out_group", "out_image", "out_row", "out_column", "out_channel", "bias_step",
    "skips",
)  # fmt: skip


class Pixels(Record):
    """What is in the kernel's text.

    ``tile``: channels x runs, of which ``beside`` (1 or 2) share a register. ``whole``: no tile has
    fewer channels. ``packs``: inputs are copied to a slab. ``stores``: what lies together in the
    output, 'columns', 'channels' or 'nothing'.
    ``apart``: runs of a row where a tile is one channel and its rows are taps: ``pixels_apart``.
    """

    tile: Tile
    beside: int
    whole: bool
    finish: Finish
    packs: bool
    x_dtype: str
    stores: str
    apart: int = 0


@functools.lru_cache(maxsize=64)
def pixels_kernel(spec: Pixels) -> Kernel:
    """Pointers: x, packed weights, out, then the finish's. Words: ``WORDS``."""
    tile, body = spec.tile, Body()
    pointers = 3 + len(spec.finish.pointers)
    x, b, out, *others = body.words("%args", pointers, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=pointers), strict=True))
    runs = body.op(f"alloca [{(MAX_RUNS + tile.vectors) * _RUN_BYTES} x i8], align 64")
    depths = body.op(f"alloca [{MAX_DEPTH * 8} x i8], align 64")
    room = body.op(f"alloca [{SLAB_BYTES} x i8], align 64") if spec.packs else ""
    fill_depths(body, word, depths, tile.itemsize)
    copier = slab.Copier(spec.x_dtype, tile.lanes)
    panel_rows = "1" if spec.apart else str(tile.rows)
    with body.loop("%begin", "%end") as chunk:
        band = body.mul(body.rem(chunk, word["row_bands"]), word["band_rows"])
        rest = body.div(chunk, word["row_bands"])
        image = body.mul(body.rem(rest, word["image_blocks"]), word["block_images"])
        group = body.div(rest, word["image_blocks"])
        images = body.min(word["block_images"], body.sub(word["images"], image))
        rows = body.min(word["band_rows"], body.sub(word["out_height"], band))
        count = _fill_runs(body, spec, word, runs, images, band, rows)
        source = body.at(x, body.mul(group, word["x_group"]))
        source = body.at(source, body.mul(image, word["x_image"]))
        top = body.sub(body.mul(band, word["stride_row"]), word["low_row"])
        left = body.sub("0", word["low_column"])
        if spec.packs:
            picture = slab.Image(
                source, word["height"], word["width"],
                word["x_image"], word["x_row"], word["x_column"], word["x_channel"],
            )  # fmt: skip
            into = planar_slab.Planes(
                room, word["slab_rows"], word["slab_columns"], word["channels"],
                word["slab_image"], word["slab_channel"], word["slab_row"],
            )  # fmt: skip
            planar_slab.fill(body, picture, into, images, top, left)
            origin = room
        else:
            origin = body.at(source, body.mul(top, word["x_row"]))
            origin = body.at(origin, body.mul(left, word["x_column"]))
        target = body.at(out, body.mul(group, word["out_group"]))
        target = body.at(target, body.mul(image, word["out_image"]))
        target = body.at(target, body.mul(band, word["out_row"]))
        weights = body.at(b, body.mul(group, word["b_group"]))
        with body.loop("0", word["filters"], panel_rows) as filter_:
            panel = body.at(weights, body.mul(body.div(filter_, panel_rows), word["b_panel"]))
            given = [
                ("ptr", runs), ("i64", count), ("ptr", origin), ("ptr", panel), ("ptr", depths),
                ("ptr", body.at(target, body.mul(filter_, word["out_channel"]))),
                ("i64", word["out_channel"]), ("i64", word["out_column"]),
                ("i64", body.min(panel_rows, body.sub(word["filters"], filter_))),
            ]  # fmt: skip
            if others:
                first = body.add(body.mul(group, word["filters"]), filter_)
                start = body.mul(first, word["bias_step"])
                given += [("ptr", body.at(other, start)) for other in others]
                given.append(("i64", word["bias_step"]))
            body.call("tiles", given)
    functions = _define_tiles(spec) + (planar_slab.define(copier) if spec.packs else "")
    return kernel("conv_pixels", functions + entry(body))


def fill_depths(body: Body, word: dict[str, str], depths: str, size: int) -> str:
    """How far each term of depth is from a run's first input, in the weights' order; how many."""
    row_step = body.mul(word["dilation_row"], word["slab_row"])
    column_step = body.mul(word["dilation_column"], str(size))
    across = body.mul(word["taps_column"], word["channels"])
    with (
        body.loop("0", word["taps_row"]) as row,
        body.loop("0", word["taps_column"]) as column,
        body.loop("0", word["channels"]) as channel,
    ):
        place = body.add(body.mul(row, across), body.mul(column, word["channels"]))
        place = body.add(place, channel)
        offset = body.add(body.mul(row, row_step), body.mul(column, column_step))
        offset = body.add(offset, body.mul(channel, word["slab_channel"]))
        body.store("i64", offset, body.at(depths, body.mul(place, "8")))
    return body.mul(word["taps_row"], across)


def _fill_runs(
    body: Body, spec: Pixels, word: dict[str, str], runs: str, images: str, band: str, rows: str
) -> str:
    """The chunk's runs, row by row; returns how many there are.

    Of each row those of all images, because they have the same terms: see ``_terms``.
    """
    lanes = str(spec.tile.lanes)
    per_row = body.ceil_div(word["out_width"], lanes)
    count = body.mul(body.mul(images, rows), per_row)
    with body.loop("0", images) as image, body.loop("0", rows) as row:
        begin = body.mul(body.add(body.mul(row, images), image), per_row)
        inputs = body.mul(body.mul(row, word["stride_row"]), word["slab_row"])
        inputs = body.add(inputs, body.mul(image, word["slab_image"]))
        results = body.mul(row, word["out_row"])
        results = body.add(results, body.mul(image, word["out_image"]))
        terms = _terms(body, word, body.add(band, row))
        with body.loop("0", per_row) as number:
            column = body.mul(number, lanes)
            column = body.min(column, body.sub(word["out_width"], lanes))
            here = body.at(runs, body.mul(body.add(begin, number), str(_RUN_BYTES)))
            across = body.mul(column, str(spec.tile.itemsize))
            body.store("i64", body.add(inputs, across), here)
            across = body.mul(column, word["out_column"])
            body.store("i64", body.add(results, across), body.at(here, "8"))
            body.store("i64", terms[0], body.at(here, "16"))
            body.store("i64", terms[1], body.at(here, "24"))
    # What is missing of the last tile is its last row over again.
    with body.loop(count, body.add(count, str(spec.tile.vectors - 1))) as extra:
        here = body.at(runs, body.mul(extra, str(_RUN_BYTES)))
        last = body.at(runs, body.mul(body.sub(extra, per_row), str(_RUN_BYTES)))
        for offset in range(0, _RUN_BYTES, 8):
            value = body.load("i64", body.at(last, str(offset)))
            body.store("i64", value, body.at(here, str(offset)))
    return count


def _terms(body: Body, word: dict[str, str], row: str) -> tuple[str, str]:
    """First and last term of depth for a row of results: without taps' rows in the padding.

    At least one row of taps, whose inputs may be zeros.
    """
    dilation = word["dilation_row"]
    start = body.sub(body.mul(row, word["stride_row"]), word["low_row"])
    first = body.ceil_div(body.max(body.sub("0", start), "0"), dilation)
    first = body.min(first, body.sub(word["taps_row"], "1"))
    last = body.ceil_div(body.max(body.sub(word["height"], start), "0"), dilation)
    last = body.max(body.min(last, word["taps_row"]), body.add(first, "1"))
    skips = body.op(f"icmp ne i64 {word['skips']}, 0")
    first = body.select(skips, first, "0")
    last = body.select(skips, last, word["taps_row"])
    per_row = body.mul(word["taps_column"], word["channels"])
    return body.mul(first, per_row), body.mul(last, per_row)


def _define_tiles(spec: Pixels) -> str:
    """``tiles``: one panel of weights against all runs of the chunk."""
    tile, body = spec.tile, Body()
    parameters = [
        ("ptr", "runs"), ("i64", "count"), ("ptr", "origin"), ("ptr", "weights"),
        ("ptr", "depths"), ("ptr", "out"), ("i64", "out_channel"), ("i64", "out_column"),
        ("i64", "valid"),
    ]  # fmt: skip
    parameters += column_parameters(spec.finish)
    buffer = body.op(f"alloca [{tile.rows * tile.lanes * tile.itemsize} x i8], align 64")
    with body.loop("0", "%count", str(tile.vectors)) as run:
        line = body.at("%runs", body.mul(run, str(_RUN_BYTES)))
        places = [body.at(line, str(_RUN_BYTES * number)) for number in range(tile.vectors)]
        inputs = [body.at("%origin", body.load("i64", place)) for place in places]
        first, last = (
            [body.load("i64", body.at(place, offset)) for place in places]
            for offset in ("16", "24")
        )
        begin = functools.reduce(body.min, first)
        depth = body.sub(functools.reduce(body.max, last), begin)
        terms = body.at("%depths", body.mul(begin, "8"))
        weights = body.at("%weights", body.mul(begin, str(tile.rows * tile.itemsize)))
        sums = _accumulate(body, tile, spec.beside, inputs, depth, terms, weights)
        targets = [body.at("%out", body.load("i64", body.at(place, "8"))) for place in places]
        if spec.apart:
            step = "" if spec.stores == "columns" else "%out_column"
            pixels_apart.store(body, tile, spec.finish.out, sums, targets, spec.apart, step)
        else:
            sums = _finished(body, spec, sums)
            for number, target in enumerate(targets):
                _store(body, spec, sums[number :: tile.vectors], target, buffer)
    return function("tiles", parameters, body)


def _accumulate(
    body: Body, tile: Tile, beside: int, inputs: list[str], depth: str, terms: str, weights: str
) -> list[str]:
    """The sums of one tile, channel by channel, run by run."""
    before, head = body.block, "hot" + body.name("")
    lanes = tile.lanes * beside
    kind = values.kind(tile.dtype, lanes)
    size = len(inputs) // beside * tile.rows
    sums, size_bytes = [f"%s{place}" for place in range(size)], tile.itemsize
    body.jump(head)
    body.label(head)
    body.line(f"%left = phi i64 [ {depth}, %{before} ], [ %left.next, %{head} ]")
    body.line(f"%term = phi ptr [ {terms}, %{before} ], [ %term.next, %{head} ]")
    body.line(f"%weight = phi ptr [ {weights}, %{before} ], [ %weight.next, %{head} ]")
    phis = len(body.lines)
    body.lines.extend([""] * size)  # written below, when the new sums have names
    offset = body.load("i64", "%term", 8)
    runs = [values.load(body, tile.dtype, body.at(base, offset), tile.lanes) for base in inputs]
    columns = [
        values.joined(body, tile.dtype, runs[first : first + beside], tile.lanes)
        for first in range(0, len(runs), beside)
    ]
    new: list[str] = []
    for row in range(tile.rows):
        one = values.load(body, tile.dtype, body.at("%weight", str(row * size_bytes)))
        many = values.spread(body, tile.dtype, one, lanes)
        for column in columns:
            product = body.op(f"fmul contract {kind} {many}, {column}")
            new.append(body.op(f"fadd contract {kind} {sums[len(new)]}, {product}"))
    for place, (name, value) in enumerate(zip(sums, new, strict=True), phis):
        start = f"[ {values.zero(lanes)}, %{before} ]"
        body.lines[place] = f"  {name} = phi {kind} {start}, [ {value}, %{head} ]"
    body.line("%left.next = sub i64 %left, 1")
    body.line("%term.next = getelementptr i8, ptr %term, i64 8")
    body.line(f"%weight.next = getelementptr i8, ptr %weight, i64 {tile.rows * size_bytes}")
    body.line("%more = icmp sgt i64 %left.next, 0")
    body.line(f"br i1 %more, label %{head}, label %{head}.done, !llvm.loop !0")
    body.label(f"{head}.done")
    return [
        values.part(body, tile.dtype, value, lanes, first, tile.lanes)
        for value in new
        for first in range(0, lanes, tile.lanes)
    ]


def _finished(body: Body, spec: Pixels, sums: list[str]) -> list[str]:
    numbers = [str(row) for row in range(spec.tile.rows)]
    if not spec.whole and spec.finish.columns:
        # A channel beyond the last one has no bias; it is not stored either.
        last = body.sub("%valid", "1")
        numbers = [body.min(number, last) for number in numbers]
    return finished_channels(body, spec.tile, spec.finish, sums, numbers)


def _store(body: Body, spec: Pixels, rows: list[str], target: str, buffer: str) -> None:
    """One run of all channels of the tile."""
    tile, dtype = spec.tile, spec.finish.out
    if spec.stores == "columns":
        for row, value in enumerate(rows):
            place = body.at(target, body.mul(str(row), "%out_channel"))
            if spec.whole or row == 0:
                values.store(body, dtype, value, place, tile.lanes)
                continue
            with body.when(body.less(str(row), "%valid")):
                values.store(body, dtype, value, place, tile.lanes)
        return
    if spec.stores == "channels" and spec.whole:
        for first in range(0, tile.rows, tile.lanes):
            some = rows[first : first + tile.lanes]
            square = some + ["poison"] * (tile.lanes - len(some))
            for number, value in enumerate(values.turned(body, tile.dtype, square)):
                to = body.at(target, body.mul(str(number), "%out_column"))
                to = body.at(to, str(first * values.SIZES[dtype]))
                for lane, count in pieces(len(some), tile.lanes):
                    part = values.part(body, tile.dtype, value, tile.lanes, lane, count)
                    here = body.at(to, str(lane * values.SIZES[dtype]))
                    values.store(body, dtype, part, here, count)
        return
    for row, value in enumerate(rows):
        body.store(tile.vector, value, body.at(buffer, str(row * tile.lanes * tile.itemsize)))
    with body.loop("0", "%valid") as channel, body.loop("0", str(tile.lanes)) as column:
        index = body.mul(body.add(body.mul(channel, str(tile.lanes)), column), str(tile.itemsize))
        one = values.load(body, tile.dtype, body.at(buffer, index))
        to = body.at(target, body.mul(channel, "%out_channel"))
        values.store(body, dtype, one, body.at(to, body.mul(column, "%out_column")))
