"""Methods that go through elements in Python, or exchange the memory under a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.tensor.kinds import type_name
from rushlight.tensor.methods.inplace import fill_
from rushlight.tensor.methods.memory import set_data
from rushlight.tensor.storage_names import TypedStorage, UntypedStorage
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _by_element(
    self: Tensor, who: str, others: tuple[Tensor, ...], callable: Callable[..., Any]
) -> Tensor:
    if self.requires_grad or any(each.requires_grad for each in others):
        raise RuntimeError(
            f"Can't call {who}() on Variable that requires grad. Use var.detach().{who}() instead."
        )
    shape = tuple(self.shape)
    arrays = [np.broadcast_to(each._array(), shape).reshape(-1).tolist() for each in others]
    mine = self._array().reshape(-1).tolist()
    made = [callable(*each) for each in zip(mine, *arrays, strict=True)]
    self._writable(who)
    self._assign(Tensor._from_array(np.array(made, self.dtype.np).reshape(shape)))
    return self


def apply_(self: Tensor, callable: Callable[[Any], Any]) -> Tensor:
    """Every element replaced by ``callable(element)``: slow, a Python call each.

    >>> import rushlight as torch
    >>> torch.ones(2).apply_(lambda x: x + 10)
    tensor([11., 11.])
    """
    return _by_element(self, "apply_", (), callable)


def map_(self: Tensor, tensor: Tensor, callable: Callable[[Any, Any], Any]) -> Tensor:
    """Every element replaced by ``callable(element, element of tensor)``."""
    return _by_element(self, "map_", (tensor,), callable)


def map2_(self: Tensor, x: Tensor, y: Tensor, callable: Callable[[Any, Any, Any], Any]) -> Tensor:
    """Every element replaced by ``callable(element, element of x, element of y)``."""
    return _by_element(self, "map2_", (x, y), callable)


def _window(x: Tensor, size: tuple[int, ...], stride: tuple[int, ...], offset: int) -> Tensor:
    shown: Tensor = x.as_strided(size, stride, offset)  # type: ignore[attr-defined]
    return shown


def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
    """``fill_value`` on the diagonal; ``wrap``: again below, where there are more rows.

    Raises RuntimeError for less than two axes, or more than two of unequal sizes.
    """
    shape, strides = tuple(self.shape), self._current_layout().strides
    if len(shape) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    size, step = min(shape), sum(strides)
    offset = self._current_layout().offset
    fill_(_window(self, (size,), (step,), offset), fill_value)
    if wrap and len(shape) == 2 and shape[0] > shape[1] + 1:
        rows, columns = shape
        start = offset + strides[0] * (columns + 1)
        left = (rows * columns - (columns + 1) * columns + columns) // (columns + 1)
        if left > 0:
            fill_(_window(self, (left,), (step,), start), fill_value)
    return self


def set_(
    self: Tensor, source: Any = None, storage_offset: int = 0, size: Any = None,
    stride: Any = None,
) -> Tensor:  # fmt: skip
    """Take over the memory of ``source``, a tensor or a storage: both look at the same elements."""
    if isinstance(source, (TypedStorage, UntypedStorage)):
        source = _of_storage(source, self.dtype)
    if source is None:
        source = function("_constant")((0,), 0, self.dtype)
    assert source is not None
    if source.dtype is not self.dtype:
        raise RuntimeError(
            f"Could not set tensor of type {source.dtype} to a tensor of type {self.dtype}"
        )
    if self.requires_grad:
        self._writable("set_")
    if size is not None:
        steps = stride if stride is not None else _row_major(tuple(size))
        source = _window(source, tuple(size), tuple(steps), storage_offset)
    set_data(self, source)
    return self


def _of_storage(source: TypedStorage | UntypedStorage, kind: DType) -> Tensor:
    """All elements of a storage as ``kind``: bytes are taken for anything."""
    if isinstance(source, TypedStorage) and source.dtype is not kind:
        raise RuntimeError(
            f"Expected a Storage of type {type_name(kind).lower()} or an UntypedStorage, but got "
            f"type {type_name(source.dtype)} for argument 1 'storage'"
        )
    made: Tensor = source._whole.detach()  # type: ignore[attr-defined]
    return made if made.dtype is kind else made.view(kind)  # type: ignore[attr-defined, no-any-return]


def _row_major(size: tuple[int, ...]) -> tuple[int, ...]:
    steps: list[int] = []
    step = 1
    for each in reversed(size):
        steps.append(step)
        step *= max(each, 1)
    return tuple(reversed(steps))


def is_set_to(self: Tensor, tensor: Tensor) -> bool:
    """Whether both look at the same memory in the same way."""
    same = self._storage is tensor._storage and self._storage is not None
    return self is tensor or (same and self._current_layout() == tensor._current_layout())
