"""Weight gradients of a single tap: when they are products of packed blocks, and their launches."""

from __future__ import annotations

import math

from rushlight.compiler.contraction import choose
from rushlight.compiler.contraction import point_weight_ahead as ahead
from rushlight.compiler.contraction.operand import round_up
from rushlight.compiler.contraction.point_weight_kernel import (
    ROOM_BYTES,
    WORDS,
    point_weight_kernel,
    strip_width,
)
from rushlight.compiler.contraction.shares import total
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.ir.size import quantity, shown

# Multiply-adds for each number read, from which on packing both sides pays: with less to do, the
# kernel that reads inputs as they lie is faster.
_WORTH = 13
# Bytes of a block's width: two blocks this wide, and their product, fill the second cache.
_WIDEST = 1024
# Positions of an image, from which on packing the next band meanwhile is worth its preparations in
# a batch of some (one kernel serves all batches).
_LARGE = 144
# Positions, count and steps in bytes: (how many, in g, in x).
Walk = tuple[int, int, int]


def fits(problem: Problem, dense: bool) -> bool:
    """One tap, nothing padded, channels together; ``dense``: so are the weights."""
    row, column, x, g = problem.row, problem.column, problem.x, problem.out
    return (
        dense
        and row.taps == column.taps == 1
        and row.inside
        and column.inside
        and row.low == column.low == 0
        and x.dtype in ("f32", "f64")
        and x.strides[3] == g.strides[3] == 1
        and problem.filters * problem.channels >= _WORTH * (problem.filters + problem.channels)
    )


def point_weight(problem: Problem) -> list[Launch]:
    x, dw, g = problem.x, problem.w, problem.out
    filters, channels = problem.filters, problem.channels
    widest = _WIDEST // x.itemsize
    filter_blocks, channel_blocks = -(-filters // widest), -(-channels // widest)
    if problem.groups * filter_blocks * channel_blocks % 2 and filter_blocks > 1:
        filter_blocks += 1  # an even number of chunks is two threads' fair share
    parts = problem.groups * filter_blocks * channel_blocks
    wanted = min(max(1, problem.flops // 2 // choose.CHUNK_MULADDS), choose.WEIGHT_CHUNKS)
    across, down = -(-channels // channel_blocks), -(-filters // filter_blocks)
    tile = choose.tile(x.dtype, across, down, True)
    block_filters = round_up(-(-filters // filter_blocks), tile.rows)
    block_channels = round_up(-(-channels // channel_blocks), tile.columns)
    walks = _walks(problem)
    share = -(-walks[0][0] // -(-wanted // parts))
    shares = -(-walks[0][0] // share)
    counts = [share, *[count for count, _, _ in walks[1:]]]
    packed = block_filters // tile.rows * strip_width(tile)
    widest_block = max(packed, block_channels) + tile.columns
    early = _packs_ahead(tile, filters, channels, block_filters, block_channels)
    if early:
        most = ahead.ROOM_BYTES // tile.itemsize // widest_block - 32
        script = ahead.MAX_SCRIPT * tile.lanes // (packed + block_channels)
        most = min(most, script - ahead.AHEAD)
        reach = max(_reach(counts, walks, side) for side in (1, 2))
        early = problem.row.out * problem.column.out >= _LARGE and reach < 1 << 31
    if not early:
        most = ROOM_BYTES // tile.itemsize // widest_block - 32
    bands = _bands(counts, min(choose.depth_block(tile), most))
    depth = math.prod(bands)
    share_bytes = math.prod(dw.shape) * dw.itemsize
    numbers = {
        "filters": filters,
        "channels": channels,
        "block_filters": block_filters,
        "block_channels": block_channels,
        "filter_blocks": -(-filters // block_filters),
        "channel_blocks": -(-channels // block_channels),
        "groups": problem.groups,
        "g_group": filters * g.step(3),
        "x_group": channels * x.step(3),
        "dw_group": dw.step(0),
        "dw_filter": dw.step(1),
        "dw_share": share_bytes,
        "share": share,
        "strip": _pitch(depth * strip_width(tile) * tile.itemsize),
        "panel": _pitch(depth * tile.columns * tile.itemsize),
    }
    numbers |= dict.fromkeys(WORDS[WORDS.index("count0") : WORDS.index("strip")], 0)
    for place, ((count, g_step, x_step), band) in enumerate(zip(walks, bands, strict=True)):
        numbers |= {f"count{place}": count, f"band{place}": band}
        numbers |= {f"g_step{place}": g_step, f"x_step{place}": x_step}
    chunks = problem.groups * numbers["filter_blocks"] * numbers["channel_blocks"] * shares
    target = dw.ref if shares == 1 else Ref(Scratch(shares * share_bytes))
    label = f"conv_weight_grad {shown(x.shape)} {shown(dw.shape[1:])} {x.dtype}"
    made = ahead.point_weight_ahead if early else point_weight_kernel
    launch = Launch(
        made(tile, len(walks)),
        (g.ref, x.ref, target),
        tuple(numbers[name] for name in WORDS),
        chunks=chunks,
        flops=problem.flops,
        bytes=problem.bytes,
        label=label,
    )
    return [launch, *total(shares, target, dw, tile.lanes, label)]


def _packs_ahead(
    tile: Tile, filters: int, channels: int, block_filters: int, block_channels: int
) -> bool:
    """Whether the next band is packed while this one is summed: where a vector is a line, as many
    tiles as vectors to copy, and strips and panels never wider than what they are cut from."""
    if tile.lanes * tile.itemsize != 64:
        return False
    width, strips = strip_width(tile), block_filters // tile.rows
    panels = block_channels // tile.columns
    vectors = strips * width // tile.lanes + panels * tile.vectors
    narrow = (filters - 1) % block_filters + 1 < width
    narrow = narrow or (channels - 1) % block_channels + 1 < tile.columns
    return not narrow and vectors <= strips * panels <= ahead.MAX_TILES


def _reach(counts: list[int], walks: list[Walk], side: int) -> int:
    """Bytes from the first position to the last: a script's offsets have half a word."""
    return sum(count * walk[side] for count, walk in zip(counts, walks, strict=True))


def _walks(problem: Problem) -> list[Walk]:
    """Images, rows and columns of positions; those that walk memory as one are the outermost."""
    x, g = problem.x, problem.out
    strides = (1, problem.row.stride, problem.column.stride)
    walks: list[Walk] = []
    for axis, stride in enumerate(strides):
        count, g_step, x_step = g.shape[axis], g.step(axis), x.step(axis) * stride
        if walks and walks[-1][1:] == (g_step * count, x_step * count):
            walks[-1] = (walks[-1][0] * count, g_step, x_step)
        else:
            walks.append((count, g_step, x_step))
    return walks


def _bands(counts: list[int], depth: int) -> list[int]:
    """How much of each walk is packed at a time, ``depth`` positions at most: a panel of them
    should stay in the first cache."""
    depth = max(1, depth)
    bands: list[int] = []
    for axis, count in reversed([*enumerate(counts)]):
        most = max(1, min(count, depth))
        most = -(-count // -(-count // most))
        # The last one of the outermost axis has none after it.
        most = _even(count, most) if axis else most
        bands.insert(0, most)
        depth = depth // most if most == count else 1
    return bands


@quantity
def _even(count: int, most: int) -> int:
    """A length of which there are only whole ones, where that is not much less than ``most``."""
    even = max(size for size in range(1, max(1, most) + 1) if count % size == 0)
    return even if 3 * even >= 2 * most else most


def _pitch(nbytes: int) -> int:
    """An odd number of cache lines: strips side by side do not fall on the same sets."""
    return (-(-nbytes // 64) | 1) * 64
