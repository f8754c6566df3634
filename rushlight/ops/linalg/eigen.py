"""Eigenvalues and eigenvectors: of symmetric (Hermitian) matrices, and of any."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import LinAlgError, require_matrix
from rushlight.ops.linalg.inverse import solve
from rushlight.ops.linalg.shapes import (
    adjoint,
    columns,
    diagonal,
    minus,
    on_diagonal,
    places,
    plus,
    product,
    rows,
    zeros,
)
from rushlight.ops.table import Grads, composite

Params = tuple[Any, ...]


@host("linalg_eigh", results=2, complex=True)
def _host_eigh(arrays: tuple[Array, ...], params: Params) -> tuple[Array, Array]:
    (a,) = arrays
    try:
        if not np.isfinite(a).all():
            raise np.linalg.LinAlgError
        values, vectors = np.linalg.eigh(a, params[0])
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.eigh: The algorithm failed to converge because the input matrix is "
            "ill-conditioned or has too many repeated eigenvalues (error code: "
            f"{max(a.shape[-1] - 1, 1)})."
        ) from None
    return values, vectors


@composite(torch=False, name="_eigh", grad_name="LinalgEigh", complex_rule=True)
def eigh(input: Node, triangle: str) -> tuple[Node, Node]:
    """(eigenvalues in order, eigenvectors as columns) of symmetric or Hermitian matrices."""
    require_matrix("eigh", input)
    if triangle.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {triangle}")
    kind, how = input.dtype.to_real(), triangle.upper()
    values = build.host("linalg_eigh", (input,), input.shape[:-1], kind, (0, how))
    return values, build.host("linalg_eigh", (input,), input.shape, input.dtype, (1, how))


def over_gaps(x: Node, values: Node) -> Node:
    """x[i, j] / (values[j] - values[i]) off the diagonal, 0 on it."""
    shape = x.shape
    row, column = places(shape)
    same = binary("eq", row, column)
    gaps = minus(rows(values, shape), columns(values, shape))
    safe = build.where(same, const(1, shape, gaps.dtype), gaps)
    return build.where(same, zeros(shape, x), binary("div", x, build.cast(safe, x.dtype)))


@eigh.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node, triangle: str) -> Grads:
    values, vectors = out
    inner = zeros(input.shape, input)
    if g[0] is not None:
        inner = on_diagonal(build.cast(g[0], input.dtype), input.shape)
    if g[1] is not None:
        turn = over_gaps(product(adjoint(vectors), g[1]), values)
        # Of the matrix only one triangle is read: the slope is shared between both.
        half = const(0.5, turn.shape, turn.dtype)
        inner = plus(inner, binary("mul", plus(turn, adjoint(turn)), half))
    return (product(vectors, inner, adjoint(vectors)),)


@host("linalg_eig", results=2, complex=True)
def _host_eig(arrays: tuple[Array, ...], params: Params) -> tuple[Array, Array]:
    (a,) = arrays
    if not np.isfinite(a).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")
    if not a.size:
        return np.zeros(a.shape[:-1], np.complex64), np.zeros(a.shape, np.complex64)
    values, vectors = np.linalg.eig(a)
    return values, vectors


@composite(torch=False, name="_eig", grad_name="LinalgEig", complex_rule=True)
def eig(input: Node) -> tuple[Node, Node]:
    """(eigenvalues, eigenvectors as columns), complex."""
    require_matrix("eig", input)
    kind = input.dtype.to_complex()
    values = build.host("linalg_eig", (input,), input.shape[:-1], kind, (0,))
    return values, build.host("linalg_eig", (input,), input.shape, kind, (1,))


@eig.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node) -> Grads:
    # Boeddeker et al. 2017, "On the computation of complex-valued gradients with application to
    # statistically optimum beamforming": vectors are normalised, so their length has no slope.
    values, vectors = out
    turned = adjoint(vectors)
    inner = zeros(vectors.shape, vectors)
    if g[1] is not None:
        mixed = product(turned, g[1])
        sizes = build.cast(build.real(diagonal(mixed)), vectors.dtype)
        lengths = binary("mul", vectors, rows(sizes, vectors.shape))
        free = minus(mixed, product(turned, lengths))
        inner = over_gaps(free, build.conj(values))
    if g[0] is not None:
        inner = plus(inner, on_diagonal(g[0], vectors.shape))
    whole: Node = solve(turned, product(inner, turned))
    return (build.cast(whole, input.dtype),)
