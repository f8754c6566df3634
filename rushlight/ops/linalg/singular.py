"""Singular values and vectors, and the inverse that they make of any matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import LinAlgError, require_matrix
from rushlight.ops.linalg.eigen import over_gaps
from rushlight.ops.linalg.shapes import (
    adjoint,
    columns,
    cut,
    diagonal,
    minus,
    negative,
    on_diagonal,
    plus,
    product,
    rows,
    scaled,
    zeros,
)
from rushlight.ops.table import Grads, composite
from rushlight.runtime import lapack


@host("linalg_svd", results=3, complex=True)
def _host_svd(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, ...]:
    (a,) = arrays
    if not np.isfinite(a).all():
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        )
    try:
        u, s, vh = np.linalg.svd(a, full_matrices=params[0])
    except np.linalg.LinAlgError:
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix is "
            "ill-conditioned or has too many repeated singular values (error code: 1)."
        ) from None
    return u, s, vh


@composite(torch=False, name="_svd", grad_name="LinalgSvd", complex_rule=True)
def svd(input: Node, full_matrices: bool, who: str = "svd") -> tuple[Node, Node, Node]:
    """(U, S, V^H) with input = U diag(S) V^H, S in falling order."""
    require_matrix(who, input, square=False)
    m, n = input.shape[-2:]
    k = min(m, n)
    lead, kind = input.shape[:-2], input.dtype
    left, right = (m, n) if full_matrices else (k, k)
    u = build.host("linalg_svd", (input,), (*lead, m, left), kind, (0, full_matrices))
    s = build.host("linalg_svd", (input,), (*lead, k), kind.to_real(), (1, full_matrices))
    return u, s, build.host("linalg_svd", (input,), (*lead, right, n), kind, (2, full_matrices))


@svd.vjp
def _(
    g: tuple[Node, Node, Node],
    out: tuple[Node, Node, Node],
    input: Node,
    full_matrices: bool,
    who: str,
) -> Grads:
    u, s, vh = out
    gu, gs, gvh = g
    m, n = input.shape[-2:]
    k = s.shape[-1]
    if full_matrices:  # what fills the square up has no derivative of its own
        u, vh = cut(u, m, k), cut(vh, k, n)
        gu = None if gu is None else cut(gu, m, k)
        gvh = None if gvh is None else cut(gvh, k, n)
    square = (*s.shape, k)
    squares = binary("mul", s, s)
    inner = zeros(square, input)
    if gs is not None:
        inner = on_diagonal(build.cast(gs, input.dtype), square)
    if gu is not None:
        turn = _skew(product(adjoint(u), gu))
        inner = plus(inner, scaled(over_gaps(turn, squares), rows(s, square)))
        if input.dtype.is_complex:
            whole = build.cast(s, input.dtype)
            phase = binary("div", diagonal(turn), plus(whole, whole))
            inner = plus(inner, on_diagonal(phase, square))
    if gvh is not None:
        turn = over_gaps(_skew(product(vh, adjoint(gvh))), squares)
        inner = plus(inner, scaled(turn, columns(s, square)))
    grad = product(u, inner, vh)
    if gu is not None and m > k:
        across = _divided(gu, rows(s, (*s.shape[:-1], m, k)))
        rest = minus(across, product(u, adjoint(u), across))
        grad = plus(grad, product(rest, vh))
    if gvh is not None and n > k:
        across = _divided(gvh, columns(s, (*s.shape, n)))
        rest = minus(across, product(across, adjoint(vh), vh))
        grad = plus(grad, product(u, rest))
    return (grad,)


def _skew(x: Node) -> Node:
    return minus(x, adjoint(x))


def _divided(x: Node, by: Node) -> Node:
    return binary("div", x, build.cast(by, x.dtype))


@host("linalg_svdvals", complex=True)
def _host_svdvals(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    if not np.isfinite(arrays[0]).all():
        raise LinAlgError(
            "linalg.svd: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        )
    return np.linalg.svd(arrays[0], compute_uv=False)


# The pseudo-inverse


@host("linalg_pinv", complex=True)
def _host_pinv(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    a, atol, rtol = arrays
    if not a.size:
        return np.zeros((*a.shape[:-2], a.shape[-1], a.shape[-2]), a.dtype)
    if params[0]:
        values, left = np.linalg.eigh(a)
        sizes, right = np.abs(values), left.conj().swapaxes(-1, -2)
    else:
        left, values, right = np.linalg.svd(a, full_matrices=False)
        sizes = values
    limit = np.maximum(atol[..., None], rtol[..., None] * sizes.max(-1, keepdims=True))
    kept = sizes > limit
    inverse = np.where(kept, 1 / np.where(kept, values, 1), 0).astype(values.dtype)
    turned = right.conj().swapaxes(-1, -2) * inverse[..., None, :]
    return np.asarray(turned @ left.conj().swapaxes(-1, -2))


@composite(torch=False, name="_pinv", grad_name="LinalgPinv", complex_rule=True)
def pinv(input: Node, atol: Node, rtol: Node, hermitian: bool) -> Node:
    """The pseudo-inverse: singular values at most max(atol, rtol * the largest) count as 0."""
    require_matrix("pinv", input, square=hermitian)
    m, n = input.shape[-2:]
    batch = input.shape[:-2]
    limits = (build.broadcast(each, batch) for each in (atol, rtol))
    shape = (*batch, n, m)
    return build.host("linalg_pinv", (input, *limits), shape, input.dtype, (hermitian,))


@pinv.vjp
def _(g: Node, out: Node, input: Node, atol: Node, rtol: Node, hermitian: bool) -> Grads:
    return inverse_slope(g, out, input), None, None


def inverse_slope(g: Node, out: Node, input: Node) -> Node:
    """The gradient of ``input`` from that of its pseudo-inverse ``out``: Golub and Pereyra 1973,
    "The differentiation of pseudo-inverses and nonlinear least squares".
    """
    outh, gh = adjoint(out), adjoint(g)
    left = negative(product(outh, g, outh))
    # (1 - A P) g^H P P^H + P^H P g^H (1 - P A)
    first = product(gh, out, outh)
    first = minus(first, product(input, out, first))
    second = product(outh, out, gh)
    second = minus(second, product(second, out, input))
    return plus(left, plus(first, second))


# Least squares


@host("linalg_least_squares", results=2)
def _host_least_squares(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, ...]:
    a, b = arrays
    (limit,) = params
    found = lapack.least_squares(a, b, limit)
    if found is not None:
        return found
    bounds = np.full(a.shape[:-2], 0, a.dtype), np.full(a.shape[:-2], limit, a.dtype)
    inverse = _host_pinv((a, *bounds), (False,))
    sizes = np.linalg.svd(a, compute_uv=False)
    largest = sizes.max(-1, keepdims=True, initial=0)
    return inverse @ b, (sizes > limit * largest).sum(-1)


@composite(torch=False, name="_least_squares", grad_name="LinalgLstsq")
def least_squares(input: Node, b: Node, limit: float) -> tuple[Node, Node]:
    """(X of least norm that makes |input X - b| least, the rank of input): (.., M, N), (.., M, K)
    -> (.., N, K), (..). Columns beyond a condition of 1 / limit count as 0.
    """
    shape = (*input.shape[:-2], input.shape[-1], b.shape[-1])
    solution = build.host("linalg_least_squares", (input, b), shape, input.dtype, (0, limit))
    rank = build.host("linalg_least_squares", (input, b), input.shape[:-2], int64, (1, limit))
    return solution, rank


@least_squares.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node, b: Node, limit: float) -> Grads:
    bounds = (build.const(each, (), input.dtype) for each in (0.0, limit))
    inverse: Node = pinv(input, *bounds, False)
    slope = inverse_slope(product(g[0], adjoint(b)), inverse, input)
    return slope, product(adjoint(inverse), g[0])


@composite(torch=False, name="_svdvals", grad_name="LinalgSvd", complex_rule=True)
def svdvals(input: Node) -> Node:
    """The singular values in falling order."""
    require_matrix("svdvals", input, square=False)
    shape = (*input.shape[:-2], min(input.shape[-2:]))
    return build.host("linalg_svdvals", (input,), shape, input.dtype.to_real())


@svdvals.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    u, _, vh = svd(input, False)
    shape = (*out.shape, out.shape[-1])
    return (product(u, on_diagonal(build.cast(g, input.dtype), shape), vh),)
