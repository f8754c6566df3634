"""Tensor: a value with PyTorch's face. Only what its identity needs is here: memory, versions,
views, in-place writes and the gradient edge; the methods are installed by ``tensor/methods/``.
"""

from __future__ import annotations

import ctypes
from collections import OrderedDict
from collections.abc import Iterable
from sys import getrefcount
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.engine.call import TENSOR, Gradient, OpCall, op_call
from rushlight.engine.exposure import copy_of, exposed
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.engine.value import NOWHERE, Meta, Size, Value, concrete, inference_meta, meta_of
from rushlight.ops.layout import Layout
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.table import Op
from rushlight.ops.view.reshape import flatten
from rushlight.ops.view.strided import strided, strided_set
from rushlight.runtime.buffer import Buffer
from rushlight.tensor import state
from rushlight.tensor.state import LEAF, GradNode, OutputEdge, attach, edge_of, shown
from rushlight.tensor.storage import Storage

new = object.__new__
# What is said where a result would be written over what it is computed from.
OVERLAP = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to "
    "a single memory location. Please clone() the tensor before performing the operation."
)


class Tensor:
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
    _hooks: OrderedDict[int, Any] | None = None
    _accumulate_hooks: OrderedDict[int, Any] | None = None
    _retains: bool = False
    _untracked: bool = False  # made by ``.data``: writes do not count for saved tensors

    # Making

    @staticmethod
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
            buffer = Buffer(array.nbytes)
            buffer.array(kind.np, array.shape)[...] = array
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
        else:
            call = op_call(strided, (TENSOR, layout.shape, layout.strides, layout.offset))
            self._value = _derived(shared, call, layout.shape, storage.version)
        if base is not None and "_detached" not in self.__dict__:
            source = edge_of(base)
            self._edge = None if source is None else _edge_through(base, layout, source)

    def _concrete(self) -> Buffer:
        """The memory of the storage, computed."""
        self._read_value()
        value = self._value if self._storage is None else self._storage.value
        while value.parent is not None:
            raise InternalError("a storage holds a derived value")
        if value.buffer is None:
            if value.epoch is local.trace.epoch:
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

    def _share(self) -> Storage:
        """The storage, made now if nobody needed one before."""
        storage = self._storage
        if storage is None:
            storage = Storage(self._value)
            self._layout = self._value.meta.layout
            self._seen = storage.version
            self._storage = storage
        return storage

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
        if getrefcount(storage) == 3 and self._base is None:
            self._read_value()
            if self._value is storage.value and layout.contiguous:  # type: ignore[union-attr]
                self._storage = None

    # Writing

    def _root(self) -> Value:
        """The value that owns the memory."""
        return self._value if self._storage is None else self._storage.value

    def _made_in_inference(self) -> bool:
        """Whether this was made in ``inference_mode``."""
        value, trace = self._root(), local.trace
        if value.meta.inference:
            return True
        lazy = value.buffer is None and value.parent is None and value.epoch is trace.epoch
        return trace.inference and lazy and value.version == 0

    def _require_normal(self) -> None:
        """Raise where a tensor of ``inference_mode`` would be written to outside of it."""
        if not local.trace.inference and self._root().meta.inference:
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can "
                "make a clone to get a normal tensor before doing inplace update.See "
                "https://github.com/pytorch/rfcs/pull/17 for more details."
            )

    def _writable(self, who: str) -> None:
        """Raise where an in-place operation may not be."""
        edge = self._edge
        trace = local.trace
        self._require_normal()
        if trace.grad:
            if edge is LEAF:
                raise RuntimeError(
                    "a leaf Variable that requires grad is being used in an in-place operation."
                )
            if self._base is not None and self._base._edge is LEAF:
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place "
                    "operation."
                )
        if self._storage is not None and self._layout.overlaps and self._value.meta.numel:
            raise RuntimeError(
                f"{who}: unsupported operation: more than one element of the written-to tensor "
                "refers to a single memory location. Please clone() the tensor before performing "
                "the operation."
            )

    def _apart_from(self, other: Any) -> None:
        """Raise where a write to this tensor would change ``other`` while it is being read."""
        if not isinstance(other, Tensor) or other is self:
            return
        storage = self._storage
        if storage is None or other._storage is not storage:
            return
        mine, theirs = self._layout, other._layout
        if not (_dense(mine) and _dense(theirs)):
            return
        end, their_end = mine.offset + _numel(mine.shape), theirs.offset + _numel(theirs.shape)
        meet = mine.offset < their_end and theirs.offset < end
        if meet and (mine.offset, end, _steps(mine)) != (theirs.offset, their_end, _steps(theirs)):
            raise RuntimeError(OVERLAP)

    def _inplace(self, result: Tensor, who: str) -> Tensor:
        """Make ``result``, computed from this tensor, its new content."""
        if type(result._edge) is GradNode:
            result._edge.inplace = True
        meta, mine = result._value.meta, self._value.meta
        if meta is not mine:
            if meta.shape != mine.shape:
                raise RuntimeError(
                    f"output with shape {list(mine.shape)} doesn't match the broadcast shape "
                    f"{list(meta.shape)}"
                )
            if not can_cast(meta.dtype, mine.dtype):
                raise RuntimeError(
                    f"result type {type_name(meta.dtype)} can't be cast to the desired output type "
                    f"{type_name(mine.dtype)}"
                )
            result = convert(result, mine.dtype)
        self._assign(result)
        return self

    def _assign(self, result: Tensor) -> None:
        """Take over the value (and the gradient) of a tensor of the same shape and dtype."""
        trace = local.trace
        fresh = result._read_value()
        if fresh.parent is not None:  # a view of what was computed: dropout3d squeezes its result
            fresh = materialise(fresh)
        if self._storage is None:
            old = self._value
            if old.buffer is not None and (old.buffer.exposures or old.buffer.owner is not None):
                _write_through(old, fresh)
            if old.buffer is not None and old.buffer is not fresh.buffer:
                _journal(self, old)
            stays = trace.inference and self._made_in_inference()
            # No calls from here on: an interrupt finds all of it done, or nothing.
            fresh.version = 0 if stays else old.version + 1
            old.overwritten = True
            self._value = fresh
            if trace.grad:
                self._edge = result._edge
            return
        self._assign_shared(result, fresh)

    def _assign_shared(self, result: Tensor, fresh: Value) -> None:
        trace, storage, layout = local.trace, self._storage, self._layout
        assert storage is not None
        base = self._base
        old = storage.value
        whole = layout.offset == 0 and layout.contiguous and _numel(layout.shape) == old.meta.numel
        flows = (
            trace.grad and base is not None and (result._edge is not None or base._edge is not None)
        )
        if whole and not flows:
            written = fresh
        elif base is not None and flows:
            base._read_value()
            full = write_window(base, result, _within(base, layout))
            edge = full._edge
            fills = base._value.meta.numel == old.meta.numel
            if fills:
                written = full._value
            else:
                call = op_call(
                    strided_set, (TENSOR, TENSOR, layout.shape, layout.strides, layout.offset)
                )
                (written,) = trace.record(call, (old, fresh))
        else:
            call = op_call(
                strided_set, (TENSOR, TENSOR, layout.shape, layout.strides, layout.offset)
            )
            (written,) = trace.record(call, (old, fresh))
        if old.buffer is not None and (old.buffer.exposures or old.buffer.owner is not None):
            _write_through(old, written)
        version, tracked = storage.version + 1, not self._untracked
        stays = trace.inference and self._made_in_inference()
        # No calls from here on: an interrupt finds all of it done, or nothing.
        if tracked:
            old.overwritten = True
        written.version = 0 if stays else version
        storage.version = version
        storage.value = written
        if base is None:
            if trace.grad:
                self._edge = result._edge
        elif flows:
            base._edge = edge
            if fills:
                base._value = written
                base._seen = version
        if whole and not flows and fresh.meta is self._value.meta:
            self._value = fresh
            self._seen = version

    def _replace_(self, result: Tensor) -> None:
        """The optimisers' write: a new value, no gradient, nothing checked."""
        if self._storage is not None:
            self._unshare()
        old = self._value
        if self._storage is None and (
            old.buffer is None or not (old.buffer.exposures or old.buffer.owner is not None)
        ):
            if old.buffer is not None:
                _journal(self, old)
            # No calls from here on: an interrupt finds all of it done, or nothing.
            fresh = result._value
            fresh.version = old.version + 1
            old.overwritten = True
            self._value = fresh
            return
        trace = local.trace
        grad, trace.grad = trace.grad, False
        try:
            self._assign(result)
        finally:
            trace.grad = grad

    # Shape and kind

    @property
    def _meta(self) -> Meta:
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
        if self._edge is not None and self._edge is not LEAF:
            if not wanted:
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use "
                    "a computed variable in a subgraph that doesn't require differentiation use "
                    "var_no_grad = var.detach()."
                )
            return
        kind = self.dtype
        if wanted and self._root().meta.inference and not local.trace.inference:
            raise RuntimeError(
                "Setting requires_grad=True on inference tensor outside InferenceMode is not "
                "allowed."
            )
        if wanted and not (kind.is_floating_point or kind.is_complex):
            raise RuntimeError(
                "only Tensors of floating point and complex dtype can require gradients"
            )
        self._edge = LEAF if wanted else None

    @property
    def is_leaf(self) -> bool:
        return self._edge is None or self._edge is LEAF

    @property
    def grad_fn(self) -> Any:
        if self._storage is not None:
            self._read_value()
        edge = self._edge
        if edge is None or edge is LEAF:
            return None
        return shown(edge.node if isinstance(edge, OutputEdge) else edge)

    @property
    def output_nr(self) -> int:
        return self._edge.number if isinstance(self._edge, OutputEdge) else 0

    def item(self) -> Any:
        """The one element as a Python number. Raises RuntimeError where there are more or none."""
        value = self._value if self._storage is None else self._read_value()
        meta = value.meta
        if meta.numel != 1:
            raise RuntimeError(f"a Tensor with {meta.numel} elements cannot be converted to Scalar")
        if self._storage is None:
            buffer = value.buffer
            if buffer is None:
                buffer = self._concrete()
            reader = _READERS.get(meta.dtype.name)
            if reader is not None:
                return reader.from_address(buffer.address).value
        return self._array().item()


_READERS: dict[str, Any] = {
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
    "int64": ctypes.c_int64,
    "int32": ctypes.c_int32,
    "int16": ctypes.c_int16,
    "int8": ctypes.c_int8,
    "uint8": ctypes.c_uint8,
    "bool": ctypes.c_bool,
}


def mark_made(value: Value) -> Value:
    """A new concrete value, marked if this is ``inference_mode``."""
    if local.trace.inference:
        value.meta = inference_meta(value.meta)
    return value


def _numel(shape: tuple[int, ...]) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


def _steps(layout: Layout) -> list[int]:
    """Strides, but for axes of size 1, whose stride says nothing."""
    return [s if n != 1 else 0 for s, n in zip(layout.strides, layout.shape, strict=True)]


def _dense(layout: Layout) -> bool:
    """Whether the elements fill their stretch of memory without gaps, each place once."""
    step = 1
    for stride, size in sorted(zip(layout.strides, layout.shape, strict=True)):
        if size != 1:
            if stride != step:
                return False
            step *= size
    return True


def type_name(kind: DType) -> str:
    """PyTorch's word for a dtype in messages: Float, Long."""
    return legacy_name(kind)


def can_cast(source: DType, target: DType) -> bool:
    """Whether an in-place result of ``source`` may be stored as ``target``: not down a category."""
    return source.category <= target.category


_C_NAMES = {
    "uint8": "uint8_t", "int8": "int8_t", "int16": "int16_t", "int32": "int", "int64": "int64_t",
}  # fmt: skip


def require_fits(number: float | int | bool, kind: DType) -> None:
    """RuntimeError where a whole-number dtype cannot hold ``number`` (uint8 takes -1: 255)."""
    if kind.name not in _C_NAMES or isinstance(number, bool) or number != number:
        return
    limits = np.iinfo(kind.np)
    low = -limits.max if kind.name == "uint8" and isinstance(number, int) else limits.min
    if not low <= number <= limits.max:
        raise RuntimeError(
            f"value cannot be converted to type {_C_NAMES[kind.name]} without overflow"
        )


def convert(tensor: Tensor, kind: DType) -> Tensor:
    """The same numbers in another dtype (recorded, with gradient)."""
    from rushlight.tensor.wrap import function  # wrap stands on this module

    if tensor._value.meta.dtype is kind:
        return tensor
    converted: Tensor = function("_to_dtype")(tensor, kind)
    return converted


def write_window(base: Tensor, values: Tensor, layout: Layout) -> Tensor:
    """``base`` with a window of its storage replaced (recorded, with gradient)."""
    from rushlight.tensor.wrap import function

    written: Tensor = function("_strided_set")(
        base, values, layout.shape, layout.strides, layout.offset
    )
    return written


def _derived(parent: Value, call: OpCall, shape: tuple[int, ...], version: int) -> Value:
    value = Value(NOWHERE, -1, meta_of(shape, parent.meta.dtype))
    value.parent = parent
    value.recipe = call
    value.version = version
    return value


def _journal(tensor: Tensor, old: Value) -> None:
    """Remember what ``tensor`` was, until the write that replaced it has been computed."""
    if not old.journaled:
        local.trace.journal.append((tensor, old))
        old.journaled = True


def _write_through(old: Value, fresh: Value) -> None:
    """Somebody outside looks at ``old``'s memory: the new elements must be there at once."""
    buffer = old.buffer
    assert buffer is not None
    if not exposed(buffer):
        return
    if fresh.buffer is None:
        if fresh.parent is not None:
            fresh = materialise(fresh)
        flush(local.trace)
    source = fresh.buffer
    assert source is not None
    # The tensor, the caller's name, ours and the argument: who else reads it wants the old numbers.
    if getrefcount(old) > 4:
        old.buffer = copy_of(buffer)
    ctypes.memmove(buffer.address, source.address, min(buffer.nbytes, source.nbytes))
    fresh.buffer = buffer


def materialise(value: Value) -> Value:
    """A derived value's elements in memory of their own (still lazy)."""
    from rushlight.ops.pointwise import clone

    (made,) = local.trace.record(op_call(clone, (TENSOR,)), (value,))
    return made


def _within(base: Tensor, layout: Layout) -> Layout:
    """A window of the storage as a window of ``base``."""
    whole = base._current_layout()
    start = layout.offset - whole.offset
    steps = sum((n - 1) * s for n, s in zip(layout.shape, layout.strides, strict=True))
    inside = not _numel(layout.shape) or (start >= 0 and start + steps < _numel(whole.shape))
    if not (whole.contiguous and inside):
        raise NotImplementedError(
            "gradients through writes to views of a detached tensor that is itself a transposed or "
            "strided view: clone() the detached tensor first"
        )
    return layout._replace(offset=start if inside and _numel(layout.shape) else 0)


def _edge_through(base: Tensor, layout: Layout, source: Any) -> Any:
    """The edge of a view whose storage was written to: a window of its base."""
    window = _within(base, layout)
    meta = base._value.meta
    call = op_call(strided, (TENSOR, window.shape, window.strides, window.offset))
    gradient = call.gradient(((meta,), ()), (meta_of(window.shape, meta.dtype),), 1)
    return None if gradient is None else GradNode(gradient, (source,), (), ())


def replace_all(tensors: Iterable[Tensor], values: Iterable[Value]) -> None:
    """``tensor._replace_(value)`` for all of an optimiser's tensors, spelled out."""
    journal = local.trace.journal
    for tensor, fresh in zip(tensors, values, strict=True):
        old = tensor._value
        buffer = old.buffer
        if (
            tensor._storage is not None
            or buffer is None
            or buffer.exposures
            or buffer.owner is not None
        ):
            tensor._replace_(Tensor._of(fresh))
            continue
        if not old.journaled:
            journal.append((tensor, old))
            old.journaled = True
        # No calls from here on: an interrupt finds all of it done, or nothing.
        fresh.version = old.version + 1
        old.overwritten = True
        tensor._value = fresh


def edge_of_view(value: Value, parent: Value, source: Any, gradient: Gradient | None) -> Any:
    """The edge of a view of ``parent``, whose edge is ``source``."""
    if gradient is None:
        return None
    return GradNode(gradient, (source,), gradient.pick((parent, value)), ())


def gradient_of_view(call: OpCall, parent: Meta, shown: Meta) -> Gradient | None:
    """What ``edge_of_view`` needs, the same for all views of one kind."""
    return call.gradient(((parent,), ()), (shown,), 1)


_VIEWS_LIMIT = 1 << 14


def make_view(op: Op, x: Tensor, arguments: tuple[Any, ...]) -> Any:
    """Apply a view op: no recording, only where the elements lie. Copies where no view can be."""
    cache = op.views
    if x._storage is None:
        value = x._value
        layout = value.meta.layout
        key: Any = (value.meta, arguments)
    else:
        value = x._read_value()
        layout = x._layout
        key = (layout, value.meta.dtype, arguments)
    entry = cache.get(key)
    if entry is None:
        if len(cache) > _VIEWS_LIMIT:
            cache.clear()
        entry = cache[key] = _plan_view(op, layout, value.meta, arguments)
    target, call, meta, gradient = entry
    if target is None:
        return _copy_view(x, value, call)
    if op is flatten and len(target.shape) == len(layout.shape):
        return x
    storage = x._share()
    result = new(Tensor)
    shown = Value(NOWHERE, -1, meta)
    shown.parent = value
    shown.recipe = call
    shown.version = storage.version
    result._value = shown
    result._storage = storage
    result._layout = target
    result._seen = storage.version
    result._edge = None
    result._base = x if x._base is None else x._base
    trace = local.trace
    if x._edge is not None:
        if trace.grad:
            result._edge = edge_of_view(shown, value, edge_of(x), gradient)
        else:
            result.__dict__["_detached"] = True
    if x._untracked:
        result._untracked = True
    return result


def _plan_view(
    op: Op, layout: Layout, meta: Meta, arguments: tuple[Any, ...]
) -> tuple[Layout | None, OpCall, Meta | None, Gradient | None]:
    """Where the view looks, what it records, its meta and its gradient."""
    assert op.stride_rule is not None
    positional: list[Any] = []
    keywords: dict[str, Any] = {}
    for parameter, value in zip(op.parameters[1:], arguments, strict=True):
        if parameter.variadic:
            positional.extend(value)
        elif parameter.keyword_only:
            keywords[parameter.name] = value
        else:
            positional.append(value)
    target = op.stride_rule(layout, *positional, **keywords)
    call = op_call(op, (TENSOR, *arguments))
    if target is None:
        return None, call, None, None
    target = Layout(Size(target.shape), tuple(target.strides), target.offset)
    shown = meta_of(target.shape, meta.dtype)
    return target, call, shown, gradient_of_view(call, meta, shown)


def _copy_view(x: Tensor, value: Value, call: OpCall) -> Tensor:
    trace = local.trace
    (made,) = trace.record(call, (value,))
    step = trace.step
    result = Tensor._of(made)
    if x._edge is not None and trace.grad:
        attach((result,), step, (edge_of(x),), (value,), ())
    return result


def _require_resizable(out: Tensor, result: Tensor) -> None:
    """Memory that belongs to somebody else (an array) does not grow."""
    held = out._value if out._storage is None else out._storage.value
    buffer = held.buffer
    if buffer is not None and buffer.owner is not None and (
        result._value.meta.nbytes > held.meta.nbytes
    ):  # fmt: skip
        raise RuntimeError("Trying to resize storage that is not resizable")


def write_out(who: str, out: Any, result: Tensor) -> Tensor:
    """``out=``: resize if needed, check that the dtype can hold the result, write."""
    if not isinstance(out, Tensor):
        raise TypeError(f"{who}(): argument 'out' must be Tensor, not {type(out).__name__}")
    if local.trace.grad and (out.requires_grad or result._edge is not None):
        raise RuntimeError(
            f"{who}(): functions with out=... arguments don't support automatic differentiation, "
            "but one of the arguments requires grad."
        )
    out._require_normal()
    if not can_cast(result.dtype, out.dtype):
        raise RuntimeError(
            f"result type {type_name(result.dtype)} can't be cast to the desired output type "
            f"{type_name(out.dtype)}"
        )
    if out._storage is not None and out._layout.overlaps:
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    result = convert(result, out.dtype)
    if out.shape != result.shape:
        _require_resizable(out, result)
        out._value = result._value
        out._storage = None
        return out
    out._assign(result)
    return out


def private_buffer(tensor: Tensor) -> Buffer:
    """The storage's memory, shared with no other value: what may be shown to the outside."""
    buffer = tensor._concrete()
    # What was recorded and has not run yet must not see what the outside writes.
    if local.trace.pending:
        flush(local.trace)
    value = tensor._value if tensor._storage is None else tensor._storage.value
    # References: the value, ``buffer`` and the argument; views of NumPy come in addition.
    # What is shown already stays where it is.
    if buffer.owner is None and not buffer.exposures and getrefcount(buffer) > 3:
        buffer = copy_of(buffer)
        value.buffer = buffer
    return buffer


def _install() -> None:
    state.tensor_of = Tensor._of


_install()
