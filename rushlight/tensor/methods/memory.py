"""The memory under a tensor: its steps, copies, aliases, address and version."""

from __future__ import annotations

import ctypes
from sys import getrefcount
from typing import Any

from rushlight.engine.exposure import copy_of
from rushlight.engine.value import Value
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.memory_format import copy_in, lies_in, preserve_format, require_format
from rushlight.tensor.private import private_buffer
from rushlight.tensor.saved_values import Replaced
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or one of its sizes."""
    shape = self._value.meta.shape
    if dim is None:
        return shape
    if not -len(shape) <= dim < len(shape):
        span = max(len(shape), 1)
        if not shape:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], "
            f"but got {dim})"
        )
    return shape[dim]


def stride(self: Tensor, dim: int | None = None) -> Any:
    """Steps in elements along each axis, or along one."""
    strides = tuple(self._current_layout().strides)
    return strides if dim is None else strides[dim]


def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether the elements lie without gaps, row-major or in the order of ``memory_format``."""
    if memory_format is None:
        return self._storage is None or self._layout.contiguous
    require_format("is_contiguous", memory_format)
    if memory_format is preserve_format:
        raise RuntimeError("is_contiguous: preserve_format says of no order whether it is kept")
    return lies_in(self._current_layout(), memory_format)


def contiguous(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """Itself where the elements lie so, else a copy that does.

    >>> import rushlight as torch
    >>> torch.ones(2, 3, 4, 5).contiguous(memory_format=torch.channels_last).stride()
    (60, 1, 15, 3)
    """
    if memory_format is None:
        return self if is_contiguous(self) else function("_contiguous")(self)
    require_format("contiguous", memory_format)
    if memory_format is preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    if lies_in(self._current_layout(), memory_format):
        return self
    return copy_in(self, memory_format, function("clone"))


def clone(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own (gradient flows through), lying as the tensor lies."""
    require_format("clone", memory_format)
    return copy_in(self, memory_format, function("clone"))


def detach(self: Tensor) -> Tensor:
    """The same memory without gradient."""
    return self._alias()


def detach_(self: Tensor) -> Tensor:
    """Cut from the graph: a leaf without gradient."""
    if self._base is not None:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedData"
            "Parallel (DDP) for training, and gradient_as_bucket_view is set as True, gradients "
            "are views of DDP buckets, and hence detach_() cannot be called on these gradients."
        )
    self._edge = None
    return self


def get_data(self: Tensor) -> Tensor:
    """The same memory without gradient and without version checks."""
    made = self._alias(untracked=True)
    kind = type(self)
    if kind is not Tensor and not getattr(kind, "_plain", False):
        return made.as_subclass(kind)  # type: ignore[attr-defined, no-any-return]
    return made


def set_data(self: Tensor, other: Tensor) -> None:
    """Take over another tensor's memory."""
    if not isinstance(other, Tensor):
        raise TypeError(f"Variable data has to be a tensor, but got {type(other).__name__}")
    fresh = other._read_value()
    storage = other._share()
    if self._edge is not None and self._value is not fresh and not self._value.overwritten:
        # A leaf is asked what it holds by then: to note it here would keep it alive for as long.
        self._value.overwritten = Replaced(None if self._edge is LEAF else fresh)
    if isinstance(fresh.overwritten, Replaced):  # the old elements are back
        fresh.overwritten = False
    self._value = other._value
    self._storage = storage
    self._layout = other._layout
    self._seen = other._seen


def _moved_home(told: Value, value: Value, buffer: Buffer) -> Buffer:
    """``value``'s elements in the memory of ``told``, who keeps a copy if somebody needs it."""
    home = told.buffer
    if home is None or home.nbytes != buffer.nbytes:
        return buffer
    foreign = any(each.owner is not None or each.exposures for each in (home, buffer))
    # References to home: its value, the local name, the argument; to the buffer: the caller's too.
    if foreign or getrefcount(home) > 3 + home.kept or getrefcount(buffer) > 4 + buffer.kept:
        return buffer
    # The storage, the caller, this function and the argument.
    if getrefcount(told) > 4:
        told.buffer = copy_of(home)
    home.changed()
    ctypes.memmove(home.address, buffer.address, buffer.nbytes)
    value.buffer = home
    return home


def data_ptr(self: Tensor) -> int:
    """The address of the first element: the same for as long as the tensor has this storage.

    A write in place makes new memory; when somebody asks again, what was written moves to where the
    elements were, and old numbers that are still needed move away.
    """
    if self._value.meta.shell:
        return 0
    buffer = private_buffer(self)
    storage = self._share()
    told = storage.home
    if told is not None and told is not storage.value:
        buffer = _moved_home(told, storage.value, buffer)
    storage.home = storage.value
    buffer.version = -1  # who knows where it lies may write to it
    return buffer.address + self._current_layout().offset * self.dtype.itemsize


def element_size(self: Tensor) -> int:
    """Bytes of one element."""
    return self.dtype.itemsize


def version(self: Tensor) -> int:
    """How often it was written to in place. RuntimeError for tensors of ``inference_mode``."""
    if self._made_in_inference():
        raise RuntimeError("Inference tensors do not track version counter.")
    storage = self._storage
    return self._value.version if storage is None else storage.version - storage.uncounted
