"""Lower times upper with rows exchanged: lu_factor, lu, lu_solve."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int32
from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import require_matrix
from rushlight.ops.linalg.elimination import factored, order_of
from rushlight.ops.linalg.shapes import (
    adjoint,
    cut,
    lower,
    minus,
    part,
    places,
    plus,
    product,
    upper,
)
from rushlight.ops.linalg.small_loops import LARGEST
from rushlight.ops.linalg.triangular import triangular
from rushlight.ops.table import Grads, composite


@host("linalg_lu", results=3, complex=True)
def _host_lu(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array, Array]:
    return factored(arrays[0])


@host("linalg_lu_packed")
def _host_packed(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    """(.., M * N + K + 1): the three as numbers behind each other."""
    made, pivots, info = factored(arrays[0])
    parts = (made.reshape(*made.shape[:-2], -1), pivots, info[..., None])
    return np.concatenate([each.astype(made.dtype) for each in parts], -1)


@host("linalg_permutation")
def _host_permutation(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    """P of P L U: column order[i] ... row order[i] of A is row i of L U."""
    order = order_of(arrays[0], params[0])
    return np.swapaxes(np.eye(params[0])[order], -1, -2)


@composite(torch=False, name="_lu_factor", grad_name="LinalgLuFactorEx", complex_rule=True)
def lu_factor(input: Node) -> tuple[Node, Node, Node]:
    """(L below U in one matrix, pivots from 1, info)."""
    require_matrix("lu_factor", input, square=False)
    lead = input.shape[:-2]
    count = (*lead, min(input.shape[-2:]))
    if max(input.shape[-2:]) <= LARGEST and not input.dtype.is_complex:
        return _packed(input)
    made = build.host("linalg_lu", (input,), input.shape, input.dtype, (0,))
    pivots = build.host("linalg_lu", (input,), count, int32, (1,))
    return made, pivots, build.host("linalg_lu", (input,), lead, int32, (2,))


def _packed(input: Node) -> tuple[Node, Node, Node]:
    """The three by one call."""
    *lead, m, n = input.shape
    count = min(m, n)
    rank, whole = len(lead), m * n + count + 1
    numbers = build.host("linalg_lu_packed", (input,), (*lead, whole), input.dtype)

    def some(start: int, size: int) -> Node:
        return build.slice(numbers, (*(0,) * rank, start), (*lead, size), (1,) * (rank + 1))

    pivots = build.cast(some(m * n, count), int32)
    info = build.cast(build.reshape(some(whole - 1, 1), tuple(lead)), int32)
    return build.reshape(some(0, m * n), input.shape), pivots, info


@lu_factor.vjp
def _(g: tuple[Node, Node, Node], out: tuple[Node, Node, Node], input: Node) -> Grads:
    made, pivots, _ = out
    m, n = input.shape[-2:]
    k = min(m, n)
    p: Node = permutation(pivots, m, input.dtype)
    return (_slope(p, unit_lower(cut(made, m, k)), upper(cut(made, k, n)),
                   lower(cut(g[0], m, k), 1), upper(cut(g[0], k, n))),)  # fmt: skip


@composite(torch=False, name="_permutation", differentiable=False)
def permutation(pivots: Node, m: int, dtype: Any) -> Node:
    """The exchanges of ``pivots`` as matrices (.., M, M)."""
    shape = (*pivots.shape[:-1], m, m)
    real = dtype.to_real()
    return build.cast(build.host("linalg_permutation", (pivots,), shape, real, (m,)), dtype)


def unit_lower(x: Node) -> Node:
    """What is below the diagonal, and 1 on it."""
    row, column = places(x.shape)
    ones = build.cast(binary("eq", row, column), x.dtype)
    return plus(lower(x, 1), ones)


def _slope(p: Node, low: Node, up: Node, dlow: Node, dup: Node) -> Node:
    """The gradient of A = P L U: what of L and U goes beyond the square is solved for first."""
    k = low.shape[-1]
    m, n = low.shape[-2], up.shape[-1]
    low1, up1 = cut(low, k, k), cut(up, k, k)
    dlow1, dup1 = cut(dlow, k, k), cut(dup, k, k)
    turned_low, turned_up = adjoint(low1), adjoint(up1)
    beside = below = None
    if n > k:
        beside = triangular(turned_low, part(dup, (0, k), (k, n)), True, True)
        dlow1 = minus(dlow1, product(beside, adjoint(part(up, (0, k), (k, n)))))
    if m > k:
        right = part(dlow, (k, m), (0, k))
        below = adjoint(triangular(up1, adjoint(right), True, False))
        dup1 = minus(dup1, product(adjoint(part(low, (k, m), (0, k))), below))
    inner = plus(lower(product(turned_low, dlow1), 1), upper(product(dup1, turned_up)))
    left = triangular(turned_low, inner, True, True)
    core = adjoint(triangular(up1, adjoint(left), True, False))
    if beside is not None:
        core = build.cat([core, beside], core.ndim - 1)
    if below is not None:
        core = build.cat([core, below], core.ndim - 2)
    return product(p, core)


@composite(torch=False, name="_lu", grad_name="LinalgLu", complex_rule=True)
def lu(input: Node) -> tuple[Node, Node, Node]:
    """(P, L, U) with input = P L U."""
    require_matrix("lu", input, square=False)
    m, n = input.shape[-2:]
    k = min(m, n)
    made, pivots, _ = lu_factor.body(input)
    p: Node = permutation(pivots, m, input.dtype)
    return p, unit_lower(cut(made, m, k)), upper(cut(made, k, n))


@lu.vjp
def _(g: tuple[Any, Any, Any], out: tuple[Node, Node, Node], input: Node) -> Grads:
    p, low, up = out
    dlow, dup = (
        const(0, kept.shape, kept.dtype) if each is None else each
        for each, kept in ((g[1], low), (g[2], up))
    )
    return (_slope(p, low, up, lower(dlow, 1), upper(dup)),)


@composite(torch=False, name="_lu_unpack", grad_name="LuUnpack")
def lu_unpack(LU_data: Node, LU_pivots: Node) -> tuple[Node, Node, Node]:
    """(P, L, U) of what ``lu_factor`` gives."""
    m, n = LU_data.shape[-2:]
    k = min(m, n)
    p: Node = permutation(LU_pivots, m, LU_data.dtype)
    return p, unit_lower(cut(LU_data, m, k)), upper(cut(LU_data, k, n))


__all__ = ["lu", "lu_factor", "lu_unpack", "permutation", "unit_lower"]
