"""``view``: the same memory under another shape, or its bytes as another dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.absent import refuse as refuse_absent
from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot
from rushlight.base.warn import warn_once
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.ops.layout import Layout
from rushlight.ops.legacy_names import legacy_name
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.private import private_buffer
from rushlight.tensor.storage import Storage
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_view: Callable[..., Tensor] = function("view")


@hot
def view(self: Tensor, *shape: Any, dtype: DType | None = None, size: Any = None) -> Tensor:
    """The same memory under another shape, or (``view(dtype)``) its bytes as another dtype.

    A dtype of another width changes the size of the last axis, which must lie without gaps. What
    is written to one is seen in the other; gradients do not flow through a dtype.

    >>> import rushlight as torch
    >>> torch.ones(2).view(torch.int32)
    tensor([1065353216, 1065353216], dtype=torch.int32)
    """
    if dtype is None and size is None and not (shape and isinstance(shape[0], (DType, type))):
        for each in shape:
            if each.__class__ is not int:
                _require_shape(shape)
                break
        return _view(self, *shape)
    if dtype is None and size is None and len(shape) == 1:
        dtype = shape[0]
    elif shape or (dtype is None) == (size is None):
        _refuse(shape)
    if dtype is None:
        return _view(self, size)
    return _as_dtype(self, dtypes.of_argument(dtype, "view"))


def _require_shape(shape: tuple[Any, ...]) -> None:
    given = shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
    if not given and given is shape:
        _refuse(shape)
    for each in given:
        if not hasattr(each, "__index__"):
            _refuse(shape)


def _refuse(given: tuple[Any, ...]) -> None:
    for each in given:
        refuse_absent(each, "view")
    kinds = ", ".join("torch.dtype" if isinstance(x, DType) else type(x).__name__ for x in given)
    raise TypeError(
        f"view() received an invalid combination of arguments - got ({kinds}), but expected one "
        "of: (torch.dtype dtype) or (tuple of ints size)"
    )


def _as_dtype(x: Tensor, dtype: DType) -> Tensor:
    x._read_value()
    if dtype is x.dtype:
        return x._alias()
    if local.trace.abstract and dtype.itemsize == x.dtype.itemsize:  # one sample of vmap's
        return function("view_as_dtype")(x, dtype)  # type: ignore[no-any-return]
    return shown_as(x, dtype, _layout_as(x, dtype))


def shown_as(x: Tensor, dtype: DType, layout: Layout) -> Tensor:
    """A tensor of another dtype on the memory of ``x``; ``layout`` counts in its elements."""
    buffer = private_buffer(x)
    whole = x._value if x._storage is None else x._storage.value
    count = whole.meta.nbytes // dtype.itemsize
    nbytes = count * dtype.itemsize
    shown = Buffer.foreign(buffer.address, nbytes, _Shown(buffer, nbytes))
    return Tensor._window(Storage(concrete(shown, (count,), dtype)), layout)


class _Shown:
    """Owner of memory that is shown under a second dtype.

    Either side takes the other for somebody outside of the engine, as tensors and NumPy arrays
    do: what is written is in memory at once, what is read is read anew.
    """

    __slots__ = ("array",)

    def __init__(self, buffer: Buffer, nbytes: int) -> None:
        self.array = buffer.array(np.dtype(np.uint8), (nbytes,))


def _layout_as(x: Tensor, dtype: DType) -> Layout:
    """Where the elements lie, counted in elements of ``dtype``."""
    layout, old, new = x._current_layout(), x.dtype.itemsize, dtype.itemsize
    if old == new:
        return layout
    what = f"to view {legacy_name(x.dtype)} as {legacy_name(dtype)} (different element sizes)"
    if not layout.shape:
        raise RuntimeError(f"self.dim() cannot be 0 {what}")
    if layout.strides[-1] != 1:
        raise RuntimeError(f"self.stride(-1) must be 1 {what}, but got {layout.strides[-1]}")
    *outer, last = layout.shape
    *steps, _ = layout.strides
    if old > new:
        ratio = old // new
        return Layout(
            (*outer, last * ratio), (*(step * ratio for step in steps), 1), layout.offset * ratio
        )
    ratio = new // old
    if last % ratio:
        raise RuntimeError(f"self.size(-1) must be divisible by {ratio} {what}, but got {last}")
    if layout.offset % ratio:
        raise RuntimeError(
            f"self.storage_offset() must be divisible by {ratio} {what}, but got {layout.offset}"
        )
    for axis, step in enumerate(steps):
        if step % ratio:
            raise RuntimeError(
                f"self.stride({axis}) must be divisible by {ratio} {what}, but got {step}"
            )
    return Layout(
        (*outer, last // ratio), (*(step // ratio for step in steps), 1), layout.offset // ratio
    )


def reversed_axes(self: Tensor) -> Tensor:
    """``Tensor.T``: the axes in the opposite order, a view. Meant for matrices."""
    if self.ndim == 0:
        warn_once(
            "Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases."
        )
    elif self.ndim > 2:
        warn_once(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is "
            "deprecated and it will throw an error in a future release. Consider `x.mT` to "
            "transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to "
            "reverse the dimensions of a tensor."
        )
    turned: Tensor = function("permute")(self, *reversed(range(self.ndim)))
    return turned
