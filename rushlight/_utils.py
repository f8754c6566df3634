"""``torch._utils``: the names of it that programs use, and that PyTorch's plain pickles hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rushlight.serialization.rebuild import (
    rebuild_on_device as _rebuild_device_tensor_from_cpu_tensor,
)
from rushlight.serialization.rebuild import rebuild_parameter as _rebuild_parameter
from rushlight.serialization.rebuild import (
    rebuild_parameter_with_state as _rebuild_parameter_with_state,
)
from rushlight.serialization.rebuild import rebuild_tensor as _rebuild_tensor
from rushlight.serialization.rebuild import rebuild_tensor_v2 as _rebuild_tensor_v2
from rushlight.serialization.rebuild import rebuild_tensor_v3 as _rebuild_tensor_v3
from rushlight.serialization.sparse import rebuild_sparse as _rebuild_sparse_tensor
from rushlight.tensor import Tensor
from rushlight.tensor.wrap import function

__all__ = [
    "_accumulate", "_flatten_dense_tensors", "_rebuild_device_tensor_from_cpu_tensor",
    "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_sparse_tensor",
    "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3", "_take_tensors",
    "_unflatten_dense_tensors",
]  # fmt: skip


def _accumulate(iterable: Iterable[Any]) -> Iterator[Any]:
    """Running sums."""
    return itertools.accumulate(iterable)


def _flatten_dense_tensors(tensors: Sequence[Tensor]) -> Tensor:
    """All elements of ``tensors`` in one row."""
    flat: Tensor = function("cat")([each.reshape(-1) for each in tensors])
    return flat


def _take_tensors(tensors: Iterable[Tensor], size_limit: int) -> Iterator[list[Tensor]]:
    """``tensors`` in lists of one type and at most ``size_limit`` bytes.

    A larger tensor stands alone. A list is given when the next tensor of its type no
    longer fits, what is left at the end.
    """
    waiting: dict[str, tuple[list[Tensor], int]] = {}
    for each in tensors:
        kind, size = each.type(), each.numel() * each.element_size()
        held, total = waiting.get(kind, ([], 0))
        if held and total + size > size_limit:
            yield held
            held, total = [], 0
        held.append(each)
        waiting[kind] = held, total + size
    for held, _ in waiting.values():
        if held:
            yield held


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of ``flat`` with the shapes of ``tensors``."""
    made = []
    start = 0
    for each in tensors:
        made.append(flat.narrow(0, start, each.numel()).view(each.shape))
        start += each.numel()
    return tuple(made)
