"""Tensor: a value with PyTorch's face. Only what its identity needs is here: memory, versions,
views, in-place writes and the gradient edge; the methods are installed by ``tensor/methods/``.
"""

from __future__ import annotations

import ctypes
import weakref
from collections import OrderedDict
from sys import getrefcount
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.base.hot import hot
from rushlight.engine.call import TENSOR, OpCall, op_call
from rushlight.engine.flush import flush
from rushlight.engine.samples import evaluate
from rushlight.engine.trace import local
from rushlight.engine.value import (
    NOWHERE,
    Meta,
    Size,
    Value,
    concrete,
    inference_meta,
    meta_of,
    shell_meta,
)
from rushlight.ops.arrangement import inverse, order_of
from rushlight.ops.layout import Layout
from rushlight.ops.view.permute import permute
from rushlight.ops.view.reshape import reshape
from rushlight.ops.view.strided import strided, strided_of
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer
from rushlight.tensor import state
from rushlight.tensor.device import NO_DATA
from rushlight.tensor.overwrite import Writable
from rushlight.tensor.state import LEAF, GradNode, OutputEdge, edge_of, shown
from rushlight.tensor.storage import Storage

new = object.__new__


@hot
class Tensor(Writable):
    """A multi-dimensional array of one dtype that can take part in gradients.

    Made by ``torch.tensor``, ``torch.zeros`` and the like. Operations on it are recorded and run
    when a value is needed; see docs/layout.md.
    """

    # ``_storage`` is None while nobody shares the memory; ``_layout`` and ``_seen`` (the storage
    # version that ``_value`` shows) mean something only where it is not.
    __slots__ = ("__dict__", "__weakref__", "_edge", "_layout", "_seen", "_storage", "_value")

    _value: Value
    _storage: Storage | None
    _layout: Layout
    _seen: int
    _edge: Any
    # In the instance's __dict__ only where set:
    _base: Tensor | None = None  # whose storage this is a view of, for gradients through writes
    _grad: Tensor | None = None
    # What shares memory with this in PyTorch, not here: parts of complex tensors with gradients.
    _copies: tuple[weakref.ref[Tensor], ...] | None = None
    _hooks: OrderedDict[int, Any] | None = None
    _accumulate_hooks: OrderedDict[int, Any] | None = None
    _retains: bool = False
    _part_of: str = ""  # the operation of several views that this is one of, or a view of one
    _part: int | None = None  # which of them it is
    _untracked: bool = False  # made by ``.data``: writes do not count for saved tensors

    # Making

    @staticmethod
    @hot
    def _of(value: Value) -> Tensor:
        tensor = new(Tensor)
        tensor._value = value
        tensor._storage = None
        tensor._edge = None
        return tensor

    @staticmethod
    def _from_array(array: Any, *, copy: bool = True) -> Tensor:
        """A tensor of a NumPy array's elements: its own memory, or (copy=False) the array's."""
        array = np.asarray(array)
        kind = dtypes.from_numpy(array.dtype)
        if not array.dtype.isnative:
            array, copy = array.astype(array.dtype.newbyteorder("=")), False
        if copy:
            buffer = Buffer.copying(array)
            return Tensor._of(mark_made(concrete(buffer, array.shape, kind)))
        buffer = Buffer.wrap(array)
        if array.flags.c_contiguous:
            return Tensor._of(mark_made(concrete(buffer, array.shape, kind)))
        item = array.itemsize
        if any(step < 0 for step in array.strides):
            raise ValueError(
                "At least one stride in the given numpy array is negative, and tensors with "
                "negative strides are not currently supported. (You can probably work around "
                "this by making a copy of your array with array.copy().)"
            )
        if any(step % item for step in array.strides):
            raise ValueError("given numpy array strides not a multiple of the element byte size")
        whole = mark_made(concrete(buffer, (buffer.nbytes // item,), kind))
        layout = Layout(array.shape, tuple(step // item for step in array.strides), 0)
        return Tensor._window(Storage(whole), layout)

    @staticmethod
    def _window(storage: Storage, layout: Layout) -> Tensor:
        """A tensor that looks into a storage."""
        tensor = new(Tensor)
        tensor._storage = storage
        tensor._layout = layout
        tensor._seen = -1
        tensor._edge = None
        tensor._value = storage.value
        tensor._refresh()
        return tensor

    # Reading

    @hot
    def _read_value(self) -> Value:
        """The value to record: up to date with the storage."""
        storage = self._storage
        if storage is not None and storage.version != self._seen:
            self._refresh()
        return self._value

    def _refresh(self) -> None:
        """Somebody wrote to the storage since this tensor was last read."""
        storage, layout = self._storage, self._layout
        assert storage is not None
        base = self._base
        if base is not None:
            base._read_value()
        shared = storage.value
        self._seen = storage.version
        if layout.shape == shared.meta.shape and layout.offset == 0 and layout.contiguous:
            self._value = shared
        elif layout.fills(shared.meta.numel):
            physical, back = turned(layout)
            if shared.meta.shape != physical:
                shared = _derived(shared, _as_shape(physical), physical, storage.version)
            self._value = _derived(shared, back, layout.shape, storage.version)
            self._value.window = layout
        else:
            if layout.numel and layout.ends > shared.meta.numel:
                raise RuntimeError(
                    f"a tensor of sizes {list(layout.shape)}, strides {list(layout.strides)} and "
                    f"storage offset {layout.offset} looks behind the end of its storage, which "
                    f"was resized to {shared.meta.numel} elements"
                )
            call = op_call(strided, (TENSOR, layout.shape, layout.strides, layout.offset))
            self._value = _derived(shared, call, layout.shape, storage.version)
            self._value.window = layout
        if base is not None and "_detached" not in self.__dict__:
            source = edge_of(base)
            if source is not None:
                self._edge = edge_through(base, layout, source)
            elif self._edge is not LEAF:  # a view may be a leaf
                self._edge = None

    @hot
    def _concrete(self) -> Buffer:
        """The memory of the storage, computed."""
        self._read_value()
        if self._value.meta.shell:
            raise NotImplementedError(NO_DATA)
        value = self._value if self._storage is None else self._storage.value
        while value.parent is not None:
            raise InternalError("a storage holds a derived value")
        if value.buffer is None:
            if local.trace.abstract:
                evaluate(value)
            elif value.epoch is local.trace.epoch:
                flush(local.trace)
            else:
                local.trace.enter(value)
        assert value.buffer is not None
        return value.buffer

    def _array(self) -> np.ndarray[Any, Any]:
        """A NumPy view of the elements, for reading inside the library."""
        buffer = self._concrete()
        kind = self._value.meta.dtype.np
        if self._storage is None:
            return buffer.array(kind, self._value.meta.shape)
        layout, item = self._layout, kind.itemsize
        if not self._value.meta.numel:  # its offset may lie behind the last element
            return buffer.array(kind, layout.shape)
        strides = tuple(step * item for step in layout.strides)
        return buffer.array(kind, layout.shape, layout.offset * item, strides)

    # Sharing

    @hot
    def _share(self) -> Storage:
        """The storage, made now if nobody needed one before."""
        storage = self._storage
        if storage is None:
            storage = Storage(self._value)
            self._layout = self._value.meta.layout
            self._seen = storage.version
            self._storage = storage
        return storage

    def _take_over(self, other: Tensor) -> None:
        """Become what ``other``, made a moment ago, is: its elements and its place in memory."""
        self._value = other._value
        self._storage = other._storage
        if other._storage is not None:
            self._layout, self._seen = other._layout, other._seen

    def _current_layout(self) -> Layout:
        return self._value.meta.layout if self._storage is None else self._layout

    def _alias(self, *, untracked: bool = False) -> Tensor:
        """Another tensor on the same memory, without gradient."""
        self._read_value()
        storage = self._share()
        other = new(Tensor)
        other._value = self._value
        other._storage = storage
        other._layout = self._layout
        other._seen = self._seen
        other._edge = None
        if untracked:
            other._untracked = True
        return other

    def _unshare(self) -> None:
        """Forget the storage if no other tensor is left that looks into it."""
        storage, layout = self._storage, self._layout
        # References: this tensor, the local name and getrefcount's argument.
        if getrefcount(storage) == 3 and self._base is None and storage.mirror is None:  # type: ignore[union-attr]
            self._read_value()
            plain = layout.strides == self._value.meta.layout.strides
            # A graph of before writes through .data still asks the storage for what is there now.
            asked = storage.unseen is not None and getrefcount(storage.unseen) > 2  # type: ignore[union-attr]
            if self._value is storage.value and plain and not asked:  # type: ignore[union-attr]
                self._storage = None

    # Shape and kind

    @property
    def _value_meta(self) -> Meta:
        return self._value.meta

    @property
    def shape(self) -> Size:
        return self._value.meta.shape

    @property
    def dtype(self) -> DType:
        return self._value.meta.dtype

    @property
    def ndim(self) -> int:
        return len(self._value.meta.shape)

    @property
    def requires_grad(self) -> bool:
        if self._storage is not None:
            self._read_value()
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if not isinstance(wanted, bool):
            raise RuntimeError("requires_grad must be a bool")
        if self._edge is not None and self._edge is not LEAF:
            if not wanted:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to "
                    "use a computed variable in a subgraph that doesn't require differentiation "
                    "use var_no_grad = var.detach()."
                )
            return
        kind = self.dtype
        if wanted and self._root().meta.inference and not local.trace.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            )
        if wanted and not (kind.is_floating_point or kind.is_complex):
            raise RuntimeError("only Tensors of floating point dtype can require gradients")
        self._edge = LEAF if wanted else None

    @property
    def is_leaf(self) -> bool:
        return self._edge is None or self._edge is LEAF

    @property
    def grad_fn(self) -> Any:
        edge = self._edge if self.requires_grad else None
        if edge is None or edge is LEAF:
            return None
        name = "" if self._part is None else f"{self._part_of}Backward0"
        return shown(edge.node if isinstance(edge, OutputEdge) else edge, name)

    @property
    def output_nr(self) -> int:
        return self._edge.number if isinstance(self._edge, OutputEdge) else self._part or 0

    @hot
    def item(self) -> Any:
        """The one element as a Python number. Raises RuntimeError where there are more or none."""
        value = self._value if self._storage is None else self._read_value()
        meta = value.meta
        if meta.numel != 1:
            raise RuntimeError(f"a Tensor with {meta.numel} elements cannot be converted to Scalar")
        storage = self._storage
        buffer = value.buffer if storage is None else storage.value.buffer
        if buffer is None:
            if meta.shell:
                raise RuntimeError("Tensor.item() cannot be called on meta tensors")
            buffer = self._concrete()
        if tail.held is not None:
            tail.need(buffer)
        reader = _READERS.get(meta.dtype)
        if reader is None:
            return self._array().item()
        if storage is None:
            return reader(buffer.address).value
        return reader(buffer.address + self._layout.offset * meta.dtype.itemsize).value


_READERS: dict[DType, Any] = {
    dtypes.float32: ctypes.c_float.from_address,
    dtypes.float64: ctypes.c_double.from_address,
    dtypes.int64: ctypes.c_int64.from_address,
    dtypes.int32: ctypes.c_int32.from_address,
    dtypes.int16: ctypes.c_int16.from_address,
    dtypes.int8: ctypes.c_int8.from_address,
    dtypes.uint8: ctypes.c_uint8.from_address,
    dtypes.bool_: ctypes.c_bool.from_address,
}


def mark_made(value: Value) -> Value:
    """A new concrete value, marked if this is ``inference_mode``."""
    if local.trace.inference:
        value.meta = inference_meta(value.meta)
    return value


def _derived(parent: Value, call: OpCall, shape: tuple[int, ...], version: int) -> Value:
    meta = meta_of(shape, parent.meta.dtype)
    value = Value(NOWHERE, -1, shell_meta(meta) if parent.meta.shell else meta)
    value.parent = parent
    value.recipe = call
    value.version = version
    return value


def turned(layout: Layout) -> tuple[tuple[int, ...], OpCall]:
    """The shape of the array in memory under a layout without gaps, and the call that shows it."""
    order = order_of(layout.strides)
    return tuple(layout.shape[a] for a in order), op_call(permute, (TENSOR, inverse(order)))


def _as_shape(shape: tuple[int, ...]) -> OpCall:
    return op_call(reshape, (TENSOR, shape))


def edge_through(base: Tensor, layout: Layout, source: Any) -> Any:
    """The edge of a window of the storage as its base, whose edge is ``source``, gives it.

    Elements of the window that are not the base's are constants.
    """
    whole, meta = base._current_layout(), base._value.meta
    if whole.contiguous and whole.offset == 0 and layout.ends <= whole.numel:
        call = op_call(strided, (TENSOR, *layout))
    else:
        call = op_call(strided_of, (TENSOR, *layout, whole.strides, whole.offset))
    gradient = call.gradient(((meta,), ()), (meta_of(layout.shape, meta.dtype),), 1)
    return None if gradient is None else GradNode(gradient, (source,), (), ())


def _install() -> None:
    state.tensor_of = Tensor._of


_install()
