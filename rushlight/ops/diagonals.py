"""Diagonals read, summed and filled, as copies: trace, diag, diag_embed, diagflat."""

from __future__ import annotations

from rushlight.base.dtype import int64
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, permute, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops.table import composite


@composite(method=True)
def trace(input: Node) -> Node:
    """The sum of a matrix's diagonal."""
    if input.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {input.ndim}")
    if not (input.dtype.is_floating_point or input.dtype.is_complex):
        input = build.cast(input, int64)
    rows, columns = input.shape
    count = min(rows, columns)
    x = build.as_strided(input, (count,), (columns + 1,), 0)
    if not (x.dtype.is_floating_point or x.dtype.is_complex):
        x = build.cast(x, int64)
    return reduce(x, "sum", (0,))


@composite(method=True)
def diag_embed(input: Node, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Node:
    """The last axis as a diagonal of a new plane (dim1, dim2), zeros elsewhere."""
    rank = input.ndim + 1
    first, second = normalize_dim(dim1, rank), normalize_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.shape[-1] + abs(offset)
    plane = (*input.shape[:-1], size, size)
    last = len(plane) - 1
    down, right = max(-offset, 0), max(offset, 0)
    padded = build.pad(
        input, (0,) * input.ndim, (*(0,) * (input.ndim - 1), size - input.shape[-1]), 0
    )
    # Element k of the diagonal stands at (k + down, k + right).
    row, column = build.iota(plane, last - 1), build.iota(plane, last)
    shift = const(right - down, plane, column.dtype)
    hit = binary("eq", binary("add", row, shift), column)
    lead = (0,) * (input.ndim - 1)
    if down:
        padded = build.pad(input, (*lead, down), (*lead, size - input.shape[-1] - down), 0)
    spread = build.expand(reshape(padded, (*padded.shape, 1)), plane)
    out = build.where(hit, spread, const(0, plane, input.dtype))
    rest = iter(range(rank - 2))
    order = tuple(
        last - 1 if k == first else last if k == second else next(rest) for k in range(rank)
    )
    return permute(out, order)


@composite(method=True, grad_name="Diagonal")
def diag(input: Node, diagonal: int = 0) -> Node:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
    if input.ndim == 1:
        out: Node = diag_embed.body(input, diagonal)
        return out
    if input.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    rows, columns = input.shape
    down, right = max(-diagonal, 0), max(diagonal, 0)
    count = max(0, min(rows - down, columns - right))
    start = down * columns + right if count else 0
    return build.as_strided(input, (count,), (columns + 1,), start)


@composite(method=True, torch=True, grad_name="Diagonal")
def diagflat(input: Node, offset: int = 0) -> Node:
    """All elements as the diagonal of a matrix."""
    out: Node = diag_embed.body(reshape(input, (input.size,)), offset)
    return out
