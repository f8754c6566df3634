"""NumPy's OpenBLAS: kept to one thread for small matrices, asked for triangular systems.

Its threads wait for more work by spinning, for some 25 ms after each call: on the core that our
own pool's worker wants next. (A product of 256 x 512 x 512 after a solve of 200 x 200 took twice
as long.) Below 512 x 512 its second thread gains nothing: solve, inv, svd, eigh, qr, cholesky.
Where NumPy stands on another library, nothing is done.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

SMALL = 512 * 512  # elements

# (how they are asked for, and set): as NumPy's wheels have them, and as distributions do.
_NAMES = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
)


# Triangular systems, of float32 and float64: (for ints of 64 bits, of 32).
_TRIANGLES = {
    "f": (("scipy_cblas_strsm64_", "cblas_strsm64_"), ("scipy_cblas_strsm", "cblas_strsm")),
    "d": (("scipy_cblas_dtrsm64_", "cblas_dtrsm64_"), ("scipy_cblas_dtrsm", "cblas_dtrsm")),
}
# Words of CBLAS.
_ROWS, _LEFT, _PLAIN, _UPPER, _LOWER, _NOT_ONE, _ONE = 101, 141, 111, 121, 122, 131, 132


@functools.lru_cache(maxsize=1)
def library() -> ctypes.CDLL | None:
    """The library that NumPy's linear algebra is linked with, or None."""
    try:
        # A look-up in a library is one in those that it was linked with, too.
        return ctypes.CDLL(np.linalg._umath_linalg.__file__)
    except (AttributeError, OSError):
        return None


@functools.lru_cache(maxsize=1)
def _switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    known = library()
    for asked, told in _NAMES:
        if hasattr(known, asked) and hasattr(known, told):
            return getattr(known, asked), getattr(known, told)
    return None


@functools.lru_cache(maxsize=2)
def _triangle_solver(kind: str) -> Callable[..., None] | None:
    number = {"f": ctypes.c_float, "d": ctypes.c_double}[kind]
    for names, whole in zip(_TRIANGLES[kind], (ctypes.c_int64, ctypes.c_int32), strict=True):
        for name in names:
            found: Any = getattr(library(), name, None)
            if found is not None:
                matrix = (ctypes.c_void_p, whole)
                found.argtypes = [*[ctypes.c_int] * 5, whole, whole, number, *matrix, *matrix]
                found.restype = None
                return found  # type: ignore[no-any-return]
    return None


def solve_triangle(a: Any, x: Any, upper: bool, unit: bool) -> bool:
    """X with a X = x for a triangular matrix, in the place of ``x``; False where NumPy stands on
    another library, or the dtype is neither float32 nor float64: nothing is done.

    a (N, N), x (N, M), both row-major without gaps.
    """
    solver = _triangle_solver(a.dtype.char) if a.dtype.char in _TRIANGLES else None
    if solver is None or a.dtype != x.dtype:
        return False
    n, m = x.shape
    if n and m:
        side = _UPPER if upper else _LOWER
        solver(
            _ROWS, _LEFT, side, _PLAIN, _ONE if unit else _NOT_ONE, n, m, 1.0,
            a.ctypes.data, n, x.ctypes.data, m,
        )  # fmt: skip
    return True


@contextmanager
def one_thread(elements: int) -> Iterator[None]:
    """While a matrix of so many elements is worked on, one thread where more would not help."""
    switch = _switch() if elements < SMALL else None
    threads = 1 if switch is None else switch[0]()
    if switch is None or threads == 1:
        yield
        return
    switch[1](1)
    try:
        yield
    finally:
        switch[1](threads)
