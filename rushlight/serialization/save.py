"""torch.save: objects with tensors into a file that PyTorch opens too."""

from __future__ import annotations

import io
import os
import pickle
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from rushlight.serialization.atomic import atomic_writer
from rushlight.serialization.legacy_write import write_legacy
from rushlight.serialization.pickler import StorageTable, pickle_to_bytes
from rushlight.serialization.settings import get_crc32_options, skips_data
from rushlight.serialization.storages import ALIGNMENT
from rushlight.serialization.zip_writer import ZipWriter

DEFAULT_PROTOCOL = 2


def save(
    obj: object,
    f: Any,
    pickle_module: ModuleType = pickle,
    pickle_protocol: int = DEFAULT_PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Save ``obj`` to ``f``, a path or a file object with ``write``.

    Tensors that share memory share it in the file. A path is replaced at once or not at all: the
    bytes go to a new file beside it, are synced to disk and renamed. Raises RuntimeError if the
    folder does not exist, OSError if the disk is full, pickle.PicklingError for objects that
    cannot be pickled.

    >>> import rushlight as torch
    >>> torch.save({"weight": torch.ones(2, 3)}, "model.pt")  # doctest: +SKIP
    """
    # Everything that can fail without the disk fails before the disk is touched.
    table = StorageTable()
    legacy = not _use_new_zipfile_serialization
    pickled = pickle_to_bytes(obj, pickle_module, pickle_protocol, table, legacy)
    if isinstance(f, (str, os.PathLike)):
        path = os.fspath(f)
        folder = Path(path).stem or "archive"
        with atomic_writer(path) as file:
            _write(file, folder, pickled, table, legacy, _disable_byteorder_record)
        return
    if not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute, "
            f"got {type(f).__name__}"
        )
    if isinstance(f, io.TextIOBase):
        raise TypeError("torch.save: the file is open in text mode; open it with mode 'wb'")
    _write(f, "archive", pickled, table, legacy, _disable_byteorder_record)
    if hasattr(f, "flush"):
        f.flush()


def _write(
    file: Any,
    folder: str,
    pickled: bytes,
    table: StorageTable,
    legacy: bool,
    no_byteorder: bool,
) -> None:
    if legacy:
        write_legacy(file, pickled, table)
        return
    archive = ZipWriter(file, folder, get_crc32_options())
    archive.add("data.pkl", pickled)
    archive.add(".format_version", b"1")
    archive.add(".storage_alignment", b"%d" % ALIGNMENT)
    if not no_byteorder:
        archive.add("byteorder", sys.byteorder.encode())
    for place, storage in enumerate(table.storages):
        archive.add(f"data/{place}", storage.data, hollow=skips_data())
    archive.finish()
