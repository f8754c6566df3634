"""NumPy's OpenBLAS, kept to one thread for small matrices.

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

import numpy as np

SMALL = 512 * 512  # elements

# (how they are asked for, and set): as NumPy's wheels have them, and as distributions do.
_NAMES = (
    ("scipy_openblas_get_num_threads64_", "scipy_openblas_set_num_threads64_"),
    ("scipy_openblas_get_num_threads", "scipy_openblas_set_num_threads"),
    ("openblas_get_num_threads64_", "openblas_set_num_threads64_"),
    ("openblas_get_num_threads", "openblas_set_num_threads"),
)


@functools.lru_cache(maxsize=1)
def _switch() -> tuple[Callable[[], int], Callable[[int], None]] | None:
    try:
        # A look-up in a library is one in those that it was linked with, too.
        library = ctypes.CDLL(np.linalg._umath_linalg.__file__)
    except (AttributeError, OSError):
        return None
    for asked, told in _NAMES:
        if hasattr(library, asked) and hasattr(library, told):
            return getattr(library, asked), getattr(library, told)
    return None


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
