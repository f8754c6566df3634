"""Writing into a tensor: copy_, fill_, zero_, and ``name_`` of every op that has one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes
from rushlight.engine.trace import local
from rushlight.tensor.argument_kinds import require_tensor
from rushlight.tensor.kinds import class_name, convert, require_fits
from rushlight.tensor.methods.memory import set_data
from rushlight.tensor.out import write_out
from rushlight.tensor.state import LEAF
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function
from rushlight.tensor.write_now import elements_written, same_place

# The number to fill with, after so many arguments, is read before anything is written.
_READ_FIRST = {"masked_fill": 1, "index_fill": 2}


def inplace_method(name: str) -> Callable[..., Tensor]:
    compute = function(name)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        try:
            self._writable(name + "_")
        except AttributeError:
            require_tensor(name + "_", self)
            raise
        if self._storage is not None:
            for other in args[: _READ_FIRST.get(name)]:
                self._apart_from(other)
        return self._inplace(compute(self, *args, **kwargs), name + "_")

    method.__name__ = method.__qualname__ = name + "_"
    method.__module__ = "rushlight"  # where users find torch.abs_, and so pickle
    method.__doc__ = f"``{name}``, written into this tensor."
    return method


def addbmm_(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """``addbmm``, written into this tensor: sized to the product, as PyTorch sizes an ``out``."""
    made = function("addbmm")(self, *args, **kwargs)
    if made.shape == self.shape:
        return inplace_method("addbmm")(self, *args, **kwargs)
    if self._edge is not None or made._edge is not None:
        raise RuntimeError(
            f"addbmm_(): the product of shape {list(made.shape)} does not fit into a tensor of "
            f"shape {list(self.shape)} that takes part in a gradient"
        )
    return write_out("addbmm", self, made)


INPLACE_VIEWS = ("unsqueeze", "squeeze", "t", "transpose", "swapaxes", "swapdims")


def inplace_view(name: str) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if self._edge is LEAF and local.trace.grad:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        view = getattr(self, name)(*args, **kwargs)
        set_data(self, view)
        self._edge = view._edge
        return self

    method.__name__ = method.__qualname__ = name + "_"
    method.__module__ = "rushlight"  # where users find torch.abs_, and so pickle
    method.__doc__ = f"This tensor becomes its own ``{name}``: the memory stays, the shape changes."
    return method


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """The elements of ``src``, broadcast and converted, written into this tensor."""
    self._writable("copy_")
    if isinstance(src, (tuple, list)):
        raise TypeError(
            f"copy_(): argument 'other' (position 1) must be Tensor, not {type(src).__name__}"
        )
    if not isinstance(src, Tensor):
        from rushlight.tensor.from_data import as_tensor

        src = as_tensor(src)
    if same_place(self, src):
        return self
    self._apart_from(src)
    stays = self._edge is not None and local.trace.grad
    source = src if src.dtype is self.dtype else convert(src, self.dtype)
    if source.shape != self.shape:
        if broadcast_shapes(self.shape, source.shape) != self.shape:
            raise ShapeError(
                f"copy_: output with shape {list(self.shape)} doesn't match the broadcast shape "
                f"{list(broadcast_shapes(self.shape, source.shape))}"
            )
        source = function("expand")(source, *self.shape)
    if stays:
        self._assign(function("_copy")(self, source))  # it stays in the graph
    elif (
        self._base is None or (source._edge is not None and local.trace.grad)
        or not elements_written(self, source._read_value())
    ):  # fmt: skip
        self._assign(function("_contiguous")(source))
    return self


def _once(self: Tensor) -> Tensor:
    """The part of an expanded tensor that has each place once."""
    view = self
    for axis, (size, step) in enumerate(zip(self._layout.shape, self._layout.strides, strict=True)):
        if size > 1 and step == 0:
            view = function("narrow")(view, axis, 0, 1)
    return view


def fill_(self: Tensor, value: Any) -> Tensor:
    """One number everywhere."""
    if self._storage is not None and self._layout.overlaps:
        fill_(_once(self), value)
        return self
    self._writable("fill_")
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.ndim} dimensions."
            )
        if self._storage is not None and value._storage is self._storage:
            value = function("clone")(value)  # one of the elements that are written to
        return copy_(self, value)
    if isinstance(value, (int, float, bool)):
        require_fits(value, self.dtype)
        if self._edge is not None and local.trace.grad:
            self._assign(function("_fill")(self, value))  # it stays in the graph
        else:
            self._assign(function("_full")(self.shape, value, self.dtype))
    elif isinstance(value, (complex, np.generic)):
        if isinstance(value, complex):
            require_fits(value, self.dtype)
        copy_(self, Tensor._from_array(np.asarray(value)))
    else:
        raise TypeError(
            f"fill_() received an invalid combination of arguments - got "
            f"({class_name(value)}), but expected one of:\n * (Tensor value)\n * (Number value)"
        )
    return self


def zero_(self: Tensor) -> Tensor:
    """0 everywhere."""
    if self._storage is not None and self._layout.overlaps:
        zero_(_once(self))
        return self
    self._writable("zero_")
    if self._edge is not None and local.trace.grad:
        self._assign(function("_zero")(self))
        return self
    self._assign(function("_constant")(self.shape, 0, self.dtype))
    return self
