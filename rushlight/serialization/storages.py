"""Storages on their way in and out of files: bytes with a dtype, shared by the tensors on them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import numpy.typing as npt

from rushlight.tensor import Tensor, from_numpy

ALIGNMENT = 64
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class StorageKind:
    """``torch.FloatStorage`` as a tag: which dtype the bytes of a storage are."""

    name: str
    dtype: str

    def __str__(self) -> str:
        return self.name


UNTYPED = StorageKind("UntypedStorage", "uint8")


@final
@dataclass
class LoadedStorage:
    """Bytes read (or about to be read) from a file.

    ``flat`` keeps one one-dimensional tensor a dtype, so that every tensor on this storage is a
    view of the same memory.
    """

    kind: StorageKind
    data: Bytes
    location: str = "cpu"
    flat: dict[str, Tensor] = field(default_factory=dict)

    def nbytes(self) -> int:
        """How many bytes."""
        return self.data.size

    def size(self) -> int:
        """How many bytes, under the name that storages have in PyTorch."""
        return self.data.size

    def cpu(self) -> LoadedStorage:
        """Itself: bytes from a file are in main memory. For ``map_location`` functions."""
        return self

    def cuda(self, device: object = None) -> LoadedStorage:
        """Raises RuntimeError: there is no CUDA device."""
        raise RuntimeError(
            "torch.load: map_location asked for a CUDA device, but there is none here; "
            "use map_location='cpu'"
        )

    def as_tensor(self, numpy_dtype: np.dtype[Any]) -> Tensor:
        """All of it as a one-dimensional tensor of that dtype; the same one each time."""
        known = self.flat.get(numpy_dtype.name)
        if known is None:
            whole = self.data.size // numpy_dtype.itemsize * numpy_dtype.itemsize
            known = self.flat[numpy_dtype.name] = from_numpy(self.data[:whole].view(numpy_dtype))
        return known


def aligned_bytes(nbytes: int) -> Bytes:
    """Uninitialised memory that starts on a 64-byte boundary."""
    raw = np.empty(nbytes + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


@dataclass(frozen=True)
class StorageBytes:
    """A tensor's whole storage as it goes into a file."""

    key: tuple[int, int]  # address and bytes: equal for two tensors exactly if they share memory
    data: memoryview
    owner: Tensor  # keeps the memory alive while ``data`` is in use


def bytes_of(tensor: Tensor) -> StorageBytes:
    """The storage under ``tensor``, without a copy."""
    storage = tensor.untyped_storage()
    nbytes, address = storage.nbytes(), storage.data_ptr()
    view = memoryview(b"")
    if nbytes:
        view = memoryview((ctypes.c_char * nbytes).from_address(address)).cast("B")
    return StorageBytes((address, nbytes), view, tensor)
