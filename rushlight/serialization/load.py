"""torch.load: checkpoints of ours and of PyTorch's, today's zip form and the older stream."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Mapping
from pickle import UnpicklingError
from types import ModuleType
from typing import Any

import numpy as np

from rushlight.base import config
from rushlight.base.warn import warn
from rushlight.serialization import settings
from rushlight.serialization.dtype_names import NUMPY_DTYPES
from rushlight.serialization.identity import check_identity
from rushlight.serialization.legacy_read import read_legacy
from rushlight.serialization.locations import MapLocation, RaisedByUser, place
from rushlight.serialization.names import find_ours, is_torchs, modern_name
from rushlight.serialization.settings import (
    MAP_SHARED,
    default_byte_order,
    get_default_mmap_options,
    skips_data,
)
from rushlight.serialization.source import (
    Cursor,
    MemorySource,
    Source,
    StreamSource,
    open_source,
)
from rushlight.serialization.sparse import checked_at_the_end
from rushlight.serialization.storages import LoadedStorage, zeros
from rushlight.serialization.tar_read import is_tar, read_tar
from rushlight.serialization.unpickler import Unpickler
from rushlight.serialization.zip_reader import ZipReader, broken, is_zip
from rushlight.tensor import device

Unpickle = Callable[[Cursor, Callable[[Any], Any] | None], Any]

HOW_TO_GO_ON = (
    "Weights only load failed. {problem}\n"
    "With weights_only=True (the default) a checkpoint may hold tensors and plain containers only. "
    "Loading it with weights_only=False runs whatever code the file names: do that only with "
    "files from people you trust. If the class or function named above is one you know, "
    "torch.serialization.add_safe_globals allows it alone."
)


def load(
    f: Any,
    map_location: MapLocation = None,
    pickle_module: ModuleType | None = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Load what ``save`` wrote, here or in PyTorch (also before 1.6), from a path or binary file.

    ``weights_only=True``, the default, builds tensors and plain containers and runs no code from
    the file; anything else raises pickle.UnpicklingError. ``map_location`` says where storages go,
    for files that name a device that is not here. ``mmap=True`` maps a file instead of reading it.
    Raises RuntimeError for files that are cut short or damaged.

    >>> import rushlight as torch
    >>> torch.load("model.pt", map_location="cpu")  # doctest: +SKIP
    """
    weights_only = _only_weights(weights_only, pickle_module)
    plain = map_location is None or isinstance(map_location, (str, device, Mapping))
    if not plain and not callable(map_location):
        raise TypeError(f"{type(map_location).__name__!r} object is not callable")
    encoding = str(pickle_load_args.pop("encoding", "utf-8"))
    if pickle_load_args:
        raise TypeError(f"load() got unexpected keyword arguments {sorted(pickle_load_args)}")
    unpickle = _restricted(encoding) if weights_only else _trusting(pickle_module, encoding)
    if mmap is None:
        mmap = settings.load.mmap
    with (
        open_source(f, bool(mmap), get_default_mmap_options() == MAP_SHARED) as source,
        checked_at_the_end(),
    ):
        try:
            if is_zip(source):
                return _load_zip(source, map_location, weights_only, unpickle)
            if mmap:
                raise RuntimeError(
                    "mmap can only be used with files saved with "
                    "`torch.save(_use_new_zipfile_serialization=True)`"
                )
            if source.size == 0:
                raise EOFError("Ran out of input: torch.load got an empty file")
            if is_safetensors(source):
                raise RuntimeError(
                    "torch.load: the file is in the safetensors format; read it with "
                    "safetensors.torch.load_file"
                )
            if is_tar(source):
                if weights_only:
                    raise RuntimeError(
                        "Cannot use ``weights_only=True`` with files saved in the legacy .tar "
                        "format (PyTorch 0.1). With weights_only=False it can be read, and runs "
                        "whatever code it names: do that only with files from people you trust"
                    )
                return read_tar(source, unpickle, _placer(map_location))
            thing, end = read_legacy(source, unpickle, _placer(map_location))
        except RaisedByUser as passed:
            raise passed.args[0] from None
        except UnpicklingError as error:
            if not weights_only:
                raise
            raise UnpicklingError(HOW_TO_GO_ON.format(problem=error)) from error
        if isinstance(source, StreamSource) and not isinstance(f, str):
            source.leave_at(end)
        return thing


def _only_weights(wanted: bool | None, pickle_module: ModuleType | None) -> bool:
    """What the call says, or the environment where it says nothing; "always" from either wins."""
    always = config.says_yes("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
    never = config.says_yes("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    if always and never:
        raise RuntimeError(
            "Only one of `TORCH_FORCE_WEIGHTS_ONLY_LOAD` or `TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD` "
            "should be set, but both were set."
        )
    if wanted is None and never:
        warn(
            "Environment variable TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD detected, since the "
            "`weights_only` argument was not explicitly passed to `torch.load`, forcing "
            "weights_only=False."
        )
    if wanted is None:
        wanted = pickle_module is None and not never
    if (wanted or always) and pickle_module is not None:
        raise RuntimeError(
            "Can not safely load weights when explicit pickle_module is specified; "
            "pass weights_only=False if you trust the file"
        )
    return wanted or always


def is_safetensors(source: Source) -> bool:
    """Whether the bytes start as a safetensors file does: a length, and a header in braces."""
    start = source.read_at(0, 10)
    return start[8:10] == b'{"' and int.from_bytes(start[:8], "little") <= source.size - 8


def _placer(map_location: MapLocation) -> Callable[[LoadedStorage], LoadedStorage]:
    return lambda storage: place(storage, storage.location, map_location)


def _restricted(encoding: str) -> Unpickle:
    def unpickle(cursor: Cursor, persistent_load: Callable[[Any], Any] | None) -> Any:
        return Unpickler(cursor, persistent_load, encoding, cursor.source.size).load()

    return unpickle


def _trusting(pickle_module: ModuleType | None, encoding: str) -> Unpickle:
    """Python's own unpickler, which runs what the file says: the user asked for it."""
    module = pickle if pickle_module is None else pickle_module

    class TorchUnpickler(module.Unpickler):  # type: ignore[misc, name-defined]
        """Names of torch's lead to ours."""

        def find_class(self, module_name: str, name: str) -> Any:
            if is_torchs(modern_name(module_name, name)):
                return find_ours(module_name, name)
            return super().find_class(module_name, name)

    def unpickle(cursor: Cursor, persistent_load: Callable[[Any], Any] | None) -> Any:
        unpickler = TorchUnpickler(cursor, encoding=encoding)
        if persistent_load is not None:
            unpickler.persistent_load = persistent_load
        return unpickler.load()

    return unpickle


def _load_zip(
    source: Source, map_location: MapLocation, weights_only: bool, unpickle: Unpickle
) -> Any:
    archive = ZipReader(source)
    if "constants.pkl" in archive:
        raise RuntimeError(
            "torch.load: the file is a TorchScript archive (it holds code); Rushlight does not run "
            "those. Save the model's state_dict() with torch.save in PyTorch and load that."
        )
    if "data.pkl" not in archive:
        raise broken("locating file data.pkl: the zip archive is not a checkpoint")
    swap = _byte_order(archive) != sys.byteorder
    loaded: dict[str, LoadedStorage] = {}

    def persistent_load(identity: Any) -> LoadedStorage:
        kind, key, location, count = check_identity(identity)
        if key not in loaded:
            record = f"data/{key}"
            unread = skips_data() or str(map_location) == "meta"
            data = zeros(archive.size(record)) if unread else archive.array(record)
            wanted = count * NUMPY_DTYPES[kind.dtype].itemsize
            if wanted > data.size:
                raise UnpicklingError(
                    f"storage {key} shall have {wanted} bytes, the archive holds {data.size}"
                )
            storage = LoadedStorage(kind, data[:wanted], location)
            if swap:
                _swap_bytes(storage)
            loaded[key] = place(storage, location, map_location)
        return loaded[key]

    pickled = MemorySource(archive.read("data.pkl"))
    return unpickle(Cursor(pickled), persistent_load)


def _byte_order(archive: ZipReader) -> str:
    """ "little" or "big": what the file says, or else what ``set_default_load_endianness`` said."""
    if "byteorder" not in archive:
        return default_byte_order()
    order = archive.read("byteorder").decode("latin1")
    if order not in ("little", "big"):
        raise ValueError(f"Unknown endianness type: {order[:20]!r} in the checkpoint")
    return order


def _swap_bytes(storage: LoadedStorage) -> None:
    """Bytes written on a machine of the other byte order."""
    dtype = NUMPY_DTYPES[storage.kind.dtype]
    part = dtype.itemsize // 2 if dtype.kind == "c" else dtype.itemsize
    if part > 1:
        storage.data = storage.data.view(f"u{part}").byteswap().view(np.uint8)
