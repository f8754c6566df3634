"""Sparse tensors in a file: their places and the elements there, two ordinary tensors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pickle import UnpicklingError
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.serialization.brief import brief
from rushlight.tensor import Size, Tensor
from rushlight.tensor.interface import sparse_coo
from rushlight.tensor.kinds import convert
from rushlight.tensor.sparse.coo import SparseTensor


class _Loading(threading.local):
    """The sparse tensors of the file that this thread reads; None where it reads none."""

    unchecked: list[SparseTensor] | None = None


_loading = _Loading()


def reduce_sparse(tensor: SparseTensor) -> tuple[Any, ...]:
    """The arguments of ``rebuild_sparse``: layout and (places, elements, size, whether merged)."""
    elements: Any = tensor._values()
    return sparse_coo, (
        tensor._indices(), elements.detach(), Size(tensor.shape), tensor.is_coalesced(),
    )  # fmt: skip


def rebuild_sparse(layout: object, data: object) -> SparseTensor:
    """A tensor from its layout and what it holds; from old files without the last of the four.

    Its places are checked at the end of ``checked_at_the_end``: the old stream brings the bytes of
    all tensors after the tensors. Raises UnpicklingError for what is no such data.
    """
    if layout is not sparse_coo:
        raise NotImplementedError(f"rebuilding sparse tensor for layout {brief(layout)}")
    if not isinstance(data, tuple) or len(data) not in (3, 4):
        raise UnpicklingError(f"a sparse tensor is made of 3 or 4 values, got {brief(data)}")
    places, elements, size = data[:3]
    if not isinstance(places, Tensor) or not isinstance(elements, Tensor):
        raise UnpicklingError("a sparse tensor is made of two tensors, places and elements")
    if places.ndim != 2 or not elements.ndim:
        raise RuntimeError(
            f"indices must be sparse_dim x nnz and values nnz x dense axes, but got: "
            f"{list(places.shape)} and {list(elements.shape)}"
        )
    if places.dtype is not dtypes.int64:
        if places.dtype.is_floating_point or places.dtype.is_complex:
            raise UnpicklingError(f"a sparse tensor's places are whole numbers, not {places.dtype}")
        places = convert(places, dtypes.int64)
    if not isinstance(size, tuple) or any(type(n) is not int or not 0 <= n < 1 << 63 for n in size):
        raise UnpicklingError(f"a sparse tensor's size must be a tuple of ints, got {brief(size)}")
    if places.shape[1] != elements.shape[0]:
        raise RuntimeError(
            "indices and values must have same nnz, but got nnz from indices: "
            f"{places.shape[1]}, nnz from values: {elements.shape[0]}"
        )
    if len(size) != places.shape[0] + elements.ndim - 1:
        raise RuntimeError(
            f"'len(size) == sparse_dim + dense_dim' is not satisfied: len(size) = {len(size)}, "
            f"sparse_dim = {places.shape[0]}, dense_dim = {elements.ndim - 1}"
        )
    if tuple(size[places.shape[0] :]) != tuple(elements.shape[1:]):
        raise RuntimeError(
            f"a sparse tensor of size {tuple(size)} cannot hold elements of shape "
            f"{tuple(elements.shape[1:])}"
        )
    made = SparseTensor._make(places, elements, size, data[-1] is True)
    if _loading.unchecked is None:
        check_places(made)
    else:
        _loading.unchecked.append(made)
    return made


def check_places(tensor: SparseTensor) -> None:
    """RuntimeError where a place is outside of the tensor.

    A tensor that is said to be merged and is not, is marked as what it is.
    """
    places = tensor._indices()._array()
    for axis, row in enumerate(places):
        size = tensor.shape[axis]
        if row.size and not 0 <= row.min() <= row.max() < size:
            wrong = int(row.min() if row.min() < 0 else row.max())
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {axis}, size is {size} but found "
                f"{'negative ' if wrong < 0 else ''}index {wrong}"
            )
    if tensor.is_coalesced() and places.shape[1] > 1 and places.shape[0]:
        order = np.lexsort(places[::-1])
        is_sorted = bool((order == np.arange(order.size)).all())
        repeated = bool((places[:, 1:] == places[:, :-1]).all(axis=0).any())
        tensor._merged = is_sorted and not repeated


@contextmanager
def checked_at_the_end() -> Iterator[None]:
    """Around the reading of a file: afterwards all of its sparse tensors have been checked."""
    before, found = _loading.unchecked, []
    _loading.unchecked = found
    try:
        yield
        for each in found:
            check_places(each)
    finally:
        _loading.unchecked = before
