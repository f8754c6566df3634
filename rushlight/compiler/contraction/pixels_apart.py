"""Full convolutions (the input gradient of one without padding) that sum each tap of a row apart.

A row of gradients of 8 pixels gives 12 inputs theirs if the kernel has 5 taps. Runs of results
would be two vectors a row, half of whose terms are products with padding. Here a run is a vector
of *gradients*, and each tap along the row has sums of its own; at the end they are moved to where
they belong, tap by tap one lane further, and added up.
"""

from __future__ import annotations

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.contraction.pack import pieces
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.window import Problem
from rushlight.runtime import cpu

# With fewer sums multiply-adds wait for each other: one takes four cycles, two are begun in each.
_FEWEST_SUMS = 6
# Kernels with channels as lanes fill them with more than these; they compute with the padding.
_FEW_CHANNELS = 15
_MUCH_PADDING = 1.4
_MANY_TAPS = 4


def tile(problem: Problem, dtype: str, lanes: int, beside: int) -> Tile | None:
    """Taps of a row x runs: whole rows of gradients; None where that does not pay.

    ``lanes``: gradients of a run; ``beside``: runs in a register.
    """
    row, column = problem.row, problem.column
    full = column.dilation == 1 and column.low == column.taps - 1
    full = full and column.out == column.size + column.low and 1 < column.taps <= lanes
    if problem.groups != 1 or not full or column.size % lanes:
        return None
    padded = row.out * column.out >= _MUCH_PADDING * row.size * column.size
    if problem.filters > _FEW_CHANNELS and not (padded and column.taps >= _MANY_TAPS):
        return None
    runs = column.size // lanes
    vectors = (cpu.host().registers - 1) // (column.taps + 1)
    rows = vectors * beside // runs
    if rows * runs * column.taps < _FEWEST_SUMS * beside or rows * runs % beside:
        return None
    return Tile(column.taps, rows * runs, lanes, dtype)


def weights(w: Operand) -> Operand:
    """Weights (1, K, C, R, S) so that a panel has the S taps of one output channel."""
    _, filters, channels, rows, taps = w.shape
    _, filter_, channel, row, tap = w.strides
    shape, strides = (filters, taps, channels, rows, 1), (filter_, tap, channel, row, 0)
    return Operand(w.ref, w.dtype, shape, strides)


def store(
    body: Body, tile: Tile, dtype: str, sums: list[str], targets: list[str], runs: int, step: str
) -> None:
    """Rows of one channel from ``sums``, tap by tap those of all runs.

    ``targets``: where each run's row begins; ``runs`` of them are a row. ``step``: bytes between
    neighbouring results, or nothing if they lie together.
    """
    size, lanes, kind = values.SIZES[dtype], tile.lanes, tile.vector
    for row in range(0, tile.vectors, runs):
        for place in range(runs + 1):
            total = ""
            for shift in range(tile.rows):
                # Input i meets tap t at result i + taps - 1 - t.
                tap = tile.rows - 1 - shift
                mine = sums[tap * tile.vectors + row : tap * tile.vectors + row + runs]
                left = mine[place - 1] if place else "zeroinitializer"
                here = mine[place] if place < runs else "zeroinitializer"
                lane = ", ".join(f"i32 {number + lanes - shift}" for number in range(lanes))
                moved = body.op(
                    f"shufflevector {kind} {left}, {kind} {here}, <{lanes} x i32> <{lane}>"
                )
                total = values.add(body, tile.dtype, total, moved, lanes) if total else moved
            count = lanes if place < runs else tile.rows - 1
            for first, some in pieces(count, lanes if not step else 1):
                part = values.part(body, tile.dtype, total, lanes, first, some)
                offset = body.mul(str(place * lanes + first), step or str(size))
                values.store(body, dtype, part, body.at(targets[row], offset), some)
