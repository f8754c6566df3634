"""Data types: one object per dtype, PyTorch's names, promotion and limits.

>>> float32
torch.float32
>>> promote(int64, float16)
torch.float16
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from rushlight.base import bfloat16 as _bfloat16
from rushlight.base.absent import refuse
from rushlight.base.hot import hot

# Categories in promotion order: a higher category wins whatever the widths.
BOOL, INTEGER, FLOATING, COMPLEX = range(4)


@final
class dtype:
    """One element type. Compare with ``is`` or ``==``; ``str`` gives PyTorch's name."""

    __slots__ = (
        "bits_signed",
        "category",
        "compiled",
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "llvm",
        "name",
        "np",
    )

    np: np.dtype[Any]

    def __init__(self, name: str, numpy: Any, category: int, signed: bool, llvm: str) -> None:
        self.name = name
        if numpy is not None:
            self.np = np.dtype(numpy)
        self.category = category
        self.is_floating_point = category == FLOATING
        self.is_complex = category == COMPLEX
        self.is_signed = signed
        self.itemsize: int = self.np.itemsize if numpy is not None else 2
        # Kernels compute in it; the others are NumPy's work, primitive by primitive.
        self.compiled = category != COMPLEX and name not in ("uint16", "uint32", "uint64")
        self.llvm = llvm  # the register type: i1-like values travel as i8 in memory

    def __getattr__(self, name: str) -> Any:
        """NumPy's side of bfloat16, when first asked for."""
        if name != "np":
            raise AttributeError(f"'torch.dtype' object has no attribute '{name}'")
        self.np = _bfloat16.numpy_dtype()
        return self.np

    @property
    def abbr(self) -> str:
        """A short name: f32, bf16, i64, b8, c64."""
        if self.name == "bool":
            return "b8"
        letters = {"float": "f", "bfloat": "bf", "int": "i", "uint": "u", "complex": "c"}
        word = self.name.rstrip("0123456789")
        return letters[word] + self.name[len(word) :]

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        # Pickled by name, so that an unpickled dtype is the very same object.
        return self.name

    def to_real(self) -> dtype:
        """The dtype of one component: float32 for complex64."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> dtype:
        """The complex dtype whose components hold this one."""
        if self in BARE:
            raise RuntimeError(f"there is no complex dtype of {self}")
        return complex128 if self.name in ("float64", "complex128") else complex64


float64 = dtype("float64", np.float64, FLOATING, True, "double")
float32 = dtype("float32", np.float32, FLOATING, True, "float")
float16 = dtype("float16", np.float16, FLOATING, True, "half")
bfloat16 = dtype("bfloat16", None, FLOATING, True, "bfloat")
int64 = dtype("int64", np.int64, INTEGER, True, "i64")
int32 = dtype("int32", np.int32, INTEGER, True, "i32")
int16 = dtype("int16", np.int16, INTEGER, True, "i16")
int8 = dtype("int8", np.int8, INTEGER, True, "i8")
uint8 = dtype("uint8", np.uint8, INTEGER, False, "i8")
uint16 = dtype("uint16", np.uint16, INTEGER, False, "i16")
uint32 = dtype("uint32", np.uint32, INTEGER, False, "i32")
uint64 = dtype("uint64", np.uint64, INTEGER, False, "i64")
bool_ = dtype("bool", np.bool_, BOOL, False, "i8")
complex64 = dtype("complex64", np.complex64, COMPLEX, True, "")
complex128 = dtype("complex128", np.complex128, COMPLEX, True, "")

double, float_, half = float64, float32, float16
long, int_, short = int64, int32, int16
cfloat, cdouble = complex64, complex128

ALL: tuple[dtype, ...] = (
    float64, float32, float16, bfloat16, int64, int32, int16, int8, uint8, bool_,
    complex64, complex128,
)  # fmt: skip
# Kept, copied, cast and little else, as in PyTorch (ops/bare.py has what can be computed).
BARE: tuple[dtype, ...] = (uint16, uint32, uint64)
BY_NAME: dict[str, dtype] = {each.name: each for each in ALL + BARE}
# pickle finds "bool" through the module attribute of that name
globals()["bool"] = bool_

_FROM_NUMPY: dict[Any, dtype] = {each.np: each for each in ALL + BARE if each is not bfloat16}


def from_numpy(numpy_dtype: Any) -> dtype:
    """The dtype that holds what ``numpy_dtype`` holds.

    Raises TypeError for element types that PyTorch has not (strings, objects, dates ...).
    """
    found = _FROM_NUMPY.get(numpy_dtype) if isinstance(numpy_dtype, np.dtype) else None
    if found is not None:
        return found
    native = np.dtype(numpy_dtype).newbyteorder("=")
    found = bfloat16 if native.name == "bfloat16" else _FROM_NUMPY.get(native)
    if found is None:
        names = ", ".join(each.name for each in ALL + BARE)
        raise TypeError(
            f"can't convert np.ndarray of type {np.dtype(numpy_dtype)}. "
            f"The only supported types are: {names}."
        )
    return found


_FROM_PYTHON: dict[Any, dtype] = {
    builtins.bool: bool_, builtins.int: int64, builtins.float: float64,
    builtins.complex: complex128,
}  # fmt: skip


def of_argument(value: Any, who: str, argument: str = "'dtype'") -> dtype:
    """The dtype that ``value``, an argument of ``who``, means: a dtype, or a type of Python's.

    >>> of_argument(builtins.float, "zeros")
    torch.float64

    Raises TypeError for anything else.
    """
    found = value if type(value) is dtype else None
    if found is None and isinstance(value, type):
        found = _FROM_PYTHON.get(value)
    if found is None:
        refuse(value, who)
        raise TypeError(
            f"{who}(): argument {argument} must be torch.dtype, not {type(value).__name__}"
        )
    return found


class _Promotion(dict[tuple[dtype, dtype], dtype]):
    """The table; a pair that is missing has an unsigned dtype that promotes to nothing."""

    def __missing__(self, pair: tuple[dtype, dtype]) -> dtype:
        a, b = pair
        raise RuntimeError(
            "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote "
            f"{a} and {b}; cast one of them"
        )


def _promotion_table() -> dict[tuple[dtype, dtype], dtype]:
    """PyTorch's lattice: category first; inside one, the wider; the odd pairs by hand."""
    rank = {each: place for place, each in enumerate(
        (bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64,
         complex64, complex128)
    )}  # fmt: skip
    table = _Promotion()
    for a in ALL:
        for b in ALL:
            best = a if rank[a] >= rank[b] else b
            if {a, b} == {uint8, int8}:
                best = int16
            elif {a, b} == {float16, bfloat16}:
                best = float32
            elif COMPLEX in (a.category, b.category) and float64 in (a, b):
                best = complex128
            table[a, b] = best
    for a in BARE:
        table[a, a] = a
        for b in ALL:
            if b.is_floating_point or b.is_complex:
                table[a, b] = table[b, a] = b
    return table


PROMOTION = _promotion_table()


def promote(a: dtype, b: dtype) -> dtype:
    """The dtype that an operation on ``a`` and ``b`` computes in (both dimensioned)."""
    return PROMOTION[a, b]


_default: dtype = float32


@hot
def get_default_dtype() -> dtype:
    """The dtype of Python floats that become tensors: float32 until changed."""
    return _default


def set_default_dtype(d: dtype) -> None:
    """Make ``d`` the dtype of new floating-point tensors. Raises TypeError for other kinds."""
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(
            f"invalid dtype object: only floating-point types are supported as the default type, "
            f"got {d}"
        )
    _default = d


def _combine(higher: dtype | None, lower: dtype | None) -> dtype | None:
    """The lower priority counts only where its category is above the higher one's."""
    if higher is None or lower is None:
        return lower if higher is None else higher
    if higher.is_complex:
        return higher
    if higher.is_floating_point:
        return higher.to_complex() if lower.is_complex else higher
    if higher.category == BOOL or lower.is_floating_point or lower.is_complex:
        return PROMOTION[higher, lower]
    return higher


def result_type(
    dimensioned: Sequence[dtype],
    zero_dim: Sequence[dtype] = (),
    numbers: Sequence[dtype] = (),
) -> dtype:
    """The dtype an operation computes in: tensors with dims, 0-d tensors, Python numbers.

    >>> result_type([float32], [float64])
    torch.float32
    >>> result_type([int64], [], [number_dtype(0.5)])
    torch.float32
    """
    levels: list[dtype | None] = []
    for kinds in (dimensioned, zero_dim, numbers):
        level: dtype | None = None
        for kind in kinds:
            level = kind if level is None else PROMOTION[level, kind]
        levels.append(level)
    result = _combine(levels[0], _combine(levels[1], levels[2]))
    assert result is not None, "result_type of nothing"
    return result


def number_dtype(value: complex | float | int) -> dtype:
    """The dtype a Python number counts as in promotion: bool, int64 or the default float."""
    if isinstance(value, (builtins.bool, np.bool_)):
        return bool_
    if isinstance(value, (int, np.integer)):
        return int64
    if isinstance(value, (float, np.floating)):
        return _default
    return _default.to_complex()
