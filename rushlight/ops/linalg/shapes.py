"""Graphs that several factorisations share: products, triangles, diagonals."""

from __future__ import annotations

from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.build import binary, const, dot, reshape
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import adjoint
from rushlight.ops.promote import unbroadcast

__all__ = ["adjoint", "unbroadcast"]


def product(*factors: Node) -> Node:
    """The matrix product from left to right; batches broadcast."""
    made = factors[0]
    for each in factors[1:]:
        batch = broadcast_shapes(made.shape[:-2], each.shape[:-2])
        left = build.broadcast(made, (*batch, *made.shape[-2:]))
        made = dot(left, build.broadcast(each, (*batch, *each.shape[-2:])))
    return made


def zeros(shape: tuple[int, ...], like: Node) -> Node:
    return const(0, shape, like.dtype)


def rows(x: Node, shape: tuple[int, ...]) -> Node:
    """A vector spread so that it varies along the last axis."""
    return build.expand(reshape(x, (*x.shape[:-1], 1, x.shape[-1])), shape)


def columns(x: Node, shape: tuple[int, ...]) -> Node:
    """A vector spread so that it varies along the last axis but one."""
    return build.expand(reshape(x, (*x.shape, 1)), shape)


def places(shape: tuple[int, ...]) -> tuple[Node, Node]:
    """(row, column) of each element."""
    return build.iota(shape, len(shape) - 2), build.iota(shape, len(shape) - 1)


def lower(x: Node, below: int = 0) -> Node:
    """The elements at or below the diagonal, or ``below`` places further down."""
    row, column = places(x.shape)
    shifted = binary("add", column, const(below, x.shape, column.dtype))
    return build.where(binary("le", shifted, row), x, zeros(x.shape, x))


def upper(x: Node, above: int = 0) -> Node:
    """The elements at or above the diagonal, or ``above`` places further up."""
    row, column = places(x.shape)
    shifted = binary("add", row, const(above, x.shape, row.dtype))
    return build.where(binary("le", shifted, column), x, zeros(x.shape, x))


def on_diagonal(x: Node, shape: tuple[int, ...]) -> Node:
    """A vector as the diagonal of matrices of ``shape``."""
    row, column = places(shape)
    return build.where(binary("eq", row, column), rows(x, shape), zeros(shape, x))


def diagonal(x: Node) -> Node:
    """The diagonal of square matrices."""
    row, column = places(x.shape)
    kept = build.where(binary("eq", row, column), x, zeros(x.shape, x))
    return build.reduce(kept, "sum", (x.ndim - 1,))


def halved_diagonal(x: Node) -> Node:
    """The diagonal times 1/2."""
    row, column = places(x.shape)
    half = binary("mul", x, const(0.5, x.shape, x.dtype))
    return build.where(binary("eq", row, column), half, x)


def real_diagonal(x: Node) -> Node:
    """The diagonal without imaginary parts."""
    if not x.dtype.is_complex:
        return x
    row, column = places(x.shape)
    return build.where(binary("eq", row, column), build.cast(build.real(x), x.dtype), x)


def scaled(x: Node, by: Node) -> Node:
    """x times real or complex numbers of its shape."""
    return binary("mul", x, build.cast(by, x.dtype))


def cut(x: Node, m: int, n: int) -> Node:
    """The first m rows and n columns."""
    return part(x, (0, m), (0, n))


def part(x: Node, row: tuple[int, int], column: tuple[int, int]) -> Node:
    """Rows and columns from .. to .. of matrices."""
    start = (*(0,) * (x.ndim - 2), row[0], column[0])
    shape = (*x.shape[:-2], row[1] - row[0], column[1] - column[0])
    return build.slice(x, start, shape, (1,) * x.ndim)


def minus(x: Node, y: Node) -> Node:
    return binary("sub", x, y)


def plus(x: Node, y: Node) -> Node:
    return binary("add", x, y)


def negative(x: Node) -> Node:
    return build.unary("neg", x)
