"""Symmetric (Hermitian) matrices as L D L^T with blocks of one and two on the diagonal of D.

Bunch and Kaufman 1977, "Some stable methods for calculating inertia and solving symmetric linear
systems", kept as LAPACK keeps it: L below D in one matrix, pivots from 1, those of a block of two
negative and both the same. Only the lower triangle is read.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import int32
from rushlight.base.shape import broadcast_shapes
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import require_matrix
from rushlight.ops.promote import unbroadcast
from rushlight.ops.table import Grads, composite

_GROWTH = (1 + math.sqrt(17)) / 8  # the pivot size that bounds the growth of elements least


def _size(x: Any) -> Any:
    return np.abs(np.real(x)) + np.abs(np.imag(x))


def _flip(x: Array, hermitian: bool) -> Array:
    return x.conj() if hermitian else x


def _choose(a: Array, k: int) -> tuple[int, int]:
    """(the row to bring up, how many columns the block has)."""
    below = _size(a[k + 1 :, k])
    here = _size(a[k, k])
    largest = below.max(initial=0)
    if here >= _GROWTH * largest:
        return k, 1
    other = k + 1 + int(below.argmax())
    row = max(_size(a[other, k:other]).max(initial=0), _size(a[other + 1 :, other]).max(initial=0))
    if here >= _GROWTH * largest * (largest / row):
        return k, 1
    return other, (1 if _size(a[other, other]) >= _GROWTH * row else 2)


def _exchange(a: Array, k: int, first: int, other: int, hermitian: bool) -> None:
    """Rows and columns ``first`` and ``other`` of the rest of the matrix, in its lower half."""
    tail = a[other + 1 :, first].copy()
    a[other + 1 :, first], a[other + 1 :, other] = a[other + 1 :, other].copy(), tail
    column = a[first + 1 : other, first].copy()
    a[first + 1 : other, first] = _flip(a[other, first + 1 : other].copy(), hermitian)
    a[other, first + 1 : other] = _flip(column, hermitian)
    a[other, first] = _flip(a[other, first], hermitian)
    a[first, first], a[other, other] = a[other, other].copy(), a[first, first].copy()
    if first != k:
        a[first, k], a[other, k] = a[other, k].copy(), a[first, k].copy()


def _block(a: Array, k: int, hermitian: bool) -> Array:
    corner = a[k + 1, k]
    return np.array([[a[k, k], _flip(corner, hermitian)], [corner, a[k + 1, k + 1]]])


def _one_factor(matrix: Array, hermitian: bool) -> tuple[Array, Array, int]:
    a, n = np.tril(matrix), len(matrix)
    if hermitian and np.iscomplexobj(a):
        np.fill_diagonal(a, a.diagonal().real)
    pivots, info, k = np.zeros(n, np.int32), 0, 0
    while k < n:
        if max(_size(a[k, k]), _size(a[k + 1 :, k]).max(initial=0)) == 0:
            info = info or k + 1
            pivots[k] = k + 1
            k += 1
            continue
        other, steps = _choose(a, k)
        first = k + steps - 1
        if other != first:
            _exchange(a, k, first, other, hermitian)
        rest = a[k + steps :, k : k + steps].copy()
        if steps == 1:
            factor = rest / a[k, k]
            pivots[k] = other + 1
        else:
            factor = np.linalg.solve(_block(a, k, hermitian).T, rest.T).T
            pivots[k : k + 2] = -(other + 1)
        a[k + steps :, k + steps :] -= np.tril(factor @ _flip(rest, hermitian).T)
        a[k + steps :, k : k + steps] = factor
        k += steps
    return a, pivots, info


@host("linalg_ldl", results=3, complex=True)
def _host_ldl(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array, Array]:
    (given,) = arrays
    made, pivots = np.zeros_like(given), np.zeros(given.shape[:-1], np.int32)
    info = np.zeros(given.shape[:-2], np.int32)
    for place in np.ndindex(*given.shape[:-2]):
        made[place], pivots[place], info[place] = _one_factor(given[place], params[0])
    return made, pivots, info


def _one_solution(a: Array, pivots: Array, b: Array, hermitian: bool) -> Array:
    b, n = b.copy(), len(a)
    k = 0
    while k < n:
        steps = 1 if pivots[k] > 0 else 2
        first, other = k + steps - 1, abs(int(pivots[k])) - 1
        b[[first, other]] = b[[other, first]]
        b[k + steps :] -= a[k + steps :, k : k + steps] @ b[k : k + steps]
        if steps == 1:
            b[k] /= a[k, k]
        else:
            b[k : k + 2] = np.linalg.solve(_block(a, k, hermitian), b[k : k + 2])
        k += steps
    k = n - 1
    while k >= 0:
        steps = 1 if pivots[k] > 0 else 2
        start, other = k - steps + 1, abs(int(pivots[k])) - 1
        b[start : k + 1] -= _flip(a[k + 1 :, start : k + 1], hermitian).T @ b[k + 1 :]
        b[[k, other]] = b[[other, k]]
        k -= steps
    return b


@host("linalg_ldl_solve", complex=True)
def _host_solve(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    a, pivots, b = arrays
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    wide_a = np.broadcast_to(a, (*batch, *a.shape[-2:]))
    wide_p = np.broadcast_to(pivots, (*batch, pivots.shape[-1]))
    made = np.array(np.broadcast_to(b, (*batch, *b.shape[-2:])))
    for place in np.ndindex(*batch):
        made[place] = _one_solution(wide_a[place], wide_p[place], made[place], params[0])
    return made


@composite(torch=False, name="_ldl_factor", differentiable=False)
def ldl_factor(input: Node, hermitian: bool) -> tuple[Node, Node, Node]:
    """(L below D in one matrix, pivots, info: the first zero block or 0)."""
    require_matrix("ldl_factor_ex", input)
    lead, kind = input.shape[:-2], input.dtype
    made = build.host("linalg_ldl", (input,), input.shape, kind, (0, hermitian))
    pivots = build.host("linalg_ldl", (input,), input.shape[:-1], int32, (1, hermitian))
    return made, pivots, build.host("linalg_ldl", (input,), lead, int32, (2, hermitian))


@composite(torch=False, name="_ldl_solve", grad_name="LinalgLdlSolve", complex_rule=True)
def ldl_solve(factor: Node, pivots: Node, b: Node, hermitian: bool) -> Node:
    """X with A X = b, A as ``ldl_factor`` gives it."""
    batch = broadcast_shapes(factor.shape[:-2], b.shape[:-2])
    shape = (*batch, *b.shape[-2:])
    return build.host("linalg_ldl_solve", (factor, pivots, b), shape, b.dtype, (hermitian,))


@ldl_solve.vjp
def _(g: Node, out: Node, factor: Node, pivots: Node, b: Node, hermitian: bool) -> Grads:
    # A^H is A where it is Hermitian, else conj(A).
    turned = factor if hermitian else build.conj(factor)
    back: Node = ldl_solve(turned, pivots, g, hermitian)
    return None, None, unbroadcast(back, b.shape)
