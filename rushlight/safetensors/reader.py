"""``safe_open``: the tensors of a file one by one, read from disk when asked for."""

from __future__ import annotations

import os
import sys
from typing import Any, final

import numpy as np
import numpy.typing as npt

from rushlight.base.absent import AbsentDtype
from rushlight.safetensors.header import (
    DTYPES,
    Entry,
    Header,
    SafetensorError,
    header_length,
    parse,
)
from rushlight.serialization.dtype_names import NUMPY_DTYPES, dtype_by_name
from rushlight.serialization.source import MappedSource, MemorySource, Source
from rushlight.serialization.storages import aligned_bytes
from rushlight.tensor import Tensor, device

Array = npt.NDArray[Any]
ALIGNED = 16  # what NumPy's own arrays have


def read_header(source: Source) -> Header:
    """The header of a file, checked."""
    length = header_length(source.read_at(0, 8), source.size)
    return parse(source.read_at(8, length), source.size)


def read_array(source: Source, header: Header, entry: Entry) -> Array:
    """One tensor's elements, where they lie if that is aligned."""
    raw = source.array_at(header.length + entry.start, entry.stop - entry.start)
    if raw.ctypes.data % ALIGNED or not raw.flags.writeable:
        moved = aligned_bytes(raw.size)
        np.copyto(moved, raw)
        raw = moved
    array = raw.view(NUMPY_DTYPES[DTYPES[entry.dtype][0]]).reshape(entry.shape)
    return array if sys.byteorder == "little" else array.byteswap()


def as_tensor(array: Array, entry: Entry) -> Tensor:
    """A tensor on the array's memory. Raises NotImplementedError for a dtype we have not."""
    name = DTYPES[entry.dtype][0]
    if isinstance(dtype_by_name(name), AbsentDtype):
        raise NotImplementedError(
            f"safetensors: the file holds a torch.{name} tensor; Rushlight has no such dtype yet"
        )
    return Tensor._from_array(array, copy=False)


@final
class safe_open:
    """A file whose tensors are read as they are asked for; a ``with`` block closes it.

    ``framework`` is "pt" for tensors, "np" for NumPy arrays. Raises SafetensorError for a damaged
    file, FileNotFoundError for a missing one.

    >>> with safe_open("model.safetensors", framework="pt") as file:  # doctest: +SKIP
    ...     for name in file.keys():
    ...         tensor = file.get_tensor(name)
    """

    def __init__(
        self,
        filename: str | os.PathLike[str],
        framework: str,
        device: Any = "cpu",
        *,
        backend: str = "mmap",
    ) -> None:
        if framework not in ("pt", "torch", "pytorch", "np", "numpy"):
            raise SafetensorError(f"framework {framework} is invalid")
        _check_device(device)
        path = os.fspath(filename)
        if not os.path.exists(path):  # noqa: PTH110
            raise FileNotFoundError(f"No such file or directory: {path}")
        self._arrays = framework in ("np", "numpy")
        self._source: Source | None = MappedSource(path)
        self._header = read_header(self._source)

    def __enter__(self) -> safe_open:
        return self

    def __exit__(self, *exception: object) -> None:
        # Tensors that were handed out keep the mapping themselves.
        self._source = None

    def keys(self) -> list[str]:
        """The tensors' names by alphabet."""
        return sorted(self._header.entries)

    def offset_keys(self) -> list[str]:
        """The tensors' names in the order of the file."""
        return list(self._header.entries)

    def metadata(self) -> dict[str, str] | None:
        """The texts that were saved along."""
        return self._header.metadata

    def get_tensor(self, name: str) -> Any:
        """One tensor (or array). Raises SafetensorError if the file has none of this name."""
        entry = self._entry(name)
        if self._source is None:
            raise SafetensorError("File is closed")
        array = read_array(self._source, self._header, entry)
        return array if self._arrays else as_tensor(array, entry)

    def get_tensors(self) -> dict[str, Any]:
        """All of them."""
        return {name: self.get_tensor(name) for name in self._header.entries}

    def get_slice(self, name: str) -> Slice:
        """A tensor to be indexed; only the part is read."""
        return Slice(self, name, self._entry(name))

    def _entry(self, name: str) -> Entry:
        entry = self._header.entries.get(name)
        if entry is None:
            raise SafetensorError(f"File does not contain tensor {name}")
        return entry


@final
class Slice:
    """A tensor of an open file that has not been read."""

    def __init__(self, file: safe_open, name: str, entry: Entry) -> None:
        self._file = file
        self._name = name
        self._entry = entry

    def get_shape(self) -> list[int]:
        """Its shape."""
        return list(self._entry.shape)

    def get_dtype(self) -> str:
        """Its dtype, by the name in the file."""
        return self._entry.dtype

    def __getitem__(self, index: Any) -> Any:
        return self._file.get_tensor(self._name)[index]


def load_bytes(data: bytes) -> dict[str, tuple[Array, Entry]]:
    """Every tensor of a file that is in memory, as arrays of their own."""
    source = MemorySource(data)
    header = read_header(source)
    return {
        name: (read_array(source, header, entry), entry) for name, entry in header.entries.items()
    }


def _check_device(where: Any) -> None:
    kind = where.type if isinstance(where, device) else str(where).partition(":")[0]
    if kind != "cpu":
        raise RuntimeError(f"safetensors: device {where} is not here, there is only 'cpu'")
