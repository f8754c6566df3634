"""The files of PyTorch 0.1: a tar archive of storages, tensors, and the pickle that names them.

PyTorch reads them with ``weights_only=False`` only, and so do we.
"""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from rushlight.serialization.brief import brief
from rushlight.serialization.dtype_names import NUMPY_DTYPES
from rushlight.serialization.rebuild import rebuild_tensor
from rushlight.serialization.source import Cursor, MemorySource, Source
from rushlight.serialization.storages import LoadedStorage, StorageKind

Unpickle = Callable[[Cursor, Callable[[Any], Any] | None], Any]
MAGIC, MAGIC_AT = b"ustar", 257


def is_tar(source: Source) -> bool:
    """Whether the bytes are a tar archive."""
    return source.read_at(MAGIC_AT, len(MAGIC)) == MAGIC


def read_tar(
    source: Source, unpickle: Unpickle, place: Callable[[LoadedStorage], LoadedStorage]
) -> Any:
    """The object. Raises RuntimeError if a part is missing or cut short."""
    parts = _parts(source)
    storages = _storages(Cursor(MemorySource(parts["storages"])), unpickle, place)
    tensors = _tensors(Cursor(MemorySource(parts["tensors"])), unpickle, storages)

    def persistent_load(identity: Any) -> Any:
        if isinstance(identity, tuple):
            return identity[0]  # a class, with its source text behind it
        found = tensors.get(int(identity))
        return storages[int(identity)] if found is None else found

    return unpickle(Cursor(MemorySource(parts["pickle"])), persistent_load)


def _parts(source: Source) -> dict[str, bytes]:
    """The three members, in memory: nothing is unpacked to disk."""
    whole = io.BytesIO(source.read_at(0, source.size))
    parts = {}
    try:
        with tarfile.open(fileobj=whole, mode="r:") as archive:
            for name in ("storages", "tensors", "pickle"):
                content = archive.extractfile(name)
                if content is None:
                    raise KeyError(name)
                parts[name] = content.read()
    except (KeyError, tarfile.TarError, EOFError) as error:
        raise RuntimeError(f"the .tar checkpoint is damaged: {error}") from error
    return parts


def _storages(
    cursor: Cursor, unpickle: Unpickle, place: Callable[[LoadedStorage], LoadedStorage]
) -> dict[int, LoadedStorage]:
    """Each a pickle of (key, location, type), its length and its elements; then the views."""
    found: dict[int, LoadedStorage] = {}
    for _ in range(_count(unpickle(cursor, None))):
        key, location, kind = unpickle(cursor, None)
        if not isinstance(kind, StorageKind):
            raise UnpicklingError(f"a storage's type is damaged: {brief(kind)}")
        count = _numbers(cursor, "<q")[0]
        nbytes = count * NUMPY_DTYPES[kind.dtype].itemsize
        data = cursor.source.array_at(cursor.position, nbytes)
        cursor = Cursor(cursor.source, cursor.position + nbytes)
        found[int(key)] = place(LoadedStorage(kind, data.copy(), str(location)))
    for target, root_key, offset, count in unpickle(cursor, None):
        root = found[int(root_key)]
        item = NUMPY_DTYPES[root.kind.dtype].itemsize
        part = root.data[offset * item : (offset + count) * item]
        found[int(target)] = LoadedStorage(root.kind, part, root.location)
    return found


def _tensors(
    cursor: Cursor, unpickle: Unpickle, storages: dict[int, LoadedStorage]
) -> dict[int, Any]:
    """Each a pickle of (key, storage, type), the rank in 8 bytes, sizes, strides, the offset."""
    found = {}
    for _ in range(_count(unpickle(cursor, None))):
        key, storage, _ = unpickle(cursor, None)
        rank = _numbers(cursor, "<ii")[0]
        size = _numbers(cursor, f"<{_count(rank)}q")
        stride = _numbers(cursor, f"<{rank}q")
        offset = _numbers(cursor, "<q")[0]
        found[int(key)] = rebuild_tensor(storages[int(storage)], offset, size, stride)
    return found


def _count(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 1 << 31:
        raise UnpicklingError(f"a count in the .tar checkpoint is damaged: {brief(value)}")
    return value


def _numbers(cursor: Cursor, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, cursor.read(struct.calcsize(layout)))
