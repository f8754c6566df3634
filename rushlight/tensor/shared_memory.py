"""Memory that forked processes share: ``share_memory_`` puts a tensor there."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np

from rushlight.engine.value import concrete
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.tensor import Tensor


def is_shared(self: Tensor) -> bool:
    """Whether forked processes see what is written to this tensor, and it what they write."""
    owner = self._concrete().owner
    return isinstance(owner, np.ndarray) and _lies_in_mapping(owner)


def _lies_in_mapping(array: Any) -> bool:
    while isinstance(array, np.ndarray):
        array = array.base
    return isinstance(array, mmap.mmap)


def share_memory_(self: Tensor) -> Tensor:
    """Move this tensor, and all that share its storage, into memory that forked processes share.

    >>> import rushlight as torch
    >>> torch.zeros(3).share_memory_().is_shared()
    True
    """
    if is_shared(self):
        return self
    buffer = self._concrete()
    storage = self._share()
    meta = storage.value.meta
    # An array whose base is the mapping: such memory counts as seen by others, so that every write
    # is in it when the operation returns.
    array = np.ndarray((meta.nbytes,), np.uint8, mmap.mmap(-1, max(meta.nbytes, 1)))
    array[...] = buffer.array(np.dtype(np.uint8), (meta.nbytes,))
    shared = Buffer.foreign(int(array.ctypes.data), meta.nbytes, array)
    fresh = concrete(shared, meta.shape, meta.dtype)
    fresh.version = storage.version
    storage.value = fresh
    storage.version += 1
    self._refresh()
    return self
