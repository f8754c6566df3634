"""Linear algebra that NumPy's LAPACK does: host calls in the plan, with their gradients as ops.

All take batches (.., M, N) of float32 or float64 matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import float32, float64
from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.build import binary, const, dot, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.matmul import transposed
from rushlight.ops.promote import unbroadcast
from rushlight.ops.table import Grads, composite


class LinAlgError(RuntimeError):
    """A matrix has not the property that the function needs (torch.linalg.LinAlgError)."""


def _matrix(who: str, x: Node, *, square: bool = True) -> None:
    if x.dtype not in (float32, float64):
        raise RuntimeError(
            f"linalg.{who}: Expected a floating point or complex tensor as input. Got "
            f"{x.dtype.name.capitalize()}"
        )
    if x.ndim < 2:
        raise RuntimeError(f"linalg.{who}: The input tensor A must have at least 2 dimensions.")
    if square and x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"linalg.{who}: A must be batches of square matrices, but they are "
            f"{x.shape[-2]} by {x.shape[-1]} matrices"
        )


def _refuse(who: str, why: str) -> LinAlgError:
    return LinAlgError(f"linalg.{who}: {why}")


# Inverse, determinant, solve


@host("linalg_inv")
def _host_inv(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    try:
        return np.linalg.inv(arrays[0])
    except np.linalg.LinAlgError:
        raise _refuse(
            "inv", "the inversion could not be completed because the input matrix is singular."
        ) from None


@composite(name="inverse", method=True, grad_name="LinalgInvEx")
def inv(input: Node) -> Node:
    """The inverse. Raises LinAlgError at run time where there is none."""
    _matrix("inv", input)
    return build.host("linalg_inv", (input,), input.shape, input.dtype)


@inv.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    turned = transposed(out)
    return (unary("neg", dot(dot(turned, g), turned)),)


@host("linalg_det")
def _host_det(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    return np.asarray(np.linalg.det(arrays[0]))


@composite(method=True, grad_name="LinalgDet")
def det(input: Node) -> Node:
    """The determinant: (.., N, N) -> (..)."""
    _matrix("det", input)
    return build.host("linalg_det", (input,), input.shape[:-2], input.dtype)


def _per_matrix(x: Node, shape: tuple[int, ...]) -> Node:
    return build.expand(reshape(x, (*x.shape, 1, 1)), shape)


@det.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    factor = _per_matrix(binary("mul", g, out), input.shape)
    return (binary("mul", factor, transposed(inv(input))),)


@host("linalg_slogdet", results=2)
def _host_slogdet(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    sign, size = np.linalg.slogdet(arrays[0])
    return np.asarray(sign), np.asarray(size)


@composite(torch=False, name="_slogdet", grad_name="LinalgSlogdet")
def slogdet(input: Node) -> tuple[Node, Node]:
    """(sign, log |det|)."""
    _matrix("slogdet", input)
    shape = input.shape[:-2]
    sign = build.host("linalg_slogdet", (input,), shape, input.dtype, (0,))
    return sign, build.host("linalg_slogdet", (input,), shape, input.dtype, (1,))


@slogdet.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node) -> Grads:
    if g[1] is None:
        return (const(0, input.shape, input.dtype),)
    return (binary("mul", _per_matrix(g[1], input.shape), transposed(inv(input))),)


@host("linalg_solve")
def _host_solve(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    try:
        return np.linalg.solve(arrays[0], arrays[1])
    except np.linalg.LinAlgError:
        raise _refuse("solve", "The solver failed because the input matrix is singular.") from None


@composite(torch=False, name="_solve", grad_name="LinalgSolveEx")
def solve(a: Node, b: Node) -> Node:
    """X with a X = b: a (.., N, N), b (.., N, K), batches broadcast."""
    _matrix("solve", a)
    if b.shape[-2] != a.shape[-1]:
        raise RuntimeError(
            f"linalg.solve: Incompatible shapes of A and B for the equation AX = B "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    wide_a = build.broadcast(a, (*batch, *a.shape[-2:]))
    wide_b = build.broadcast(b, (*batch, *b.shape[-2:]))
    return build.host("linalg_solve", (wide_a, wide_b), wide_b.shape, b.dtype)


@solve.vjp
def _(g: Node, out: Node, a: Node, b: Node) -> Grads:
    wide = build.broadcast(a, (*out.shape[:-2], *a.shape[-2:]))
    db = solve(transposed(wide), g)
    da = unary("neg", dot(db, transposed(out)))
    return unbroadcast(da, a.shape), unbroadcast(db, b.shape)


# Factorisations


@host("linalg_cholesky")
def _host_cholesky(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    try:
        return np.linalg.cholesky(arrays[0])
    except np.linalg.LinAlgError:
        raise _refuse(
            "cholesky",
            "The factorization could not be completed because the input is not positive-definite.",
        ) from None


def _lower(x: Node, half: bool) -> Node:
    """The lower triangle, its diagonal halved if asked."""
    row, column = build.iota(x.shape, x.ndim - 2), build.iota(x.shape, x.ndim - 1)
    kept = build.where(binary("le", column, row), x, const(0, x.shape, x.dtype))
    if not half:
        return kept
    halved = binary("mul", kept, const(0.5, x.shape, x.dtype))
    return build.where(binary("eq", column, row), halved, kept)


@composite(torch=False, name="_cholesky", grad_name="LinalgCholeskyEx")
def cholesky(input: Node, upper: bool) -> Node:
    """The triangular factor of a positive-definite matrix: L L^T, or U^T U."""
    _matrix("cholesky", input)
    factor = build.host("linalg_cholesky", (input,), input.shape, input.dtype)
    return transposed(factor) if upper else factor


@cholesky.vjp
def _(g: Node, out: Node, input: Node, upper: bool) -> Grads:
    factor = transposed(out) if upper else out
    seed = transposed(g) if upper else g
    inner = _lower(dot(transposed(factor), seed), half=True)
    left = solve(transposed(factor), inner)
    whole = transposed(solve(transposed(factor), transposed(left)))
    both = binary("add", whole, transposed(whole))
    return (binary("mul", both, const(0.5, both.shape, both.dtype)),)


@host("linalg_qr", results=2)
def _host_qr(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    q, r = np.linalg.qr(arrays[0], mode=params[0])
    return q, r


@composite(torch=False, name="_qr", grad_name="LinalgQr")
def qr(input: Node, mode: str) -> tuple[Node, Node]:
    """(Q, R): orthogonal columns times upper triangular; ``mode`` "reduced" or "complete"."""
    _matrix("qr", input, square=False)
    if mode not in ("reduced", "complete"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' or 'complete'"
        )
    m, n = input.shape[-2:]
    inner = m if mode == "complete" else min(m, n)
    lead = input.shape[:-2]
    q = build.host("linalg_qr", (input,), (*lead, m, inner), input.dtype, (0, mode))
    return q, build.host("linalg_qr", (input,), (*lead, inner, n), input.dtype, (1, mode))


@qr.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node, mode: str) -> Grads:
    q, r = out
    if r.shape[-1] != r.shape[-2]:
        raise NotImplementedError("the derivative of qr of wide matrices or with mode='complete'")
    dq = const(0, q.shape, q.dtype) if g[0] is None else g[0]
    dr = const(0, r.shape, r.dtype) if g[1] is None else g[1]
    inner = binary("sub", dot(r, transposed(dr)), dot(transposed(dq), q))
    half = _lower(inner, half=True)
    even = binary("add", half, transposed(half))
    right = binary("add", dq, dot(q, even))
    return (transposed(solve(r, transposed(right))),)


@host("linalg_eigh", results=2)
def _host_eigh(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(arrays[0], params[0])
    return values, vectors


@composite(torch=False, name="_eigh", grad_name="LinalgEigh")
def eigh(input: Node, triangle: str) -> tuple[Node, Node]:
    """(eigenvalues in order, eigenvectors as columns) of symmetric matrices."""
    _matrix("eigh", input)
    values = build.host("linalg_eigh", (input,), input.shape[:-1], input.dtype, (0, triangle))
    return values, build.host("linalg_eigh", (input,), input.shape, input.dtype, (1, triangle))


def _rows(x: Node, shape: tuple[int, ...]) -> Node:
    """A vector spread so that it varies along the last axis."""
    return build.expand(reshape(x, (*x.shape[:-1], 1, x.shape[-1])), shape)


def _columns(x: Node, shape: tuple[int, ...]) -> Node:
    """A vector spread so that it varies along the last axis but one."""
    return build.expand(reshape(x, (*x.shape, 1)), shape)


def _on_diagonal(x: Node, shape: tuple[int, ...]) -> Node:
    row, column = build.iota(shape, len(shape) - 2), build.iota(shape, len(shape) - 1)
    return build.where(binary("eq", row, column), _rows(x, shape), const(0, shape, x.dtype))


def _over_gaps(x: Node, values: Node) -> Node:
    """x[i, j] / (values[j] - values[i]) off the diagonal, 0 on it."""
    shape = x.shape
    row, column = build.iota(shape, len(shape) - 2), build.iota(shape, len(shape) - 1)
    same = binary("eq", row, column)
    gaps = binary("sub", _rows(values, shape), _columns(values, shape))
    safe = build.where(same, const(1, shape, x.dtype), gaps)
    return build.where(same, const(0, shape, x.dtype), binary("div", x, safe))


@eigh.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node, triangle: str) -> Grads:
    values, vectors = out
    inner = const(0, input.shape, input.dtype)
    if g[0] is not None:
        inner = _on_diagonal(g[0], input.shape)
    if g[1] is not None:
        turned = _over_gaps(dot(transposed(vectors), g[1]), values)
        inner = binary("add", inner, turned)
    return (dot(dot(vectors, inner), transposed(vectors)),)


@host("linalg_svd", results=3)
def _host_svd(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, ...]:
    u, s, vh = np.linalg.svd(arrays[0], full_matrices=params[0])
    return u, s, vh


@composite(torch=False, name="_svd", grad_name="LinalgSvd")
def svd(input: Node, full_matrices: bool) -> tuple[Node, Node, Node]:
    """(U, S, V^T) with input = U diag(S) V^T, S in falling order."""
    _matrix("svd", input, square=False)
    m, n = input.shape[-2:]
    k = min(m, n)
    lead = input.shape[:-2]
    left, right = (m, n) if full_matrices else (k, k)
    shapes = ((*lead, m, left), (*lead, k), (*lead, right, n))
    u, s, vh = (
        build.host("linalg_svd", (input,), shape, input.dtype, (place, full_matrices))
        for place, shape in enumerate(shapes)
    )
    return u, s, vh


@svd.vjp
def _(
    g: tuple[Node, Node, Node], out: tuple[Node, Node, Node], input: Node, full_matrices: bool
) -> Grads:
    u, s, vh = out
    k = s.shape[-1]
    if full_matrices and (u.shape[-1] != k or vh.shape[-2] != k):
        if g[0] is not None or g[2] is not None:
            raise NotImplementedError("the derivative of svd with full_matrices=True")
        u = build.slice(u, (0,) * u.ndim, (*u.shape[:-1], k), (1,) * u.ndim)
        vh = build.slice(vh, (0,) * vh.ndim, (*vh.shape[:-2], k, vh.shape[-1]), (1,) * vh.ndim)
    square = (*s.shape, k)
    wide, tall = _rows(s, square), _columns(s, square)
    squares = binary("mul", s, s)
    inner = const(0, square, s.dtype) if g[1] is None else _on_diagonal(g[1], square)

    def skew(x: Node) -> Node:
        return _over_gaps(binary("sub", x, transposed(x)), squares)

    if g[0] is not None:
        inner = binary("add", inner, binary("mul", skew(dot(transposed(u), g[0])), wide))
    if g[2] is not None:
        inner = binary("add", inner, binary("mul", tall, skew(dot(vh, transposed(g[2])))))
    grad = dot(dot(u, inner), vh)
    if g[0] is not None and u.shape[-2] > k:
        scaled = binary("div", g[0], build.expand(_rows(s, (*s.shape[:-1], 1, k)), g[0].shape))
        rest = binary("sub", scaled, dot(u, dot(transposed(u), scaled)))
        grad = binary("add", grad, dot(rest, vh))
    if g[2] is not None and vh.shape[-1] > k:
        scaled = binary("div", g[2], build.expand(_columns(s, (*s.shape, 1)), g[2].shape))
        rest = binary("sub", scaled, dot(dot(scaled, transposed(vh)), vh))
        grad = binary("add", grad, dot(u, rest))
    return (grad,)
