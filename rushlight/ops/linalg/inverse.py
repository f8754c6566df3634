"""Inverse, determinant and solution of square systems."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import int32
from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.build import binary, const, dot, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.linalg.check import LinAlgError, first_refused, require_matrix
from rushlight.ops.linalg.elimination import factored
from rushlight.ops.linalg.shapes import adjoint
from rushlight.ops.linalg.small_loops import LARGEST
from rushlight.ops.matmul import transposed
from rushlight.ops.promote import unbroadcast
from rushlight.ops.table import Grads, composite

Params = tuple[Any, ...]


@host("linalg_inv", complex=True)
def _host_inv(arrays: tuple[Array, ...], params: Params) -> Array:
    try:
        return np.linalg.inv(arrays[0])
    except np.linalg.LinAlgError:
        where, one = first_refused(arrays[0], np.linalg.inv)
        place = int(factored(one)[2])
        raise LinAlgError(
            f"linalg.{params[0]}: {where}The diagonal element {place} is zero, the inversion could "
            "not be completed because the input matrix is singular."
        ) from None


@composite(name="_inverse", torch=False, grad_name="LinalgInvEx")
def inv(input: Node, who: str) -> Node:
    """The inverse. Raises LinAlgError at run time where there is none."""
    require_matrix("inv", input)
    return build.host("linalg_inv", (input,), input.shape, input.dtype, (who,))


@inv.vjp
def _(g: Node, out: Node, input: Node, who: str) -> Grads:
    turned = transposed(out)
    return (unary("neg", dot(dot(turned, g), turned)),)


@host("linalg_inv_ex", results=2, complex=True)
def _host_inv_ex(arrays: tuple[Array, ...], params: Params) -> Any:
    return _one_by_one(arrays[0], np.linalg.inv, arrays[0].shape[-2:])


def _one_by_one(a: Array, compute: Any, shape: tuple[int, ...], *more: Array) -> Any:
    """Results of singular matrices are nan, and ``info`` is the place of the first zero pivot."""
    count = math.prod(a.shape[:-2])
    rows = a.reshape(count, *a.shape[-2:])
    others = [each.reshape(count, *each.shape[-2:]) for each in more]
    made = np.full((len(rows), *shape), np.nan, a.dtype)
    info = np.zeros(len(rows), np.int32)
    for place, one in enumerate(rows):
        try:
            made[place] = compute(one, *(each[place] for each in others))
        except np.linalg.LinAlgError:
            info[place] = factored(one)[2]
    return made.reshape(*a.shape[:-2], *shape), info.reshape(a.shape[:-2])


@composite(name="_inv_ex", torch=False, grad_name="LinalgInvEx")
def inv_ex(input: Node) -> tuple[Node, Node]:
    """(inverse, info): info is 0 where the inverse exists."""
    require_matrix("inv", input)
    made = build.host("linalg_inv_ex", (input,), input.shape, input.dtype, (0,))
    return made, build.host("linalg_inv_ex", (input,), input.shape[:-2], int32, (1,))


@inv_ex.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node) -> Grads:
    turned = transposed(out[0])
    return (unary("neg", dot(dot(turned, g[0]), turned)),)


# Determinants


@host("linalg_det", complex=True)
def _host_det(arrays: tuple[Array, ...], params: Params) -> Array:
    return np.asarray(np.linalg.det(arrays[0]))


# An error up to here, by a bound that is far above most, is not too much for an inverse.
_MOST_LOST = 0.5


@host("linalg_cofactor", complex=True)
def _host_cofactor(arrays: tuple[Array, ...], params: Params) -> Array:
    """det(A) A^-T: from the inverse, or of matrices close to having none by singular values."""
    a = arrays[0]
    if not a.size:
        return a
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return _by_singular_values(a)
    sizes = [np.abs(each).sum(-1).max(-1) for each in (a, inverse)]
    poor = ~(sizes[0] * sizes[1] * np.finfo(a.dtype).eps < _MOST_LOST)
    made = np.linalg.det(a)[..., None, None] * inverse.swapaxes(-1, -2)
    if poor.any():
        made[poor] = _by_singular_values(a[poor])
    return np.asarray(made)


def _by_singular_values(a: Array) -> Array:
    u, s, vh = np.linalg.svd(a)
    n = s.shape[-1]
    others = np.where(np.eye(n, dtype=bool), 1, s[..., None, :]).prod(-1)  # all but one each
    turn = np.linalg.det(u) * np.linalg.det(vh)
    made = (u.conj() * others[..., None, :]) @ vh.conj()
    return np.asarray(made * turn[..., None, None])


@composite(method=True, grad_name="LinalgDet")
def det(input: Node) -> Node:
    """The determinant: (.., N, N) -> (..)."""
    require_matrix("det", input)
    return build.host("linalg_det", (input,), input.shape[:-2], input.dtype)


def _per_matrix(x: Node, shape: tuple[int, ...]) -> Node:
    return build.expand(reshape(x, (*x.shape, 1, 1)), shape)


@det.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    others: Node = cofactor(input)
    return (binary("mul", _per_matrix(g, input.shape), others),)


@composite(torch=False, name="_cofactor", grad_name="LinalgDet")
def cofactor(input: Node) -> Node:
    """det(A) A^-T: the derivative of det."""
    return build.host("linalg_cofactor", (input,), input.shape, input.dtype)


@cofactor.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    # Of det(A) A^-T, A having an inverse: C <C, g> / det - C g^T C / det.
    size: Node = det(input)
    whole = build.reduce(binary("mul", g, out), "sum", (g.ndim - 2, g.ndim - 1))
    first = binary("mul", _per_matrix(whole, input.shape), out)
    second = dot(dot(out, transposed(g)), out)
    return (binary("div", binary("sub", first, second), _per_matrix(size, input.shape)),)


@host("linalg_slogdet", results=2, complex=True)
def _host_slogdet(arrays: tuple[Array, ...], params: Params) -> tuple[Array, Array]:
    sign, size = np.linalg.slogdet(arrays[0])
    return np.asarray(sign), np.asarray(size)


@host("linalg_slogdet_packed")
def _host_slogdet_packed(arrays: tuple[Array, ...], params: Params) -> Array:
    return np.stack(np.linalg.slogdet(arrays[0]), -1)


@composite(torch=False, name="_slogdet", grad_name="LinalgSlogdet", complex_rule=True)
def slogdet(input: Node) -> tuple[Node, Node]:
    """(sign, log |det|)."""
    require_matrix("slogdet", input)
    shape = input.shape[:-2]
    if input.shape[-1] <= LARGEST and not input.dtype.is_complex:
        both = build.host("linalg_slogdet_packed", (input,), (*shape, 2), input.dtype)
        return _place(both, 0), _place(both, 1)
    sign = build.host("linalg_slogdet", (input,), shape, input.dtype, (0,))
    return sign, build.host("linalg_slogdet", (input,), shape, input.dtype.to_real(), (1,))


def _place(x: Node, place: int) -> Node:
    """x[..., place]."""
    start, shape = (*(0,) * (x.ndim - 1), place), (*x.shape[:-1], 1)
    return reshape(build.slice(x, start, shape, (1,) * x.ndim), x.shape[:-1])


@slogdet.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], input: Node) -> Grads:
    sign, size = g
    if sign is None or not input.dtype.is_complex:
        if size is None:
            return (const(0, input.shape, input.dtype),)
        weight = build.cast(size, input.dtype)
    else:
        # d log det = tr(A^-1 dA): its real part is the size's, its imaginary part turns the sign.
        turn = build.imag(binary("mul", build.conj(out[0]), sign))
        real = const(0, turn.shape, turn.dtype) if size is None else size
        weight = build.complex_of(real, turn)
    back: Node = inv(input, "inv")
    return (binary("mul", _per_matrix(weight, input.shape), adjoint(back)),)


# Systems


def _solve(a: Array, b: Array) -> Array:
    if not b.size:
        return b
    return np.linalg.solve(a, b)


@host("linalg_solve", complex=True)
def _host_solve(arrays: tuple[Array, ...], params: Params) -> Array:
    try:
        return _solve(arrays[0], arrays[1])
    except np.linalg.LinAlgError:
        where, _ = first_refused(arrays[0], np.linalg.inv)
        raise LinAlgError(
            f"torch.linalg.{params[0]}: {where}The solver failed because the input matrix is "
            "singular."
        ) from None


@host("linalg_solve_ex", results=2, complex=True)
def _host_solve_ex(arrays: tuple[Array, ...], params: Params) -> Any:
    return _one_by_one(arrays[0], _solve, arrays[1].shape[-2:], arrays[1])


def _wide(who: str, a: Node, b: Node) -> tuple[Node, Node]:
    require_matrix(who, a)
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"linalg.{who}: Expected A and B to have the same dtype, but found A of type "
            f"{legacy_name(a.dtype)} and B of type {legacy_name(b.dtype)} instead"
        )
    if b.shape[-2] != a.shape[-1]:
        raise RuntimeError(
            f"linalg.{who}: Incompatible shapes of A and B for the equation AX = B "
            f"({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})"
        )
    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return (
        build.broadcast(a, (*batch, *a.shape[-2:])),
        build.broadcast(b, (*batch, *b.shape[-2:])),
    )


@composite(torch=False, name="_solve", grad_name="LinalgSolveEx")
def solve(a: Node, b: Node, who: str = "solve") -> Node:
    """X with a X = b: a (.., N, N), b (.., N, K), batches broadcast."""
    wide_a, wide_b = _wide("solve", a, b)
    return build.host("linalg_solve", (wide_a, wide_b), wide_b.shape, b.dtype, (who,))


def _solution_slopes(g: Node, out: Node, a: Node, b: Node) -> Grads:
    wide = build.broadcast(a, (*out.shape[:-2], *a.shape[-2:]))
    db: Node = solve(transposed(wide), g)
    da = unary("neg", dot(db, transposed(out)))
    return unbroadcast(da, a.shape), unbroadcast(db, b.shape)


@solve.vjp
def _(g: Node, out: Node, a: Node, b: Node, who: str) -> Grads:
    return _solution_slopes(g, out, a, b)


@composite(torch=False, name="_solve_ex", grad_name="LinalgSolveEx")
def solve_ex(a: Node, b: Node) -> tuple[Node, Node]:
    """(X, info): info is 0 where the solution exists."""
    pair = _wide("solve", a, b)
    made = build.host("linalg_solve_ex", pair, pair[1].shape, b.dtype, (0,))
    return made, build.host("linalg_solve_ex", pair, pair[0].shape[:-2], int32, (1,))


@solve_ex.vjp
def _(g: tuple[Node, Node], out: tuple[Node, Node], a: Node, b: Node) -> Grads:
    return _solution_slopes(g[0], out[0], a, b)
