"""safetensors.numpy: NumPy arrays in safetensors files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy.typing as npt

from rushlight.safetensors.header import NAMES, build
from rushlight.safetensors.reader import load_bytes, safe_open
from rushlight.serialization.atomic import atomic_writer

__all__ = ["load", "load_file", "save", "save_file"]

Arrays = dict[str, npt.NDArray[Any]]


def save(tensor_dict: Arrays, metadata: dict[str, str] | None = None) -> bytes:
    """The file's bytes. Raises ValueError for a dtype that the format does not have."""
    for name, array in tensor_dict.items():
        if array.dtype.name not in NAMES:
            raise ValueError(f"Key `{name}`: a safetensors file has no {array.dtype}")
    head, order = build(
        {name: (NAMES[each.dtype.name], each.shape) for name, each in tensor_dict.items()}, metadata
    )
    little = (tensor_dict[name] for name in order)
    parts = (each.astype(each.dtype.newbyteorder("<"), copy=False).tobytes() for each in little)
    return head + b"".join(parts)


def save_file(
    tensor_dict: Arrays,
    filename: str | os.PathLike[str],
    metadata: dict[str, str] | None = None,
) -> None:
    """Write arrays by name; the file is replaced at once or not at all."""
    data = save(tensor_dict, metadata)
    with atomic_writer(Path(filename)) as file:
        rest = memoryview(data)
        while len(rest):
            rest = rest[file.write(rest) :]


def load(data: bytes) -> Arrays:
    """The arrays of a file's bytes.

    >>> import numpy as np
    >>> load(save({"a": np.arange(3)}))
    {'a': array([0, 1, 2])}
    """
    return {name: array for name, (array, _) in load_bytes(data).items()}


def load_file(filename: str | os.PathLike[str], *, backend: str = "mmap") -> Arrays:
    """The arrays of a file."""
    with safe_open(filename, framework="np", backend=backend) as file:
        return file.get_tensors()
