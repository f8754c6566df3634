"""Convolutions of 3 x 3 taps by Winograd's minimal filtering: when, and their launches.

Two by two results need 16 multiplications a channel instead of 36 (F(2 x 2, 3 x 3): A. Lavin and
S. Gray, "Fast Algorithms for Convolutional Neural Networks", 2016). The transforms only add,
subtract and halve, and the sums that are left are nine times shorter, so that results come out
as exact as direct sums do. A block of results in which anything is not finite is computed again
directly: nan and infinities stay where they belong.
"""

from __future__ import annotations

import math

from rushlight.compiler.contraction import choose, values
from rushlight.compiler.contraction.finish import Finish, pointers
from rushlight.compiler.contraction.operand import Epilogue, round_up
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.tile_shape import heights
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.contraction.winograd_kernel import WORDS, Winograd, winograd_kernel
from rushlight.compiler.contraction.winograd_weights import (
    POINTS,
    point_bytes,
    winograd_weights,
)
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.ir.size import decision, shown
from rushlight.runtime import cpu

# Fewer channels or filters than these do not pay for the transforms.
_FEWEST = 32
# Fewer blocks of four results do not pay for the weights' transform.
_FEWEST_TILES = 64
# Each chunk has memory of its own: not many chunks, and not too much memory.
_CHUNKS = 16
_ROOM_BYTES = 24 * 2**20
_TALL = 96


def fits(problem: Problem, epilogue: Epilogue) -> bool:
    """Whether results should be computed two by two."""
    return (
        epilogue.row_bias is None
        # The last vector's results are stored twice: a residual in their memory would add twice.
        and (epilogue.residual is None or fills_vectors(problem.filters))
        and all(values.register_dtype(one.dtype) == "f32" for one in epilogue.across)
        and all(one.strides[-1] == 1 for one in epilogue.across)
        and suits(problem)
    )


def suits(problem: Problem) -> bool:
    """Whether a problem, or a gradient of it, is for this algorithm."""
    x, out = problem.x, problem.out
    return (
        values.register_dtype(x.dtype) == "f32"
        and problem.groups == 1
        and all(
            axis.taps == 3 and axis.stride == axis.dilation == 1
            for axis in (problem.row, problem.column)
        )
        and min(problem.channels, problem.filters) >= _FEWEST
        and x.strides[3] == out.strides[3] == 1
        and _tiles(problem) >= _FEWEST_TILES
        # Odd sizes waste what the algorithm saves if there is little else.
        and _tiles(problem) * 4 <= 1.6 * math.prod(out.shape[:3])
    )


def fills_vectors(*counts: int) -> bool:
    """Whether vectors of so many neighbours are all full."""
    return all(count % cpu.host().lanes(4) == 0 for count in counts)


def _tiles(problem: Problem) -> int:
    return problem.x.shape[0] * -(-problem.row.out // 2) * -(-problem.column.out // 2)


def winograd(problem: Problem, epilogue: Epilogue, skips: bool) -> list[Launch]:
    """The convolution of a problem that ``fits``; ``skips``: see ``conv.planar``."""
    x, w, out, residual = problem.x, problem.w, problem.out, epilogue.residual
    row, column = problem.row, problem.column
    channels, filters = problem.channels, problem.filters
    tiles = _tiles(problem)
    most = _most(channels, filters)
    tile = _cut(choose.tile("f32", filters), tiles, most)
    launch, weights = winograd_weights(w, tile)
    block = _block(tile, tiles, most)
    blocks = -(-tiles // block)
    asks = bool(POINTS * 4 * channels * filters > cpu.host().l2_bytes)
    # Rows a page apart, and points a page apart, would push each other out of the first cache.
    v_row, m_row = round_up(4 * channels, 64) + 64, round_up(filters, tile.columns) * 4 + 64
    v_point, m_point = (round_up(block * each, 4096) + 320 for each in (v_row, m_row))
    edge = round_up(4 * max(channels, round_up(filters, tile.columns)), 64)
    room = round_up(POINTS * (v_point + m_point) + 2 * edge + 64, 4096)
    chunks = min(blocks, max(2 * cpu.host().cores, min(_CHUNKS, _ROOM_BYTES // room)))
    numbers = {
        **problem.sizes,
        "tile_rows": -(-row.out // 2),
        "tile_columns": -(-column.out // 2),
        "tiles": tiles,
        "block_tiles": block,
        "blocks": blocks,
        "chunks": chunks,
        "x_image": x.step(0),
        "x_row": x.step(1),
        "x_column": x.step(2),
        "u_point": point_bytes(tile, channels, filters),
        "v_row": v_row,
        "v_point": v_point,
        "m_row": m_row,
        "m_point": m_point,
        "m_start": POINTS * v_point,
        "edge_start": POINTS * (v_point + m_point),
        "edge": edge,
        "room": room,
        "w_filter": w.step(1),
        "w_channel": w.step(2),
        "w_row": w.step(3),
        "w_column": w.step(4),
        "skips": int(skips),
    }
    for name, operand in (("out", out), ("residual", residual)):
        for axis, axis_name in enumerate(("image", "row", "column")):
            numbers[f"{name}_{axis_name}"] = operand.step(axis) if operand else 0
    return [
        launch,
        Launch(
            winograd_kernel(Winograd(tile, Finish.of(out, epilogue), asks)),
            (x.ref, weights, out.ref, w.ref, Ref(Scratch(chunks * room)), *pointers(epilogue)),
            tuple(numbers[name] for name in WORDS),
            chunks=chunks,
            flops=problem.flops,
            bytes=problem.bytes,
            label=f"conv {shown(x.shape)} {shown(w.shape[1:])} {x.dtype}, winograd",
        ),
    ]


def _most(channels: int, filters: int) -> int:
    """How many blocks of four results a chunk computes at a time, at most.

    Weights are read once for each: many, unless the points of fewer fit the second cache.
    """
    fitting = _TALL // 2 * POINTS * (channels + filters) * 4 <= cpu.host().l2_bytes
    return _TALL // 2 if fitting else _TALL


def _block(tile: Tile, tiles: int, most: int) -> int:
    """``tiles`` in equal blocks of at most ``most``."""
    blocks = -(-tiles // (most // tile.rows * tile.rows))
    if blocks < _CHUNKS:
        blocks = round_up(blocks, 2)  # two threads have as much to do
    return round_up(-(-tiles // blocks), tile.rows)


@decision
def _cut(tile: Tile, tiles: int, most: int) -> Tile:
    """``tile``, of a height that divides few blocks evenly between two threads.

    128 blocks of four results are 72 and 56 in tiles of 12 rows, 65 and 63 in tiles of 13.
    """

    def longer_share(tile: Tile) -> int:  # of two threads
        block = _block(tile, tiles, most)
        blocks = -(-tiles // block)
        return -(-blocks // 2) * block

    if tiles >= _CHUNKS * most:
        return tile
    return min([tile, *heights(tile)], key=longer_share)
