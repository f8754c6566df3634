"""Weight gradients of 3 x 3 taps by Winograd's minimal filtering: when, and their launches.

Three by three results of a 2 x 2 block of gradients take 16 multiplications a channel and filter
instead of 36: the algorithm of ``winograd.py`` with input and output exchanged, ``G' ((A g A') *
(B' x B)) G``. The products are summed over all blocks before the last transform, which is done
once. As there, what is not finite is computed again directly.
"""

from __future__ import annotations

import math

from rushlight.compiler.contraction import choose, values
from rushlight.compiler.contraction.operand import round_up
from rushlight.compiler.contraction.shares import total_kernel
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.contraction.winograd import fills_vectors, suits
from rushlight.compiler.contraction.winograd_weight_kernel import WORDS, winograd_weight_kernel
from rushlight.compiler.contraction.winograd_weights import POINTS
from rushlight.compiler.launch import Launch, Ref, Scratch

# Channels and filters of a chunk: the sums of one point stay in the first two caches.
_BLOCK = 128
# Blocks of gradients transformed together.
_TILES = 48
# Chunks that there should be; where channels do not give as many, they share the batch. So do
# they where sums would be long: one of many short ones is more exact.
_CHUNKS = 8
_SHARE_TILES = 2048
# Numbers of a chunk that only adds shares.
_TOTALS = 16384


def fits(problem: Problem, dense: bool) -> bool:
    """Whether weights should be computed three by three; ``dense``: they lie without gaps."""
    return dense and fills_vectors(problem.channels, problem.filters) and suits(problem)


def winograd_weight(problem: Problem) -> list[Launch]:
    """The weight gradient of a problem that ``fits``."""
    x, g, dw = problem.x, problem.out, problem.w
    row, column = problem.row, problem.column
    channels, filters = problem.channels, problem.filters
    tile = choose.tile("f32", min(channels, _BLOCK))
    tile_rows, tile_columns = -(-row.out // 2), -(-column.out // 2)
    tiles = x.shape[0] * tile_rows * tile_columns
    channel_blocks, filter_blocks = -(-channels // _BLOCK), -(-filters // _BLOCK)
    if channel_blocks * filter_blocks < _CHUNKS:
        # Inputs are transformed twice as often then; shares would all have weights to transform.
        filter_blocks = max(filter_blocks, -(-filters // (_BLOCK // 2)))
    block_channels = round_up(-(-channels // channel_blocks), tile.columns)
    block_filters = round_up(-(-filters // filter_blocks), tile.lanes)
    channel_blocks = -(-channels // block_channels)
    filter_blocks = -(-filters // block_filters)
    pairs = channel_blocks * filter_blocks
    shares = max(1, min(-(-_CHUNKS // pairs), tiles // (2 * _TILES)), tiles // _SHARE_TILES)
    share_tiles = -(-tiles // shares)
    block_tiles = -(-share_tiles // -(-share_tiles // _TILES))  # all alike: none of a few only
    # Points and rows a page apart would push each other out of the first cache.
    v_point = round_up(block_tiles * block_channels * 4, 4096) + 320
    z_point = round_up(block_tiles * block_filters * 4, 4096) + 320
    m_row = block_channels * 4 + 64
    m_point = round_up(round_up(block_filters, tile.rows) * m_row, 4096) + 320
    z_start = POINTS * v_point
    m_start = z_start + POINTS * z_point
    edge_start = m_start + POINTS * m_point
    edge = 4 * max(round_up(channels, 16), round_up(filters, 16))
    room = round_up(edge_start + edge + 64, 4096)
    # Shares are added before they are rounded.
    result = dw.dtype if shares == 1 else "f32"
    size = values.SIZES[result]
    share_bytes = math.prod(dw.shape) * size
    numbers = {
        **problem.sizes,
        "tile_rows": tile_rows,
        "tile_columns": tile_columns,
        "tiles": tiles,
        "block_tiles": block_tiles,
        "shares": shares,
        "channel_blocks": channel_blocks,
        "filter_blocks": filter_blocks,
        "block_channels": block_channels,
        "block_filters": block_filters,
        "v_point": v_point,
        "z_point": z_point,
        "m_row": m_row,
        "m_point": m_point,
        "z_start": z_start,
        "m_start": m_start,
        "edge_start": edge_start,
        "edge": edge,
        "room": room,
        "dw_filter": dw.strides[1] * size,
        "dw_channel": dw.strides[2] * size,
        "dw_share": share_bytes,
    }
    for name, operand in (("x", x), ("out", g)):
        for axis, axis_name in enumerate(("image", "row", "column")):
            numbers[f"{name}_{axis_name}"] = operand.step(axis)
    chunks = pairs * shares
    target = dw.ref if shares == 1 else Ref(Scratch(shares * share_bytes))
    label = f"conv_weight_grad {x.shape} {dw.shape[1:]} {x.dtype}, winograd"
    launches = [
        Launch(
            winograd_weight_kernel(tile, x.dtype, result),
            (x.ref, g.ref, target, Ref(Scratch(chunks * room))),
            tuple(numbers[name] for name in WORDS),
            chunks=chunks,
            flops=problem.flops,
            bytes=problem.bytes,
            label=label,
        )
    ]
    if shares > 1:
        count = math.prod(dw.shape)
        launches.append(
            Launch(
                total_kernel(dw.dtype, tile.lanes),
                (target, dw.ref),
                (count, _TOTALS, shares),
                chunks=-(-count // _TOTALS),
                flops=count * (shares - 1),
                bytes=(shares + 1) * share_bytes,
                label=f"total of {label}",
            )
        )
    return launches
