"""Gaussian elimination and substitution in NumPy, over batches: what NumPy itself lacks."""

from __future__ import annotations

import math

import numpy as np

from rushlight.ir.host import Array
from rushlight.runtime import lapack
from rushlight.runtime.openblas import solve_triangle
from rushlight.runtime.substitution import substitute

# Systems so narrow, of so few right sides, take less time than a call of the library.
_NARROW, _FEW = 32, 16
_BLOCK = 64  # rows of a triangle that LAPACK solves at once
# A step in NumPy of a whole batch takes as long as LAPACK's calls for so many matrices.
_TOGETHER = 8


def factored(a: Array) -> tuple[Array, Array, Array]:
    """(LU in one matrix, pivots from 1, info): P L U = a with rows exchanged as LAPACK's getrf.

    ``info`` is the place of the first zero pivot, from 1, or 0.
    """
    m, n = a.shape[-2:]
    steps = min(m, n)
    batch = a.shape[:-2]
    # Of many small ones, steps that all take together are fewer.
    if math.prod(batch) <= _TOGETHER * steps:
        found = lapack.lu(a)
        if found is not None and not found[2].any():
            return found
    made = np.array(a)
    pivots = np.zeros((*batch, steps), np.int32)
    info = np.zeros(batch, np.int32)
    with np.errstate(all="ignore"):
        for k in range(steps):
            column = made[..., k:, k]
            sizes = np.abs(column.real) + np.abs(column.imag)
            best = np.argmax(np.where(np.isnan(sizes), -1, sizes), axis=-1) + k
            pivots[..., k] = best + 1
            _swap(made, k, best)
            pivot = made[..., k, k]
            zero = pivot == 0
            info = np.where((info == 0) & zero, k + 1, info)
            safe = np.where(zero, 1, pivot)[..., None]
            made[..., k + 1 :, k] /= safe
            lower = made[..., k + 1 :, k, None]
            made[..., k + 1 :, k + 1 :] -= lower * made[..., k, None, k + 1 :]
    return made, pivots, info.astype(np.int32)


def _swap(x: Array, k: int, other: Array) -> None:
    """Rows ``k`` and ``other`` of each matrix exchanged."""
    index = other[..., None, None]
    chosen = np.take_along_axis(x, index, axis=-2)
    kept = x[..., k : k + 1, :].copy()
    np.put_along_axis(x, index, kept, axis=-2)
    x[..., k : k + 1, :] = chosen


def order_of(pivots: Array, m: int) -> Array:
    """The rows in the order that the exchanges bring them to."""
    steps = pivots.shape[-1]
    orders = []
    for row in pivots.reshape(math.prod(pivots.shape[:-1]), steps).tolist():
        order = list(range(m))
        for k, other in enumerate(row):
            order[k], order[other - 1] = order[other - 1], order[k]
        orders.append(order)
    return np.array(orders, np.int64).reshape(*pivots.shape[:-1], m)


def substituted(a: Array, b: Array, upper: bool, unit: bool) -> Array:
    """X with a X = b for triangular ``a``; the other triangle is not read."""
    n, m = a.shape[-1], b.shape[-1]
    batch = a.shape[:-2]
    if batch != b.shape[:-2]:
        batch = np.broadcast_shapes(batch, b.shape[:-2])
        a, b = np.broadcast_to(a, (*batch, n, n)), np.broadcast_to(b, (*batch, n, m))
    x = np.array(b, order="C")
    if x.size and n <= _NARROW and m <= _FEW:
        whole = np.ascontiguousarray(a).reshape(-1, n, n)
        if substitute(whole, x.reshape(-1, n, m), upper, unit):
            return x
    if math.prod(batch) > _TOGETHER * n:
        with np.errstate(all="ignore"):
            return _row_by_row(a, x, upper, unit)
    if _by_blas(a, x, upper, unit):
        return x
    with np.errstate(all="ignore"):
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            rows = slice(n - stop, n - start) if upper else slice(start, stop)
            rest = slice(0, n - stop) if upper else slice(stop, n)
            x[..., rows, :] = _block(a[..., rows, rows], x[..., rows, :], upper, unit)
            x[..., rest, :] -= a[..., rest, rows] @ x[..., rows, :]
    return x


def _by_blas(a: Array, x: Array, upper: bool, unit: bool) -> bool:
    """``substituted`` in place by NumPy's own library; False: nothing is done."""
    if not unit and (np.einsum("...ii->...i", a) == 0).any():
        return False  # infinities, not what an inverse of 0 makes of them
    solved = [
        solve_triangle(np.ascontiguousarray(a[place]), x[place], upper, unit)
        for place in np.ndindex(*x.shape[:-2])
    ]
    return all(solved)


def _block(a: Array, b: Array, upper: bool, unit: bool) -> Array:
    """``substituted`` for a few rows."""
    triangle = np.triu(a) if upper else np.tril(a)[..., ::-1, ::-1]
    if unit:
        triangle = triangle.copy()
        np.einsum("...ii->...i", triangle)[...] = 1
    try:
        # LAPACK's elimination finds nothing to do in an upper triangle and substitutes back.
        x: Array = np.linalg.solve(triangle, b if upper else b[..., ::-1, :])
    except np.linalg.LinAlgError:
        return _row_by_row(a, np.array(b), upper)
    return x if upper else x[..., ::-1, :]


def _row_by_row(a: Array, x: Array, upper: bool, unit: bool = False) -> Array:
    """Substitution in place; a zero on the diagonal makes infinities."""
    n = a.shape[-1]
    for k in reversed(range(n)) if upper else range(n):
        if not unit:
            x[..., k, :] /= a[..., k, k, None]
        rest = slice(0, k) if upper else slice(k + 1, n)
        x[..., rest, :] -= a[..., rest, k, None] * x[..., k, None, :]
    return x
