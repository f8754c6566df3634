"""Every choice of tile, block and path, and the numbers behind it.

The model is small: a tile is held by what the CPU's registers take, a block of depth by the first
cache (one panel of B at a time), a block of rows by the second (A's rows, met again for each
panel).
"""

from __future__ import annotations

import math

from rushlight.base.record import Record
from rushlight.compiler.contraction import choose_dot, values
from rushlight.compiler.contraction.choose_dot import CHUNK_BYTES as CHUNK_BYTES
from rushlight.compiler.contraction.choose_dot import CHUNK_MULADDS as CHUNK_MULADDS
from rushlight.compiler.contraction.choose_dot import CHUNKS as CHUNKS
from rushlight.compiler.contraction.conv_kernel import SLAB_BYTES
from rushlight.compiler.contraction.gemm import MAX_ROWS
from rushlight.compiler.contraction.operand import round_up
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.tile_shape import MANY as MANY
from rushlight.compiler.contraction.tile_shape import tile as tile
from rushlight.compiler.contraction.weight_kernel import GRADIENT_BYTES
from rushlight.compiler.contraction.weight_kernel import SLAB_BYTES as WEIGHT_SLAB_BYTES
from rushlight.compiler.contraction.window import Axis, Extent
from rushlight.ir.size import decision, quantities, quantity
from rushlight.runtime import cpu

# And where a share costs nothing but its call: about 5 us.
SHARE_MULADDS = 200_000


# A batch of so few rows has a tile of its own height, more rows have the usual one.
FEW_ROWS = 4
# A step of a recurrent layer, the same many times over, may choose among all tiles for more.
FEW_REUSED_ROWS = 32


class Blocks(Record):
    """How a matmul is cut: ``rows`` x ``columns`` of the output a chunk, ``depth`` at a time."""

    rows: int
    columns: int
    depth: int


def depth_block(tile: Tile) -> int:
    """Depth whose panel of B is as large as the first cache: what it meets of A passes through.

    A panel of half the size stays there for sure, but sums go to memory and back twice as often.
    """
    return max(64, cpu.host().l1_bytes // (tile.columns * tile.itemsize))


@decision
def in_parts(tile: Tile, depth: int) -> bool:
    """Whether sums are added up part by part beside the first cache, not in the results' memory.

    Packed panels of B that are longer than the cache come from the second one in time; results that
    are read and written once for each block of depth do not. Longer sums than ``CHAIN`` lose digits
    when they are taken one by one, however large the cache is.
    """
    return depth > min(depth_block(tile), CHAIN)


CHAIN = 512
# A block of depth in parts, in panels that the first cache would hold.
PARTED_PANELS = 3


def blocks(
    tile: Tile, rows: int, columns: int, depth: int, batches: int, parts: bool, apart: int
) -> Blocks:
    """Cut one matmul of a batch of ``batches`` into chunks; ``parts``: see ``in_parts``; ``apart``:
    bytes between the results' rows."""
    deep = _deep(tile, depth, PARTED_PANELS if parts else 1)
    tall = tile.rows if _stores_along(rows, depth, apart) else _tall(tile, rows, deep)
    return Blocks(tall, _wide(tile, tall, rows, columns, depth, batches), deep)


@decision
def _stores_along(rows: int, depth: int, apart: int) -> bool:
    """Whether chunks have a tile's rows, so that results are stored along them.

    Rows that are pages apart share places in the first caches, and a sum of few terms takes less
    time than to bring a line there again: 4096 x 1 by 1 x 1024 1.18 ms with many rows and 0.32 with
    12, of 16 terms 1.59 and 0.86, of 32 1.33 and 1.39; 512 x 8 by 8 x 512 41 us and 31.
    """
    return apart % 2048 == 0 and 1 <= depth <= (16 if apart % 4096 == 0 else 8) and rows > FEW_ROWS


@quantity
def _deep(tile: Tile, depth: int, panels: int) -> int:
    most = panels * depth_block(tile)
    return max(1, -(-depth // max(1, -(-depth // most))))


@quantity
def _tall(tile: Tile, rows: int, deep: int) -> int:
    """Rows of equal blocks, whose part of A fills half of the second cache."""
    tall = min(cpu.host().l2_bytes // 2 // (deep * tile.itemsize), MAX_ROWS)
    tall = max(tile.rows, tall // tile.rows * tile.rows)
    return round_up(-(-rows // max(1, -(-rows // tall))), tile.rows)


@quantity
def _wide(tile: Tile, tall: int, rows: int, columns: int, depth: int, batches: int) -> int:
    by_work = rows * columns * depth * batches // CHUNK_MULADDS
    by_traffic = (rows + columns) * depth * batches * tile.itemsize // CHUNK_BYTES
    wanted = min(max(by_work, by_traffic, 1), CHUNKS)
    strips = batches * -(-rows // tall)
    across = max(1, -(-wanted // strips))
    usual = round_up(-(-columns // across), tile.columns)
    if across * strips == 1:
        return usual
    # An odd number of blocks, all alike, leaves one of two threads waiting.
    near = range(round_up(usual // 2, tile.columns), 2 * usual, tile.columns)
    shares = {width: _longer_share(strips, columns, width) for width in (usual, *near)}
    better = min(shares, key=lambda width: (shares[width], abs(width - usual)))
    return better if 50 * (shares[usual] - shares[better]) > strips * columns else usual


def _longer_share(strips: int, columns: int, width: int) -> int:
    """Columns of all strips that the busier of two threads has, in blocks of ``width``."""
    blocks = -(-columns // width)
    pairs, alone = divmod(strips * blocks, 2)
    return pairs * width + alone * (columns - (blocks - 1) * width)


@decision
def turns(dtype: str, rows: int, columns: int, depth: int, a_depth: int, b_depth: int) -> bool:
    """Whether a product of few rows is better taken with rows and columns exchanged.

    Weights whose depth lies together would be packed as B in each step; as A they are read as they
    lie, and the few rows are what is packed. More rows pay for packing the weights, which then are
    kept where they do not change.
    """
    itemsize = values.SIZES[dtype]
    wide = tile(dtype, MANY).columns
    return (
        dtype in ("f32", "f64")
        and a_depth == b_depth == itemsize
        and choose_dot.DOT_ROWS < rows <= min(TURNED_ROWS, columns)
        and 4 * round_up(rows, wide) <= 5 * rows
        and depth >= TURNED_DEPTH
    )


def turned_blocks(tile: Tile, rows: int, columns: int, depth: int, batches: int) -> Blocks:
    """Cut such a product: a panel of B, as deep as can be, and A's rows share the second cache."""
    tall = _turned_tall(tile, rows, columns, depth, batches)
    return Blocks(tall, round_up(columns, tile.columns), _turned_deep(tile, depth))


@quantity
def _turned_deep(tile: Tile, depth: int) -> int:
    return max(64, min(depth, cpu.host().l2_bytes // tile.itemsize // 2 // tile.columns))


@quantity
def _turned_tall(tile: Tile, rows: int, columns: int, depth: int, batches: int) -> int:
    deep = _turned_deep(tile, depth)
    tall = (cpu.host().l2_bytes // tile.itemsize * 3 // 4 - deep * tile.columns) // deep
    shares = min(max(1, rows * columns * depth * batches // CHUNK_MULADDS), CHUNKS)
    tall = min(tall, -(-rows * batches // shares), MAX_ROWS)
    return max(1, tall // tile.rows) * tile.rows


# Rows and depth of products that are better turned: fewer columns of A than of B, a sum that is
# long beside storing it.
TURNED_ROWS = 96
TURNED_DEPTH = 512


@decision
def reads_in_place(tile: Tile, rows: int, depth: int, b_depth: int, b_column: int) -> bool:
    """Whether B is better read as it lies than packed: few rows pay for the copy, or it is shallow.

    Rows of B a page apart fall on the same sets of the first cache and push each other out.
    """
    if b_column != tile.itemsize:
        return False
    if rows <= 4 * tile.rows:
        return True
    return depth <= 128 and (b_depth % 4096 != 0 or depth <= 16)


@quantity
def rows_within(tile: Tile, rows: int, depth: int) -> int:
    """1 where all rows of a block of columns are taken before the next block, else 0.

    A thread then multiplies what it has packed of B itself. A is read once for each block: only
    where the second cache holds it.
    """
    return int(rows * depth * tile.itemsize <= cpu.host().l2_bytes)


@decision
def packs_rows(tile: Tile, columns: int, depth: int, a_depth: int) -> bool:
    """Whether A is better packed into strips than read as it lies.

    As it lies, each term of depth touches a line of its own unless depth is what lies together.
    """
    if a_depth == tile.itemsize:
        return False
    return columns > 4 * tile.columns and depth > 32


class ConvBlocks(Record):
    """How a convolution is cut: a chunk's images, rows, columns and output channels, and how many
    input channels it takes at a time."""

    images: int
    rows: int
    columns: int
    channels: int
    filters: int


@quantities
def conv_blocks(problem: Extent, tile: Tile, packs: bool, narrow: bool) -> ConvBlocks:
    """Cut a convolution; ``narrow``: sums cannot wait in the output between blocks of channels."""
    taps = max(1, problem.row.taps * problem.column.taps)
    channels = max(1, problem.channels)
    if not narrow:
        # The panel of one block of channels should stay near the first cache.
        most = max(16, CONV_DEPTH // taps // 16 * 16)
        if channels > most:
            channels = round_up(-(-channels // -(-channels // most)), 16)
    reach = problem.row.reach * problem.column.reach * tile.itemsize if packs else 0
    channels = _fit(channels, reach, SLAB_BYTES)
    room = SLAB_BYTES // (channels * tile.itemsize) if packs else 1 << 40
    images, rows, columns = _band(problem, RESULTS, room)
    if images > 1:
        # Images are shared out where output channels are too few for all threads.
        shares = min(problem.flops // 2 // SHARE_MULADDS, CONV_CHUNKS)
        shares //= problem.groups * -(-problem.filters // tile.columns)
        images = min(images, -(-problem.images // max(1, shares)))
    bands = -(-problem.row.out // rows) * -(-problem.column.out // columns)
    wanted = min(max(1, problem.flops // 2 // CHUNK_MULADDS), CONV_CHUNKS)

    def cut(images: int) -> tuple[int, int]:
        """(filters of a chunk, chunks) where a chunk has so many images."""
        parts = problem.groups * -(-problem.images // images) * bands
        filters = round_up(-(-problem.filters // -(-wanted // parts)), tile.columns)
        return filters, parts * -(-problem.filters // filters)

    filters, chunks = cut(images)
    if images > 1 < chunks and chunks % 2:  # even numbers are two threads' fair share
        images = -(-images // 2)
        filters, _ = cut(images)
    return ConvBlocks(images, rows, columns, channels, filters)


def weight_blocks(
    problem: Extent, dtype: str, packs: bool, apart: bool
) -> tuple[Tile, ConvBlocks, int]:
    """Cut a weight gradient: chunks share out weights, bands of results follow each other.

    ``apart``: chunks may also share out images, each with sums of its own, to be added up: so many
    shares. Smaller blocks of weights instead would read and pack every input more often.
    """
    wide, run, blocks, shares = _weight_blocks(problem, dtype, packs, apart)
    return tile(dtype, wide, run), blocks, shares


@quantities
def _weight_blocks(
    problem: Extent, dtype: str, packs: bool, apart: bool
) -> tuple[int, int, ConvBlocks, int]:
    """(columns and rows that the tile is chosen for, blocks, shares)"""
    filters, channels = problem.filters, max(1, problem.channels)
    shape = tile(dtype, filters)
    taps_muladds = problem.flops // 2
    wanted = min(max(1, taps_muladds // CHUNK_MULADDS), WEIGHT_CHUNKS)
    if apart and taps_muladds >= 2 * SHARE_MULADDS and problem.images > 1:
        wanted = max(2, wanted)
    # A single tap does little with an input: larger blocks read it less often.
    widest = 64 if problem.row.taps * problem.column.taps > 1 else 128
    block_filters = min(round_up(filters, shape.columns), round_up(widest, shape.columns))
    block_channels = min(channels, widest)
    block_filters, block_channels = _evenly(problem, block_filters, block_channels, shape.columns)
    parts = problem.groups * -(-filters // block_filters) * -(-channels // block_channels)
    shares = min(-(-wanted // parts), problem.images) if apart else 1
    wanted = -(-wanted // shares)
    while problem.groups * -(-filters // block_filters) * -(-channels // block_channels) < wanted:
        if block_filters >= block_channels // 2 and block_filters > shape.columns:
            block_filters = round_up(block_filters // 2, shape.columns)
        elif block_channels > 16:
            block_channels = round_up(block_channels // 2, 16)
        else:
            break
    reach = problem.row.reach * problem.column.reach * shape.itemsize if packs else 0
    block_channels = _fit(block_channels, reach, WEIGHT_SLAB_BYTES)
    run = block_channels * (problem.column.taps if problem.column.dilation == 1 else 1)
    wide = min(filters, block_filters)
    shape = tile(dtype, wide, run, True)
    block_filters = round_up(block_filters, shape.columns)
    results = min(RESULTS, GRADIENT_BYTES // (block_filters * shape.itemsize))
    room = WEIGHT_SLAB_BYTES // (block_channels * shape.itemsize) if packs else 1 << 40
    images, rows, columns = _band(problem, results, room)
    images = min(images, -(-problem.images // shares))
    return wide, run, ConvBlocks(images, rows, columns, block_channels, block_filters), shares


def _evenly(problem: Extent, filters: int, channels: int, wide: int) -> tuple[int, int]:
    """Blocks of weights no larger than these, of equal size and an even number where there are
    several: two threads' fair share."""
    across, down = -(-problem.filters // filters), -(-max(1, problem.channels) // channels)
    if across * down % 2 and across * down > 1 and problem.groups % 2:
        across, down = (across + 1, down) if across >= down else (across, down + 1)
    filters = min(filters, round_up(-(-problem.filters // across), wide))
    return filters, min(channels, round_up(-(-max(1, problem.channels) // down), 16))


@quantities
def tap_rows(problem: Extent, parts: int) -> int:
    """Rows of taps of one chunk of a weight gradient that has ``parts`` blocks of channels.

    Chunks that share out taps pack the same inputs: three at most.
    """
    wanted = min(problem.flops // 2 // SHARE_MULADDS // parts, TAP_CHUNKS // parts)
    return -(-problem.row.taps // max(1, min(wanted, problem.row.taps)))


def tiles(axes: list[Axis]) -> bool:
    """Whether a slab holds the inputs of one result in one channel: tiled kernels need it."""
    reach = math.prod(max(1, axis.reach) for axis in axes) * 8
    return len(axes) <= 2 and reach <= min(SLAB_BYTES, WEIGHT_SLAB_BYTES)


def _fit(channels: int, reach: int, room: int) -> int:
    """Channels whose slab holds at least one result."""
    while channels > 1 and channels * reach > room:
        channels = -(-channels // 2)
    return channels


def _band(problem: Extent, results: int, room: int) -> tuple[int, int, int]:
    """Images, rows and columns of at most ``results`` results whose inputs fit ``room`` pixels."""
    row, column = problem.row, problem.column
    columns = column.out
    while columns > 1 and (columns > results or row.reach * column.inputs(columns) > room):
        columns = -(-columns // 2)
    rows = max(1, min(row.out, results // columns))
    while rows > 1 and row.inputs(rows) * column.inputs(columns) > room:
        rows -= 1
    rows = -(-row.out // -(-row.out // rows))
    images = 1
    if rows == row.out and columns == column.out:
        each = max(1, row.inputs(rows) * column.inputs(columns))
        images = max(1, min(problem.images, results // (rows * columns), room // each))
    return images, rows, columns


# Depth of one block of channels, and results of a chunk (its table is on the stack).
CONV_DEPTH = 600
RESULTS = 448
# Chunks of a convolution and of a weight gradient, at least, when there is work enough: chunks that
# share inputs pack them again.
CONV_CHUNKS = 8
WEIGHT_CHUNKS = 4
TAP_CHUNKS = 3
