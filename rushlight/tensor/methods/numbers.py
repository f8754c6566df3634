"""Tensors as Python and NumPy values: tolist, numpy, bool(x), len(x), iteration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.warn import warn_once
from rushlight.engine.trace import local
from rushlight.tensor.private import private_buffer
from rushlight.tensor.storage import is_conjugated
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def tolist(self: Tensor) -> Any:
    """Nested lists of Python numbers."""
    return self._array().tolist()


def numpy(self: Tensor, *, force: bool = False) -> np.ndarray[Any, Any]:
    """A NumPy array on the same memory. ``force`` detaches (and would copy from a device)."""
    if self.requires_grad and local.trace.grad and not force:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if self.dtype is dtypes.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    if self.dtype.is_complex and not force and is_conjugated(self):
        raise RuntimeError(
            "Can't call numpy() on Tensor that has conjugate bit set. Use "
            "tensor.resolve_conj().numpy() instead."
        )
    if self._value.meta.shell:
        raise TypeError(
            "can't convert meta device type tensor to numpy. Use Tensor.cpu() to copy the tensor "
            "to host memory first."
        )
    self._concrete()
    private_buffer(self)
    return self._array()


def to_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    """np.asarray(tensor)."""
    array = numpy(self)
    if dtype is not None and np.dtype(dtype) != array.dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


def number(self: Tensor, kind: Callable[[Any], Any], *, warns: bool = False) -> Any:
    if self._value.meta.numel != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    if warns and self.requires_grad:
        warn_once(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected "
            "behavior.\nConsider using tensor.detach() first."
        )
    if self.dtype.is_complex and kind is not complex:
        name = "double" if kind is float else "int64_t"
        raise RuntimeError(f"value cannot be converted to type {name} without overflow")
    return kind(self.item())


def delete_item(self: Tensor, index: Any) -> None:
    """Raises TypeError: the size of a tensor does not change."""
    raise TypeError("Tensor does not support deleting items")


def to_bool(self: Tensor) -> bool:
    count = self._value.meta.numel
    if count != 1:
        raise RuntimeError(
            "Boolean value of Tensor with "
            + ("no values" if count == 0 else "more than one value")
            + " is ambiguous"
        )
    return bool(self.item())


def to_index(self: Tensor) -> int:
    if self._value.meta.numel != 1 or self.dtype.is_floating_point:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self.item())


def length(self: Tensor) -> int:
    shape = self._value.meta.shape
    if not shape:
        raise TypeError("len() of a 0-d tensor")
    return int(shape[0])


def iterate(self: Tensor) -> Iterator[Tensor]:
    if not self._value.meta.shape:
        raise TypeError("iteration over a 0-d tensor")
    return _rows(self)


def _rows(self: Tensor) -> Iterator[Tensor]:
    select = function("select")
    for place in range(self.shape[0]):
        row = select(self, 0, place)
        if local.trace.grad:
            row._part_of, row._part = "Unbind", place
        yield row


def contains(self: Tensor, element: Any) -> bool:
    """Whether any element equals ``element``."""
    if not isinstance(element, (Tensor, int, float, bool, complex)):
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )
    return bool(function("any")(function("eq")(self, element)).item())
