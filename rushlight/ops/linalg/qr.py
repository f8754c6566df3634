"""Orthogonal times triangular: qr, and the reflectors LAPACK keeps it as."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import const
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import require_matrix
from rushlight.ops.linalg.shapes import (
    adjoint,
    cut,
    halved_diagonal,
    lower,
    minus,
    part,
    plus,
    product,
    real_diagonal,
    upper,
    zeros,
)
from rushlight.ops.linalg.triangular import triangular
from rushlight.ops.table import Grads, composite


@host("linalg_qr", results=2, complex=True)
def _host_qr(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    q, r = np.linalg.qr(arrays[0], mode=params[0])
    return q, r


@composite(torch=False, name="_qr", grad_name="LinalgQr", complex_rule=True)
def qr(input: Node, mode: str) -> tuple[Node, Node]:
    """(Q, R): orthogonal columns times upper triangular; ``mode`` reduced, complete or r."""
    require_matrix("qr", input, square=False)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', "
            "or 'complete'"
        )
    m, n = input.shape[-2:]
    inner = m if mode == "complete" else min(m, n)
    lead = input.shape[:-2]
    how = "complete" if mode == "complete" else "reduced"
    r = build.host("linalg_qr", (input,), (*lead, inner, n), input.dtype, (1, how))
    if mode == "r":
        return const(0, (0,), input.dtype), r
    return build.host("linalg_qr", (input,), (*lead, m, inner), input.dtype, (0, how)), r


@qr.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node, mode: str) -> Grads:
    q, r = out
    m, n = input.shape[-2:]
    if mode == "r":
        raise RuntimeError(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. "
            "Please use linalg.qr(A, mode='reduced') if you are going to require the derivatives "
            "wrt. Q"
        )
    if mode == "complete" and m > n:
        raise RuntimeError(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols"
        )
    dq = zeros(q.shape, q) if g[0] is None else g[0]
    dr = zeros(r.shape, r) if g[1] is None else g[1]
    if m >= n:
        return (_tall(dq, dr, q, r),)
    # A = [X Y], X = Q R1 square, R2 = Q^H Y.
    right = part(input, (0, m), (m, n))
    dr2 = part(dr, (0, m), (m, n))
    dq = plus(dq, product(right, adjoint(dr2)))
    dx = _tall(dq, cut(dr, m, m), q, cut(r, m, m))
    return (build.cat([dx, product(q, dr2)], input.ndim - 1),)


def _tall(dq: Node, dr: Node, q: Node, r: Node) -> Node:
    """[gQ + Q sym(triu(gR R^H - Q^H gQ))] R^-H."""
    inner = upper(minus(product(dr, adjoint(r)), product(adjoint(q), dq)))
    half = real_diagonal(halved_diagonal(inner))
    both = plus(half, adjoint(half))
    whole = plus(dq, product(q, both))
    return adjoint(triangular(r, adjoint(whole), True, False))


# Reflectors: Q = H1 H2 .. Hk, Hi = 1 - tau_i v_i v_i^H, v_i below the diagonal of column i


@host("linalg_geqrf", results=2, complex=True)
def _host_geqrf(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    turned, tau = np.linalg.qr(arrays[0], mode="raw")
    return np.swapaxes(turned, -1, -2), tau


@composite(torch=False, name="_geqrf", grad_name="Geqrf", differentiable=False)
def geqrf(input: Node) -> tuple[Node, Node]:
    """(the reflectors below R, their factors tau)."""
    require_matrix("geqrf", input, square=False)
    count = (*input.shape[:-2], min(input.shape[-2:]))
    a = build.host("linalg_geqrf", (input,), input.shape, input.dtype, (0,))
    return a, build.host("linalg_geqrf", (input,), count, input.dtype, (1,))


def reflected(
    x: Node, reflectors: Node, tau: Node, *, first_last: bool, conjugate: bool = False
) -> Node:
    """Reflections applied to x from the left, the last first if ``first_last`` (that is Q x)."""
    m, k = reflectors.shape[-2], tau.shape[-1]
    lead = x.ndim - 2
    vectors = lower(reflectors, 1)
    for i in reversed(range(k)) if first_last else range(k):
        one = _unit(m, i, vectors)
        v = plus(part(vectors, (0, m), (i, i + 1)), one)  # (.., m, 1)
        t = build.slice(tau, (*(0,) * lead, i), (*tau.shape[:-1], 1), (1,) * (lead + 1))
        t = build.reshape(t, (*tau.shape[:-1], 1, 1))
        if conjugate:
            t = build.conj(t)
        row = product(adjoint(v), x)
        row = build.binary("mul", build.expand(t, row.shape), row)
        x = minus(x, product(v, row))
    return x


def _unit(m: int, i: int, like: Node) -> Node:
    shape = (*like.shape[:-2], m, 1)
    place = build.iota(shape, len(shape) - 2)
    here = build.binary("eq", place, const(i, shape, place.dtype))
    return build.cast(here, like.dtype)


@composite(torch=False, name="_householder", grad_name="LinalgHouseholderProduct")
def householder(input: Node, tau: Node) -> Node:
    """The first columns of the product of reflectors: (.., M, N), tau (.., K) -> (.., M, N)."""
    row, column = build.iota(input.shape, input.ndim - 2), build.iota(input.shape, input.ndim - 1)
    start = build.cast(build.binary("eq", row, column), input.dtype)
    return reflected(start, input, tau, first_last=True)


@composite(torch=False, name="_ormqr", grad_name="Ormqr", complex_rule=True)
def ormqr(input: Node, tau: Node, other: Node, left: bool, transpose: bool) -> Node:
    """Q times ``other``, or from the right; Q^H if ``transpose``."""
    if left:
        return reflected(other, input, tau, first_last=not transpose, conjugate=transpose)
    # other Q = (Q^H other^H)^H
    turned = reflected(adjoint(other), input, tau, first_last=transpose, conjugate=not transpose)
    return adjoint(turned)
