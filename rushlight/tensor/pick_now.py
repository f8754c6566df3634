"""``x[mask]`` and ``x[chosen]`` of few elements that are known: picked at once.

A mask says how many elements there will be, so it is always read at once; what it picks, recorded,
is a plan of its own with the places as another input. Elements picked here are the same, copied.
"""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.dtype import bool_, int64
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.runtime import tail
from rushlight.runtime.buffer import Buffer
from rushlight.runtime.picking import count_true, pick_places, pick_true
from rushlight.tensor.at_once import located
from rushlight.tensor.tensor import Tensor, mark_made

BYTES_LIMIT = 1 << 16  # of what is picked: more may be worth the threads of a plan


def picked_now(x: Tensor, index: Any) -> Tensor | None:
    """``x[index]`` for a mask or whole numbers that are known, or two tensors of the latter of one
    shape; None for anything else, where an error is raised among them."""
    places = index if type(index) is tuple else (index,)
    if not 0 < len(places) <= 2 or type(places[0]) is not Tensor or type(x) is not Tensor:
        return None
    meta, whole = places[0]._value.meta, x._value.meta
    shape, masked = whole.layout.shape, meta.dtype is bool_
    if masked and len(places) == 1:
        used = len(meta.layout.shape)
    elif meta.dtype is int64:
        used = len(places)
        if used == 2 and (type(places[1]) is not Tensor or places[1]._value.meta is not meta):
            return None
    else:
        return None
    rest, item = shape[used:], whole.dtype.itemsize
    size = math.prod(rest) * item
    if (
        not 0 < used <= len(shape) or not meta.layout.shape or meta.numel * size > BYTES_LIMIT
        or local.trace.abstract
    ):  # fmt: skip
        return None
    # Of what lies in another order than its axes, so does what is picked.
    lying = x._current_layout()
    if not lying.contiguous:
        return None
    for each in places:
        if not each._current_layout().contiguous:
            return None
    if masked and not meta.shell and (x._edge is None or not local.trace.grad):
        places[0]._concrete()  # how many it picks has to be known in any case
    buffers = located((x, *places))
    if buffers is None:
        return None
    starts = [_start(*each) for each in zip(buffers, (x, *places), strict=True)]
    if None in starts:
        return None
    source, *given = starts
    if masked:
        if shape[:used] != meta.layout.shape:
            return None
        count = count_true(given[0], meta.numel)
        made = Buffer(count * size)
        pick_true(made.address, source, given[0], meta.numel, size)
        chosen: tuple[int, ...] = (count, *rest)
    else:
        made = Buffer(meta.numel * size)
        steps = [size] if used == 1 else [shape[1] * size, size]
        axes = [*zip(given, shape, steps, strict=False)]
        if not pick_places(made.address, source, meta.numel, size, axes):
            return None  # the general way has PyTorch's words
        chosen = (*meta.layout.shape, *rest)
    return Tensor._of(mark_made(concrete(made, chosen, whole.dtype)))


def _start(buffer: Buffer, tensor: Tensor) -> Any:
    """The address of the first element of one that lies in its memory in the order of its axes;
    None where the memory has become too small."""
    meta, offset = tensor._value.meta, tensor._current_layout().offset * tensor.dtype.itemsize
    if offset + meta.nbytes > buffer.nbytes:
        return None
    if tail.held is not None:
        tail.need(buffer)
    return buffer.address + offset
