"""conv_weight_grad: the gradient of a convolution's weights."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rushlight.compiler.contraction import (
    choose,
    depthwise,
    pixels_weight,
    point_weight,
    reach,
    slab,
    values,
    winograd_weight,
)
from rushlight.compiler.contraction.matmul import matmul
from rushlight.compiler.contraction.operand import Epilogue, Operand, round_up
from rushlight.compiler.contraction.plain_conv import plain_conv
from rushlight.compiler.contraction.shares import total
from rushlight.compiler.contraction.weight_kernel import (
    MAX_RUN,
    WORDS,
    Weight,
    weight_kernel,
)
from rushlight.compiler.contraction.window import POINT, Pair, Problem, check, flat, grouped
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.ir.size import shown

# Multiply-adds with each number of the gradient from which on packing it pays (3 x 3 taps of 64
# channels lose 5 to 20 %, 11 x 11 of 3 gain 4), and bytes from one result to the next: results a
# page or a part of it apart share places in the first cache.
_LITTLE, _CLOSE = 448, 1024


def conv_weight_grad(
    g: Operand,
    x: Operand,
    dw: Operand,
    stride: Sequence[int],
    padding: Sequence[Pair],
    dilation: Sequence[int],
    groups: int,
    epilogue: Epilogue,
) -> list[Launch]:
    """dw (K, C / groups, *taps) from g (N, *S', K), x (N, *S, C) of ``conv`` with these options.

    Each weight is summed by one chunk over the whole batch, in an order that shapes decide.
    """
    axes = check("conv_weight_grad", x, dw, g, stride, padding, dilation, groups)
    if not epilogue.empty:
        raise NotImplementedError("conv_weight_grad: no epilogue; compute it after")
    if math.prod(dw.shape) == 0:
        return []
    if math.prod(g.shape) == 0:
        return _zeros(dw)
    if not choose.tiles(axes):
        return plain_conv("w", x, dw, g, axes, groups, epilogue)
    if len(axes) == 1:
        g, x, axes = flat(g), flat(x), [POINT, *axes]
    problem = Problem(x, grouped(dw, groups), g, axes[0], axes[1])
    near = reach.without_far_taps(problem)
    if near.w.shape != problem.w.shape:
        return _zeros(dw) + _best(near, False)
    return _best(problem, _dense(dw))


def _best(problem: Problem, dense: bool) -> list[Launch]:
    """``dense``: whether all weights lie in order, without gaps."""
    if depthwise.fits(problem):
        return depthwise.depthwise_weight_grad(problem)
    if pixels_weight.fits(problem):
        return pixels_weight.pixels_weight(problem)
    if winograd_weight.fits(problem, dense):
        return winograd_weight.winograd_weight(problem)
    if point_weight.fits(problem, dense):
        return point_weight.point_weight(problem)
    return _planar(problem)


def _zeros(out: Operand) -> list[Launch]:
    """A sum of no terms."""
    if _dense(out):
        columns = math.prod(out.shape[1:])
        out = Operand(out.ref, out.dtype, (out.shape[0], columns), (columns, 1))
    nothing = Operand(out.ref, out.dtype, (*out.shape[:-1], 0), (0,) * len(out.shape))
    other = Operand(out.ref, out.dtype, (*out.shape[:-2], 0, out.shape[-1]), (0,) * len(out.shape))
    return matmul(nothing, other, out, Epilogue())


def _planar(problem: Problem) -> list[Launch]:
    x, dw, g = problem.x, problem.w, problem.out
    row, column = problem.row, problem.column
    work = values.register_dtype(x.dtype)
    filters, channels = problem.filters, problem.channels
    # Pixels far apart fall on few sets of the first cache.
    far = row.stride == column.stride == 1 and x.step(2) >= 2048
    packs = (
        (far and x.strides[3] == 1)
        or work != x.dtype
        or not (row.inside and column.inside and (x.strides[3] == 1 or channels == 1))
    )
    if packs:
        problem = reach.clipped(problem)
        row, column = problem.row, problem.column
    dense = _dense(dw) and work == x.dtype
    lies = _lies(problem) and work == x.dtype
    tile, blocks, shares = choose.weight_blocks(problem.extent, work, packs, dense)
    planes = slab.planes(channels, *x.strides[2:]) if packs else 0
    lies = lies and filters % tile.columns == 0 and blocks.columns == column.out
    share_images = -(-x.shape[0] // shares)
    shares = -(-x.shape[0] // share_images)
    slab_rows, slab_columns = row.inputs(blocks.rows), column.inputs(blocks.columns)
    if packs:
        pixel = blocks.channels * tile.itemsize
        steps = (slab_rows * slab_columns * pixel, slab_columns * pixel, pixel)
    else:
        steps = (x.step(0), x.step(1), x.step(2))
    together = column.dilation * steps[2] == blocks.channels * tile.itemsize
    pairs = -(-channels // blocks.channels) * -(-filters // blocks.filters)
    block_taps = choose.tap_rows(problem.extent, problem.groups * pairs * shares)
    sums = (
        block_taps
        * column.taps
        * blocks.channels
        * round_up(blocks.filters, tile.columns)
        * tile.itemsize
    )
    sums = round_up(sums, 64)
    numbers = {
        **problem.sizes,
        "block_images": blocks.images,
        "band_rows": blocks.rows,
        "band_columns": blocks.columns,
        "block_channels": blocks.channels,
        "block_filters": blocks.filters,
        "channel_blocks": -(-channels // blocks.channels),
        "filter_blocks": -(-filters // blocks.filters),
        "block_taps": block_taps,
        "tap_blocks": -(-row.taps // block_taps),
        "slab_rows": slab_rows,
        "slab_columns": slab_columns,
        "slab_image": steps[0],
        "slab_row": steps[1],
        "slab_column": steps[2],
        "merged": int(not row.clips and together and column.taps * blocks.channels <= MAX_RUN),
        "chunk_bytes": sums,
        "groups": problem.groups,
        "share_images": share_images,
        "dw_share": math.prod(dw.shape) * dw.itemsize,
    }
    names = ("image", "row", "column", "channel")
    for name, operand, per_group in (("x", x, channels), ("g", g, filters)):
        numbers[f"{name}_group"] = per_group * operand.step(3)
        for axis, axis_name in enumerate(names):
            numbers[f"{name}_{axis_name}"] = operand.step(axis)
    for axis, axis_name in enumerate(("group", "filter", "channel", "row", "column")):
        numbers[f"dw_{axis_name}"] = dw.step(axis)
    # Whether all weights that a chunk has of one filter lie together, channel by channel.
    taps = row.taps * column.taps
    rows = (taps * dw.itemsize, column.taps * dw.itemsize, dw.itemsize)
    exact = (dw.step(2), dw.step(3), dw.step(4)) == rows
    numbers["dw_flat"] = int(exact and block_taps == row.taps)
    chunks = problem.groups * pairs * numbers["tap_blocks"] * shares
    target = dw.ref if shares == 1 else Ref(Scratch(shares * numbers["dw_share"]))
    label = f"conv_weight_grad {shown(x.shape)} {shown(dw.shape[1:])} {x.dtype}"
    launches = [
        Launch(
            weight_kernel(Weight(tile, packs, x.dtype, lies, planes, row.clips)),
            (g.ref, x.ref, target, Ref(Scratch(chunks * sums))),
            tuple(numbers[name] for name in WORDS),
            chunks=chunks,
            flops=problem.flops,
            bytes=problem.bytes,
            label=label,
        )
    ]
    launches += total(shares, target, dw, tile.lanes, label)
    return launches


def _lies(problem: Problem) -> bool:
    """Whether gradients are better read as they lie: rows follow each other without gaps, and what
    is done with a number is little beside packing it.
    """
    g, taps = problem.out, problem.row.taps * problem.column.taps
    column, row = g.step(2), g.step(1)
    return (
        g.strides[3] == 1
        and column == problem.filters * g.itemsize
        and column <= _CLOSE
        and row == g.shape[2] * column
        and g.step(0) == g.shape[1] * row
        and problem.channels * taps <= _LITTLE
    )


def _dense(operand: Operand) -> bool:
    """Whether its elements lie in order, without gaps."""
    step = 1
    for size, stride in zip(reversed(operand.shape), reversed(operand.strides), strict=True):
        if size > 1 and stride != step:
            return False
        step *= size
    return True
