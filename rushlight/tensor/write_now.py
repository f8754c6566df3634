"""``y[i] = v`` in a loop: a few known bytes go to memory that nobody else looks at, at once.

Recorded, each write is a call, a command of the plan and, for another place, another plan; written
here it is a copy of a few bytes. That is right where no other reader could tell: the memory is
computed, nothing that is recorded and has not run yet reads it, and no reference to its value is
left but those of the tensors that are being written to, so that nothing has saved it either.
"""

from __future__ import annotations

from ctypes import memmove
from struct import Struct
from sys import getrefcount
from typing import TYPE_CHECKING, Any

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.engine.value import NOWHERE, Value
from rushlight.engine.window import root_of
from rushlight.ops.layout import Layout
from rushlight.runtime import tail
from rushlight.tensor.state import LEAF

if TYPE_CHECKING:
    from rushlight.tensor.tensor import Tensor

# What is longer is worth a command, and its memory may be wanted where it is.
BYTES_LIMIT = 4096
# A tensor of so many bytes is filled where it lies: from here on it counts that there is no second.
FILLED_FROM = 1 << 20
# Of what is recorded: more than that is a step, which a flush would cut in two.
PENDING_LIMIT = 16
# Writes to one storage after which a flush is cheaper than going on recording them.
VERSIONS = 4

PACKERS: dict[DType, Any] = {
    dtypes.float32: Struct("<f").pack,
    dtypes.float64: Struct("<d").pack,
    dtypes.int64: Struct("<q").pack,
    dtypes.int32: Struct("<i").pack,
    dtypes.int16: Struct("<h").pack,
    dtypes.int8: Struct("<b").pack,
    dtypes.uint8: Struct("<B").pack,
    dtypes.bool_: Struct("<?").pack,
}


def number_written(tensor: Tensor, index: Any, number: Any) -> bool:
    """``tensor[index] = number`` for one place of whole numbers; False: nothing is done, because it
    is none, or cannot be done at once (errors are for the general way to say)."""
    named = _named(tensor, index)
    return named is not None and not named.shape and _written(tensor, named.offset, 1, number)


def number_filled(tensor: Tensor, number: Any) -> bool:
    """``number`` in all places of a tensor that lie together; False as above."""
    layout = tensor._current_layout()
    count = layout.numel
    if not layout.contiguous or not 0 < count * tensor.dtype.itemsize <= BYTES_LIMIT:
        return False
    return _written(tensor, layout.offset, count, number)


def _written(tensor: Tensor, place: int, count: int, number: Any) -> bool:
    """``number`` in ``count`` places of the tensor's storage from ``place`` on."""
    pack = PACKERS.get(tensor._value.meta.dtype)
    try:
        packed = None if pack is None else pack(number)
    except Exception:  # struct's errors and OverflowError: the general way knows whose words to use
        packed = None
    return packed is not None and bytes_written(tensor, place * len(packed), packed * count)


def place_to_fill(tensor: Tensor) -> int:
    """The address of a large tensor, counted as written to, whose elements are all about to be
    written one after the other; 0 if they must not be, or if it is not computed yet."""
    storage, layout = tensor._storage, tensor._current_layout()
    nbytes = layout.numel * tensor.dtype.itemsize
    if nbytes < FILLED_FROM or not layout.contiguous:
        return 0
    if (tensor._value if storage is None else storage.value).buffer is None:
        return 0
    address = _address(tensor, None)
    return address and address + layout.offset * tensor.dtype.itemsize


def bytes_written(tensor: Tensor, start: int, data: bytes) -> bool:
    """``data`` from byte ``start`` of the tensor's storage on; False as above."""
    address = _address(tensor, None)
    if address:
        memmove(address + start, data, len(data))
    return address != 0


def _named(tensor: Tensor, index: Any) -> Layout | None:
    """Where the part is that whole numbers name, of the first axis or of several, or None."""
    shape, strides, place = tensor._current_layout()
    if type(index) is not tuple:
        index = (index,)
    used = len(index)
    if used > len(shape):
        return None
    for each, size, step in zip(index, shape, strides, strict=False):
        number = each if type(each) is int else _whole_number(each, tensor)
        if number is None or not -size <= number < size:
            return None
        place += step * (number if number >= 0 else number + size)
    return Layout(shape[used:], strides[used:], place)


def _whole_number(entry: Any, tensor: Tensor) -> int | None:
    """The number that an entry of an index is, where it is a tensor of one, read as it has to be in
    any case; else None."""
    if type(entry) is not type(tensor) or local.trace.abstract:
        return None
    meta = entry._value.meta
    return entry.item() if meta.dtype is dtypes.int64 and not meta.layout.shape else None


def already_there(tensor: Tensor, index: Any, part: Tensor) -> bool:
    """Whether ``tensor[index] = part`` has been counted as a write because there is nothing to
    do: it is the last part of ``tensor[index] += 1``."""
    storage = tensor._storage
    if storage is None or part._storage is not storage:
        return False
    return part._layout == _named(tensor, index) and _written_over_itself(part, tensor)


def same_place(tensor: Tensor, source: Tensor) -> bool:
    """``already_there`` of a view and what is copied to it."""
    storage = tensor._storage
    if storage is None or source._storage is not storage or source._layout != tensor._layout:
        return False
    return _written_over_itself(source, tensor)


def _written_over_itself(part: Tensor, tensor: Tensor) -> bool:
    """Count a write that changes nothing, where neither has a gradient."""
    storage, base = part._storage, part._base
    if storage is None or tensor.dtype is not part.dtype:
        return False
    whole = storage.value
    if whole.meta.inference or local.trace.inference or local.trace.abstract:
        return False
    if not (_plain(tensor) and _plain(part)) or (base is not None and not _plain(base)):
        return False
    current = [
        each for each in (tensor, part) if each._value is whole and each._seen == storage.version
    ]
    whole.version = storage.version = storage.version + 1
    for each in current:
        each._seen = storage.version
    return True


def elements_written(tensor: Tensor, fresh: Value) -> bool:
    """Put the elements of ``fresh``, of the tensor's shape and dtype, in its place in memory; False
    as above. ``tensor`` is a view."""
    meta, layout = fresh.meta, tensor._layout
    if (
        meta.nbytes > BYTES_LIMIT or not layout.contiguous
        or meta.numel != layout.numel or meta.dtype is not tensor._value.meta.dtype
    ):  # fmt: skip
        return False
    root, place = fresh, 0
    if fresh.parent is not None:
        root, window = root_of(fresh), fresh.window
        if window is None or not window.contiguous or root.meta.dtype is not meta.dtype:
            return False
        place = window.offset
    trace = local.trace
    if root.buffer is None:
        base = tensor._base
        if root.epoch is not trace.epoch or trace.step.count > PENDING_LIMIT or trace.abstract:
            return False
        if trace.inference or not _plain(tensor) or (base is not None and not _plain(base)):
            return False
        flush(trace)
    del root  # it may be what is written to, whose references are counted
    address = _address(tensor, fresh)
    if not address:
        return False
    source, item = root_of(fresh).buffer, meta.dtype.itemsize
    assert source is not None
    tail.need(source)
    memmove(address + layout.offset * item, source.address + place * item, meta.nbytes)
    return True


def _address(tensor: Tensor, fresh: Value | None) -> int:
    """Where the tensor's storage lies, counted as written to; 0 if it must not be written now."""
    trace, storage, base = local.trace, tensor._storage, tensor._base
    old = tensor._value if storage is None else storage.value
    epoch = old.epoch
    if not _plain(tensor) or (base is not None and not _plain(base)):
        return 0
    if trace.abstract or trace.inference or old.meta.inference or old.meta.shell:
        return 0
    if (epoch is not NOWHERE and epoch.trace is not trace) or old.meta.dtype is not tensor.dtype:
        return 0
    if epoch is trace.epoch:
        if trace.step.count > PENDING_LIMIT and (old.buffer is not None or old.version < VERSIONS):
            return 0
        flush(trace)
    if tail.held is not None:
        tail.settle()
    buffer = old.buffer
    if buffer is None or buffer.owner is not None:
        return 0
    if (
        getrefcount(old) != 2 + _own_references(tensor, old, fresh)
        or getrefcount(buffer) != 3 + buffer.kept
    ):
        return 0
    buffer.changed()
    if storage is None:
        old.version += 1
        return buffer.address
    old.version = storage.version = storage.version + 1
    for each in (tensor, base):
        if each is not None and each._value is old and each._storage is storage:
            each._seen = old.version
    return buffer.address


def _plain(tensor: Tensor) -> bool:
    """Whether no gradient flows through writes to it, nobody else is to be told of them, and they
    count."""
    storage, edge = tensor._storage, tensor._edge
    return (
        (edge is None or (edge is LEAF and not local.trace.grad))
        and not tensor._untracked and tensor._copies is None
        and (storage is None or storage.mirror is None)
    )  # fmt: skip


def _own_references(tensor: Tensor, old: Value, fresh: Value | None) -> int:
    """How often ``tensor``, its base and ``fresh``, which is written to it, refer to ``old``."""
    storage, base, mine = tensor._storage, tensor._base, tensor._value
    if storage is None:
        return 1
    # A view of a view, ``t[i][0]``, refers to it through values in between, which nobody else has.
    above = mine
    while above.parent is not None and above.parent is not old:
        above = above.parent
        if getrefcount(above) != 3:  # its child, ``above`` and the argument
            return 0
    holders = (
        mine is old, above.parent is old, base is not None and base._value is old,
        fresh is not None and fresh.parent is old and fresh is not mine,
    )  # fmt: skip
    return 1 + sum(holders)
