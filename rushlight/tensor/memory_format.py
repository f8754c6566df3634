"""Memory formats: the order in which a tensor's axes lie in memory.

A tensor that is not row-major is a row-major value seen through a permutation, so
``channels_last`` is what ``x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)`` gives. It is
kept where a user asks for it; plans choose the order of what they compute by themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from rushlight.ops.layout import Layout
from rushlight.tensor.tensor import Tensor


@final
class memory_format:
    """An order of axes in memory: torch.channels_last and its kin."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

# The axes from the outermost to the innermost.
_ORDERS = {channels_last: (0, 2, 3, 1), channels_last_3d: (0, 2, 3, 4, 1)}


def require_format(who: str, wanted: Any) -> None:
    """TypeError where a ``memory_format`` is something else."""
    if wanted is not None and not isinstance(wanted, memory_format):
        raise TypeError(
            f"{who}(): argument 'memory_format' must be torch.memory_format, "
            f"not {type(wanted).__name__}"
        )


def lies_in(layout: Layout, wanted: memory_format | None) -> bool:
    """Whether the elements lie without gaps in the order of a format."""
    order = _ORDERS.get(wanted) if wanted is not None else None
    if order is None:
        return layout.contiguous
    if len(layout.shape) != len(order):
        return False
    shape = tuple(layout.shape[axis] for axis in order)
    return Layout(shape, tuple(layout.strides[axis] for axis in order), 0).contiguous


def copy_in(x: Tensor, wanted: memory_format | None, copy: Callable[[Tensor], Tensor]) -> Tensor:
    """``copy(x)``, an element-wise copy, lying in the order of a format (None: as x lies)."""
    if wanted is None or wanted is preserve_format:
        if x._storage is None or x._layout.contiguous or not x._layout.dense:
            return copy(x)
        return _through(x, memory_order(x), copy)
    if wanted is contiguous_format:
        return copy(x)
    order = _ORDERS[wanted]
    if len(x._value.meta.shape) != len(order):
        raise RuntimeError(f"required rank {len(order)} tensor to use {wanted.name} format")
    return _through(x, order, copy)


def _through(x: Any, order: tuple[int, ...], copy: Callable[[Tensor], Tensor]) -> Tensor:
    made: Any = copy(x.permute(order))
    back: Tensor = made.permute(tuple(order.index(axis) for axis in range(len(order))))
    return back


def memory_order(tensor: Tensor) -> tuple[int, ...]:
    """The axes as they lie in memory, outermost first: the order PyTorch visits elements in.

    Where strides are equal or 0 the axes stay in their order, and the longer one goes inside.
    """
    layout = tensor._current_layout()
    inner = list(reversed(range(len(layout.shape))))
    for start in range(1, len(inner)):
        moving = start
        for other in reversed(range(start)):
            a, b = inner[other], inner[moving]
            step, next_step = layout.strides[a], layout.strides[b]
            if not step or not next_step:
                continue
            if step < next_step or (step == next_step and layout.shape[a] <= layout.shape[b]):
                if step < next_step:
                    break
                continue
            inner[other], inner[moving] = b, a
            moving = other
    return tuple(reversed(inner))


def laid_out(tensor: Tensor, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers drawn one after another, put where the tensor's memory has them; its shape."""
    shape = tuple(tensor.shape)
    if tensor._storage is None or tensor._layout.contiguous:
        return drawn.reshape(shape)
    order = memory_order(tensor)
    moved = drawn.reshape([shape[axis] for axis in order])
    return np.ascontiguousarray(moved.transpose(np.argsort(order)))
