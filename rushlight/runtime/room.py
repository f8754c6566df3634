"""Arrays on the host whose length a user gives, and what is said where there is no room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray


def no_room(nbytes: int) -> RuntimeError:
    """What is raised where there is no memory, as PyTorch words it."""
    return RuntimeError(
        f"DefaultCPUAllocator: can't allocate memory: you tried to allocate {nbytes} bytes. "
        "Error code 12 (Cannot allocate memory)"
    )


def room_for(count: int, dtype: DTypeLike) -> NDArray[Any]:
    """An array of ``count`` elements, unset; RuntimeError, as PyTorch has it, without memory.

    >>> room_for(3, "int64").shape
    (3,)
    """
    try:
        return np.empty(count, dtype)
    except (MemoryError, ValueError):  # ValueError: more than NumPy can count
        raise no_room(count * np.dtype(dtype).itemsize) from None
