"""Weight gradients of convolutions to few channels: pixels are lanes, and depth.

A tile is the weights of all output channels at a few taps, each summed as a vector: lane by lane
over *runs* of neighbouring results in a row. A chunk takes a share of the images, or of an image's
rows, and leaves its vectors in scratch memory; a second kernel adds the chunks' vectors, then their
lanes. As in ``pixels_kernel``, two short runs may share a vector.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction import planar_slab, slab, values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.pixels_kernel import MAX_DEPTH, fill_depths
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.launch import Kernel

# On the stack: the gradient of a band by channels and by runs, places of runs, the band's inputs.
MAX_RUNS = 256
GRADIENT_BYTES = 64 * 1024
SLAB_BYTES = 224 * 1024

WORDS = (
    "images", "height", "width", "channels", "taps_row", "taps_column",
    "out_height", "out_width", "stride_row", "dilation_row", "dilation_column",
    "low_row", "low_column",
    "block_images", "image_blocks", "block_rows", "row_blocks", "band_rows",
    "x_group", "x_image", "x_row", "x_column", "x_channel",
    "g_group", "g_image", "g_row", "g_column", "g_channel",
    "slab_rows", "slab_columns", "slab_channel", "slab_row", "chunk_bytes",
)  # fmt: skip
SUM_WORDS = (
    "channels", "taps_row", "taps_column", "shares", "chunk_bytes",
    "dw_group", "dw_filter", "dw_channel", "dw_row", "dw_column",
)  # fmt: skip


class PixelsWeight(Record):
    """What is in the kernel's text. ``tile``: output channels x taps, in vectors of ``beside``
    runs; ``packs``: see ``Pixels``.
    """

    tile: Tile
    beside: int
    packs: bool
    dtype: str


@functools.lru_cache(maxsize=64)
def pixels_weight_kernel(spec: PixelsWeight) -> Kernel:
    """Pointers: g, x, sums. Words: ``WORDS``."""
    tile, body = spec.tile, Body()
    step = tile.rows * tile.lanes * tile.itemsize
    g, x, sums_base = body.words("%args", 3, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=3), strict=True))
    run_lanes = tile.lanes // spec.beside
    runs = body.op(f"alloca [{(MAX_RUNS + spec.beside) * 8} x i8], align 64")
    depths = body.op(f"alloca [{(MAX_DEPTH + tile.vectors) * 8} x i8], align 64")
    planes = body.op(f"alloca [{GRADIENT_BYTES} x i8], align 64")
    gradients = body.op(f"alloca [{GRADIENT_BYTES} x i8], align 64")
    room = body.op(f"alloca [{SLAB_BYTES} x i8], align 64") if spec.packs else ""
    depth = fill_depths(body, word, depths, tile.itemsize)
    first_term = body.load("i64", depths)
    with body.loop(depth, body.add(depth, str(tile.vectors - 1))) as extra:
        body.store("i64", first_term, body.at(depths, body.mul(extra, "8")))
    copier = slab.Copier(spec.dtype, tile.lanes)
    per_row = body.ceil_div(word["out_width"], str(run_lanes))
    with body.loop("%begin", "%end") as chunk:
        row0 = body.mul(body.rem(chunk, word["row_blocks"]), word["block_rows"])
        last_row = body.min(word["out_height"], body.add(row0, word["block_rows"]))
        share = body.div(chunk, word["row_blocks"])
        image0 = body.mul(body.rem(share, word["image_blocks"]), word["block_images"])
        group = body.div(share, word["image_blocks"])
        stop = body.min(word["images"], body.add(image0, word["block_images"]))
        sums = body.at(sums_base, body.mul(chunk, word["chunk_bytes"]))
        copier.clear(body, sums, body.div(word["chunk_bytes"], str(tile.itemsize)))
        g_here = body.at(g, body.mul(group, word["g_group"]))
        x_here = body.at(x, body.mul(group, word["x_group"]))
        with (
            body.loop(image0, stop) as image,
            body.loop(row0, last_row, word["band_rows"]) as band,
        ):
            rows = body.min(word["band_rows"], body.sub(last_row, band))
            top = body.sub(body.mul(band, word["stride_row"]), word["low_row"])
            left = body.sub("0", word["low_column"])
            source = body.at(x_here, body.mul(image, word["x_image"]))
            if spec.packs:
                picture = slab.Image(
                    source, word["height"], word["width"],
                    "0", word["x_row"], word["x_column"], word["x_channel"],
                )  # fmt: skip
                into = planar_slab.Planes(
                    room, word["slab_rows"], word["slab_columns"], word["channels"],
                    "0", word["slab_channel"], word["slab_row"],
                )  # fmt: skip
                planar_slab.fill(body, picture, into, "1", top, left)
                origin = room
            else:
                origin = body.at(source, body.mul(top, word["x_row"]))
                origin = body.at(origin, body.mul(left, word["x_column"]))
            _fill_gradient(
                body, tile, spec.beside, word, body.at(g_here, body.mul(image, word["g_image"])),
                planes, gradients, runs, band, rows, per_row,
            )  # fmt: skip
            count = body.mul(rows, per_row)
            with body.loop("0", depth, str(tile.vectors)) as term:
                here = body.at(sums, body.mul(term, str(step)))
                taps = body.at(depths, body.mul(term, "8"))
                body.call(
                    "tiles",
                    [("ptr", runs), ("i64", count), ("ptr", origin), ("ptr", gradients),
                     ("ptr", taps), ("ptr", here)],
                )  # fmt: skip
    functions = _define_tiles(tile, spec.beside) + planar_slab.define(copier)
    return kernel("pixels_weight", functions + entry(body))


def _fill_gradient(
    body: Body,
    tile: Tile,
    beside: int,
    word: dict[str, str],
    source: str,
    planes: str,
    gradients: str,
    runs: str,
    band: str,
    rows: str,
    per_row: str,
) -> None:
    """The band's gradients run by run, channel by channel, and where each run's inputs begin.

    A row's last run overlaps the one before it; what that one has already is 0 in it.
    """
    size, lanes = tile.itemsize, tile.lanes // beside
    vector = f"<{lanes} x {values.kind(tile.dtype)}>"
    row_bytes = body.mul(word["out_width"], str(size))
    plane = body.mul(rows, row_bytes)
    picture = slab.Image(
        source, word["out_height"], word["out_width"],
        "0", word["g_row"], word["g_column"], word["g_channel"],
    )  # fmt: skip
    into = planar_slab.Planes(
        planes, rows, word["out_width"], str(tile.rows), "0", plane, row_bytes
    )
    planar_slab.fill(body, picture, into, "1", band, "0")
    numbers = ", ".join(f"i64 {lane}" for lane in range(lanes))
    wide = f"<{lanes} x i64>"
    step = tile.lanes * size
    with body.loop("0", rows) as row, body.loop("0", per_row) as number:
        begin = body.mul(number, str(lanes))
        column = body.min(begin, body.sub(word["out_width"], str(lanes)))
        one = body.op(f"insertelement {wide} poison, i64 {body.sub(begin, column)}, i64 0")
        many = body.op(
            f"shufflevector {wide} {one}, {wide} poison, <{lanes} x i32> zeroinitializer"
        )
        own = body.op(f"icmp sge {wide} <{numbers}>, {many}")
        place = body.add(body.mul(row, per_row), number)
        inputs = body.mul(body.mul(row, word["stride_row"]), word["slab_row"])
        inputs = body.add(inputs, body.mul(column, str(size)))
        body.store("i64", inputs, body.at(runs, body.mul(place, "8")))
        here = body.at(planes, body.mul(row, row_bytes))
        here = body.at(here, body.mul(column, str(size)))
        there = _gradient(body, tile, beside, gradients, place)
        for channel in range(tile.rows):
            value = body.load(vector, here, size)
            value = body.op(
                f"select <{lanes} x i1> {own}, {vector} {value}, {vector} zeroinitializer"
            )
            body.store(vector, value, body.at(there, str(channel * step)), size)
            here = body.at(here, plane)
    # What is missing of the last vector is nothing, of any inputs.
    count = body.mul(rows, per_row)
    with body.loop(count, body.add(count, str(beside - 1))) as extra:
        body.store("i64", body.load("i64", runs), body.at(runs, body.mul(extra, "8")))
        there = _gradient(body, tile, beside, gradients, extra)
        for channel in range(tile.rows):
            body.store(vector, "zeroinitializer", body.at(there, str(channel * step)), size)


def _gradient(body: Body, tile: Tile, beside: int, gradients: str, run: str) -> str:
    """Where the first channel of a run lies: those of a vector's runs lie side by side."""
    step = tile.lanes * tile.itemsize
    there = body.at(gradients, body.mul(body.div(run, str(beside)), str(tile.rows * step)))
    return body.at(there, body.mul(body.rem(run, str(beside)), str(step // beside)))


def _define_tiles(tile: Tile, beside: int) -> str:
    """``tiles``: adds one tile's products over all runs of the band to its sums."""
    body, lanes = Body(), tile.lanes // beside
    step, count = tile.lanes * tile.itemsize, tile.rows * tile.vectors
    parameters = [
        ("ptr", "runs"), ("i64", "count"), ("ptr", "origin"), ("ptr", "gradients"),
        ("ptr", "taps"), ("ptr", "sums"),
    ]  # fmt: skip
    inputs = [
        body.at("%origin", body.load("i64", body.at("%taps", str(8 * tap))))
        for tap in range(tile.vectors)
    ]
    # Taps are the outer order in memory, so that a tile's sums lie together.
    places = [
        body.at("%sums", str((tap * tile.rows + row) * step))
        for row in range(tile.rows)
        for tap in range(tile.vectors)
    ]
    old = [body.load(tile.vector, place, tile.itemsize) for place in places]
    body.jump("hot")
    body.label("hot")
    body.line("%left = phi i64 [ %count, %entry ], [ %left.next, %hot ]")
    body.line("%run = phi ptr [ %runs, %entry ], [ %run.next, %hot ]")
    body.line("%here = phi ptr [ %gradients, %entry ], [ %here.next, %hot ]")
    phis = len(body.lines)
    body.lines.extend([""] * count)  # written below, when the new sums have names
    offsets = body.words("%run", beside)
    columns = [
        values.joined(
            body,
            tile.dtype,
            [values.load(body, tile.dtype, body.at(base, offset), lanes) for offset in offsets],
            lanes,
        )
        for base in inputs
    ]
    new: list[str] = []
    for row in range(tile.rows):
        one = body.load(tile.vector, body.at("%here", str(row * step)), tile.itemsize)
        for column in columns:
            product = body.op(f"fmul contract {tile.vector} {one}, {column}")
            new.append(body.op(f"fadd contract {tile.vector} %s{len(new)}, {product}"))
    for index, (start, value) in enumerate(zip(old, new, strict=True)):
        phi = f"phi {tile.vector} [ {start}, %entry ], [ {value}, %hot ]"
        body.lines[phis + index] = f"  %s{index} = {phi}"
    body.line(f"%left.next = sub i64 %left, {beside}")
    body.line(f"%run.next = getelementptr i8, ptr %run, i64 {8 * beside}")
    body.line(f"%here.next = getelementptr i8, ptr %here, i64 {tile.rows * step}")
    body.line("%more = icmp sgt i64 %left.next, 0")
    body.line("br i1 %more, label %hot, label %done, !llvm.loop !0")
    body.label("done")
    for place, value in zip(places, new, strict=True):
        body.store(tile.vector, value, place, tile.itemsize)
    return function("tiles", parameters, body)


@functools.lru_cache(maxsize=64)
def sum_kernel(tile: Tile, dtype: str) -> Kernel:
    """Pointers: sums, dw; a chunk is a group. Words: ``SUM_WORDS``."""
    body = Body()
    sums_base, dw = body.words("%args", 2, kind="ptr")
    word = dict(zip(SUM_WORDS, body.words("%args", len(SUM_WORDS), first=2), strict=True))
    step = tile.lanes * tile.itemsize
    with body.loop("%begin", "%end") as group:
        first = body.mul(body.mul(group, word["shares"]), word["chunk_bytes"])
        base = body.at(sums_base, first)
        target = body.at(dw, body.mul(group, word["dw_group"]))
        across = body.mul(word["taps_column"], word["channels"])
        with (
            body.loop("0", word["taps_row"]) as row,
            body.loop("0", word["taps_column"]) as column,
            body.loop("0", word["channels"]) as channel,
        ):
            place = body.add(body.mul(row, across), body.mul(column, word["channels"]))
            place = body.add(place, channel)
            here = body.at(base, body.mul(place, str(tile.rows * step)))
            there = body.at(target, body.mul(row, word["dw_row"]))
            there = body.at(there, body.mul(column, word["dw_column"]))
            there = body.at(there, body.mul(channel, word["dw_channel"]))
            totals = [body.load(tile.vector, body.at(here, str(k * step)), tile.itemsize)
                      for k in range(tile.rows)]  # fmt: skip
            totals = _add_chunks(body, tile, word, here, totals)
            for number, total in enumerate(totals):
                value = values.total(body, tile.dtype, total, tile.lanes)
                values.store(body, dtype, value, there)
                if number + 1 < tile.rows:
                    there = body.at(there, word["dw_filter"])
    return kernel("pixels_weight_sum", entry(body))


def _add_chunks(
    body: Body, tile: Tile, word: dict[str, str], here: str, totals: list[str]
) -> list[str]:
    """The other chunks' vectors added in their order."""
    number, before = body.name(""), body.block
    head, done = f"chunks{number}", f"chunks{number}.done"
    names = [f"%t{number}.{place}" for place in range(len(totals))]
    body.jump(head)
    body.label(head)
    body.line(f"%c{number} = phi i64 [ 1, %{before} ], [ %c{number}.next, %{head}.body ]")
    body.line(f"%p{number} = phi ptr [ {here}, %{before} ], [ %p{number}.next, %{head}.body ]")
    for place, (name, total) in enumerate(zip(names, totals, strict=True)):
        phi = f"phi {tile.vector} [ {total}, %{before} ], [ %n{number}.{place}, %{head}.body ]"
        body.line(f"{name} = {phi}")
    body.line(f"%m{number} = icmp slt i64 %c{number}, {word['shares']}")
    body.line(f"br i1 %m{number}, label %{head}.body, label %{done}")
    body.label(f"{head}.body")
    body.line(f"%p{number}.next = getelementptr i8, ptr %p{number}, i64 {word['chunk_bytes']}")
    for place, name in enumerate(names):
        at = body.at(f"%p{number}.next", str(place * tile.lanes * tile.itemsize))
        more = body.load(tile.vector, at, tile.itemsize)
        body.line(f"%n{number}.{place} = fadd {tile.vector} {name}, {more}")
    body.line(f"%c{number}.next = add i64 %c{number}, 1")
    body.line(f"br label %{head}, !llvm.loop !0")
    body.label(done)
    return names
