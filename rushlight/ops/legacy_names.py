"""What PyTorch calls a dtype in error messages: Float for float32, Long for int64."""

from __future__ import annotations

from rushlight.base.dtype import dtype as DType

LEGACY_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16",
    "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
    "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip


def legacy_name(dtype: DType) -> str:
    """``Float`` for float32 and so on."""
    return LEGACY_NAMES.get(dtype.name, dtype.name)
