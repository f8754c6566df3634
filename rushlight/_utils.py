"""``torch._utils``: the few names of it that programs use."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rushlight.tensor import Tensor
from rushlight.tensor.wrap import function


def _accumulate(iterable: Iterable[Any]) -> Iterator[Any]:
    """Running sums."""
    return itertools.accumulate(iterable)


def _flatten_dense_tensors(tensors: Sequence[Tensor]) -> Tensor:
    """All elements of ``tensors`` in one row."""
    flat: Tensor = function("cat")([each.reshape(-1) for each in tensors])
    return flat


def _unflatten_dense_tensors(flat: Tensor, tensors: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Views of ``flat`` with the shapes of ``tensors``."""
    made = []
    start = 0
    for each in tensors:
        made.append(flat.narrow(0, start, each.numel()).view(each.shape))
        start += each.numel()
    return tuple(made)
