"""The kernel for few rows against a B whose columns lie in memory (a linear layer's forward).

Every result is the dot product of two runs of neighbours, so vectors go along the depth: a tile
is 4 rows by 3 columns, each with a vector of partial sums that is added up at the end. B is read
once, at the speed of memory, and nothing is packed.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.batch import offsets
from rushlight.compiler.contraction.emit import Body, entry, function, kernel
from rushlight.compiler.contraction.finish import Finish, Output, Place, column_steps
from rushlight.compiler.contraction.store import store_scalars
from rushlight.compiler.contraction.tile import (
    ROW_BYTES,
    Tile,
    column_masks,
)
from rushlight.compiler.launch import Kernel

ROWS, COLUMNS = 4, 3
# Tiles ahead whose columns are fetched: measured 17 to 36 GB/s for one row, 4 to 24 at depth 384.
AHEAD = 2
# The table of rows is on the stack.
MAX_ROWS = 128

WORDS = (
    "rows", "columns", "depth", "block_columns", "column_blocks", "a_row", "b_column",
    "out_row", "out_column", "residual_row", "residual_column", "bias_step", "row_bias_step",
    "batch1", "batch2",
    "a_batch0", "a_batch1", "a_batch2", "b_batch0", "b_batch1", "b_batch2",
    "out_batch0", "out_batch1", "out_batch2",
    "residual_batch0", "residual_batch1", "residual_batch2",
)  # fmt: skip


class Dot(Record):
    """What is in the kernel's text; ``pairs``: as of a ``Tile``."""

    dtype: str
    lanes: int
    finish: Finish
    pairs: bool = False


@functools.lru_cache(maxsize=64)
def dot(spec: Dot) -> Kernel:
    """Pointers: a, b, out, then the finish's. Words: ``WORDS``."""
    finish, results = spec.finish, Tile(ROWS, COLUMNS, 1, spec.dtype)
    vector = Tile(1, 1, spec.lanes, spec.dtype, spec.pairs)
    body = Body()
    pointers = 3 + len(finish.pointers)
    a, b, out, *others = body.words("%args", pointers, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=pointers), strict=True))
    bases = {"out": out, **dict(zip(finish.pointers, others, strict=True))}
    table = body.op(f"alloca [{MAX_ROWS * ROW_BYTES} x i8], align 64")
    buffer = body.op(f"alloca [{ROWS * COLUMNS * results.itemsize} x i8], align 64")
    steps = {
        "out": word["out_column"], "residual": word["residual_column"],
        "row_bias": word["row_bias_step"], **column_steps(finish, word["bias_step"]),
    }  # fmt: skip
    with body.loop("0", word["rows"]) as row:
        line = body.at(table, body.mul(row, str(ROW_BYTES)))
        for place, name in (("8", "out_row"), ("16", "residual_row")):
            body.store("i64", body.mul(row, word[name]), body.at(line, place))
        body.store("i64", row, body.at(line, "24"))
    with body.loop("%begin", "%end") as chunk:
        matrix, block = body.split(chunk, word["column_blocks"])
        column0 = body.mul(block, word["block_columns"])
        stop = body.min(body.add(column0, word["block_columns"]), word["columns"])
        offset = offsets(body, word, matrix)
        here = dict(bases)
        here["out"] = body.at(out, offset["out"])
        if "residual" in here:
            here["residual"] = body.at(here["residual"], offset["residual"])
        output = Output(here, steps, "false")
        a_here, b_here = body.at(a, offset["a"]), body.at(b, offset["b"])
        with (
            body.loop(column0, stop, str(COLUMNS)) as column,
            body.loop("0", word["rows"], str(ROWS)) as row,
        ):
            # Rows and columns past the end repeat the last ones and are not stored.
            ahead = body.mul(word["b_column"], str(AHEAD * COLUMNS))
            arguments = [("ptr", buffer), ("i64", word["depth"]), ("i64", ahead)]
            for index in range(ROWS):
                place = body.min(body.add(row, str(index)), body.sub(word["rows"], "1"))
                arguments.append(("ptr", body.at(a_here, body.mul(place, word["a_row"]))))
            for index in range(COLUMNS):
                place = body.min(body.add(column, str(index)), body.sub(word["columns"], "1"))
                arguments.append(("ptr", body.at(b_here, body.mul(place, word["b_column"]))))
            body.call("dots", arguments)
            lines = body.at(table, body.mul(row, str(ROW_BYTES)))
            valid = body.min(str(ROWS), body.sub(word["rows"], row))
            wide = body.min(str(COLUMNS), body.sub(stop, column))
            at = Place(lines, valid, column, wide, "true", "true")
            store_scalars(body, results, finish, output, buffer, at)
    return kernel(
        "dot",
        values.declare_masked_load(spec.dtype, spec.lanes)
        + (values.declare_pairs() if spec.pairs else "")
        + _define_dots(vector)
        + entry(body),
    )


def _define_dots(tile: Tile) -> str:
    """``dots(out, depth, ahead, a0.., b0..)``: ROWS x COLUMNS sums of products.

    ``ahead``: bytes to the columns of a later tile. A run of neighbours is short (a few KiB): the
    CPU sees only in the middle of one that it is read in order, so later ones are asked for here.
    """
    body = Body()
    rows = [f"%a{index}" for index in range(ROWS)]
    columns = [f"%b{index}" for index in range(COLUMNS)]
    whole = body.mul(body.div("%depth", str(tile.lanes)), str(tile.lanes * tile.itemsize))
    step = str(tile.lanes * tile.itemsize)
    carried = [f"%s{index}" for index in range(ROWS * COLUMNS)]
    body.jump("head")
    body.label("head")
    body.line("%k = phi i64 [ 0, %entry ], [ %k.next, %round ]")
    phis = len(body.lines)
    body.lines.extend([""] * len(carried))  # written below, when the new sums have names
    body.line(f"%more = icmp slt i64 %k, {whole}")
    body.line("br i1 %more, label %round, label %tail")
    body.label("round")
    for line in columns:
        body.prefetch(body.at(line, body.add("%k", "%ahead")))
    sums = _products(body, tile, rows, columns, "%k", carried, "")
    body.line(f"%k.next = add i64 %k, {step}")
    body.line("br label %head, !llvm.loop !0")
    for place, (name, value) in enumerate(zip(carried, sums, strict=True), phis):
        zero = values.zero(tile.lanes)
        body.lines[place] = f"  {name} = phi {tile.vector} [ {zero}, %entry ], [ {value}, %round ]"
    body.label("tail")
    left = body.rem("%depth", str(tile.lanes))

    def rest(sums: list[str]) -> list[str]:
        mask = column_masks(body, tile, left)[0]
        return _products(body, tile, rows, columns, "%k", sums, mask)

    sums = body.maybe(body.less("0", left), tile.vector, carried, rest)
    for column in range(COLUMNS):
        group = [sums[row * COLUMNS + column] for row in range(ROWS)]
        for row, total in enumerate(_totals(body, tile, group)):
            there = body.at("%out", str((row * COLUMNS + column) * tile.itemsize))
            body.store(values.kind(tile.dtype), total, there)
    parameters = [("ptr", "out"), ("i64", "depth"), ("i64", "ahead")]
    parameters += [("ptr", name[1:]) for name in (*rows, *columns)]
    return function("dots", parameters, body)


def _products(
    body: Body,
    tile: Tile,
    rows: list[str],
    columns: list[str],
    offset: str,
    sums: list[str],
    mask: str,
) -> list[str]:
    right = [
        values.load(body, tile.dtype, body.at(column, offset), tile.lanes, mask)
        for column in columns
    ]
    new = []
    for index, row in enumerate(rows):
        left = values.load(body, tile.dtype, body.at(row, offset), tile.lanes, mask)
        for place, other in enumerate(right):
            old = sums[index * COLUMNS + place]
            new.append(
                values.plus_product(body, tile.dtype, old, left, other, tile.lanes, tile.pairs)
            )
    return new


def _totals(body: Body, tile: Tile, vectors: list[str]) -> list[str]:
    """The sum over the lanes of each vector, by adding neighbours inside 128 bits, then halves."""
    lanes, block = tile.lanes, max(1, 16 // tile.itemsize)
    while len(vectors) * block > ROWS and len(vectors) > 1:
        vectors = [
            _pairs(body, tile, left, right, block)
            for left, right in zip(vectors[::2], vectors[1::2], strict=True)
        ]
        if len(vectors) * block == ROWS:
            break
    totals = []
    for vector in vectors:
        value, width = vector, lanes
        while width > block:
            kind, half = values.kind(tile.dtype, width), width // 2
            parts = [
                body.op(
                    f"shufflevector {kind} {value}, {kind} poison, "
                    f"{_mask(range(start, start + half))}"
                )
                for start in (0, half)
            ]
            value, width = values.add(body, tile.dtype, parts[0], parts[1], half), half
        kind = values.kind(tile.dtype, block)
        totals += [body.op(f"extractelement {kind} {value}, i64 {index}") for index in range(block)]
    return totals


def _pairs(body: Body, tile: Tile, left: str, right: str, block: int) -> str:
    """Sums of neighbours: in each 128 bits first those of ``left``, then those of ``right``."""
    lanes = tile.lanes
    parts = []
    for odd in (0, 1):
        places = [
            source * lanes + start + 2 * index + odd
            for start in range(0, lanes, block)
            for source in (0, 1)
            for index in range(block // 2)
        ]
        parts.append(
            body.op(f"shufflevector {tile.vector} {left}, {tile.vector} {right}, {_mask(places)}")
        )
    return values.add(body, tile.dtype, parts[0], parts[1], lanes)


def _mask(places: list[int] | range) -> str:
    return f"<{len(places)} x i32> <" + ", ".join(f"i32 {place}" for place in places) + ">"
