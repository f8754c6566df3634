"""Functions whose result's shape depends on values: computed on the host with NumPy.

Where a gradient can flow, only the places are found on the host; the elements are then read by a
recorded op.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, int32, int64, uint8
from rushlight.base.shape import broadcast_shapes, normalize_dim
from rushlight.base.warn import warn
from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import local
from rushlight.ops.kernels import refuse
from rushlight.ops.legacy_names import legacy_name
from rushlight.runtime.histogram import KINDS, counts_of
from rushlight.runtime.room import room_for
from rushlight.tensor.functions import one_sample
from rushlight.tensor.functions.nonzero import nonzero
from rushlight.tensor.functions.register import public
from rushlight.tensor.functions.row_keys import row_keys
from rushlight.tensor.kinds import class_name, convert
from rushlight.tensor.numpy_names import also_named
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Array = np.ndarray[Any, Any]


def _made(array: Array) -> Tensor:
    return Tensor._from_array(np.asarray(array, order="C"))


# Masks


def _mask_places(mask: Tensor, shape: tuple[int, ...], who: str) -> Tensor:
    if mask.dtype not in (bool_, uint8):
        raise RuntimeError(f"{who}: expected BoolTensor or ByteTensor for mask")
    return _made(np.flatnonzero(np.broadcast_to(mask._array(), shape)))


@public(method=True, out=True)
def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where ``mask`` holds (both broadcast), as a vector."""
    if mask.dtype is not bool_:
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = broadcast_shapes(input.shape, mask.shape)
    wide = input if input.shape == shape else function("expand")(input, *shape)
    picked: Tensor = function("take")(wide, _mask_places(mask, shape, "masked_select"))
    return picked


@public(method=True, inplace=True)
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """``input`` with elements of ``source``, in order, where ``mask`` (broadcast) holds."""
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"masked_scatter: expected self and source to have same dtypes but got {input.dtype} "
            f"and {source.dtype}"
        )
    if mask.dtype is not bool_:
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{legacy_name(mask.dtype)}"
        )
    shape = broadcast_shapes(input.shape, mask.shape)
    if tuple(input.shape) != shape:
        input = function("expand")(input, *shape)
    if local.trace.abstract:
        return one_sample.masked_scatter(input, mask, source)
    places = _mask_places(mask, shape, "masked_scatter_")
    count = places.shape[0]
    if count > source.numel():  # type: ignore[attr-defined]
        raise RuntimeError("Number of elements of source < number of ones in mask")
    values = function("narrow")(source.reshape(-1), 0, 0, count)
    written: Tensor = function("put")(input, places, values)
    return written


# Distinct values


def _with_extras(values: Array, *extras: Array | None) -> Any:
    """The values and those of inverse and counts that were asked for."""
    asked = [_made(each.astype(np.int64)) for each in extras if each is not None]
    return (_made(values), *asked) if asked else _made(values)


def _starts(ranked: Array) -> Array:
    """Whether each element of a row differs from the one before; nan always does."""
    first = np.ones(ranked.shape, bool)
    np.not_equal(ranked[1:], ranked[:-1], out=first[1:])
    return first


def _lengths(first: Array) -> Array:
    """The lengths of runs, from where they start."""
    return np.diff(np.append(np.flatnonzero(first), first.size))


def _distinct(input: Tensor, return_inverse: bool, return_counts: bool) -> Any:
    """The distinct ones of whole numbers: sorted by a kernel of ours, then runs of equal ones."""
    flat = function("reshape")(input, -1)
    values = flat._array()
    if not (return_inverse or return_counts):
        return _made(np.unique(values))
    order = function("argsort")(flat, 0, stable=True)._array()
    ranked = values[order]
    first = _starts(ranked)
    inverse = None
    if return_inverse:
        inverse = np.empty(values.size, np.int64)
        inverse[order] = np.cumsum(first) - 1
        inverse = inverse.reshape(input.shape)
    return _with_extras(ranked[first], inverse, _lengths(first) if return_counts else None)


def _distinct_slices(array: Array, axis: int) -> tuple[Array, Array, Array] | None:
    """(the distinct slices along ``axis`` in order, inverse, counts); None: where there are no
    keys for them."""
    moved = np.moveaxis(array, axis, 0)
    keys = row_keys(moved.reshape(len(moved), -1))
    if keys is None:
        return None
    order = np.argsort(keys, kind="stable")
    first = _starts(keys[order])
    inverse = np.empty(len(keys), np.int64)
    inverse[order] = np.cumsum(first) - 1
    return np.moveaxis(moved[order[first]], 0, axis), inverse, _lengths(first)


def _slices_of(input: Tensor, axis: int | None) -> Array:
    """The elements. RuntimeError where slices along ``axis`` have none."""
    others = () if axis is None else input.shape[:axis] + input.shape[axis + 1 :]
    if 0 in others:
        raise RuntimeError(
            "There are 0 sized dimensions, and they aren't selected, so unique cannot be applied"
        )
    return input._array()


@public(method=True)
def unique(
    input: Tensor, sorted: bool = True, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The distinct elements in order (or slices along ``dim``), inverse and counts if asked."""
    refuse("unique", input.dtype)
    if dim is None and not input.dtype.is_floating_point:
        return _distinct(input, return_inverse, return_counts)
    axis = None if dim is None else normalize_dim(dim, input.ndim)
    array = _slices_of(input, axis)
    found = _distinct_slices(array, axis) if axis is not None and array.size else None
    if found is not None:
        values, inverse, counts = found
        return _with_extras(
            values, inverse if return_inverse else None, counts if return_counts else None
        )
    # Of 0 and -0, and of several nan, those that this sort has first are PyTorch's mostly.
    values, inverse, counts = np.unique(
        array, return_inverse=True, return_counts=True, axis=axis, equal_nan=False
    )
    inverse = inverse.reshape(array.shape if axis is None else array.shape[axis])
    return _with_extras(
        values, inverse if return_inverse else None, counts if return_counts else None
    )


@public(method=True)
def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """The first of each run of equal elements (or slices along ``dim``)."""
    refuse("unique", input.dtype)
    axis = None if dim is None else normalize_dim(dim, input.ndim)
    array = _slices_of(input, axis)
    rows = array.reshape(-1) if axis is None else np.moveaxis(array, axis, 0)
    if rows.ndim == 1 or not rows.shape[0]:
        first = _starts(rows if rows.ndim == 1 else np.empty(0))
    else:
        flat = rows.reshape(rows.shape[0], -1)
        first = np.ones(len(flat), bool)
        first[1:] = (flat[1:] != flat[:-1]).any(axis=1)
    values = rows[first] if axis is None else np.moveaxis(rows[first], 0, axis)
    inverse = None
    if return_inverse:
        inverse = (np.cumsum(first) - 1).reshape(array.shape if axis is None else -1)
    return _with_extras(values, inverse, _lengths(first) if return_counts else None)


# Counting


@public(method=True)
def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each whole number from 0 occurs, or the sum of its weights."""
    if input.ndim == 1 and input.dtype.is_floating_point:
        raise NotImplementedError(
            f"\"bincount_cpu\" not implemented for '{legacy_name(input.dtype)}'"
        )
    if input.ndim != 1 or input.dtype.is_floating_point:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if isinstance(local.trace, SampleTrace):
        given = (input,) if weights is None else (input, weights)
        return one_sample.one_by_one(  # type: ignore[no-any-return]
            lambda x, w=None: bincount(x, w, minlength), *given
        )
    array = input._array()
    if array.size and array.min() < 0:
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    room_for(max(minlength, int(array.max()) + 1 if array.size else 0), np.int64)
    if weights is None:
        return _made(np.bincount(array.astype(np.int64), minlength=minlength).astype(np.int64))
    if weights.shape != input.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    total = np.bincount(array.astype(np.int64), weights._array(), minlength)
    single = weights.dtype.name == "float32"
    return _made(total.astype(np.float32 if single else np.float64))


@public(method=True, out=True)
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """Counts in ``bins`` equal bins from min to max (the data's own if both are equal)."""
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    refuse("histc", input.dtype)
    room_for(bins, np.int64)
    if local.trace.abstract and min <= max:
        return one_sample.histc(input, bins, min, max)
    array = input._array().reshape(-1)
    low, high = float(min), float(max)
    if low == high and array.size:
        low, high = float(array.min()), float(array.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (np.isfinite(low) and np.isfinite(high)):
        raise RuntimeError(f"torch.histc: range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError("torch.histc: max must be larger than min")
    if array.dtype.name in KINDS:
        return _made(counts_of(array, bins, low, high).astype(array.dtype))
    kept = array[(array >= low) & (array <= high)]
    # In the input's own precision, as PyTorch places them.
    start, span = kept.dtype.type(low), kept.dtype.type(high) - kept.dtype.type(low)
    places = ((kept - start) * kept.dtype.type(bins) / span).astype(np.int64)
    counts = np.bincount(np.minimum(places, bins - 1), minlength=bins)
    return _made(counts.astype(input.dtype.np))


# Repeating


@public(method=True)
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each slice along ``dim`` (flattened if None) ``repeats`` times in a row.

    ``repeats``: one number, or a tensor of one per slice. Of a tensor alone: the index of each.
    """
    if repeats is None:
        counts = input._array()
        room_for(int(counts.sum()), np.int64)
        return _made(np.repeat(np.arange(counts.shape[0]), counts))
    x = input.reshape(-1) if dim is None else input
    axis = 0 if dim is None else normalize_dim(dim, input.ndim)
    if isinstance(repeats, (list, tuple)):
        repeats = Tensor._from_array(np.asarray(repeats, np.int64))
    if isinstance(repeats, Tensor):
        counts = repeats._array()
        if counts.dtype.kind not in "iu":
            raise RuntimeError("repeats has to be Long or Int tensor")
        if counts.size == 1:
            repeats = int(counts.reshape(-1)[0])
        else:
            if (counts < 0).any():
                raise RuntimeError("repeats can not be negative")
            if counts.ndim != 1 or counts.size != x.shape[axis]:
                raise RuntimeError(
                    "repeats must have the same size as input along dim, but got repeats.size(0) = "
                    f"{counts.size} and input.size({axis}) = {x.shape[axis]}"
                )
            room_for(int(counts.sum()), np.int64)
            places = _made(np.repeat(np.arange(counts.size), counts))
            picked: Tensor = function("index_select")(x, axis, places)
            return picked
    if repeats < 0:
        raise RuntimeError("Repeats must be non-negative")
    return function("_repeat_each")(x, int(repeats), axis)  # type: ignore[no-any-return]


# One-hot


@public(torch=False, functional=True, asks=True)
@also_named(input="tensor")
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 (*, num_classes): 1 at the place that each element names.

    ``num_classes=-1`` takes one more than the largest.
    """
    if tensor.dtype is not int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if local.trace.abstract and num_classes > 0:  # of one sample of many: nobody knows its numbers
        return function("_one_hot")(tensor, num_classes)  # type: ignore[no-any-return]
    array = tensor._array()
    if array.size == 0:
        if num_classes <= 0:
            raise RuntimeError(
                "Can not infer total number of classes from empty tensor."
                if num_classes == -1
                else "Number of classes must be positive"
            )
    else:
        if array.min() < 0:
            raise RuntimeError("Class values must be non-negative.")
        if num_classes == -1:
            num_classes = int(array.max()) + 1
        elif array.max() >= num_classes:
            raise RuntimeError("Class values must be smaller than num_classes.")
    made: Tensor = function("_one_hot")(tensor, num_classes)
    return made


# Advanced indexing by a tuple


@public(method=True, inplace=True)
def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``input[indices]`` replaced by ``values`` (broadcast), or added to where ``accumulate``."""
    if not isinstance(indices, (tuple, list)):
        told = "index_put(): argument 'indices' (position 1) must be tuple of Tensors, not "
        raise TypeError(told + class_name(indices))
    tensors: list[Tensor] = []
    axes: list[int] = []
    axis = 0
    for entry in indices:
        if entry is None:
            axis += 1
        elif entry.dtype in (bool_, uint8):
            for found in np.nonzero(entry._array()):
                tensors.append(_made(found))
                axes.append(axis)
                axis += 1
        else:
            tensors.append(convert(entry, int64) if entry.dtype is int32 else entry)
            axes.append(axis)
            axis += 1
    if axis > input.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input.ndim} (got {axis})")
    front = any(b - a > 1 for a, b in itertools.pairwise(axes))
    written: Tensor = function("_index_put")(
        input, values, tuple(tensors), tuple(axes), front, bool(accumulate)
    )
    return written


# where


@public()
def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """``input`` where ``condition`` holds, else ``other``; alone: ``nonzero(as_tuple=True)``."""
    if not isinstance(condition, Tensor):
        raise TypeError(
            "where(): argument 'condition' (position 1) must be Tensor, not "
            f"{type(condition).__name__}"
        )
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    return function("where")(_truths(condition), input, other, out=out)


def _truths(condition: Tensor) -> Tensor:
    """Masks were uint8 before there was bool, and ``where`` still takes them."""
    if condition.dtype is not uint8:
        return condition
    warn(
        "where received a uint8 condition tensor. This behavior is deprecated and will be removed "
        "in a future version of PyTorch. Use a boolean condition instead."
    )
    return convert(condition, bool_)


def _where_method(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The tensor where ``condition`` holds, else ``other``."""
    made: Tensor = function("where")(_truths(condition), self, other)
    return made


Tensor.where = _where_method  # type: ignore[attr-defined]
