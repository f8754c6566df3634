"""What PyTorch calls a dtype in error messages: Float for float32, Long for int64."""

from __future__ import annotations

from rushlight.base.dtype import dtype as DType

LEGACY_NAMES = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16",
    "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
    "uint16": "UInt16", "uint32": "UInt32", "uint64": "UInt64",
    "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip


# As C++ calls them, in the messages that come from there.
C_NAMES = {
    "uint16": "short unsigned int", "uint32": "unsigned int", "uint64": "long unsigned int",
    "uint8": "unsigned char", "int8": "signed char", "int16": "short int", "int32": "int",
    "int64": "long int", "bool": "bool", "float32": "float", "float64": "double",
    "float16": "c10::Half", "bfloat16": "c10::BFloat16", "complex64": "c10::complex<float>",
    "complex128": "c10::complex<double>",
}  # fmt: skip


def c_name(dtype: DType) -> str:
    """``long int`` for int64 and so on."""
    return C_NAMES.get(dtype.name, dtype.name)


def legacy_name(dtype: DType) -> str:
    """``Float`` for float32 and so on."""
    return LEGACY_NAMES.get(dtype.name, dtype.name)
