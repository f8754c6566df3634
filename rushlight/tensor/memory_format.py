"""Memory formats: the order in which a tensor's axes lie in memory.

A tensor that is not row-major is a row-major value seen through a permutation, so
``channels_last`` is what ``x.permute(0, 2, 3, 1).contiguous().permute(0, 3, 1, 2)`` gives. Results
lie as PyTorch's do (ops/arrangement.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import numpy as np

from rushlight.ops.arrangement import (
    CHANNELS_LAST,
    inverse,
    lies_channels_last,
    packed,
    suggests_channels_last,
    visiting_order,
)
from rushlight.ops.arrangement_rules import preserving
from rushlight.ops.layout import Layout
from rushlight.tensor.arrange import relaid
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

_RANKS = {channels_last: 4, channels_last_3d: 5}


@final
class layout:
    """How elements are laid out: ``torch.strided``."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


strided, sparse_coo = layout("strided"), layout("sparse_coo")


def require_format(who: str, wanted: Any) -> None:
    """TypeError where a ``memory_format`` is something else."""
    if wanted is not None and not isinstance(wanted, memory_format):
        raise TypeError(
            f"{who}(): argument 'memory_format' must be torch.memory_format, "
            f"not {type(wanted).__name__}"
        )


def lies_in(layout: Layout, wanted: memory_format | None) -> bool:
    """Whether the elements lie without gaps in the order of a format."""
    rank = _RANKS.get(wanted) if wanted is not None else None
    if rank is None:
        return layout.contiguous
    return len(layout.shape) == rank and lies_channels_last(layout)


def suggested_format(layout: Layout) -> memory_format:
    """The format whose strides a tensor has, with or without gaps."""
    if suggests_channels_last(layout):
        return channels_last if len(layout.shape) == 4 else channels_last_3d
    return contiguous_format


def strides_in(x: Layout, wanted: memory_format | None) -> tuple[int, ...] | None:
    """The strides of a fresh tensor like one that lies so, in a format; None: row-major.

    Raises RuntimeError where the format is for another rank.
    """
    if wanted is None or wanted is preserve_format:
        return preserving((x,), x.shape, {})
    if wanted is contiguous_format:
        return None
    rank = _RANKS[wanted]
    if len(x.shape) != rank:
        raise RuntimeError(f"required rank {rank} tensor to use {wanted.name} format")
    return packed(x.shape, CHANNELS_LAST[rank])


def copy_in(x: Tensor, wanted: memory_format | None, copy: Callable[[Tensor], Tensor]) -> Tensor:
    """``copy(x)``, an element-wise copy, lying in the order of a format (None: as x lies)."""
    if wanted is None or wanted is preserve_format:
        return copy(x)
    strides = strides_in(x._current_layout(), wanted)
    return relaid(copy(x), strides)


def made_like(made: Tensor, x: Tensor, wanted: memory_format | None) -> Tensor:
    """``made``, a fresh tensor of the shape of ``x``, lying as x does or in a format."""
    if wanted is None and (x._storage is None or x._layout.contiguous):
        return made
    return relaid(made, strides_in(x._current_layout(), wanted))


def memory_order(tensor: Tensor) -> tuple[int, ...]:
    """The axes as they lie in memory, outermost first: the order PyTorch visits elements in."""
    layout = tensor._current_layout()
    return visiting_order((layout,), layout.shape)


def laid_out(tensor: Tensor, drawn: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Numbers drawn one after another, put where the tensor's memory has them; its shape."""
    shape = tuple(tensor.shape)
    if tensor._storage is None or tensor._layout.contiguous:
        return drawn.reshape(shape)
    order = memory_order(tensor)
    moved = drawn.reshape([shape[axis] for axis in order])
    return np.ascontiguousarray(moved.transpose(inverse(order)))
