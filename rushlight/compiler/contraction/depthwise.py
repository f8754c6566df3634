"""Convolutions with one input and one output channel a group: when, and their launches."""

from __future__ import annotations

import math

from rushlight.compiler.contraction import choose
from rushlight.compiler.contraction.conv_pack import pack_weights, panel_bytes
from rushlight.compiler.contraction.depthwise_kernel import (
    BLOCK_BYTES,
    MAX_TAPS,
    WORDS,
    depthwise_kernel,
)
from rushlight.compiler.contraction.depthwise_weight_kernel import (
    SUM_WORDS,
    TAPS,
    WEIGHT_WORDS,
    depthwise_sum_kernel,
    depthwise_weight_kernel,
)
from rushlight.compiler.contraction.finish import Finish, pointers, whole_vectors
from rushlight.compiler.contraction.operand import Epilogue, Operand, round_up
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.window import Problem
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.ir.size import shown
from rushlight.runtime import cpu

# Vectors of channels -> neighbouring results summed together: as many as registers hold, or fewer
# for short rows.
_HEIGHTS = {2: (7, 4, 2), 3: (4, 2), 1: (7, 4, 2)}
# The same where five taps or more share inputs: the more results side by side, the better.
_LONG = {2: (7, 4, 2), 1: (14, 7, 4, 2)}
# Multiply-adds of one chunk; every one of them loads a number, so that they are slow ones.
_CHUNK_MULADDS = choose.CHUNK_MULADDS // 4
# Taps of a row whose inputs registers hold beside a tile's sums, at most.
_TAPS = 7
# Shares of a weight gradient, each with sums of its own, added up at the end.
_SHARES = 16


def fits(problem: Problem) -> bool:
    """Whether these kernels can do it, and well."""
    x, g = problem.x, problem.out
    return (
        problem.filters == problem.channels == 1
        and problem.groups > 1
        and x.dtype in ("f32", "f64")
        and x.strides[3] == g.strides[3] == 1
        and problem.row.taps * problem.column.taps <= MAX_TAPS
    )


def depthwise(problem: Problem, epilogue: Epilogue) -> list[Launch]:
    """out from x and w; see ``fits``. Padding is zeros that weights meet."""
    out = problem.out
    tile = _tile(problem)
    numbers, block = _numbers(problem, tile.columns)
    taps = problem.row.taps * problem.column.taps
    row = max(1, problem.column.out * taps * block)
    band = max(1, min(problem.row.out, _CHUNK_MULADDS // row))
    bands = -(-problem.row.out // band)
    # Weights of all channels as those of one group, to have panels of neighbouring channels.
    w = problem.w
    across = Operand(w.ref, w.dtype, (1, w.shape[0], 1, *w.shape[3:]),
                     (0, w.strides[0], 0, *w.strides[3:]))  # fmt: skip
    launch, weights = pack_weights(across, tile, 1)
    numbers |= {
        "band": band, "bands": bands, "panel": panel_bytes(tile, 1, taps),
        "bias_step": epilogue.column_step,
        "whole_vectors": int(whole_vectors(out, epilogue)),
        **_steps("residual", epilogue.residual),
    }  # fmt: skip
    return [
        launch,
        Launch(
            depthwise_kernel(tile, Finish.of(out, epilogue), _row_of_taps(problem)),
            (problem.x.ref, weights, out.ref, *pointers(epilogue)),
            tuple(numbers[name] for name in WORDS),
            chunks=problem.x.shape[0] * bands * numbers["blocks"],
            flops=problem.flops,
            bytes=problem.bytes,
            label=f"depthwise {shown(problem.x.shape)} {out.dtype}",
        ),
    ]


def _row_of_taps(problem: Problem) -> int:
    """Taps of a row that are side by side and few enough to be in the kernel's text, or 0."""
    column = problem.column
    near = column.stride == column.dilation == 1 and problem.row.taps > 0
    return column.taps if near and 1 < column.taps <= _TAPS else 0


def depthwise_weight_grad(problem: Problem) -> list[Launch]:
    """w from x and out (the gradient); see ``fits``. Padding is zeros that gradients meet."""
    x, dw, g = problem.x, problem.w, problem.out
    lanes = _lanes(x.dtype)
    numbers, block = _numbers(problem, lanes)
    taps = problem.row.taps * problem.column.taps
    tap_groups = -(-taps // TAPS)
    group_taps = -(-taps // tap_groups)
    muladds = problem.flops // 2
    parts = numbers["blocks"] * tap_groups
    shares = max(1, min(muladds // _CHUNK_MULADDS, _SHARES) // parts)
    block_images = -(-x.shape[0] // shares)
    image_blocks = -(-x.shape[0] // block_images)
    # Rows are shared out as well where images are few.
    block_rows = -(-problem.row.out // max(1, shares // image_blocks))
    row_blocks = -(-problem.row.out // block_rows)
    shares = image_blocks * row_blocks
    chunk_bytes = round_up(group_taps * block * x.itemsize, 64)
    numbers |= {
        "taps": taps, "tap_groups": tap_groups, "block_images": block_images,
        "block_rows": block_rows, "row_blocks": row_blocks, "chunk_bytes": chunk_bytes,
        "shares": shares, "streams": int(problem.bytes > 2 * cpu.host().l2_bytes),
    }  # fmt: skip
    chunks = shares * parts
    sums = Ref(Scratch(chunks * chunk_bytes))
    label = f"depthwise_weight_grad {shown(x.shape)} {x.dtype}"
    return [
        Launch(
            depthwise_weight_kernel(x.dtype, lanes, group_taps),
            (x.ref, g.ref, sums),
            tuple(numbers[name] for name in WEIGHT_WORDS),
            chunks=chunks,
            flops=problem.flops,
            bytes=problem.bytes,
            label=label,
        ),
        Launch(
            depthwise_sum_kernel(x.dtype, lanes, group_taps),
            (sums, dw.ref),
            tuple(numbers[name] for name in SUM_WORDS),
            chunks=parts,
            flops=0,
            bytes=chunks * chunk_bytes,
            label=f"sums of {label}",
        ),
    ]


def _lanes(dtype: str) -> int:
    return cpu.host().lanes(4 if dtype == "f32" else 8)


def _tile(problem: Problem) -> Tile:
    """The register tile that leaves the fewest lanes idle, then the highest for rows like these."""
    dtype = problem.out.dtype
    lanes = _lanes(dtype)
    heights = _HEIGHTS if _row_of_taps(problem) < 5 else _LONG
    vectors = min(heights, key=lambda count: round_up(problem.groups, count * lanes))

    def cost(height: int) -> int:
        # Each tile costs about one result more than it has.
        return -(-problem.column.out // height) * (height + 1)

    return Tile(min(heights[vectors], key=cost), vectors, lanes, dtype)


def _steps(name: str, operand: Operand | None) -> dict[str, int]:
    axes = ("image", "row", "column", "channel")
    return {
        f"{name}_{axis}": operand.step(place) if operand else 0 for place, axis in enumerate(axes)
    }


def _numbers(problem: Problem, width: int) -> tuple[dict[str, int], int]:
    """The words that both directions have, and the channels of one block (whole vectors)."""
    most = BLOCK_BYTES // problem.x.itemsize
    block = round_up(-(-problem.groups // -(-problem.groups // most)), width)
    numbers = {
        "images": problem.x.shape[0], "channels": problem.groups, "block": block,
        "blocks": -(-problem.groups // block),
        "w_channel": problem.w.step(0), "w_row": problem.w.step(3), "w_column": problem.w.step(4),
        **_steps("x", problem.x), **_steps("out", problem.out),
    }  # fmt: skip
    for name, axis in (("row", problem.row), ("column", problem.column)):
        fields = ("size", "taps", "out", "stride", "dilation", "low", "reach")
        numbers |= {f"{name}_{field}": getattr(axis, field) for field in fields}
    assert math.prod(problem.w.shape[1:3]) == 1
    return numbers, block
