"""Triangular systems, by substitution."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.build import unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import require_matrix
from rushlight.ops.linalg.elimination import substituted
from rushlight.ops.linalg.shapes import adjoint, lower, negative, plus, product, upper
from rushlight.ops.matmul import transposed
from rushlight.ops.promote import unbroadcast
from rushlight.ops.table import Grads, composite


@host("linalg_triangular", complex=True)
def _host(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    return substituted(arrays[0], arrays[1], *params)


@composite(torch=False, name="_triangular", grad_name="LinalgSolveTriangular")
def triangular(a: Node, b: Node, upper: bool, unit: bool) -> Node:
    """X with a X = b, a (.., N, N) triangular, its diagonal taken as 1 if ``unit``."""
    require_matrix("solve_triangular", a)
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    shape = (*batch, *b.shape[-2:])
    return build.host("linalg_triangular", (a, b), shape, b.dtype, (upper, unit))


@triangular.vjp
def _(g: Node, out: Node, a: Node, b: Node, upper: bool, unit: bool) -> Grads:
    db: Node = triangular(transposed(a), g, not upper, unit)
    da = unary("neg", product(db, transposed(out)))
    return (
        unbroadcast(_half(da, upper, unit), a.shape),
        unbroadcast(db, b.shape),
    )


def _half(x: Node, above: bool, unit: bool) -> Node:
    return upper(x, int(unit)) if above else lower(x, int(unit))


@host("linalg_cholesky_solve", complex=True)
def _host_cholesky_solve(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    b, factor = arrays
    turned = np.conj(np.swapaxes(factor, -1, -2))
    low, high = (turned, factor) if params[0] else (factor, turned)
    return substituted(high, substituted(low, b, False, False), True, False)


@composite(torch=False, name="_cholesky_solve", grad_name="CholeskySolve", complex_rule=True)
def cholesky_solve(b: Node, factor: Node, upper: bool) -> Node:
    """X with L L^H X = b (``upper``: U^H U X = b), given the factor."""
    # One call of the host, not two triangular ones: a second gradient must find the rule below,
    # whose slope is not cut to a triangle.
    require_matrix("cholesky_solve", factor)
    batch = broadcast_shapes(factor.shape[:-2], b.shape[:-2])
    shape = (*batch, *b.shape[-2:])
    return build.host("linalg_cholesky_solve", (b, factor), shape, b.dtype, (upper,))


@cholesky_solve.vjp
def _(g: Node, out: Node, b: Node, factor: Node, upper: bool) -> Grads:
    # As in PyTorch the factor's slope is not cut to the triangle that is read.
    db: Node = cholesky_solve(g, factor, upper)
    across = product(db, adjoint(out))
    across = plus(across, adjoint(across))
    slope = negative(product(factor, across) if upper else product(across, factor))
    return unbroadcast(db, b.shape), unbroadcast(slope, factor.shape)
