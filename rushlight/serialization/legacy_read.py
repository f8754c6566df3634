"""Reads the stream that PyTorch wrote before 1.6 (and still writes when asked to)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pickle import UnpicklingError
from typing import Any

from rushlight.serialization.brief import brief
from rushlight.serialization.dtype_names import NUMPY_DTYPES
from rushlight.serialization.identity import check_identity
from rushlight.serialization.legacy_write import MAGIC_NUMBER, PROTOCOL_VERSION
from rushlight.serialization.source import Cursor, Source
from rushlight.serialization.storages import LoadedStorage, aligned_bytes

Unpickle = Callable[[Cursor, Callable[[Any], Any] | None], Any]


def read_legacy(
    source: Source, unpickle: Unpickle, place: Callable[[LoadedStorage], LoadedStorage]
) -> tuple[Any, int]:
    """The object, and the place behind its last byte.

    Raises RuntimeError if it is cut short or no checkpoint, UnpicklingError for a bad pickle.
    """
    cursor = Cursor(source)
    if unpickle(cursor, None) != MAGIC_NUMBER:
        raise RuntimeError("Invalid magic number; corrupt file?")
    version = unpickle(cursor, None)
    if version != PROTOCOL_VERSION:
        raise RuntimeError(f"Invalid protocol version: {version}")
    unpickle(cursor, None)  # what machine wrote it: numbers lie with the low byte first on all
    roots: dict[str, LoadedStorage] = {}
    room = source.size  # all storages together are no larger than the file
    views: dict[str, LoadedStorage] = {}

    def persistent_load(identity: Any) -> Any:
        nonlocal room
        if isinstance(identity, tuple) and len(identity) == 4 and identity[0] == "module":
            return identity[1]  # a class, beside the text of its source
        kind, key, location, count = check_identity(identity)
        itemsize = NUMPY_DTYPES[kind.dtype].itemsize
        root = roots.get(key)
        if root is None:
            room -= count * itemsize
            if room < 0:
                raise UnpicklingError(
                    f"with storage {key} of {count * itemsize} bytes the storages are larger than "
                    f"the whole file, which has {source.size}"
                )
            root = LoadedStorage(kind, aligned_bytes(count * itemsize), location, filled=False)
            root = roots[key] = place(root)
        if len(identity) == 5 or identity[5] is None:
            return root
        return _view(root, identity[5], itemsize, views)

    start = cursor.position
    thing = unpickle(cursor, persistent_load)
    keys = unpickle(cursor, None)
    if not isinstance(keys, list):
        raise UnpicklingError(f"the list of storages is damaged: {brief(keys)}")
    end = cursor.position
    for key in map(_text, keys):
        if not isinstance(key, str):
            raise UnpicklingError(f"a storage's key is damaged: {brief(key)}")
        end = _fill(source, end, roots.get(key))
    if any(each.early for each in (*roots.values(), *views.values())):
        # Numbers were computed from memory that nobody had written: the same again, now they are.
        for each in (*roots.values(), *views.values()):
            each.filled = True
            each.tensors.clear()
        thing = unpickle(Cursor(source, start), persistent_load)
    return thing, end


def _text(key: Any) -> Any:
    return key.decode("ascii", "replace") if isinstance(key, bytes) else key


def _view(
    root: LoadedStorage, view: Any, itemsize: int, views: dict[str, LoadedStorage]
) -> LoadedStorage:
    """A part of a storage as a storage of its own: (key, offset, count)."""
    if not isinstance(view, tuple) or len(view) != 3:
        raise UnpicklingError(f"a storage's view is damaged: {brief(view)}")
    key, offset, count = _text(view[0]), view[1], view[2]
    if (
        not isinstance(key, str)
        or type(offset) is not int
        or type(count) is not int
        or offset < 0
        or count < 0
    ):
        raise UnpicklingError(f"a storage's view is damaged: {brief(view)}")
    if (offset + count) * itemsize > root.data.size:
        raise UnpicklingError(f"a storage's view {brief(view)} is larger than the storage")
    part = root.data[offset * itemsize : (offset + count) * itemsize]
    return views.setdefault(key, LoadedStorage(root.kind, part, root.location, filled=root.filled))


def _fill(source: Source, offset: int, storage: LoadedStorage | None) -> int:
    """Read one storage's bytes in place. Returns where the next one starts."""
    head = source.read_at(offset, 8)
    if len(head) < 8:
        raise RuntimeError(
            f"unexpected EOF, expected {8 - len(head)} more bytes. The file might be corrupted."
        )
    (count,) = struct.unpack("<q", head)
    if storage is None:
        raise UnpicklingError("the file holds a storage that no tensor of it uses")
    itemsize = NUMPY_DTYPES[storage.kind.dtype].itemsize
    if count * itemsize != storage.data.size:
        raise UnpicklingError(
            f"a storage has {count} elements in the file, its tensors say "
            f"{storage.data.size // itemsize}"
        )
    source.read_into(offset + 8, storage.data)
    return offset + 8 + storage.data.size
