"""Constructors of PyTorch's first years: ``torch.FloatTensor(2, 3)``, ``torch.Tensor([1.0])``."""

from __future__ import annotations

from typing import Any

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.tensor.create import legacy
from rushlight.tensor.tensor import Tensor


class _LegacyType(type):
    """``torch.FloatTensor``: calling it makes a tensor, ``isinstance`` asks for the dtype."""

    dtype: DType

    def __call__(cls, *args: Any, device: Any = None) -> Tensor:
        return legacy(cls.dtype, args)

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __repr__(cls) -> str:
        return f"<class 'torch.{cls.__name__}'>"


def _make(name: str, kind: DType) -> Any:
    return _LegacyType(name, (), {"dtype": kind, "__module__": "torch"})


FloatTensor = _make("FloatTensor", dtypes.float32)
DoubleTensor = _make("DoubleTensor", dtypes.float64)
HalfTensor = _make("HalfTensor", dtypes.float16)
BFloat16Tensor = _make("BFloat16Tensor", dtypes.bfloat16)
LongTensor = _make("LongTensor", dtypes.int64)
IntTensor = _make("IntTensor", dtypes.int32)
ShortTensor = _make("ShortTensor", dtypes.int16)
CharTensor = _make("CharTensor", dtypes.int8)
ByteTensor = _make("ByteTensor", dtypes.uint8)
BoolTensor = _make("BoolTensor", dtypes.bool_)


def _construct(cls: type[Tensor], *args: Any, **kwargs: Any) -> Tensor:
    made = legacy(None, args)
    if cls is Tensor:
        return made
    own = object.__new__(cls)
    own._take_over(made)
    own._edge = None
    return own


Tensor.__new__ = _construct  # type: ignore[method-assign, assignment]
