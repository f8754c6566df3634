"""Joining many tensors that lie in memory already: copied at once, outside the trace.

A batch drawn from a replay buffer is ``torch.cat(batch.state)``: dozens of small tensors, some of
them drawn twice or known from another list. Recorded, each would be an input of its own, and which
of them are the same would be part of the step's key: nearly every batch would be a step never met
before, with a plan to make. Copied at once, the batch is one input.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer
from rushlight.runtime.rows import copy_rows
from rushlight.tensor.tensor import Tensor, mark_made

MANY = 8  # from so many tensors on: which of fewer are alike has few patterns
TEXT_LIMIT = 1 << 16  # bytes of whole numbers that are joined however few they are
BYTES_LIMIT = 64 << 20  # a larger copy is worth the threads of a plan


def located(tensors: Sequence[Any]) -> list[Buffer] | None:
    """The memory of each, of elements that are computed and that no gradient flows through; None
    if one is not like that."""
    grad, buffers = local.trace.grad, []
    for tensor in tensors:
        if not isinstance(tensor, Tensor) or (grad and tensor._edge is not None):
            return None
        storage = tensor._storage
        value = tensor._value if storage is None else storage.value
        buffer = value.buffer
        if buffer is None or value.parent is not None:
            return None
        buffers.append(buffer)
    return buffers


def seen_in(buffer: Buffer, tensor: Tensor) -> np.ndarray[Any, Any]:
    """The tensor's elements in its memory."""
    kind, layout = tensor._value.meta.dtype.np, tensor._current_layout()
    if tensor._storage is None or 0 in layout.shape:
        return buffer.array(kind, layout.shape)
    item = kind.itemsize
    strides = tuple(step * item for step in layout.strides)
    return buffer.array(kind, layout.shape, layout.offset * item, strides)


def in_rows(tensors: Sequence[Tensor], buffers: Sequence[Buffer], stack: bool) -> Buffer | None:
    """The parts, each without gaps, copied one behind the other; None if they have gaps, other
    dtypes or other sizes (of the first axis too if they are stacked)."""
    kind = tensors[0]._value.meta
    item, shape = kind.dtype.itemsize, kind.layout.shape
    sources, ragged = [], False
    for tensor, buffer in zip(tensors, buffers, strict=True):
        meta = tensor._value.meta
        if meta is not kind:
            other = meta.layout.shape
            if stack or meta.dtype is not kind.dtype or other[1:] != shape[1:]:
                return None
            if len(other) != len(shape):
                return None
            ragged = True
        place = buffer.address
        if tensor._storage is not None:
            layout = tensor._layout
            if not layout.contiguous:
                return None
            place += layout.offset * item
        sources.append(place)
    if tail.held is not None:
        for buffer in buffers:
            tail.need(buffer)
    if not ragged:
        result = Buffer(len(sources) * kind.nbytes)
        copy_rows(sources, kind.nbytes, result.address)
        return result
    sizes = [tensor._value.meta.nbytes for tensor in tensors]
    result = Buffer(sum(sizes))
    place, copy = result.address, ctypes.memmove
    for source, size in zip(sources, sizes, strict=True):
        copy(place, source, size)
        place += size
    return result


def joined(name: str, tensors: Sequence[Any], dim: Any) -> Tensor | None:
    """What ``torch.cat`` or ``torch.stack`` gives, or None where it is better recorded: a part is
    not computed yet or has a gradient, or dtypes, shapes or ``dim`` are not plainly right."""
    few = len(tensors) < MANY
    if few and not (isinstance(tensors[0], Tensor) and tensors[0].dtype is dtypes.int64):
        return None  # but the tokens of a text that grows have another length each time
    if local.trace.abstract or type(dim) is not int:
        return None
    buffers = located(tensors)
    if buffers is None:
        return None
    dtype, shape = tensors[0]._value.meta.dtype, tensors[0]._value.meta.layout.shape
    stack = name == "stack"
    rank, limit = len(shape) + stack, TEXT_LIMIT if few else BYTES_LIMIT
    if not -rank <= dim < rank or sum([each._value.meta.nbytes for each in tensors]) > limit:
        return None
    axis = dim % rank
    if axis == 0 and (rows := in_rows(tensors, buffers, stack)) is not None:
        if stack:
            shape = (len(tensors), *shape)
        else:
            shape = (sum([each._value.meta.layout.shape[0] for each in tensors]), *shape[1:])
        return Tensor._of(mark_made(concrete(rows, shape, dtype)))
    arrays = [seen_in(*each) for each in zip(buffers, tensors, strict=True)]
    first = arrays[0]
    for each in arrays:
        if each.dtype != first.dtype or each.ndim != first.ndim:
            return None
        if each.shape != first.shape and (
            stack or each.shape[:axis] != first.shape[:axis]
            or each.shape[axis + 1 :] != first.shape[axis + 1 :]
        ):  # fmt: skip
            return None
    if stack:
        arrays = [np.expand_dims(each, axis) for each in arrays]
    length = sum(each.shape[axis] for each in arrays)
    shape = (*arrays[0].shape[:axis], length, *arrays[0].shape[axis + 1 :])
    result = Buffer(sum(each.nbytes for each in arrays))
    np.concatenate(arrays, axis, out=result.array(first.dtype, shape))
    return Tensor._of(mark_made(concrete(result, shape, dtype)))


def padded(
    tensors: Sequence[Any], longest: int, value: Any, *, left: bool, batch_first: bool
) -> Tensor | None:
    """What ``pad_sequence`` gives, or None where it is better recorded, as for ``joined``: the
    lengths of a batch are its own each time, what they are padded to often is not."""
    if local.trace.abstract or not isinstance(value, (int, float)):
        return None
    buffers = located(tensors)
    dtype = tensors[0].dtype
    if buffers is None or any(type(each) is not Tensor or each.dtype != dtype for each in tensors):
        return None
    rest, count = tensors[0]._value.meta.layout.shape[1:], len(tensors)
    shape = (count, longest, *rest) if batch_first else (longest, count, *rest)
    nbytes = math.prod(shape) * dtype.itemsize
    if not _takes(dtype, value) or not 0 < nbytes <= BYTES_LIMIT:
        return None
    result = Buffer(nbytes)
    filled = result.array(dtype.np, shape)
    filled.fill(value)
    rows = filled if batch_first else filled.swapaxes(0, 1)
    for row, buffer, tensor in zip(rows, buffers, tensors, strict=True):
        part = seen_in(buffer, tensor)
        start = longest - len(part) if left else 0
        row[start : start + len(part)] = part
    return Tensor._of(mark_made(concrete(result, shape, dtype)))


def _takes(dtype: dtypes.dtype, value: float) -> bool:
    """Whether ``value`` is one of the dtype's, plainly."""
    if dtype.is_floating_point or value in (0, 1):
        return True
    if dtype.np.kind not in "iu" or value != value // 1:
        return False
    limits = np.iinfo(dtype.np)
    return bool(limits.min <= value <= limits.max)
