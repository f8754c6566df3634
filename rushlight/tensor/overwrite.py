"""Writing to tensors: in-place results, versions, and memory that somebody outside looks at.

``Writable`` is the half of Tensor that overwrites. A write makes a new value; the storage's other
views read through to it when they are next used.
"""

from __future__ import annotations

import ctypes
import weakref
from sys import getrefcount
from typing import TYPE_CHECKING, Any

from rushlight.engine.call import TENSOR, op_call
from rushlight.engine.exposure import copy_of, exposed
from rushlight.engine.flush import flush
from rushlight.engine.samples import evaluate
from rushlight.engine.trace import local
from rushlight.engine.value import Value
from rushlight.ops.complex_numbers import conj
from rushlight.ops.layout import Layout
from rushlight.ops.view.strided import strided_set
from rushlight.runtime.tail import settle as settle_tail
from rushlight.tensor.device import NO_DATA
from rushlight.tensor.kinds import can_cast, convert, type_name
from rushlight.tensor.overlap import OVERLAP, overlaps
from rushlight.tensor.saved_values import materialise, with_memory
from rushlight.tensor.state import LEAF, GradNode
from rushlight.tensor.storage import Storage, told_of
from rushlight.tensor.window_write import in_memory_order, within, write_window
from rushlight.tensor.write_now import elements_written

if TYPE_CHECKING:
    from rushlight.tensor.tensor import Tensor

_ONE_OF_SEVERAL = (
    "Output {} of {} is a view and is being modified inplace. This view is the output of a "
    "function that returns multiple views. Such functions do not allow the output views to be "
    "modified inplace. You should replace the inplace operation by an out-of-place one."
)


_UNSURE = (
    "A view was created in no_grad mode and is being modified inplace with grad mode enabled. "
    "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the no_grad block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


class Writable:
    """What a tensor does when its elements are overwritten."""

    __slots__ = ()

    _value: Value
    _storage: Storage | None
    _layout: Layout
    _seen: int
    _edge: Any
    _base: Tensor | None
    _part_of: str
    _part: int | None
    _untracked: bool
    _copies: tuple[weakref.ref[Tensor], ...] | None

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
        if self._copies is not None or (self._base is not None and self._base._copies is not None):
            self._refuse_copies(who)
        if trace.grad:
            base = self._base
            if base is not None and base._edge is not None and "_detached" in self.__dict__:
                raise RuntimeError(_UNSURE)
            if base is not None and (
                base._edge is LEAF or (edge is not None and base._edge is None)
            ):
                raise RuntimeError(
                    "a view of a leaf Variable that requires grad is being used in an in-place "
                    "operation."
                )
            if edge is LEAF:
                raise RuntimeError(
                    "a leaf Variable that requires grad is being used in an in-place operation."
                )
        if self._storage is not None and self._layout.overlaps and self._value.meta.numel:
            raise RuntimeError(
                f"{who}: unsupported operation: more than one element of the written-to tensor "
                "refers to a single memory location. Please clone() the tensor before performing "
                "the operation."
            )

    def _refuse_copies(self, who: str) -> None:
        """Raise where PyTorch would write to memory shared with what is a copy here."""
        base = self._base
        copies = (*(self._copies or ()), *((base is not None and base._copies) or ()))
        if any(other() is not None for other in copies):
            raise NotImplementedError(
                f"{who}: a complex tensor whose gradient is recorded and its real or imaginary "
                "part share no memory, so a write to one would be missed by the other; write "
                "under torch.no_grad() before taking the part, or use torch.complex(real, imag)"
            )

    def _apart_from(self, other: Any, wholly: bool = False) -> None:
        """Raise where a write to this tensor would change ``other`` while it is being read.

        The very same elements in the same order are no harm, unless ``wholly``.
        """
        if not isinstance(other, Writable):
            return
        if other is self:
            if wholly and self._value.meta.numel:
                raise RuntimeError(OVERLAP)
            return
        storage = self._storage
        if storage is None or other._storage is not storage:
            return
        if overlaps(self._layout, other._layout, wholly):
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
            if who == "float_power_":
                raise RuntimeError(
                    f"the base given to float_power_ has dtype {type_name(mine.dtype)} but the "
                    f"operation's result requires dtype {type_name(meta.dtype)}"
                )
            if who == "abs_" and mine.dtype.is_complex:
                raise RuntimeError("In-place abs is not supported for complex tensors.")
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
        mine = self._value.meta
        if mine.shell or fresh.meta.shell:
            if not mine.shell:
                raise NotImplementedError(NO_DATA)
            if trace.grad:
                self._edge = result._edge
            return
        alike = self._lies_as(result)
        if fresh.parent is not None and not alike:
            # a view of what was computed: dropout3d squeezes its result
            fresh = materialise(fresh)
        if self._storage is None:
            old = self._value
            if trace.abstract and old.buffer is not None:
                settle(fresh)
            if old.buffer is not None and (old.buffer.exposures or old.buffer.owner is not None):
                write_through(old, fresh)
            # What is computed by now, while nothing waits, no failure will undo.
            waits = fresh.buffer is None or trace.step is not trace.root or trace.flight is not None
            if waits and old.buffer is not None and old.buffer is not fresh.buffer:
                journal(self, old)
            stays = trace.inference and self._made_in_inference()
            # No calls from here on: an interrupt finds all of it done, or nothing.
            fresh.version = 0 if stays else old.version + 1
            old.overwritten = True
            self._value = fresh
            if trace.grad:
                self._edge = result._edge
            return
        self._assign_shared(result, fresh, alike)

    def _lies_as(self, result: Tensor) -> bool:
        """Whether ``result`` fills its memory as this tensor does, in an order of their own."""
        mine, theirs = self._storage, result._storage
        return (
            mine is not None and theirs is not None and mine is not theirs
            and self._layout == result._layout and not self._layout.contiguous
            and self._layout.fills(mine.value.meta.numel)
            and mine.value.meta is theirs.value.meta
        )  # fmt: skip

    def _assign_shared(self, result: Tensor, fresh: Value, alike: bool) -> None:
        trace, storage, layout = local.trace, self._storage, self._layout
        assert storage is not None
        base = self._base
        if base is not None and result._edge is None and elements_written(self, fresh):
            return
        old = storage.value
        whole = layout.offset == 0 and layout.contiguous and layout.numel == old.meta.numel
        flows = (
            trace.grad and base is not None and (result._edge is not None or base._edge is not None)
        )
        if flows and self._part_of:
            raise RuntimeError(_ONE_OF_SEVERAL.format(self._part or 0, self._part_of))
        if whole and not flows:
            written = fresh
        elif alike and not flows:
            written = result._root()
        elif not flows and layout.fills(old.meta.numel):
            written = in_memory_order(fresh, layout)
        elif base is not None and flows:
            base._read_value()
            full, edge = write_window(base, result, within(base, layout))
            fills = base._value.meta.numel == old.meta.numel
            if fills:
                written = full._read_value()
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
        if trace.abstract and old.buffer is not None:
            settle(written)
        if old.buffer is not None and (old.buffer.exposures or old.buffer.owner is not None):
            write_through(old, written)
        version, tracked = storage.version + 1, not self._untracked
        stays = trace.inference and self._made_in_inference()
        unseen = None if tracked else told_of(storage)
        # No calls from here on: an interrupt finds all of it done, or nothing.
        old.overwritten = unseen or True
        if unseen is not None:
            unseen.value = written
        storage.unseen = unseen
        written.version = 0 if stays else version
        storage.version = version
        storage.uncounted += not tracked
        storage.value = written
        if storage.mirror is not None:
            reflect(storage, tracked)
        if base is None:
            if trace.grad:
                self._edge = result._edge
        elif flows:
            base._edge = edge
            if fills and base._layout.contiguous:
                base._value = written
                base._seen = version
        if (whole or alike) and not flows and fresh.meta is self._value.meta:
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
                journal(self, old)
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


def reflect(storage: Storage, tracked: bool) -> None:
    """What was written to a storage, conjugated, in the storage of the conjugates."""
    mirror = None if storage.mirror is None else storage.mirror()
    if mirror is None:
        storage.mirror = None
        return
    old = mirror.value
    (fresh,) = local.trace.record(op_call(conj, (TENSOR,)), (storage.value,))
    if old.buffer is not None and (old.buffer.exposures or old.buffer.owner is not None):
        write_through(old, fresh)
    unseen = None if tracked else told_of(mirror)
    old.overwritten = unseen or True
    if unseen is not None:
        unseen.value = fresh
    mirror.unseen = unseen
    mirror.version += 1
    mirror.uncounted += not tracked
    fresh.version = mirror.version
    mirror.value = fresh


def journal(tensor: Tensor, old: Value) -> None:
    """Remember what ``tensor`` was, until the write that replaced it has been computed."""
    if not old.journaled:
        local.trace.journal.append((tensor, old))
        old.journaled = True


def settle(fresh: Value) -> None:
    """Under ``vmap``: what is written to a tensor from outside must be the same for all samples."""
    if fresh.buffer is not None:
        return
    try:
        evaluate(fresh)
    except RuntimeError as error:
        raise RuntimeError(
            "vmap: an in-place operation would write numbers that differ from sample to sample "
            "into a tensor that all samples share: it has no room for them. Use an operation that "
            "is not in place, or make the tensor from one that differs (torch.zeros_like(x))"
        ) from error


def write_through(old: Value, fresh: Value) -> None:
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
    settle_tail()
    # The tensor, the caller's name, ours and the argument: who else reads it wants the old numbers.
    if getrefcount(old) > 4:
        old.buffer = copy_of(buffer)
    buffer.changed()
    ctypes.memmove(buffer.address, source.address, min(buffer.nbytes, source.nbytes))
    fresh.buffer = buffer


def own_value(tensor: Tensor) -> Value:
    """A tensor's value; of a view, its elements in memory of their own.

    A gradient that were a window into somebody's memory would change with it.
    """
    return with_memory(tensor._read_value())
