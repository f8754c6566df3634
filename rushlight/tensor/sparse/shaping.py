"""Sparse tensors picked from, joined and turned: places are counted anew, elements stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.tensor.sparse.coo import FORMS, SparseTensor
from rushlight.tensor.sparse.forms import product
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Array = np.ndarray[Any, Any]


def _made(places: Array, elements: Any, sizes: Sequence[int], merged: bool) -> SparseTensor:
    held = Tensor._from_array(np.ascontiguousarray(places, np.int64))
    return SparseTensor._make(held, elements, sizes, merged)


def _rows(elements: Any, numbers: Array) -> Any:
    return function("index_select")(elements, 0, Tensor._from_array(numbers.astype(np.int64)))


def _without(sizes: Sequence[int], dim: int) -> list[int]:
    return [size for axis, size in enumerate(sizes) if axis != dim]


def select(input: SparseTensor, dim: int, index: int) -> Any:
    """What is at ``index`` of an axis: sparse, or dense where that was the only sparse axis."""
    axis, count = normalize_dim(dim, input.ndim), input.sparse_dim()
    length = input._sizes[axis]
    if not -length <= index < length:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._sizes)} at "
            f"dimension {axis}"
        )
    index %= length
    sizes = _without(input._sizes, axis)
    if axis >= count:
        picked = function("select")(input._elements, axis - count + 1, index)
        return SparseTensor._make(input._places, picked, sizes, input._merged)
    places = input._places._array()
    kept = np.flatnonzero(places[axis] == index)
    elements = _rows(input._elements, kept)
    if count == 1:
        return function("sum")(elements, (0,))
    return _made(np.delete(places[:, kept], axis, 0), elements, sizes, input._merged)


def index_select(input: SparseTensor, dim: int, index: Tensor) -> SparseTensor:
    """The places ``index`` (M) of an axis, one after another."""
    axis, count = normalize_dim(dim, input.ndim), input.sparse_dim()
    sizes = list(input._sizes)
    if axis >= count:
        sizes[axis] = index.shape[0]
        picked = function("index_select")(input._elements, axis - count + 1, index)
        return SparseTensor._make(input._places, picked, sizes, input._merged)
    wanted = index._array().reshape(-1)
    if wanted.size and not (wanted.min() >= 0 and wanted.max() < sizes[axis]):
        raise IndexError(
            f"index_select(): index contains one out of range for axis {axis} of {sizes[axis]}"
        )
    sizes[axis] = wanted.size
    places = input._places._array()
    order = np.argsort(places[axis], kind="stable")
    ends = np.searchsorted(places[axis][order], [wanted, wanted + 1])
    counts = ends[1] - ends[0]
    slots = np.repeat(np.arange(wanted.size), counts)  # which of ``wanted`` an element is for
    steps = np.arange(slots.size) - np.repeat(np.cumsum(counts) - counts, counts)
    found = order[ends[0][slots] + steps]
    moved = places[:, found]
    moved[axis] = slots
    return _made(moved, _rows(input._elements, found), sizes, merged=False)


def narrow(input: SparseTensor, dim: int, start: int, length: int) -> SparseTensor:
    """``length`` places of an axis from ``start`` on."""
    axis, count = normalize_dim(dim, input.ndim), input.sparse_dim()
    sizes = list(input._sizes)
    first = start + sizes[axis] if start < 0 else start
    if not 0 <= first <= first + length <= sizes[axis]:
        raise RuntimeError(
            f"start ({start}) + length ({length}) exceeds dimension size ({sizes[axis]})."
        )
    sizes[axis] = length
    if axis >= count:
        cut = function("narrow")(input._elements, axis - count + 1, first, length)
        return SparseTensor._make(input._places, cut, sizes, input._merged)
    places = input._places._array()
    kept = np.flatnonzero((places[axis] >= first) & (places[axis] < first + length))
    moved = places[:, kept]
    moved[axis] -= first
    return _made(moved, _rows(input._elements, kept), sizes, input._merged)


def unsqueeze(input: SparseTensor, dim: int) -> SparseTensor:
    """One more axis of size 1."""
    axis, count = normalize_dim(dim, input.ndim + 1), input.sparse_dim()
    sizes = [*input._sizes[:axis], 1, *input._sizes[axis:]]
    if axis > count:
        wide = function("unsqueeze")(input._elements, axis - count + 1)
        return SparseTensor._make(input._places, wide, sizes, input._merged)
    return _made(np.insert(input._places._array(), axis, 0, 0), input._elements, sizes,
                 input._merged)  # fmt: skip


def permute(input: SparseTensor, *dims: Any) -> SparseTensor:
    """Axes in another order, sparse ones among themselves."""
    given = dims[0] if len(dims) == 1 and isinstance(dims[0], (tuple, list)) else dims
    order, count = [normalize_dim(dim, input.ndim) for dim in given], input.sparse_dim()
    if sorted(order) != list(range(input.ndim)):
        raise RuntimeError(f"permute(sparse_coo): each axis is named once, got {list(given)}")
    if any(axis >= count for axis in order[:count]):
        raise RuntimeError("permute(sparse_coo): a sparse axis cannot take a dense one's place")
    elements = input._elements
    if order[count:] != list(range(count, input.ndim)):
        elements = function("permute")(elements, (0, *(axis - count + 1 for axis in order[count:])))
    merged = input._merged and order[:count] == list(range(count))
    sizes = [input._sizes[axis] for axis in order]
    return _made(input._places._array()[order[:count]], elements, sizes, merged)


def cat(tensors: Sequence[Any], dim: int = 0) -> SparseTensor:
    """One after another along an axis; all have to be sparse, in the same axes."""
    if not all(isinstance(each, SparseTensor) for each in tensors):
        raise RuntimeError("Concatenating sparse tensors, but a dense tensor was found among them.")
    first = tensors[0]
    axis, count = normalize_dim(dim, first.ndim), first.sparse_dim()
    for place, each in enumerate(tensors):
        if each.sparse_dim() != count or each.dense_dim() != first.dense_dim():
            raise RuntimeError(
                "All tensors must have the same: sparse_dim and dense_dim, as tensor 0 has; "
                f"tensor {place} has {each.sparse_dim()} and {each.dense_dim()}"
            )
        if _without(each._sizes, axis) != _without(first._sizes, axis):
            raise RuntimeError(
                "All tensors must have the same shape: "
                f"{list(first._sizes)} (except in the concatenating dimension), but found shape: "
                f"{list(each._sizes)} at position {place}"
            )
    total = sum(each._sizes[axis] for each in tensors)
    sizes = list(first._sizes)
    sizes[axis] = total
    moved, elements, start = [], [], 0
    for each in tensors:
        places, held, size = each._places._array(), each._elements, each._sizes[axis]
        if axis < count:
            places = places.copy()
            places[axis] += start
        else:
            held = _widened(held, axis - count + 1, start, total)
        moved.append(places)
        elements.append(held)
        start += size
    return _made(np.concatenate(moved, 1), function("cat")(elements, 0), sizes, merged=False)


def _widened(elements: Any, axis: int, start: int, total: int) -> Any:
    """Zeros before and after, so that ``axis`` has ``total``."""

    def zeros(size: int) -> Any:
        shape = [*elements.shape]
        shape[axis] = size
        return function("_constant")(tuple(shape), 0, elements.dtype)

    parts = [zeros(start), elements, zeros(total - start - elements.shape[axis])]
    return function("cat")(parts, axis)


def stack(tensors: Sequence[Any], dim: int = 0) -> SparseTensor:
    """One beside another along a new axis."""
    return cat([unsqueeze(each, dim) for each in tensors], dim)


def batched_product(input: Any, mat2: Any) -> Any:
    """(B, M, K) sparse times (B, K, N): one product of a matrix that has the B as blocks."""
    if not isinstance(input, SparseTensor) or (input.sparse_dim(), input.dense_dim()) != (3, 0):
        raise NotImplementedError("bmm() takes a sparse tensor of three sparse axes first")
    batch, rows, inner = input._sizes
    if tuple(mat2.shape[:2]) != (batch, inner):
        raise RuntimeError(
            f"bmm: dimensions do not match: {list(input._sizes)} and {list(mat2.shape)}"
        )
    block, row, column = input._places._array()
    places = np.stack((block * rows + row, block * inner + column))
    blocks = _made(places, input._elements, (batch * rows, batch * inner), merged=False)
    found = product(blocks, mat2.reshape(batch * inner, -1))
    return found.reshape(batch, rows, -1)


def at(input: SparseTensor, index: Any) -> Any:
    """``input[index]`` for whole numbers, and ``:`` where an axis stays."""
    found: Any = input
    axis = 0
    for each in index if isinstance(index, tuple) else (index,):
        if isinstance(each, (int, np.integer)) and not isinstance(each, bool):
            found = function("select")(found, axis, int(each))
        elif isinstance(each, slice) and each == slice(None):
            axis += 1
        else:
            raise NotImplementedError(
                f"a sparse tensor is indexed by whole numbers and ':', not by {each!r}; "
                "index_select() takes several, or call .to_dense() first"
            )
    return found


def masked(input: Tensor, mask: SparseTensor) -> SparseTensor:
    """The elements of a dense tensor at the places of a sparse one."""
    if input.shape != mask._sizes:
        raise RuntimeError(
            f"sparse_mask(): operands have incompatible sizes; self has size {list(input.shape)} "
            f"but mask has size {list(mask._sizes)}"
        )
    flat = Tensor._from_array(mask._flat_places())
    rows = input.reshape(-1, *input.shape[mask.sparse_dim() :])  # type: ignore[attr-defined]
    return mask._with(function("index_select")(rows, 0, flat))


FORMS.update({
    "select": select, "index_select": index_select, "narrow": narrow, "unsqueeze": unsqueeze,
    "permute": permute, "cat": cat, "stack": stack, "bmm": batched_product, "at": at,
})  # fmt: skip
