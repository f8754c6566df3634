"""Reads the pickles of CIFAR (a dict of lists, strings and one NumPy array), and nothing else.

Python's unpickler runs what a file tells it to; here a file can name four things, all of which
make data.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, final

import numpy as np

from rushlight.serialization.builtin_types import make_bytes


def _empty_array(kind: object, shape: object, code: object) -> Any:
    """``numpy.core.multiarray._reconstruct``: an empty array that BUILD fills."""
    return np.ndarray.__new__(np.ndarray, (0,), "b")


def _dtype(code: object, *rest: object) -> np.dtype[Any]:
    if code not in ("u1", "i1", "i2", "i4", "i8", "f4", "f8"):
        raise pickle.UnpicklingError(f"an array of {code!r:.40} is not among a data set's")
    return np.dtype(str(code))


ALLOWED = {
    ("numpy.core.multiarray", "_reconstruct"): _empty_array,
    ("numpy._core.multiarray", "_reconstruct"): _empty_array,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): _dtype,
    ("_codecs", "encode"): make_bytes,
}


@final
class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = ALLOWED.get((module, name))
        if found is None:
            raise pickle.UnpicklingError(f"{module}.{name} is not among a data set's names")
        return found


def read_array_pickle(data: bytes, source: object) -> dict[str, Any]:
    """The dict in a CIFAR file. Raises RuntimeError, naming ``source``, for anything else."""
    try:
        entry = _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()
    except (
        pickle.UnpicklingError, EOFError, ValueError, TypeError, KeyError, IndexError,
        AttributeError, MemoryError, UnicodeDecodeError,
    ) as error:  # fmt: skip
        raise RuntimeError(f"{source} is not a CIFAR file: {error}") from error
    if not isinstance(entry, dict):
        raise RuntimeError(f"{source} is not a CIFAR file: it holds a {type(entry).__name__}")
    return entry
