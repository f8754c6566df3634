"""The stream that PyTorch wrote before 1.6: five pickles, then the storages one after the other."""

from __future__ import annotations

import pickle
import struct
import sys
from typing import Any

from rushlight.serialization.dtype_names import NUMPY_DTYPES, STORAGE_OF_DTYPE
from rushlight.serialization.pickler import StorageTable

MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
PROTOCOL_VERSION = 1001
SYSTEM = {
    "protocol_version": PROTOCOL_VERSION,
    "little_endian": sys.byteorder == "little",
    "type_sizes": {"short": 2, "int": 4, "long": 4},
}


def write_legacy(file: Any, pickled: bytes, table: StorageTable) -> None:
    """Write the whole stream to ``file``."""
    for header in (MAGIC_NUMBER, PROTOCOL_VERSION, SYSTEM):
        file.write(pickle.dumps(header, 2))
    file.write(pickled)
    file.write(pickle.dumps([str(place) for place in range(len(table.storages))], 2))
    for place, storage in enumerate(table.storages):
        dtype = table.dtypes[place]
        itemsize = NUMPY_DTYPES[dtype].itemsize if dtype in STORAGE_OF_DTYPE else 1
        file.write(struct.pack("<q", len(storage.data) // itemsize))
        file.write(storage.data)
