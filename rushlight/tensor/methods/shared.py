"""Tensors in memory that several processes see."""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor.tensor import Tensor


class SharedMap(mmap.mmap):
    """A nameless file in memory, mapped; ``file`` is its descriptor, closed with the mapping."""

    file: int

    @classmethod
    def of(cls, file: int, nbytes: int) -> SharedMap:
        """Map ``file``, which becomes this object's own."""
        made = cls(file, nbytes)
        made.file = file
        return made

    def __del__(self) -> None:
        if hasattr(self, "file"):
            os.close(self.file)


def new_map(nbytes: int) -> SharedMap:
    """New shared memory (of one byte at least)."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("rushlight-tensor", os.MFD_CLOEXEC)
    else:
        # Not through tempfile, whose import costs a twentieth of ours.
        path = Path(f"/tmp/rushlight-{os.urandom(16).hex()}")
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        path.unlink()
    os.ftruncate(file, max(nbytes, 1))
    return SharedMap.of(file, max(nbytes, 1))


def map_of(tensor: Tensor) -> SharedMap | None:
    """The shared memory that a tensor lies in, or None."""
    owner: Any = tensor._concrete().owner
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return owner if isinstance(owner, SharedMap) else None


def is_shared(self: Tensor) -> bool:
    """Whether the tensor lies in shared memory."""
    return map_of(self) is not None


def share_memory_(self: Tensor) -> Tensor:
    """Move the tensor, and all that are views of the same memory, into shared memory.

    Forked processes then see each other's writes. A write to a part of a tensor writes all of it:
    processes that write different parts at the same time undo each other's writes.
    """
    if is_shared(self):
        return self
    self._concrete()
    storage = self._share()
    old = storage.value
    array = Tensor._of(old)._array()
    # An array directly on the mapping: engine.exposure takes such memory as visible to others.
    target: Any = np.ndarray(array.shape, array.dtype, new_map(array.nbytes))
    target[...] = array
    storage.value = Tensor._from_array(target, copy=False)._value
    storage.version += 1  # whoever looks into it looks anew
    self._read_value()
    return self
