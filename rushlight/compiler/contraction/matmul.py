"""matmul: from operands of any strides and batch axes to launches."""

from __future__ import annotations

import math

from rushlight.base.record import Record
from rushlight.compiler.contraction import choose, choose_dot, dot, finish, pairs, plain, values
from rushlight.compiler.contraction.gemm import WORDS, Gemm, gemm
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.pack import pack, panels_bytes
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.launch import Kernel, Launch, Ref
from rushlight.ir.size import shown

# Strides in bytes of a, b, out and the residual along one batch axis, after its size.
Axis = tuple[int, int, int, int, int]


def matmul(
    a: Operand, b: Operand, out: Operand, epilogue: Epilogue, *, reused: bool = False
) -> list[Launch]:
    """out (..., M, N) = a (..., M, K) @ b (..., K, N), and what the epilogue adds.

    Batch axes agree (a stride of 0 repeats). f16 and bf16 accumulate in f32; integers wrap around.
    ``reused``: B is packed once for many of these products, so that even few rows pay for it.
    """
    check(a, b, out, epilogue)
    if out.dtype not in ("f32", "f64", "f16", "bf16"):
        return plain.matmul(a, b, out, epilogue)
    if math.prod(out.shape) == 0:
        return []
    if (_stands(out) and not _lies(out)) or (out.shape[-1] == 1 and _stands(a) and not _lies(a)):
        a, b, out, epilogue = _transposed(a, b, out, epilogue)
        reused = False
    rows, columns = out.shape[-2:]
    sizes = (out.dtype, rows, columns, a.shape[-1], a.step(-1), b.step(-2))
    if choose.turns(*sizes) and not reused:
        return _matmul(*_transposed(a, b, out, epilogue), turned=True)
    if choose_dot.is_dots_of_columns(*sizes):
        return _matmul(*_transposed(a, b, out, epilogue))
    return _matmul(a, b, out, epilogue, reused)


def check(a: Operand, b: Operand, out: Operand, epilogue: Epilogue) -> None:
    """Shapes and dtypes fit, or ValueError: the lowering made a mistake."""
    sizes = (*out.shape[:-1], a.shape[-1]), (*out.shape[:-2], a.shape[-1], out.shape[-1])
    if (a.shape, b.shape) != sizes or not a.dtype == b.dtype == out.dtype:
        raise ValueError(
            f"matmul: a {a.dtype}{a.shape}, b {b.dtype}{b.shape}, out {out.dtype}{out.shape}; "
            "needs (..., M, K), (..., K, N), (..., M, N) of one dtype with equal batch axes"
        )
    if epilogue.scale is not None:
        raise NotImplementedError("matmul: no scale for each column; multiply after")
    for name, shape in (
        ("bias", out.shape[-1:]), ("row_bias", out.shape[-2:-1]), ("residual", out.shape)
    ):  # fmt: skip
        extra: Operand | None = getattr(epilogue, name)
        if extra is not None and (
            extra.shape != shape
            or values.register_dtype(extra.dtype) != values.register_dtype(out.dtype)
        ):
            raise ValueError(
                f"matmul: {name} is {extra.dtype}{extra.shape}, needs {out.dtype}{shape}"
            )


def _lies(operand: Operand) -> bool:
    """Neighbours along the last axis are neighbours in memory."""
    return operand.strides[-1] == 1 or operand.shape[-1] == 1


def _stands(operand: Operand) -> bool:
    return operand.strides[-2] == 1


def _transposed(
    a: Operand, b: Operand, out: Operand, epilogue: Epilogue
) -> tuple[Operand, Operand, Operand, Epilogue]:
    """The same matmul with rows and columns exchanged."""

    residual = None if epilogue.residual is None else _turn(epilogue.residual)
    turned = epilogue.replace(bias=epilogue.row_bias, row_bias=epilogue.bias, residual=residual)
    return _turn(b), _turn(a), _turn(out), turned


def _turn(operand: Operand) -> Operand:
    rank = len(operand.shape)
    return operand.permute(*range(rank - 2), rank - 1, rank - 2)


def _batch_axes(a: Operand, b: Operand, out: Operand, residual: Operand | None) -> list[Axis]:
    """Batch axes, outermost first; those that walk memory as one are one, size 1 is dropped."""
    axes: list[Axis] = []
    for axis in range(len(out.shape) - 2):
        size = out.shape[axis]
        steps = tuple(
            0 if operand is None else operand.step(axis) for operand in (a, b, out, residual)
        )
        if size == 1:
            continue
        if axes and all(
            outer == step * size for outer, step in zip(axes[-1][1:], steps, strict=True)
        ):
            axes[-1] = (axes[-1][0] * size, steps[0], steps[1], steps[2], steps[3])
        else:
            axes.append((size, steps[0], steps[1], steps[2], steps[3]))
    return axes


def _matmul(
    a: Operand,
    b: Operand,
    out: Operand,
    epilogue: Epilogue,
    reused: bool = False,
    turned: bool = False,
) -> list[Launch]:
    """``reused``: see ``matmul``; ``turned``: see ``choose.turns``."""
    axes = _batch_axes(a, b, out, epilogue.residual)
    if len(axes) > 3:
        return _outer_batches(a, b, out, epilogue, turned)
    terms = a.shape[-1]
    paired = pairs.fits(a, b)
    if paired:
        a, b = pairs.seen(a, -1), pairs.seen(b, -2)
    while len(axes) < 3:
        axes.insert(0, (1, 0, 0, 0, 0))
    rows, columns = out.shape[-2:]
    depth = terms // 2 if paired else terms
    batches = math.prod(axis[0] for axis in axes)
    work = values.register_dtype(out.dtype)
    reused = reused and rows > choose.FEW_ROWS
    packs = reused or turned
    if not packs and a.dtype == b.dtype:
        sizes = (a.dtype, rows, columns, depth, a.step(-1), b.step(-2))
        if choose_dot.is_dots(*sizes):
            return [_dots(a, b, out, epilogue, axes, batches, terms)]
    narrow = work != out.dtype
    if turned:
        # The columns are a batch here: none of its sizes is in the kernel's text.
        tile = choose.tile(work, choose.MANY)
        parts = True
        blocks = choose.turned_blocks(tile, rows, columns, depth, batches)
    else:
        few = choose.FEW_REUSED_ROWS if reused else choose.FEW_ROWS
        tile = choose.tile(work, columns, *((rows,) if rows <= few else ()))
        packs |= narrow or not choose.reads_in_place(tile, rows, depth, b.step(-2), b.step(-1))
        parts = packs and choose.in_parts(tile, depth)
        blocks = choose.blocks(tile, rows, columns, depth, batches, parts, out.step(-2))
    tile = tile.replace(pairs=paired)
    launches: list[Launch] = []
    if (narrow and a.dtype == out.dtype) or choose.packs_rows(tile, columns, depth, a.step(-1)):
        a_in = _packed(launches, _turn(a), axes, 1, tile.rows, tile)
    else:
        a_in = _Source(a.ref, tile.rows * a.step(-2), a.step(-2), a.step(-1), [x[1] for x in axes])
    if packs:
        b_in = _packed(launches, b, axes, 2, tile.columns, tile)
        edge = False
    else:
        width = tile.columns * tile.itemsize
        b_in = _Source(b.ref, width, tile.itemsize, b.step(-2), [x[2] for x in axes])
        edge = columns % tile.columns != 0
    row_blocks, column_blocks = -(-rows // blocks.rows), -(-columns // blocks.columns)
    numbers = {
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "block_rows": blocks.rows,
        "block_columns": blocks.columns,
        # A sum in f16 or bf16 has no place to wait between blocks of depth: it takes one block.
        "block_depth": max(depth, 1) if narrow else blocks.depth,
        "row_blocks": row_blocks,
        "column_blocks": column_blocks,
        "rows_within": choose.rows_within(tile, rows, depth) if packs else 0,
        "a_strip": a_in.strip,
        "a_row": a_in.across,
        "a_depth": a_in.depth,
        "b_panel": b_in.strip,
        "b_depth": b_in.depth,
        **finish.steps(out, epilogue),
        **_batch_words(axes, a_in.batches, b_in.batches),
    }
    launches.append(
        _launch(
            gemm(Gemm(tile, finish.Finish.of(out, epilogue), edge, parts)),
            (a_in.ref, b_in.ref, out.ref, *finish.pointers(epilogue)),
            tuple(numbers[name] for name in WORDS),
            batches * row_blocks * column_blocks,
            (batches, rows, terms, columns),
            out.dtype,
        )
    )
    return launches


def _batch_words(axes: list[Axis], a: list[int], b: list[int]) -> dict[str, int]:
    """Sizes of the inner batch axes, and each operand's steps along all three."""
    words = {"batch1": axes[1][0], "batch2": axes[2][0]}
    for index, (_, _, _, out_step, residual_step) in enumerate(axes):
        words[f"a_batch{index}"] = a[index]
        words[f"b_batch{index}"] = b[index]
        words[f"out_batch{index}"] = out_step
        words[f"residual_batch{index}"] = residual_step
    return words


def _launch(
    kernel: Kernel,
    pointers: tuple[Ref, ...],
    words: tuple[int, ...],
    chunks: int,
    sizes: tuple[int, int, int, int],
    dtype: str,
) -> Launch:
    batches, rows, depth, columns = sizes
    elements = batches * (rows * depth + depth * columns + rows * columns)
    return Launch(
        kernel,
        pointers,
        words,
        chunks,
        flops=2 * batches * rows * columns * depth,
        bytes=elements * values.SIZES[dtype],
        label=f"matmul {'x'.join(map(shown, sizes))} {dtype}",
    )


def _dots(
    a: Operand,
    b: Operand,
    out: Operand,
    epilogue: Epilogue,
    axes: list[Axis],
    batches: int,
    terms: int,
) -> Launch:
    rows, columns = out.shape[-2:]
    depth = a.shape[-1]
    lanes = choose.tile(a.dtype, columns).lanes
    block = choose_dot.dot_columns(columns, depth, rows, a.itemsize)
    blocks = -(-columns // block)
    numbers = {
        "rows": rows,
        "columns": columns,
        "depth": depth,
        "block_columns": block,
        "column_blocks": blocks,
        "a_row": a.step(-2),
        "b_column": b.step(-1),
        **finish.steps(out, epilogue),
        **_batch_words(axes, [axis[1] for axis in axes], [axis[2] for axis in axes]),
    }
    return _launch(
        dot.dot(dot.Dot(a.dtype, lanes, finish.Finish.of(out, epilogue), a.dtype != out.dtype)),
        (a.ref, b.ref, out.ref, *finish.pointers(epilogue)),
        tuple(numbers[name] for name in dot.WORDS),
        batches * blocks,
        (batches, rows, terms, columns),
        out.dtype,
    )


class _Source(Record):
    """How a kernel walks A (its rows across) or B (its columns across), in bytes.

    ``strip``: from one tile's worth to the next; ``across``: neighbours in a strip; ``depth``:
    terms of the sum; ``batches``: the three batch axes.
    """

    ref: Ref
    strip: int
    across: int
    depth: int
    batches: list[int]


def _packed(
    launches: list[Launch], operand: Operand, axes: list[Axis], which: int, width: int, tile: Tile
) -> _Source:
    """Panels of ``operand`` (K, across); a batch axis that repeats it is packed once."""
    repeats = [axis[which] == 0 for axis in axes]
    counts = [1 if repeat else axis[0] for axis, repeat in zip(axes, repeats, strict=True)]
    steps = [axis[which] for axis in axes]
    matrix = Operand(operand.ref, operand.dtype, operand.shape[-2:], operand.strides[-2:])
    batch = ((counts[0], steps[0]), (counts[1], steps[1]), (counts[2], steps[2]))
    weaves = tile.pairs and operand.dtype == "bf16"
    launch, ref = (pairs.pack_pairs if weaves else pack)(matrix, batch, width, tile.lanes)
    launches.append(launch)
    itemsize = tile.itemsize
    depth, across = matrix.shape
    depth = depth // 2 if weaves else depth
    size = panels_bytes(depth, across, width, itemsize)
    batches = [
        0 if repeat else size * math.prod(counts[index + 1 :])
        for index, repeat in enumerate(repeats)
    ]
    return _Source(ref, depth * width * itemsize, itemsize, width * itemsize, batches)


def _outer_batches(
    a: Operand, b: Operand, out: Operand, epilogue: Epilogue, turned: bool
) -> list[Launch]:
    """More batch axes than a kernel walks: one list of launches for each index of the first."""
    launches = []
    for index in range(out.shape[0]):
        residual = None if epilogue.residual is None else epilogue.residual.pick(index)
        launches += _matmul(
            a.pick(index),
            b.pick(index),
            out.pick(index),
            epilogue.replace(residual=residual),
            turned,
        )
    return launches
