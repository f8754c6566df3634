"""Joining many tensors that lie in memory already: copied at once, outside the trace.

A batch drawn from a replay buffer is ``torch.cat(batch.state)``: dozens of small tensors, some of
them drawn twice or known from another list. Recorded, each would be an input of its own, and which
of them are the same would be part of the step's key: nearly every batch would be a step never met
before, with a plan to make. Copied at once, the batch is one input.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.tensor import Tensor, mark_made

MANY = 8  # from so many tensors on: which of fewer are alike has few patterns
TEXT_LIMIT = 1 << 16  # bytes of whole numbers that are joined however few they are
BYTES_LIMIT = 64 << 20  # a larger copy is worth the threads of a plan


def in_memory(tensor: Any) -> np.ndarray[Any, Any] | None:
    """The elements where they are computed and no gradient flows through them, else None."""
    if not isinstance(tensor, Tensor) or (tensor._edge is not None and local.trace.grad):
        return None
    storage = tensor._storage
    value = tensor._value if storage is None else storage.value
    buffer = value.buffer
    if buffer is None or value.parent is not None:
        return None
    kind, shape = tensor._value.meta.dtype.np, tensor._current_layout().shape
    if storage is None or 0 in shape:
        return buffer.array(kind, shape)
    layout, item = tensor._layout, kind.itemsize
    strides = tuple(step * item for step in layout.strides)
    return buffer.array(kind, layout.shape, layout.offset * item, strides)


def joined(name: str, tensors: Sequence[Any], dim: Any) -> Tensor | None:
    """What ``torch.cat`` or ``torch.stack`` gives, or None where it is better recorded: a part is
    not computed yet or has a gradient, or dtypes, shapes or ``dim`` are not plainly right."""
    few = len(tensors) < MANY
    if few and not (isinstance(tensors[0], Tensor) and tensors[0].dtype is dtypes.int64):
        return None  # but the tokens of a text that grows have another length each time
    if local.trace.abstract or type(dim) is not int:
        return None
    arrays = []
    for tensor in tensors:
        array = in_memory(tensor)
        if array is None:
            return None
        arrays.append(array)
    first = arrays[0]
    rank, limit = first.ndim + (name == "stack"), TEXT_LIMIT if few else BYTES_LIMIT
    if not -rank <= dim < rank or sum(each.nbytes for each in arrays) > limit:
        return None
    axis = dim % rank
    for each in arrays:
        if each.dtype != first.dtype or each.ndim != first.ndim:
            return None
        if each.shape != first.shape and (
            name == "stack" or each.shape[:axis] != first.shape[:axis]
            or each.shape[axis + 1 :] != first.shape[axis + 1 :]
        ):  # fmt: skip
            return None
    if name == "stack":
        arrays = [np.expand_dims(each, axis) for each in arrays]
    length = sum(each.shape[axis] for each in arrays)
    shape = (*arrays[0].shape[:axis], length, *arrays[0].shape[axis + 1 :])
    buffer = Buffer(sum(each.nbytes for each in arrays))
    np.concatenate(arrays, axis, out=buffer.array(first.dtype, shape))
    return Tensor._of(mark_made(concrete(buffer, shape, dtypes.from_numpy(first.dtype))))
