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
from rushlight.runtime.buffer import Buffer
from rushlight.tensor.at_once import located, seen_in
from rushlight.tensor.tensor import Tensor, mark_made

BYTES_LIMIT = 1 << 16  # of what is picked: more may be worth the threads of a plan


def picked_now(x: Tensor, index: Any) -> Tensor | None:
    """``x[index]`` for a mask or whole numbers that are known, or a tuple of the latter, all of one
    shape; None for anything else, where an error is raised among them."""
    places = index if type(index) is tuple else (index,)
    if not places or type(places[0]) is not Tensor or type(x) is not Tensor:
        return None
    meta, shape = places[0]._value.meta, x._value.meta.layout.shape
    if meta.dtype is bool_ and len(places) == 1:
        used = len(meta.shape)
    elif meta.dtype is int64:
        used = len(places)
    else:
        return None
    if any(type(each) is not Tensor or each._value.meta is not meta for each in places):
        return None
    size = meta.numel * math.prod(shape[used:]) * x._value.meta.dtype.itemsize
    if not 0 < used <= len(shape) or not meta.shape or size > BYTES_LIMIT or local.trace.abstract:
        return None
    # Of what lies in another order than its axes, so does what is picked.
    if not all(each._current_layout().contiguous for each in (x, *places)):
        return None
    if meta.dtype is bool_ and not meta.shell and (x._edge is None or not local.trace.grad):
        places[0]._concrete()  # how many it picks has to be known in any case
    buffers = located((x, *places))
    if buffers is None:
        return None
    array, *chosen = [seen_in(*each) for each in zip(buffers, (x, *places), strict=True)]
    try:
        found = array[tuple(chosen)]
    except IndexError:
        return None  # the general way has PyTorch's words
    return Tensor._of(mark_made(concrete(Buffer.copying(found), found.shape, x.dtype)))
