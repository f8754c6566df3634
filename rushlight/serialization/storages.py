"""Storages on their way in and out of files: bytes with a dtype, shared by the tensors on them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import numpy.typing as npt

from rushlight.base.dtype import BY_NAME
from rushlight.base.dtype import dtype as DType
from rushlight.base.record import Record
from rushlight.ops.layout import Layout
from rushlight.serialization.dtype_names import NUMPY_DTYPES
from rushlight.tensor import Tensor, empty
from rushlight.tensor.storage_names import TypedStorage

ALIGNMENT = 64
Bytes = npt.NDArray[np.uint8]


class StorageKind(Record):
    """``torch.FloatStorage`` as a tag: which dtype the bytes of a storage are."""

    name: str
    dtype: str

    def __str__(self) -> str:
        return self.name


UNTYPED = StorageKind("UntypedStorage", "uint8")


@final
@dataclass(eq=False, repr=False)
class LoadedStorage(TypedStorage):
    """Bytes read (or about to be read) from a file: what the user gets who saved a storage.

    ``tensors`` keeps the first tensor a dtype, so that all tensors on this storage look into the
    same memory.
    """

    kind: StorageKind
    data: Bytes
    location: str = "cpu"
    tensors: dict[str, Tensor] = field(default_factory=dict)
    filled: bool = True
    early: bool = False  # its numbers were asked for before it was filled

    @property
    def dtype(self) -> DType:  # type: ignore[override]
        """What its elements are."""
        return BY_NAME[self.kind.dtype]

    @property
    def _whole(self) -> Tensor:  # type: ignore[override]
        dtype = NUMPY_DTYPES[self.kind.dtype]
        return self.tensor(dtype, 0, (self.data.size // dtype.itemsize,), (1,))

    def nbytes(self) -> int:
        """How many bytes."""
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

    def tensor(
        self,
        dtype: np.dtype[Any],
        offset: int,
        size: tuple[int, ...],
        stride: tuple[int, ...],
    ) -> Tensor:
        """A tensor on this memory; bounds have been checked.

        A tensor that is all of the storage, which nearly all are, is made as one that shares its
        memory with nobody; only a second tensor on the same storage makes views of both.
        """
        first = self.tensors.get(dtype.name)
        if first is None:
            whole = self.data[: self.data.size // dtype.itemsize * dtype.itemsize].view(dtype)
            if offset == 0 and whole.size == math.prod(size) and _is_row_major(size, stride):
                made = self.tensors[dtype.name] = self._adopt(whole.reshape(size))
                return made
            first = self.tensors[dtype.name] = self._adopt(whole)
        return Tensor._window(first._share(), Layout(size, stride, offset))

    def _adopt(self, array: npt.NDArray[Any]) -> Tensor:
        """A tensor on the memory of ``array``; on the meta device only as large."""
        if self.location == "meta":
            return empty(array.shape, dtype=BY_NAME[array.dtype.name], device="meta")
        return Tensor._from_array(array, copy=False)


def _is_row_major(size: tuple[int, ...], stride: tuple[int, ...]) -> bool:
    expected = 1
    for count, step in zip(reversed(size), reversed(stride), strict=True):
        if count != 1 and step != expected:
            return False
        expected *= count
    return True


def aligned_bytes(nbytes: int) -> Bytes:
    """Uninitialised memory that starts on a 64-byte boundary."""
    raw = np.empty(nbytes + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


def zeros(nbytes: int) -> Bytes:
    """Memory of zeros on a 64-byte boundary, taken from the system as it is touched."""
    raw = np.zeros(nbytes + ALIGNMENT, dtype=np.uint8)
    start = -raw.ctypes.data % ALIGNMENT
    return raw[start : start + nbytes]


class StorageBytes(Record):
    """A tensor's whole storage as it goes into a file."""

    # (identity, bytes): equal for two tensors exactly if they share memory. Not the address: equal
    # values may lie in one place until one of them is written to.
    key: tuple[int, int]
    place: tuple[int, int]  # (address, bytes)
    foreign: bool  # NumPy's memory, or another tensor's seen as another dtype
    data: memoryview
    owner: tuple[Tensor, object]  # keeps the memory, and the identity, while ``data`` is in use


def bytes_of(tensor: Tensor) -> StorageBytes:
    """The storage under ``tensor``, without a copy."""
    buffer = tensor._concrete()
    shared = tensor._storage
    nbytes = (tensor._value if shared is None else shared.value).meta.nbytes
    view = memoryview(buffer.array(np.dtype(np.uint8), (nbytes,)))
    identity = id(tensor if shared is None else shared)
    foreign = buffer.owner is not None
    place = (buffer.address, nbytes)
    return StorageBytes((identity, nbytes), place, foreign, view, (tensor, shared))
