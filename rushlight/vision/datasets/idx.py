"""The idx format of MNIST: a header of big-endian sizes, then the numbers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np

from rushlight.utils.data.arrays import Array

DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def idx_problem(path: Path) -> str | None:
    """What is wrong with the file's header or length; None if nothing."""
    with path.open("rb") as file:
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in DTYPES or not 1 <= head[3] <= 3:
            return f"it does not begin as an idx file does (found {head.hex() or 'nothing'})"
        sizes = file.read(4 * head[3])
        if len(sizes) < 4 * head[3]:
            return "its header is cut short"
        shape = struct.unpack(f">{head[3]}I", sizes)
        wanted = 4 + len(sizes) + int(np.prod(shape)) * np.dtype(DTYPES[head[2]]).itemsize
        found = path.stat().st_size
    return None if found == wanted else f"it has {found} bytes, its header says {wanted}"


def read_idx(path: Path) -> Array:
    """The array in an idx file. Raises RuntimeError if the file is damaged."""
    problem = idx_problem(path)
    if problem is not None:
        raise RuntimeError(
            f"{path} is damaged: {problem}. Delete it and use download=True, or put a good copy "
            "there."
        )
    with path.open("rb") as file:
        _, _, kind, dimensions = file.read(4)
        shape = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
        data = np.fromfile(file, np.dtype(DTYPES[kind]))
    return data.astype(data.dtype.newbyteorder("="), copy=False).reshape(shape)
