"""LAPACK of the library that NumPy brings along, for what NumPy does not offer: LU, least squares.

Matrices are column-major there. Where NumPy stands on another library, or for another dtype, the
functions return None and have done nothing.
"""

from __future__ import annotations

import ctypes
import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.runtime.openblas import library

Array = np.ndarray[Any, np.dtype[Any]]
_LETTERS = {"f": "s", "d": "d", "F": "c", "D": "z"}
# As NumPy's wheels have them, and as distributions do; whether integers have 64 bits.
_SPELLINGS = (("scipy_{}_64_", True), ("{}_64_", True), ("scipy_{}_", False), ("{}_", False))


@functools.lru_cache(maxsize=16)
def _routine(name: str, arguments: int) -> tuple[Callable[..., None], Any] | None:
    """(the routine of so many addresses, NumPy's type of its integers)."""
    for spelling, wide in _SPELLINGS:
        found: Any = getattr(library(), spelling.format(name), None)
        if found is not None:
            found.argtypes, found.restype = [ctypes.c_void_p] * arguments, None
            return found, np.int64 if wide else np.int32
    return None


def _each(array: Array) -> range:
    """The addresses of the matrices, rows or numbers of a batch without gaps."""
    first, step = array.ctypes.data, array.strides[0]
    return range(first, first + step * len(array), step)


def _turned(x: Array, rows: int = 0) -> Array:
    """(.., M, N) as a batch of N rows of M, copied; ``rows``: of so many, the last ones 0."""
    *batch, m, n = x.shape
    made = np.zeros((math.prod(batch), n, max(m, rows)), x.dtype)
    made[..., :m] = x.reshape(-1, m, n).swapaxes(-1, -2)
    return made


def lu(a: Array) -> tuple[Array, Array, Array] | None:
    """(LU in one matrix, pivots from 1, the place of the first zero pivot or 0) of (.., M, N)."""
    letter = _LETTERS.get(a.dtype.char)
    found = None if letter is None else _routine(letter + "getrf", 6)
    if found is None or not a.size:
        return None
    routine, whole = found
    *batch, m, n = a.shape
    made = _turned(a)
    pivots = np.zeros((len(made), min(m, n)), whole)
    info = np.zeros(len(made), whole)
    sizes = np.array([m, n], whole)
    rows, columns = _each(sizes)
    for matrix, exchanged, zero in zip(*map(_each, (made, pivots, info)), strict=True):
        routine(rows, columns, matrix, rows, exchanged, zero)
    return (
        made.swapaxes(-1, -2).reshape(a.shape),
        pivots.astype(np.int32).reshape(*batch, -1),
        info.astype(np.int32).reshape(batch),
    )


def least_squares(a: Array, b: Array, limit: float) -> tuple[Array, Array] | None:
    """(X of the least norm among those with the least |a X - b|, the rank of a).

    a (.., M, N), b (.., M, K) -> (.., N, K), (..). By columns in the order of their size (gelsy):
    those beyond a condition of 1 / ``limit`` count as 0. float32 and float64.
    """
    letter = {"f": "s", "d": "d"}.get(a.dtype.char)
    found = None if letter is None else _routine(letter + "gelsy", 13)
    if found is None or not a.size or not b.size:
        return None
    routine, whole = found
    *batch, m, n = a.shape
    k = b.shape[-1]
    columns, results = _turned(a), _turned(b, rows=n)
    sizes = np.array([m, n, k, max(m, n), -1], whole)
    order, ranks, info = np.zeros(n, whole), np.zeros(len(columns), whole), np.zeros(1, whole)
    bound, work = np.full(1, limit, a.dtype), np.zeros(1, a.dtype)
    rows, width, right, tall, room = _each(sizes)
    fixed = (order.ctypes.data, bound.ctypes.data)

    def run(matrix: int, result: int, rank: int) -> None:
        order[:] = 0
        given = (rows, width, right, matrix, rows, result, tall)
        routine(*given, *fixed, rank, at_work, room, info.ctypes.data)

    each = [*zip(*map(_each, (columns, results, ranks)), strict=True)]
    at_work = work.ctypes.data
    run(*each[0])  # says how much room it wants
    sizes[-1] = int(work[0])
    work = np.zeros(int(work[0]), a.dtype)
    at_work = work.ctypes.data
    for addresses in each:
        run(*addresses)
    solution = results[..., :n].swapaxes(-1, -2).reshape(*batch, n, k)
    return solution, ranks.astype(np.int64).reshape(batch)
