"""Arrays on the host whose length a user gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


def room_for(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """An array of ``count`` elements, unset; RuntimeError, as PyTorch has it, without memory.

    >>> room_for(3, "int64").shape
    (3,)
    """
    try:
        return np.empty(count, dtype)
    except (MemoryError, ValueError):  # ValueError: more than NumPy can count
        size = count * np.dtype(dtype).itemsize
        raise RuntimeError(
            f"DefaultCPUAllocator: can't allocate memory: you tried to allocate {size} bytes. "
            "Error code 12 (Cannot allocate memory)"
        ) from None
