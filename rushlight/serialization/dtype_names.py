"""Dtypes as checkpoints name them: storage classes, dtype names, NumPy's types for the bytes."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

from rushlight.base import absent
from rushlight.base import dtype as dtypes

# Storage classes of PyTorch before 2.1, one a dtype; newer dtypes travel as untyped bytes.
STORAGE_DTYPES: dict[str, str] = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8",
    "BoolStorage": "bool", "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}  # fmt: skip
STORAGE_OF_DTYPE: dict[str, str] = {dtype: name for name, dtype in STORAGE_DTYPES.items()}

NUMPY_DTYPES: dict[str, np.dtype[Any]] = {
    "bool": np.dtype(np.bool_),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
    **{
        name: np.dtype(name)
        for name in ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8",
                     "uint16", "uint32", "uint64", "complex64", "complex128")
    },
    **{name: np.dtype(getattr(ml_dtypes, name)) for name in (
        "float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu")},
}  # fmt: skip


def dtype_name(dtype: object) -> str:
    """``float32`` for the dtype object."""
    return str(dtype).removeprefix("torch.")


def dtype_by_name(name: str) -> Any:
    """The dtype object called ``name``, or an absent one."""
    return dtypes.BY_NAME.get(name) or absent.DTYPES[name]
