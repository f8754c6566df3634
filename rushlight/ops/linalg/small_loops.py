"""Small systems as loops of plain numbers, a matrix at a time: calls of LAPACK take longer.

Elimination is as in ``elimination.py``: the first of the largest numbers of a column is the pivot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rushlight.ir.host import Array
from rushlight.ir.routine import Cut, Shape, routine

# Larger matrices are LAPACK's: it takes less time for them, call and all.
LARGEST = 32
_MOST_STEPS = 20_000  # of a substitution
_STEP = 8  # what a step costs, as bytes that are copied

Params = tuple[Any, ...]


def _factor(at: int, m: int, n: int, pivots: int, x: Array) -> int:
    """P L U in the place of the (m, n) matrix at ``at``; pivots from 1 at ``pivots``. The place of
    the first zero pivot, from 1, or 0."""
    zero = 0
    for k in range(min(m, n)):
        best, size = k, -1.0
        for i in range(k, m):
            each = abs(x[at + i * n + k])
            if each > size:
                best, size = i, each
        x[pivots + k] = best + 1
        if best != k:
            for j in range(n):
                one, other = at + k * n + j, at + best * n + j
                x[one], x[other] = x[other], x[one]
        pivot = x[at + k * n + k]
        if pivot == 0:
            zero = k + 1 if zero == 0 else zero
            continue
        for i in range(k + 1, m):
            share = x[at + i * n + k] / pivot
            x[at + i * n + k] = share
            for j in range(k + 1, n):
                x[at + i * n + j] -= share * x[at + k * n + j]
    return zero


def _copied(n: int, size: int, a: Array, room: Array) -> None:
    for k in range(size * size):
        room[k] = a[n * size * size + k]


def _less(x: Array, at: int, width: int, row: int, other: int, share: float) -> None:
    """A row minus a share of another, in the matrix at ``at``."""
    for j in range(width):
        x[at + row * width + j] -= share * x[at + other * width + j]


def _divided(x: Array, at: int, width: int, row: int, pivot: float) -> None:
    for j in range(width):
        x[at + row * width + j] = x[at + row * width + j] / pivot


def _solved(size: int, width: int, room: Array, at: int, x: Array) -> None:
    """X with L U X = P x in the place of ``x`` (size, width), by what ``_factor`` made of room."""
    for k in range(size):
        best = int(room[size * size + k]) - 1
        if best != k:
            for j in range(width):
                one, other = at + k * width + j, at + best * width + j
                x[one], x[other] = x[other], x[one]
    for i in range(size):
        for k in range(i):
            share = room[i * size + k]
            _less(x, at, width, i, k, share)
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            share = room[i * size + k]
            _less(x, at, width, i, k, share)
        _divided(x, at, width, i, room[i * size + i])


def _lu_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    *batch, m, n = shapes[0]
    return Cut(math.prod(batch), (m, n), m * n * min(m, n) * _STEP)


@routine("linalg_lu_packed", _lu_cut, vectors=True)
def lu_packed(number: int, m: int, n: int, a: Array, out: Array) -> None:
    """L below U, the pivots, the place of the first that is zero."""
    count = m * n + min(m, n) + 1
    at = number * count
    for k in range(m * n):
        out[at + k] = a[number * m * n + k]
    out[at + count - 1] = _factor(at, m, n, at + m * n, out)


def _permutation_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    *batch, steps = shapes[0]
    size = shapes[1][-1]
    return Cut(math.prod(batch), (steps, size), size * size * _STEP, (size,))


@routine("linalg_permutation", _permutation_cut)
def permutation(n: int, steps: int, size: int, pivots: Array, out: Array, order: Array) -> None:
    """Column i has its 1 in the row that the exchanges bring to place i."""
    for i in range(size):
        order[i] = i
    for k in range(steps):
        other = pivots[n * steps + k] - 1
        order[k], order[other] = order[other], order[k]
    for i in range(size):
        for j in range(size):
            out[(n * size + i) * size + j] = 0
    for j in range(size):
        out[(n * size + int(order[j])) * size + j] = 1


def _square_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    *batch, _, n = shapes[0]
    if n > LARGEST:
        return None
    cost = n * n * (n + 2) * _STEP
    return Cut(math.prod(batch), (n,), cost, (n * n + n,), like=1)


@routine("linalg_det", _square_cut, vectors=True)
def det(n: int, size: int, a: Array, out: Array, room: Array) -> None:
    """The product of the diagonal, its sign turned by each exchange."""
    _copied(n, size, a, room)
    _factor(0, size, size, size * size, room)
    value = 1.0
    for k in range(size):
        value = value * room[k * size + k]
        if room[size * size + k] != k + 1:
            value = -value
    out[n] = value


@routine("linalg_slogdet_packed", _square_cut, vectors=True)
def slogdet_packed(n: int, size: int, a: Array, out: Array, room: Array) -> None:
    """The sign and the logarithm of the size."""
    _copied(n, size, a, room)
    _factor(0, size, size, size * size, room)
    sign, total = 1.0, 0.0
    for k in range(size):
        each = float(room[k * size + k])
        total += math.log(abs(each))
        sign = sign if each > 0 else -sign if each < 0 else each * 1.0
        if room[size * size + k] != k + 1:
            sign = -sign
    out[2 * n] = abs(sign) if sign == 0 else sign
    out[2 * n + 1] = total


def _alone(shapes: Sequence[Shape], params: Params) -> Cut | None:
    cut = _square_cut(shapes, params)
    return None if cut is None else cut.replace(alone=True)


@routine("linalg_inv", _alone, vectors=True)
def inv(n: int, size: int, a: Array, out: Array, room: Array) -> int:
    """The solution for the columns of the identity."""
    _copied(n, size, a, room)
    if _factor(0, size, size, size * size, room) > 0:
        return 1
    for i in range(size):
        for j in range(size):
            out[(n * size + i) * size + j] = 1 if i == j else 0
    _solved(size, size, room, n * size * size, out)
    return 0


def _solve_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    *batch, n, width = shapes[1]
    if n > LARGEST or width > LARGEST:
        return None
    cost = n * n * (n + width) * _STEP
    return Cut(math.prod(batch), (n, width), cost, (n * n + n,), like=1, alone=True)


@routine("linalg_solve", _solve_cut, vectors=True)
def solve(n: int, size: int, width: int, a: Array, b: Array, out: Array, room: Array) -> int:
    """X with a X = b."""
    _copied(n, size, a, room)
    if _factor(0, size, size, size * size, room) > 0:
        return 1
    for k in range(size * width):
        out[n * size * width + k] = b[n * size * width + k]
    _solved(size, width, room, n * size * width, out)
    return 0


def _cholesky_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    *batch, _, n = shapes[0]
    if n > LARGEST:
        return None
    return Cut(math.prod(batch), (n,), n * n * (n + 2) * _STEP, alone=True)


@routine("linalg_cholesky", _cholesky_cut, vectors=True)
def cholesky(n: int, size: int, a: Array, out: Array) -> int:
    """L row by row; a pivot that is not above 0 ends it."""
    for i in range(size):
        row = (n * size + i) * size
        for j in range(i + 1):
            above = (n * size + j) * size
            rest = a[row + j]
            for k in range(j):
                rest -= out[row + k] * out[above + k]
            if i > j:
                out[row + j] = rest / out[above + j]
            elif rest > 0:
                out[row + i] = math.sqrt(rest)
            else:
                return 1
        for j in range(i + 1, size):
            out[row + j] = 0
    return 0


def _triangle_cut(a: Shape, b: Shape, flags: Params) -> Cut | None:
    *batch, n, width = b
    if tuple(batch) != a[:-2] or n * n * width > _MOST_STEPS:
        return None
    sizes = (n, width, *[int(each) for each in flags])
    return Cut(math.prod(batch), sizes, n * n * width * _STEP)


def _triangular_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    return _triangle_cut(shapes[0], shapes[1], params)


@routine("linalg_triangular", _triangular_cut, vectors=True)
def triangular(
    n: int, size: int, width: int, upper: int, unit: int, a: Array, b: Array, out: Array
) -> None:
    """Substitution from the first row on, or from the last."""
    at = n * size * width
    for k in range(size):
        i = size - 1 - k if upper else k
        for j in range(width):
            out[at + i * width + j] = b[at + i * width + j]
        for before in range(k):
            other = size - 1 - before if upper else before
            share = a[(n * size + i) * size + other]
            _less(out, at, width, i, other, share)
        if not unit:
            _divided(out, at, width, i, a[(n * size + i) * size + i])


def _factor_cut(shapes: Sequence[Shape], params: Params) -> Cut | None:
    return _triangle_cut(shapes[1], shapes[0], params)


@routine("linalg_cholesky_solve", _factor_cut, vectors=True)
def cholesky_solve(
    n: int, size: int, width: int, upper: int, b: Array, factor: Array, out: Array
) -> None:
    """Substitution by the factor, then by its transpose."""
    at, base = n * size * width, n * size * size
    along, across = 1 if upper else size, size if upper else 1  # from row to row of L
    for i in range(size):
        for j in range(width):
            out[at + i * width + j] = b[at + i * width + j]
        for k in range(i):
            share = factor[base + i * along + k * across]
            _less(out, at, width, i, k, share)
        _divided(out, at, width, i, factor[base + i * size + i])
    for i in range(size - 1, -1, -1):
        for k in range(i + 1, size):
            share = factor[base + k * along + i * across]
            _less(out, at, width, i, k, share)
        _divided(out, at, width, i, factor[base + i * size + i])
