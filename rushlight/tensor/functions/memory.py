"""Tensors by their place in memory: empty_strided, empty_permuted, resize_."""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.warn import warn
from rushlight.ops.view.sizes import sizes
from rushlight.tensor import create
from rushlight.tensor.functions.register import public
from rushlight.tensor.methods.memory import set_data
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def _span(shape: tuple[int, ...], strides: tuple[int, ...]) -> int:
    """How many elements of memory the layout reaches over."""
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * step for n, step in zip(shape, strides, strict=True))


@public()
def empty_strided(
    size: Any, stride: Any, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor with the given steps in memory; its elements are zeros."""
    shape, strides = tuple(sizes((size,))), tuple(sizes((stride,)))
    if len(shape) != len(strides):
        raise RuntimeError(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides "
            f"({len(strides)})"
        )
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}")
    if any(step < 0 for step in strides):
        raise RuntimeError(f"empty_strided: strides must not be negative, got {list(strides)}")
    flat = create.empty(_span(shape, strides), dtype=dtype, device=device)
    made: Tensor = flat.as_strided(shape, strides).detach()  # type: ignore[attr-defined]
    if requires_grad:
        made.requires_grad = True
    return made


@public(torch=False, method=True)
def new_empty_strided(
    input: Tensor, size: Any, stride: Any, *, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """``empty_strided`` with the dtype of this tensor unless given."""
    return empty_strided(
        size, stride, dtype=dtype or input.dtype, device=device, requires_grad=requires_grad
    )


@public()
def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: DType | None = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor without gaps whose axes lie in memory in the order ``physical_layout`` says."""
    shape, order = tuple(sizes((size,))), tuple(int(axis) for axis in physical_layout)
    if len(shape) != len(order):
        raise RuntimeError(
            "Number of dimensions in size does not match the length of the physical_layout; i.e. "
            f"len(size) = {len(shape)} is not equal to len(physical_layout) = {len(order)}"
        )
    if any(not 0 <= axis < len(shape) for axis in order):
        raise RuntimeError(
            f"Dimension out of range (expected to be between 0 and {len(shape) - 1}, but got "
            f"{next(axis for axis in order if not 0 <= axis < len(shape))}).  NB: negative dims "
            "not currently supported"
        )
    if len(set(order)) != len(order):
        raise RuntimeError("Duplicate dim not allowed")
    steps = _contiguous(tuple(shape[axis] for axis in order))
    strides = [0] * len(shape)
    for axis, step in zip(order, steps, strict=True):
        strides[axis] = step
    return empty_strided(shape, strides, dtype=dtype, device=device, requires_grad=requires_grad)


def resize_(self: Tensor, *size: Any, memory_format: Any = None) -> Tensor:
    """Another shape on the same memory, row-major; more memory (of zeros) where that is too small.

    Raises RuntimeError for a tensor that requires grad. Other views keep the old memory when it
    has to grow.
    """
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    shape = tuple(sizes(size))
    if any(n < 0 for n in shape):
        raise RuntimeError(f"resize_: sizes must not be negative, got {list(shape)}")
    layout = self._current_layout()
    storage = self._share()
    have = storage.value.meta.numel
    need = layout.offset + _span(shape, _contiguous(shape))
    whole: Tensor = self.as_strided((have,), (1,), 0)  # type: ignore[attr-defined]
    if need > have:
        whole = function("cat")((whole, create.zeros(need - have, dtype=self.dtype)), 0)
    view: Tensor = whole.as_strided(shape, _contiguous(shape), layout.offset)  # type: ignore[attr-defined]
    set_data(self, view)
    return self


def resize_as_(self: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """``resize_`` to the shape of another tensor."""
    return resize_(self, the_template.shape)


def resize(self: Tensor, *sizes_: Any) -> Tensor:
    """An old spelling: the elements in another shape of the same number."""
    warn("non-inplace resize is deprecated")
    shape = tuple(sizes(sizes_))
    if math.prod(shape) != self._value_meta.numel:
        raise RuntimeError(
            f"requested resize to {list(shape)} ({math.prod(shape)} elements in total), but the "
            f"given tensor has a size of {list(self.shape)} ({self._value_meta.numel} elements). "
            "autograd's resize can only change the shape of a given tensor, while preserving the "
            "number of elements. "
        )
    return self.contiguous().view(shape)  # type: ignore[attr-defined, no-any-return]


def resize_as(self: Tensor, tensor: Tensor) -> Tensor:
    """``resize`` to the shape of another tensor."""
    return resize(self, tensor.shape)


def as_strided_(self: Tensor, size: Any, stride: Any, storage_offset: int | None = None) -> Tensor:
    """This tensor becomes the given window into its own storage."""
    view: Tensor = self.as_strided(size, stride, storage_offset)  # type: ignore[attr-defined]
    set_data(self, view)
    self._edge = view._edge
    return self


for _method in (resize_, resize_as_, resize, resize_as, as_strided_):
    setattr(Tensor, _method.__name__, _method)
