"""conv: from operands of any strides to launches."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rushlight.compiler.contraction import (
    choose,
    depthwise,
    phased,
    pixels,
    reach,
    slab,
    values,
    winograd,
)
from rushlight.compiler.contraction.conv_kernel import WORDS, Conv, conv_kernel
from rushlight.compiler.contraction.conv_pack import pack_weights, panel_bytes
from rushlight.compiler.contraction.finish import Finish, goes_past, pointers, whole_vectors
from rushlight.compiler.contraction.operand import Epilogue, Operand, round_up
from rushlight.compiler.contraction.plain_conv import plain_conv
from rushlight.compiler.contraction.window import POINT, Pair, Problem, check, flat, grouped
from rushlight.compiler.launch import Launch
from rushlight.ir.size import shown


def conv(
    x: Operand,
    w: Operand,
    out: Operand,
    stride: Sequence[int],
    padding: Sequence[Pair],
    dilation: Sequence[int],
    groups: int,
    epilogue: Epilogue,
) -> list[Launch]:
    """out (N, *S', K) = x (N, *S, C) cross-correlated with w (K, C / groups, *taps).

    ``padding``: zeros before and after each spatial axis. Any strides. One to three spatial axes.
    """
    axes = check("conv", x, w, out, stride, padding, dilation, groups)
    if math.prod(out.shape) == 0:
        return []
    if not choose.tiles(axes):
        return plain_conv("g", x, w, out, axes, groups, epilogue)
    if len(axes) == 1:
        epilogue = flat_epilogue(epilogue)
        x, out, axes = flat(x), flat(out), [POINT, *axes]
    return planar(Problem(x, grouped(w, groups), out, axes[0], axes[1]), epilogue)


def flat_epilogue(epilogue: Epilogue) -> Epilogue:
    residual = None if epilogue.residual is None else flat(epilogue.residual)
    return epilogue.replace(residual=residual)


def planar(problem: Problem, epilogue: Epilogue, skips: bool = False) -> list[Launch]:
    """A convolution over two axes; ``skips``: terms from the padding may be left out."""
    problem = reach.without_far_taps(problem)
    if depthwise.fits(problem):
        return depthwise.depthwise(problem, epilogue)
    if winograd.fits(problem, epilogue):
        return winograd.winograd(problem, epilogue, skips)
    few = pixels.fits(problem, epilogue, skips)
    apart = few and pixels.taps_apart(problem, epilogue, skips) is not None
    if problem.row.stride == problem.column.stride == 1 and not apart:
        turned = phased.of_forward(problem)
        if phased.fits(turned, epilogue):
            return phased.phased(turned, epilogue, skips)
    if few:
        return pixels.pixels(problem, epilogue, skips)
    x, out = problem.x, problem.out
    row, column = problem.row, problem.column
    work = values.register_dtype(out.dtype)
    narrow = work != out.dtype
    filters, channels = problem.filters, problem.channels
    tile = choose.tile(work, filters)
    # Without padding, channels together in memory are read as they lie.
    packs = narrow or not (row.inside and column.inside and (x.strides[3] == 1 or channels == 1))
    if packs:
        problem = reach.clipped(problem)
    row, column = problem.row, problem.column
    blocks = choose.conv_blocks(problem.extent, tile, packs, narrow)
    launch, weights = pack_weights(problem.w, tile, blocks.channels)
    panels = round_up(filters, tile.columns) // tile.columns
    size = panel_bytes(tile, channels, row.taps * column.taps)
    slab_rows, slab_columns = row.inputs(blocks.rows), column.inputs(blocks.columns)
    if packs:
        pixel = blocks.channels * tile.itemsize
        steps = (slab_rows * slab_columns * pixel, slab_columns * pixel, pixel)
    else:
        steps = (x.step(0), x.step(1), x.step(2))
    numbers = {
        **problem.sizes,
        "block_images": blocks.images,
        "band_rows": blocks.rows,
        "band_columns": blocks.columns,
        "block_channels": blocks.channels,
        "block_filters": blocks.filters,
        "image_blocks": -(-x.shape[0] // blocks.images),
        "row_bands": -(-row.out // blocks.rows),
        "column_bands": -(-column.out // blocks.columns),
        "filter_blocks": -(-filters // blocks.filters),
        "x_group": channels * x.step(3),
        "x_image": x.step(0),
        "x_row": x.step(1),
        "x_column": x.step(2),
        "x_channel": x.step(3),
        "slab_rows": slab_rows,
        "slab_columns": slab_columns,
        "slab_image": steps[0],
        "slab_row": steps[1],
        "slab_column": steps[2],
        "merged": int(
            not row.clips and column.dilation * steps[2] == blocks.channels * tile.itemsize
        ),
        "b_group": panels * size,
        "b_panel": size,
        "bias_step": epilogue.column_step,
        "whole_vectors": int(whole_vectors(out, epilogue)),
        "adds": 0,
    }
    for name, operand in (("out", out), ("residual", epilogue.residual)):
        own = [operand.step(axis) for axis in range(4)] if operand else [0] * 4
        numbers[f"{name}_group"] = filters * own[3]
        for axis, step in zip(("image", "row", "column", "channel"), own, strict=True):
            numbers[f"{name}_{axis}"] = step
    parts = ("image_blocks", "row_bands", "column_bands", "filter_blocks")
    point = row.taps == column.taps == row.stride == column.stride == 1
    point = point and blocks.channels >= channels
    planes = slab.planes(channels, *x.strides[2:]) if packs else 0
    finish = Finish.of(out, epilogue)
    if blocks.channels >= channels:
        depth = channels * row.taps * column.taps
        finish = finish.replace(past=goes_past(finish, tile, out, filters, depth))
    spec = Conv(tile, finish, packs, x.dtype, point and not packs, planes, row.clips)
    return [
        launch,
        Launch(
            conv_kernel(spec),
            (x.ref, weights, out.ref, *pointers(epilogue)),
            tuple(numbers[name] for name in WORDS),
            chunks=problem.groups * math.prod(numbers[part] for part in parts),
            flops=problem.flops,
            bytes=problem.bytes,
            label=f"conv {shown(x.shape)} {shown(problem.w.shape[1:])} {out.dtype}",
        ),
    ]
