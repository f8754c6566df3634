"""Depthwise convolution: nothing is shared between channels, so vectors go along them.

A tile is a few neighbouring results of a row by some vectors of channels, its sums in registers
while all taps are walked. Where every tap of a tile is inside the image, inputs are met at fixed
distances; elsewhere a table says where each one is, or that it is zeros. Tables are made once for
all channels of a block.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import Finish, Output, Place, column_steps
from rushlight.compiler.contraction.store import store_tile
from rushlight.compiler.contraction.tile import (
    ROW_BYTES,
    Level,
    Tile,
    column_masks,
    nested,
)
from rushlight.compiler.launch import Kernel

# On the stack: the table of a tile, and the zeros that a block of channels meets in the padding.
MAX_TAPS = 128
BLOCK_BYTES = 2048
LINE = 64

AXIS = ("size", "taps", "out", "stride", "dilation", "low", "reach")
WORDS = (
    "channels", "block", "blocks", "band", "bands", "panel", "bias_step", "whole_vectors",
    *(f"{axis}_{name}" for axis in ("row", "column") for name in AXIS),
    *(f"{what}_{name}" for what in ("x", "out", "residual")
      for name in ("image", "row", "column")),
    "residual_channel",
)  # fmt: skip


@functools.lru_cache(maxsize=32)
def depthwise_kernel(tile: Tile, finish: Finish, taps: int = 0) -> Kernel:
    """Pointers: x, packed weights, out, then the finish's. Words: ``WORDS``.

    ``taps``: of a row, which are side by side and move by one input from result to result; each
    input is then loaded once for all of them. 0: any number, at any distance.
    """
    body = Body()
    count = 3 + len(finish.pointers)
    x, weights, out, *others = body.words("%args", count, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=count), strict=True))
    size = str(tile.itemsize)
    table = body.op(f"alloca [{MAX_TAPS * tile.rows * 8} x i8], align 64")
    lines = body.op(f"alloca [{tile.rows * ROW_BYTES} x i8], align 64")
    zeros = cleared(body, tile)
    # The rows that are new to the next row of results.
    ahead = body.mul(word["row_reach"], word["x_row"])
    bases = {"out": out, **dict(zip(finish.pointers, others, strict=True))}
    with body.loop("%begin", "%end") as chunk:
        block, rest = body.rem(chunk, word["blocks"]), body.div(chunk, word["blocks"])
        band, image = body.rem(rest, word["bands"]), body.div(rest, word["bands"])
        channel = body.mul(block, word["block"])
        channels = body.min(word["block"], body.sub(word["channels"], channel))
        panel = body.div(channel, str(tile.columns))
        panel = body.at(weights, body.mul(panel, word["panel"]))
        start = body.at(x, body.mul(image, word["x_image"]))
        start = body.at(start, body.mul(channel, size))
        row0 = body.mul(band, word["band"])
        stop = body.min(body.add(row0, word["band"]), word["row_out"])
        with (
            body.loop(row0, stop) as row,
            body.loop("0", word["column_out"], str(tile.rows)) as column,
        ):
            valid = body.min(str(tile.rows), body.sub(word["column_out"], column))
            down = inside(body, word, "row", row, "1")
            across = inside(body, word, "column", column, str(tile.rows))
            within = body.op(f"and i1 {down}, {across}")
            within = body.op(f"and i1 {within}, {body.equal(valid, str(tile.rows))}")
            with body.when(body.op(f"xor i1 {within}, true")):
                if taps:
                    _fill_inputs(body, tile.rows + taps - 1, word, table, start, zeros, row, column)
                else:
                    _fill_table(body, tile, word, table, start, zeros, row, column)
            _fill_lines(body, tile, word, lines, image, row, column)
            first = origin(body, word, "row", row), origin(body, word, "column", column)
            here = body.at(start, body.mul(first[0], word["x_row"]))
            here = body.at(here, body.mul(first[1], word["x_column"]))
            given = [
                ("i1", within), ("ptr", here), ("ptr", table), ("ptr", panel), ("ptr", lines),
                ("i64", valid), ("i64", channel), ("i64", channels),
                ("i64", body.mul(word["column_stride"], word["x_column"])), ("i64", ahead),
                ("ptr", "%args"),
                *[("ptr", base) for base in bases.values()],
            ]  # fmt: skip
            body.call("results", given)
    text = values.declare_masked_load(tile.dtype, tile.lanes) + _define(tile, finish, taps, count)
    return kernel("depthwise", text + entry(body))


def cleared(body: Body, tile: Tile) -> str:
    """Zeros for a block of channels, and for the last vectors that reach beyond it."""
    size = BLOCK_BYTES + tile.columns * tile.itemsize
    zeros = body.op(f"alloca [{size} x i8], align 64")
    with body.loop("0", str(size), "8") as place:
        body.store("i64", "0", body.at(zeros, place))
    return zeros


def origin(body: Body, word: dict[str, str], axis: str, result: str) -> str:
    """The input that the first tap of a result meets; negative in the padding."""
    return body.sub(body.mul(result, word[f"{axis}_stride"]), word[f"{axis}_low"])


def inside(body: Body, word: dict[str, str], axis: str, result: str, count: str) -> str:
    """i1: whether all taps of ``count`` results from ``result`` on are in the image."""
    first = origin(body, word, axis, result)
    more = body.mul(body.sub(count, "1"), word[f"{axis}_stride"])
    last = body.add(body.add(first, more), word[f"{axis}_reach"])
    low = body.op(f"icmp sge i64 {first}, 0")
    high = body.op(f"icmp sle i64 {last}, {word[f'{axis}_size']}")
    return body.op(f"and i1 {low}, {high}")


def input_or_zeros(body: Body, word: dict[str, str], start: str, zeros: str, y: str, z: str) -> str:
    """The address of one input, of the zeros where it is in the padding."""
    here = body.at(start, body.mul(y, word["x_row"]))
    here = body.at(here, body.mul(z, word["x_column"]))
    # Unsigned, so that negative ones are beyond the last as well.
    down = body.op(f"icmp ult i64 {y}, {word['row_size']}")
    across = body.op(f"icmp ult i64 {z}, {word['column_size']}")
    there = body.op(f"and i1 {down}, {across}")
    return body.op(f"select i1 {there}, ptr {here}, ptr {zeros}")


def _fill_table(
    body: Body, tile: Tile, word: dict[str, str], table: str, start: str, zeros: str,
    row: str, column: str,
) -> None:  # fmt: skip
    """Where each tap of each result meets its input; results past the last one are the last."""
    down = origin(body, word, "row", row)
    with (
        body.loop("0", word["row_taps"]) as tap_row,
        body.loop("0", word["column_taps"]) as tap_column,
        body.loop("0", str(tile.rows)) as result,
    ):
        number = body.min(body.add(column, result), body.sub(word["column_out"], "1"))
        y = body.add(down, body.mul(tap_row, word["row_dilation"]))
        z = origin(body, word, "column", number)
        z = body.add(z, body.mul(tap_column, word["column_dilation"]))
        tap = body.add(body.mul(tap_row, word["column_taps"]), tap_column)
        place = body.add(body.mul(tap, str(tile.rows)), result)
        address = input_or_zeros(body, word, start, zeros, y, z)
        body.store("ptr", address, body.at(table, body.mul(place, "8")))


def _fill_inputs(
    body: Body, inputs: int, word: dict[str, str], table: str, start: str, zeros: str,
    row: str, column: str,
) -> None:  # fmt: skip
    """Where the neighbouring inputs are that each row of taps meets."""
    down, first = origin(body, word, "row", row), origin(body, word, "column", column)
    with body.loop("0", word["row_taps"]) as tap_row, body.loop("0", str(inputs)) as number:
        y = body.add(down, body.mul(tap_row, word["row_dilation"]))
        address = input_or_zeros(body, word, start, zeros, y, body.add(first, number))
        place = body.add(body.mul(tap_row, str(inputs)), number)
        body.store("ptr", address, body.at(table, body.mul(place, "8")))


def _fill_lines(
    body: Body, tile: Tile, word: dict[str, str], lines: str, image: str, row: str, column: str
) -> None:
    """Where the results and their residuals are."""
    for place, name in (("8", "out"), ("16", "residual")):
        offset = body.add(
            body.mul(image, word[f"{name}_image"]), body.mul(row, word[f"{name}_row"])
        )
        for result in range(tile.rows):
            number = body.add(column, str(result))
            here = body.add(offset, body.mul(number, word[f"{name}_column"]))
            body.store("i64", here, body.at(body.at(lines, str(result * ROW_BYTES)), place))


def _define(tile: Tile, finish: Finish, taps: int, count: int) -> str:
    """``results``: one tile of results, for all channels of a block."""
    body = Body()
    names = ("out", *finish.pointers)
    parameters = [
        ("i1", "within"), ("ptr", "here"), ("ptr", "table"), ("ptr", "weights"), ("ptr", "lines"),
        ("i64", "valid"), ("i64", "channel"), ("i64", "channels"), ("i64", "step"),
        ("i64", "ahead"), ("ptr", "args"), *[("ptr", f"{name}.base") for name in names],
    ]  # fmt: skip
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=count), strict=True))
    size, width = tile.itemsize, str(tile.columns * tile.itemsize)
    buffer = body.op(f"alloca [{tile.rows * tile.columns * size} x i8], align 64")
    steps = {
        "out": str(size), "residual": word["residual_channel"],
        **column_steps(finish, word["bias_step"]),
    }  # fmt: skip
    whole = body.op(f"icmp ne i64 {word['whole_vectors']}, 0")
    output = Output({name: f"%{name}.base" for name in names}, steps, whole)
    products = functools.partial(_row_of_taps, taps) if taps else _products
    # An inner count is never 0.
    row_step = body.mul(word["row_dilation"], word["x_row"])
    inputs = tile.rows + taps - 1 if taps else tile.rows
    line = str(8 * inputs)
    if taps:
        near, far = [Level(word["row_taps"], row_step)], [Level(word["row_taps"], line)]
        width = str(taps * tile.columns * tile.itemsize)
    else:
        some = body.equal(word["column_taps"], "0")
        rows = body.select(some, "0", word["row_taps"])
        column_step = body.mul(word["column_dilation"], word["x_column"])
        near = [Level(rows, row_step), Level(word["column_taps"], column_step)]
        far = [Level(rows, body.mul(word["column_taps"], line)), Level(word["column_taps"], line)]
    with body.loop("0", "%channels", str(tile.columns)) as done:
        valid = body.min(str(tile.columns), body.sub("%channels", done))
        full = body.equal(valid, str(tile.columns))
        panel = body.div(done, str(tile.columns))
        panel = body.at("%weights", body.mul(panel, word["panel"]))
        offset = body.mul(done, str(size))
        first = body.at("%here", offset)
        starts = [body.at(first, body.mul("%step", str(place))) for place in range(inputs)]

        def at_distance(there: str, starts: list[str] = starts) -> list[str]:
            return [body.at(start, there) for start in starts]

        def at_table(there: str, offset: str = offset) -> list[str]:
            entry = body.at("%table", there)
            places = [body.load("ptr", body.at(entry, str(8 * n))) for n in range(inputs)]
            return [body.at(place, offset) for place in places]

        with (
            body.loop("0", word["row_stride"]) as row,
            body.loop("0", word["column_stride"]) as column,
        ):
            next_ = body.at(body.at(first, "%ahead"), body.mul(row, word["x_row"]))
            next_ = body.at(next_, body.mul(column, word["x_column"]))
            # Channels of neighbouring pixels are no stream that hardware would follow.
            for number in range(tile.rows):
                pixel = body.at(next_, body.mul("%step", str(number)))
                for start in range(0, tile.columns * size, LINE):
                    body.prefetch(body.at(pixel, str(start)))
        ends = []
        body.line("br i1 %within, label %near, label %far")
        for label, levels, places in (("near", near, at_distance), ("far", far, at_table)):
            body.label(label)
            body.line(f"br i1 {full}, label %{label}.full, label %{label}.edge")
            for part in (f"{label}.full", f"{label}.edge"):
                body.label(part)
                masks = column_masks(body, tile, valid) if part.endswith("edge") else []

                def step(
                    there: str, b: str, sums: list[str],
                    places: Callable[[str], list[str]] = places, masks: list[str] = masks,
                ) -> list[str]:  # fmt: skip
                    return products(body, tile, places(there), b, sums, masks)

                ends.append((nested(body, tile, panel, levels, width, step), body.block))
                body.jump("sums")
        body.label("sums")
        totals = [
            body.op(
                f"phi {tile.vector} " + ", ".join(f"[ {end[n]}, %{block} ]" for end, block in ends)
            )
            for n in range(tile.rows * tile.vectors)
        ]
        at = Place("%lines", "%valid", body.add("%channel", done), valid, "true", "true")
        store_tile(body, tile, finish, output, totals, buffer, at)
    return function("results", parameters, body)


def _products(
    body: Body, tile: Tile, places: list[str], weights: str, sums: list[str], masks: list[str]
) -> list[str]:
    """Every sum plus one tap's product."""
    width = tile.lanes * tile.itemsize
    columns = [
        body.load(tile.vector, body.at(weights, str(width * vector)), tile.itemsize)
        for vector in range(tile.vectors)
    ]
    new = []
    for row, place in enumerate(places):
        for vector, weight in enumerate(columns):
            here = body.at(place, str(width * vector))
            mask = masks[vector] if masks else ""
            value = values.load(body, tile.dtype, here, tile.lanes, mask)
            product = body.op(f"fmul contract {tile.vector} {value}, {weight}")
            old = sums[row * tile.vectors + vector]
            new.append(body.op(f"fadd contract {tile.vector} {old}, {product}"))
    return new


def _row_of_taps(
    taps: int, body: Body, tile: Tile, places: list[str], weights: str, sums: list[str],
    masks: list[str],
) -> list[str]:  # fmt: skip
    """Every sum plus the products of a row of taps, which meet neighbouring inputs."""
    width = tile.lanes * tile.itemsize
    new = list(sums)
    for vector in range(tile.vectors):
        mask = masks[vector] if masks else ""
        inputs = [
            values.load(body, tile.dtype, body.at(place, str(width * vector)), tile.lanes, mask)
            for place in places
        ]
        for tap in range(taps):
            offset = str((tap * tile.vectors + vector) * width)
            weight = body.load(tile.vector, body.at(weights, offset), tile.itemsize)
            for row in range(tile.rows):
                index = row * tile.vectors + vector
                product = body.op(f"fmul contract {tile.vector} {inputs[row + tap]}, {weight}")
                new[index] = body.op(f"fadd contract {tile.vector} {new[index]}, {product}")
    return new
