"""The matmul kernel: one text for every size, stride and batch.

A chunk is a block of rows by a block of columns of one matrix of the batch. For each block of depth
it runs the register tile over the columns' panels (B, packed or as it lies) and, inside, over the
block's rows (A, in strips or as it lies), so that a panel of B stays in the first cache
while all rows pass, and A's rows stay in the second.
"""

from __future__ import annotations

import functools

from rushlight.base.record import Record
from rushlight.compiler.contraction.batch import offsets
from rushlight.compiler.contraction.emit import Body, entry, kernel
from rushlight.compiler.contraction.finish import Finish, Output, column_steps
from rushlight.compiler.contraction.panel import Panel
from rushlight.compiler.contraction.tile import ASKED_ROWS, ROW_BYTES, Level, Tile
from rushlight.compiler.launch import Kernel

# Rows of a chunk: the table of their addresses is on the stack.
MAX_ROWS = 384

WORDS = (
    "rows", "columns", "depth",
    "block_rows", "block_columns", "block_depth", "row_blocks", "column_blocks", "rows_within",
    "a_strip", "a_row", "a_depth", "b_panel", "b_depth",
    "out_row", "out_column", "residual_row", "residual_column", "bias_step", "row_bias_step",
    "whole_vectors", "batch1", "batch2",
    "a_batch0", "a_batch1", "a_batch2", "b_batch0", "b_batch1", "b_batch2",
    "out_batch0", "out_batch1", "out_batch2",
    "residual_batch0", "residual_batch1", "residual_batch2",
)  # fmt: skip


class Gemm(Record):
    """What is in a matmul kernel's text.

    ``edge``: B is read as it lies and its columns do not fill whole tiles, so that the last panel
    is read under a mask. ``parts``: blocks of depth are long, their sums are taken in parts.
    """

    tile: Tile
    finish: Finish
    edge: bool
    parts: bool = False


@functools.lru_cache(maxsize=128)
def gemm(spec: Gemm) -> Kernel:
    """Pointers: a, b, out, then the finish's. Words: ``WORDS``."""
    tile, finish = spec.tile, spec.finish
    body = Body()
    pointers = 3 + len(finish.pointers)
    a, b, out, *others = body.words("%args", pointers, kind="ptr")
    word = dict(zip(WORDS, body.words("%args", len(WORDS), first=pointers), strict=True))
    bases = {"out": out, **dict(zip(finish.pointers, others, strict=True))}
    table = body.op(
        f"alloca [{(MAX_ROWS + max(tile.rows, ASKED_ROWS)) * ROW_BYTES} x i8], align 64"
    )
    filled = body.op("alloca i64")
    body.store("i64", "-1", filled)
    panels = Panel(
        tile, finish, levels=2, parts=spec.parts, results=True, follows=spec.parts, along=True
    )
    edges = Panel(edge_tile(tile), finish, levels=2, edge=True)
    steps = {
        "out": word["out_column"],
        "residual": word["residual_column"],
        "row_bias": word["row_bias_step"],
        **column_steps(finish, word["bias_step"]),
    }
    whole = body.op(f"icmp ne i64 {word['whole_vectors']}, 0")
    per_matrix = body.mul(word["row_blocks"], word["column_blocks"])

    # Whether the rows of a block of columns follow each other, or the columns of one of rows.
    rows_within = body.op(f"icmp ne i64 {word['rows_within']}, 0")
    inner = body.select(rows_within, word["row_blocks"], word["column_blocks"])

    with body.loop("%begin", "%end") as chunk:
        matrix, block = body.split(chunk, per_matrix)
        outer, within = body.split(block, inner)
        down = body.select(rows_within, within, outer)
        across = body.select(rows_within, outer, within)
        row0 = body.mul(down, word["block_rows"])
        column0 = body.mul(across, word["block_columns"])
        rows = body.min(word["block_rows"], body.sub(word["rows"], row0))
        columns = body.min(word["block_columns"], body.sub(word["columns"], column0))
        offset = offsets(body, word, matrix)
        here = dict(bases)
        here["out"] = body.at(out, offset["out"])
        if "residual" in here:
            here["residual"] = body.at(here["residual"], offset["residual"])
        output = Output(here, steps, whole)
        a_here, b_here = body.at(a, offset["a"]), body.at(b, offset["b"])
        # Matrices of few rows have the table of the one before.
        with body.when(body.op(f"icmp ne i64 {body.load('i64', filled)}, {row0}")):
            _fill_table(body, tile, word, table, row0, rows)
            body.store("i64", row0, filled)
        # At least one round, so that a sum of no terms is stored as well.
        with body.loop("0", body.max(word["depth"], "1"), word["block_depth"]) as k0:
            deep = body.min(word["block_depth"], body.sub(word["depth"], k0))
            first = body.equal(k0, "0")
            last = body.op(f"icmp sge i64 {body.add(k0, deep)}, {word['depth']}")
            a_block = body.at(a_here, body.mul(k0, word["a_depth"]))
            b_block = body.at(b_here, body.mul(k0, word["b_depth"]))
            levels = [Level(body.min(deep, "1"), "0"), Level(deep, word["a_depth"])]
            with body.loop("0", columns, str(tile.columns)) as step:
                column = body.add(column0, step)
                panel = body.div(column, str(tile.columns))
                b_panel = body.at(b_block, body.mul(panel, word["b_panel"]))
                left = body.min(str(tile.columns), body.sub(columns, step))

                def call(panels: Panel) -> None:
                    panels.call(
                        body, table, rows, a_block, b_panel, levels, word["b_depth"], output,
                        column, left, first, last, {"b_band": word["b_panel"]},
                    )  # fmt: skip

                if spec.edge:
                    full = body.equal(left, str(tile.columns))
                    with body.either(full) as (yes, no):
                        with body.branch(yes):
                            call(panels)
                        with body.branch(no):
                            call(edges)
                else:
                    call(panels)
    functions = panels.declare() + panels.define() + (edges.define() if spec.edge else "")
    return kernel("gemm", functions + entry(body))


def edge_tile(tile: Tile) -> Tile:
    """The tile for columns read under a mask: lower, where masks take vector registers as well."""
    if tile.lanes * tile.itemsize > 32:
        return tile
    rows = (16 - 1 - 2 * tile.vectors) // tile.vectors
    return tile.replace(rows=min(tile.rows, rows))


def _fill_table(
    body: Body, tile: Tile, word: dict[str, str], table: str, row0: str, rows: str
) -> None:
    """Addresses of the chunk's rows; those past the end repeat the last one and are not stored."""
    height = str(tile.rows)
    # Up to the next whole tile, of this height or of the lower one that edges have.
    with body.loop("0", body.add(rows, str(tile.rows - 1))) as place:
        row = body.add(row0, body.min(place, body.sub(rows, "1")))
        entry = body.at(table, body.mul(place, str(ROW_BYTES)))
        strip, inside = body.div(row, height), body.rem(row, height)
        a_offset = body.add(body.mul(strip, word["a_strip"]), body.mul(inside, word["a_row"]))
        body.store("i64", a_offset, entry)
        body.store("i64", body.mul(row, word["out_row"]), body.at(entry, "8"))
        body.store("i64", body.mul(row, word["residual_row"]), body.at(entry, "16"))
        body.store("i64", row, body.at(entry, "24"))
