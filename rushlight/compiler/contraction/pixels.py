"""Convolutions to few channels, with pixels as lanes: when, and their launches."""

from __future__ import annotations

import math

from rushlight.compiler.contraction import pixels_apart, values
from rushlight.compiler.contraction.conv_pack import pack_weights, panel_bytes
from rushlight.compiler.contraction.finish import Finish, pointers
from rushlight.compiler.contraction.operand import Epilogue, round_up
from rushlight.compiler.contraction.pixels_kernel import (
    MAX_DEPTH,
    MAX_RUNS,
    SLAB_BYTES,
    WORDS,
    Pixels,
    pixels_kernel,
)
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.launch import Launch
from rushlight.ir.size import decision, shown
from rushlight.runtime import cpu

# More channels than these fill vectors of channels well enough: in gradients of weights, and here.
_FEW_CHANNELS = 15
_FEW_FILTERS = 25
# Inputs are turned into planes once: fewer taps than these do not pay for it.
_FEW_TAPS = 4
# Multiply-adds of one chunk: some 8 us.
_CHUNK_MULADDS = 350_000
# The same for bands of rows of several images.
_BAND_MULADDS = 800_000
# Chunks that are enough: fewer of them, of more rows, copy the rows between them less often.
_CHUNKS = 64
# Vectors of runs at most.
_MOST_VECTORS = 7
# What it costs to load a vector in two halves.
_HALVES = 1.15


def fits(problem: Problem, epilogue: Epilogue, skips: bool) -> bool:
    """Whether lanes are better pixels than channels; a residual is left to the other kernels.

    (A residual in the output's own memory would be added twice where runs overlap.)
    """
    row, column = problem.row, problem.column
    taps = row.taps * column.taps
    if epilogue.residual is not None or column.stride != 1:
        return False
    shape = taps_apart(problem, epilogue, skips)
    if shape is None and pays(problem, _FEW_FILTERS):
        shape = tile(values.register_dtype(problem.out.dtype), problem.filters, column.out)
    depth = taps * problem.channels
    return 0 < depth <= MAX_DEPTH and shape is not None and _rows(problem, shape) > 0


def pays(problem: Problem, most: int = _FEW_CHANNELS) -> bool:
    """Whether fewer lanes are idle if they are pixels, by enough to be worth turning inputs."""
    filters, columns = problem.filters, problem.column.out
    if filters > most or problem.row.taps * problem.column.taps < _FEW_TAPS:
        return False
    work = values.register_dtype(problem.out.dtype)
    shape = tile(work, filters, columns)
    if shape is None:
        return False
    lanes = cpu.host().lanes(shape.itemsize)
    across = _across(columns, shape.lanes, lanes)
    down = round_up(filters, shape.rows) / filters
    return across * down * 1.1 < round_up(filters, lanes) / filters


def vectors(rows: int) -> int:
    """How many vectors of each of a tile's rows registers hold.

    Sums, one vector of inputs each, and one weight.
    """
    return min(_MOST_VECTORS, (cpu.host().registers - 1) // (rows + 1))


@decision
def run_lanes(dtype: str, columns: int) -> int:
    """Results of a run: a vector, or half of one if less is done twice then; 0 for short rows."""
    lanes = cpu.host().lanes(values.SIZES[dtype])
    usable = [each for each in (lanes, lanes // 2) if 2 <= each <= columns]
    return min(usable, key=lambda each: _across(columns, each, lanes), default=0)


def _across(columns: int, run: int, lanes: int) -> float:
    """Work for each result of a row that is cut into runs."""
    return round_up(columns, run) / columns * (1.0 if run == lanes else _HALVES)


def tile(dtype: str, filters: int, columns: int) -> Tile | None:
    """Channels x runs of results held in registers; None where rows are shorter than a run."""
    host = cpu.host()
    run = run_lanes(dtype, columns)
    if not run:
        return None

    def cost(rows: int) -> tuple[float, int]:
        across = vectors(rows)
        loads = (rows + across) / (rows * across)
        return round(round_up(filters, rows) / filters * max(1.0, loads), 2), -rows * across

    tallest = min(filters, 12 if host.registers >= 32 else 6)
    rows = min(range(1, tallest + 1), key=cost)
    return Tile(rows, vectors(rows) * side_by_side(dtype, run), run, dtype)


def side_by_side(dtype: str, run: int) -> int:
    """Runs in a vector register."""
    return cpu.host().lanes(values.SIZES[dtype]) // run


def pixels(problem: Problem, epilogue: Epilogue, skips: bool) -> list[Launch]:
    """The convolution of a problem that ``fits``.

    ``skips``: padding is no zeros that weights meet, it is not there (an infinite weight tells).
    """
    x, out, row, column = problem.x, problem.out, problem.row, problem.column
    filters, channels = problem.filters, problem.channels
    work = values.register_dtype(out.dtype)
    apart = taps_apart(problem, epilogue, skips)
    shape = apart or tile(work, filters, column.out)
    assert shape is not None
    # Where each tap has sums of its own, runs are of inputs, not of results.
    columns, slab_columns = column.out, column.inputs(column.out)
    if apart:
        columns = slab_columns = column.size
    copies = packs(problem)
    per_row = -(-columns // shape.lanes)
    # A tile has several rows: better of several images, because their terms are the same.
    together = shape.vectors // per_row if apart else 1
    rows = max(_rows(problem, shape), min(row.out, together if x.shape[0] < together else 1))
    images = 1
    muladds = problem.flops // 2 // max(1, x.shape[0] * problem.groups)
    if rows == row.out:
        images = max(1, min(MAX_RUNS // (rows * per_row), _CHUNK_MULADDS // max(1, muladds)))
    elif skips:
        # Runs of one row fill tiles without terms that only other rows have.
        part = muladds * rows // row.out
        images = max(1, min(MAX_RUNS // (rows * per_row), _BAND_MULADDS // max(1, part)))
    if copies and images > 1:
        images = max(1, min(images, SLAB_BYTES // _slab_bytes(problem, shape, rows)))
    images = min(max(images, together), max(1, x.shape[0]))
    slab_rows = row.inputs(rows)
    slab_row = slab_columns * shape.itemsize
    slab = (channels * slab_rows * slab_row, slab_rows * slab_row, slab_row)
    if not copies:
        slab = (x.step(0), x.step(3), x.step(1))
    # Panels are as wide as the tile has rows: here weights are what is spread over a vector.
    panel = Tile(1, 1, shape.rows, work)
    w = pixels_apart.weights(problem.w) if apart else problem.w
    launch, weights = pack_weights(w, panel, channels)
    taps_column = 1 if apart else column.taps
    size = panel_bytes(panel, channels, row.taps * taps_column)
    numbers = {
        **problem.sizes,
        "taps_column": taps_column,
        "out_width": columns,
        "low_column": 0 if apart else column.low,
        "block_images": images,
        "band_rows": rows,
        "image_blocks": -(-x.shape[0] // images),
        "row_bands": -(-row.out // rows),
        "x_group": channels * x.step(3),
        "slab_rows": slab_rows,
        "slab_columns": slab_columns,
        "slab_image": slab[0],
        "slab_channel": slab[1],
        "slab_row": slab[2],
        "b_group": round_up(filters, shape.rows) // shape.rows * size,
        "b_panel": size,
        "out_group": filters * out.step(3),
        "bias_step": epilogue.column_step,
        "skips": int(skips),
    }
    for name, operand in (("x", x), ("out", out)):
        for axis, axis_name in enumerate(("image", "row", "column", "channel")):
            numbers[f"{name}_{axis_name}"] = operand.step(axis)
    stores = "nothing"
    if out.strides[2] == 1:
        stores = "columns"
    elif out.strides[3] == 1:
        stores = "channels"
    whole = filters % shape.rows == 0
    runs_apart = per_row if apart else 0
    beside = side_by_side(work, shape.lanes)
    spec = Pixels(
        shape, beside, whole, Finish.of(out, epilogue), copies, x.dtype, stores, runs_apart
    )
    return [
        launch,
        Launch(
            pixels_kernel(spec),
            (x.ref, weights, out.ref, *pointers(epilogue)),
            tuple(numbers[name] for name in WORDS),
            chunks=problem.groups * numbers["image_blocks"] * numbers["row_bands"],
            flops=problem.flops,
            bytes=problem.bytes,
            label=f"conv {shown(x.shape)} {shown(problem.w.shape[1:])} {out.dtype}",
        ),
    ]


def taps_apart(problem: Problem, epilogue: Epilogue, skips: bool) -> Tile | None:
    """The tile of a kernel that sums the taps of a row apart, where that is better."""
    if not skips or not epilogue.empty:
        return None
    work = values.register_dtype(problem.out.dtype)
    run = run_lanes(work, problem.column.size)
    return pixels_apart.tile(problem, work, run, side_by_side(work, run)) if run else None


def packs(problem: Problem) -> bool:
    """Whether inputs are copied: rows that lie together, without padding, are read as they lie."""
    inside = problem.row.inside and problem.column.inside
    narrow = values.register_dtype(problem.x.dtype) != problem.x.dtype
    return narrow or not (inside and problem.x.strides[2] == 1)


def _slab_bytes(problem: Problem, shape: Tile, rows: int) -> int:
    pixels = problem.row.inputs(rows) * problem.column.inputs(problem.column.out)
    return problem.channels * pixels * shape.itemsize


def _rows(problem: Problem, shape: Tile) -> int:
    """Rows of results of one chunk; 0 where not even one fits."""
    row = problem.row
    per_row = -(-problem.column.out // shape.lanes)
    each = problem.flops // 2 // max(1, math.prod(problem.out.shape[:2]) * problem.groups)
    wanted = max(2 * _CHUNK_MULADDS, problem.flops // 2 // _CHUNKS)
    rows = min(row.out, MAX_RUNS // per_row, max(1, wanted // max(1, each)))
    while rows and packs(problem) and _slab_bytes(problem, shape, rows) > SLAB_BYTES:
        rows -= 1
    return -(-row.out // -(-row.out // rows)) if rows else 0
