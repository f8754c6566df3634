"""Weight gradients of convolutions to few channels, with pixels as lanes: when, and launches."""

from __future__ import annotations

from rushlight.compiler.contraction import pixels, values
from rushlight.compiler.contraction.operand import round_up
from rushlight.compiler.contraction.pixels_kernel import MAX_DEPTH
from rushlight.compiler.contraction.pixels_weight_kernel import (
    GRADIENT_BYTES,
    MAX_RUNS,
    SLAB_BYTES,
    SUM_WORDS,
    WORDS,
    PixelsWeight,
    pixels_weight_kernel,
    sum_kernel,
)
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.ir.size import shown
from rushlight.runtime import cpu

# Shares of the batch: each has sums of its own, added up at the end.
_SHARES = 8
# Gradients of a band: with the inputs they meet they should stay in the first cache.
_BAND_BYTES = 12 * 1024
# Channels of a tile that has not all of them: squares of four are turned at a time.
_HEIGHTS = (4, 5, 6)
_FEW_INPUTS = 32


def fits(problem: Problem) -> bool:
    """Whether lanes are better pixels than output channels."""
    row, column, filters = problem.row, problem.column, problem.filters
    taps = row.taps * column.taps
    if column.stride != 1 or not pixels.pays(problem) or taps * problem.channels > MAX_DEPTH:
        return False
    shape = _tile(problem)
    if shape is None or filters % shape.rows or not _rows(problem, shape):
        return False
    # Several blocks of filters take the place of the groups; each reads all inputs.
    return shape.rows == filters or (problem.groups == 1 and problem.channels <= _FEW_INPUTS)


def pixels_weight(problem: Problem) -> list[Launch]:
    """The weight gradient of a problem that ``fits``."""
    x, dw, g, row, column = problem.x, problem.w, problem.out, problem.row, problem.column
    channels, filters = problem.channels, problem.filters
    shape = _tile(problem)
    assert shape is not None
    packs, rows = pixels.packs(problem), _rows(problem, shape)
    blocks = filters // shape.rows
    parts = -(-_SHARES // blocks)
    block_images = -(-x.shape[0] // parts)
    image_blocks = -(-x.shape[0] // block_images)
    # Bands are shared out as well where images are few.
    bands = -(-row.out // rows)
    block_rows = rows * -(-bands // -(-parts // image_blocks))
    row_blocks = -(-row.out // block_rows)
    shares = image_blocks * row_blocks
    slab_rows, slab_columns = row.inputs(rows), column.inputs(column.out)
    slab_row = slab_columns * shape.itemsize
    slab = (slab_rows * slab_row, slab_row) if packs else (x.step(3), x.step(1))
    depth = round_up(row.taps * column.taps * channels, shape.vectors)
    chunk_bytes = depth * shape.rows * shape.lanes * shape.itemsize
    numbers = {
        **problem.sizes,
        "block_images": block_images,
        "image_blocks": image_blocks,
        "block_rows": block_rows,
        "row_blocks": row_blocks,
        "shares": shares,
        "band_rows": rows,
        "x_group": channels * x.step(3) if blocks == 1 else 0,
        "g_group": shape.rows * g.step(3),
        "slab_rows": slab_rows,
        "slab_columns": slab_columns,
        "slab_channel": slab[0],
        "slab_row": slab[1],
        "chunk_bytes": chunk_bytes,
    }
    for name, operand in (("x", x), ("g", g)):
        for axis, axis_name in enumerate(("image", "row", "column", "channel")):
            numbers[f"{name}_{axis_name}"] = operand.step(axis)
    for axis, axis_name in enumerate(("group", "filter", "channel", "row", "column")):
        numbers[f"dw_{axis_name}"] = dw.step(axis)
    if blocks > 1:
        numbers["dw_group"] = shape.rows * dw.step(1)
    chunks = problem.groups * blocks * shares
    sums = Ref(Scratch(chunks * chunk_bytes))
    label = f"conv_weight_grad {shown(x.shape)} {shown(dw.shape[1:])} {x.dtype}"
    return [
        Launch(
            pixels_weight_kernel(PixelsWeight(shape, _beside(problem, shape), packs, x.dtype)),
            (g.ref, x.ref, sums),
            tuple(numbers[name] for name in WORDS),
            chunks=chunks,
            flops=problem.flops,
            bytes=problem.bytes,
            label=label,
        ),
        Launch(
            sum_kernel(shape, x.dtype),
            (sums, dw.ref),
            tuple(numbers[name] for name in SUM_WORDS),
            chunks=problem.groups * blocks,
            flops=0,
            bytes=chunks * chunk_bytes,
            label=f"sums of {label}",
        ),
    ]


def _tile(problem: Problem) -> Tile | None:
    """Output channels x taps: all channels, or as many as divide them evenly.

    Its vectors are whole, if of two runs (``_beside``).
    """
    work = values.register_dtype(problem.x.dtype)
    filters, depth = problem.filters, problem.row.taps * problem.column.taps * problem.channels
    shape = pixels.tile(work, filters, problem.column.out)
    if shape is None:
        return None
    lanes = cpu.host().lanes(shape.itemsize)
    if shape.rows == filters:
        return Tile(filters, pixels.vectors(filters), lanes, work)

    def cost(rows: int) -> float:
        taps = pixels.vectors(rows)
        return round_up(depth, taps) / depth * max(1.0, 2 * (rows + taps) / (rows * taps))

    heights = [rows for rows in _HEIGHTS if filters % rows == 0]
    if not heights:
        return None
    rows = min(heights, key=cost)
    return Tile(rows, pixels.vectors(rows), lanes, work)


def _beside(problem: Problem, shape: Tile) -> int:
    """Runs in a vector."""
    return shape.lanes // pixels.run_lanes(shape.dtype, problem.column.out)


def _rows(problem: Problem, shape: Tile) -> int:
    """Rows of results of one band; 0 where not even one fits."""
    row, column = problem.row, problem.column
    run = shape.lanes // _beside(problem, shape)
    each = round_up(column.out, run) * shape.rows * shape.itemsize
    per_row = -(-column.out // run)
    rows = min(row.out, max(1, _BAND_BYTES // each))
    if round_up(column.out, shape.lanes) * shape.rows * shape.itemsize > GRADIENT_BYTES:
        return 0
    if per_row > MAX_RUNS:
        return 0
    while rows and pixels.packs(problem):
        inputs = row.inputs(rows) * column.inputs(column.out)
        if problem.channels * inputs * shape.itemsize <= SLAB_BYTES:
            break
        rows -= 1
    rows = min(rows, MAX_RUNS // per_row)
    return -(-row.out // -(-row.out // rows)) if rows else 0
