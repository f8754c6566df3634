"""Input gradients with few channels, all phases of a row at once: when, and their launches."""

from __future__ import annotations

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.conv_pack import pack_weights
from rushlight.compiler.contraction.finish import Finish, pointers
from rushlight.compiler.contraction.operand import Epilogue
from rushlight.compiler.contraction.phased_kernel import (
    MAX_RUNS,
    SLAB_BYTES,
    WORDS,
    Phased,
    phased_kernel,
)
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.contraction.window import Axis, Problem
from rushlight.compiler.launch import Launch
from rushlight.ir.size import decision, quantity, shown
from rushlight.runtime import cpu

# Phases that are woven when results are stored, and taps whose products are written out.
_MOST_PHASES, _MOST_PRODUCTS = 4, 192
_MOST_VECTORS = 7
# Vectors in a row, from which on rows without phases are taken so.
_MANY_RUNS = 2
# Terms of one sum, which are added up one by one.
_MOST_TERMS = 4096
# Chunks that are enough: fewer of them, of more rows, copy the rows between them less often.
_CHUNKS = 64
_WORTH = 700_000


def fits(problem: Problem, epilogue: Epilogue) -> bool:
    """Whether ``problem``, of the convolution whose input ``x`` is asked for, is better taken so.

    ``x`` is dx and ``out`` the gradient; the channels of each lie wherever they do.
    """
    dx, g, row, column = problem.x, problem.out, problem.row, problem.column
    if epilogue.residual is not None or problem.groups != 1 or dx.strides[2] != 1:
        return False
    if row.dilation != 1 or column.dilation != 1:
        return False
    terms = problem.filters * -(-row.taps // row.stride) * -(-column.taps // column.stride)
    if not 0 < terms <= _MOST_TERMS:  # a step may meet no taps at all
        return False
    if dx.dtype not in ("f32", "f64") or g.dtype != dx.dtype:
        return False
    shape = _shape(problem)
    return shape is not None and _rows(problem, shape) > 0


def of_forward(problem: Problem) -> Problem:
    """A convolution without steps as the input gradient of another one, whose taps are turned."""
    row, column = (
        Axis(axis.out, axis.taps, axis.size, 1, axis.dilation, axis.taps - 1 - axis.low)
        for axis in (problem.row, problem.column)
    )
    w = problem.w.permute(0, 2, 1, 3, 4).flip(3).flip(4)
    return Problem(problem.out, w, problem.x, row, column)


def _shape(problem: Problem) -> Tile | None:
    """The tile, or None where another kernel is better."""
    dtype, column, channels = problem.x.dtype, problem.column, problem.channels
    phases = column.stride
    lanes = _lanes(dtype, _steps(column), phases)
    vectors = vectors_of(channels * phases)
    if phases > _MOST_PHASES or not lanes or channels * column.taps * vectors > _MOST_PRODUCTS:
        return None
    # One vector takes a load for each product, which AVX-512 does in one instruction with it.
    many = cpu.host().registers < 32 and column.taps > 2 * phases
    return None if vectors <= int(many) else Tile(channels * phases, vectors, lanes, dtype)


def vectors_of(rows: int) -> int:
    """Vectors of each of a tile's rows that registers hold beside those of gradients."""
    return min(_MOST_VECTORS, (cpu.host().registers - 1) // (rows + 1))


@decision
def _lanes(dtype: str, steps: int, phases: int) -> int:
    """Gradients of a run: half a vector where rows are shorter than one; 0 for shorter ones.

    Without phases to save, short rows are left to kernels whose registers hold more of them.
    """
    lanes = cpu.host().lanes(values.SIZES[dtype])
    if phases == 1:
        return lanes if steps >= _MANY_RUNS * lanes else 0
    return next((each for each in (lanes, lanes // 2) if 2 <= each <= steps), 0)


def _offsets(axis: Axis) -> list[int]:
    """How far after a step's number the gradient is that each tap meets there.

    >>> _offsets(Axis(224, 7, 112, stride=2, dilation=1, low=3))
    [2, 1, 1, 0, 0, -1, -1]
    """
    return [-((tap - axis.low) // axis.stride) for tap in range(axis.taps)]


def _steps(axis: Axis) -> int:
    """Steps of the stride in a row of inputs."""
    return -(-axis.size // axis.stride)


def _slab_row(problem: Problem, shape: Tile) -> int:
    offsets = _offsets(problem.column)
    return (_steps(problem.column) + offsets[0] - offsets[-1]) * shape.itemsize


def _rows(problem: Problem, shape: Tile) -> int:
    """Steps along the rows that one chunk takes; 0 where not even one fits."""
    reach = _offsets(problem.row)[0] - _offsets(problem.row)[-1]
    row_bytes = problem.filters * _slab_row(problem, shape)
    most = SLAB_BYTES // row_bytes - reach
    most = min(most, MAX_RUNS // -(-_steps(problem.column) // shape.lanes))
    return _band(_steps(problem.row), most, reach, problem.x.shape[0], problem.flops // 2)


@quantity
def _band(down: int, most: int, reach: int, images: int, muladds: int) -> int:
    most = min(most, down)
    if most < 1:
        return 0
    # Fewer rows than twice those that are copied again, or than take 15 us, are no chunk.
    worth = -(-_WORTH * down * images // max(1, muladds))
    least = max(1, 2 * reach, worth, -(-down * images // _CHUNKS))
    return -(-down // -(-down // min(most, least)))


def _asks(problem: Problem, shape: Tile) -> int:
    """Lines of gradients in a row for each step of the sums of its results, if all lie together."""
    g, step = problem.out, problem.out.itemsize
    for axis in (3, 2, 1):
        if g.step(axis) != step:
            return 0
        step *= g.shape[axis]
    return -(-shape.vectors * shape.lanes * shape.itemsize // (64 * problem.row.taps))


def phased(problem: Problem, epilogue: Epilogue, skips: bool = True) -> list[Launch]:
    """dx of a problem that ``fits``: ``x`` from ``out``, weights (1, K, C, R, S).

    ``skips``: rows of taps beyond the gradients are left out (an infinite weight tells).
    """
    dx, g, row, column = problem.x, problem.out, problem.row, problem.column
    phases, taps, channels = column.stride, column.taps, problem.channels
    shape = _shape(problem)
    assert shape is not None
    rows = _rows(problem, shape)
    down, across = _offsets(row), _offsets(column)
    # As wide as dx has channels: here weights are what is spread over a vector.
    panel = Tile(1, 1, channels, shape.dtype)
    launch, weights = pack_weights(problem.w.permute(0, 2, 4, 3, 1), panel, taps)
    slab_rows = rows + down[0] - down[-1]
    slab_row = _slab_row(problem, shape)
    bands = -(-_steps(row) // rows)
    numbers = {
        "height": row.size,
        "width": column.size,
        "channels": problem.filters,
        "taps_row": row.taps,
        "stride_row": row.stride,
        "low_row": row.low,
        "lowest_row": down[-1],
        "left": across[-1],
        "g_height": row.out,
        "g_width": column.out,
        "g_image": g.step(0),
        "g_row": g.step(1),
        "g_column": g.step(2),
        "g_channel": g.step(3),
        "down": _steps(row),
        "across": _steps(column),
        "band_rows": rows,
        "bands": bands,
        "slab_rows": slab_rows,
        "slab_columns": slab_row // shape.itemsize,
        "slab_channel": slab_rows * slab_row,
        "slab_row": slab_row,
        "b_row": problem.filters * taps * channels * shape.itemsize,
        "out_image": dx.step(0),
        "out_row": dx.step(1),
        "out_channel": dx.step(3),
        "bias_step": epilogue.column_step,
        "skips": int(skips),
    }
    meets = tuple(
        ((tap - column.low) % phases, offset - across[-1]) for tap, offset in enumerate(across)
    )
    spec = Phased(shape, phases, meets, Finish.of(dx, epilogue), g.dtype, _asks(problem, shape))
    return [
        launch,
        Launch(
            phased_kernel(spec),
            (g.ref, weights, dx.ref, *pointers(epilogue)),
            tuple(numbers[name] for name in WORDS),
            chunks=dx.shape[0] * bands,
            flops=problem.flops,
            bytes=problem.bytes,
            label=f"conv_input_grad {shown(g.shape)} {shown(problem.w.shape[1:])} {dx.dtype}",
        ),
    ]
