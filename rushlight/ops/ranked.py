"""Elements by rank: the k largest, the k-th smallest, the most frequent.

Where several elements are equal, the one PyTorch names is named (``ir/tied_order.py``); by kthvalue
in rows of up to 65,536 elements (``nth_place.py``), in longer ones the first of them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int64
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops import return_types
from rushlight.ops.nth_place import by_rows
from rushlight.ops.samples import Rng, Samples, distinct
from rushlight.ops.scatter import at_least_1d
from rushlight.ops.sorting import picked, spread_to_place
from rushlight.ops.table import composite


@composite(method=True)
def topk(input: Node, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """(values, indices) of the k largest (or smallest) along ``dim``, in order; a scalar is its
    own, whatever k."""
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    if not 0 <= k <= x.shape[axis]:
        raise RuntimeError("selected index k out of range")
    k = k if input.ndim else 1
    places = build.first_places(x, axis, k, largest, sorted)
    values = build.gather(x, places, axis)
    shape = values.shape if input.ndim else ()
    return return_types.topk(reshape(values, shape), reshape(places, shape))


@composite(method=True)
def kthvalue(input: Node, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """(value, index) of the k-th smallest along ``dim``, counted from 1."""
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    if not 1 <= k <= x.shape[axis]:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {axis}")
    kept = tuple(1 if place == axis else n for place, n in enumerate(x.shape))
    places = build.host("kth_places", (x,), kept, int64, (axis, k - 1))
    return return_types.kthvalue(*picked(x, places, axis, input, keepdim))


@host("mode_places")
def _host_mode_places(arrays: tuple[Array, ...], params: tuple[int, ...]) -> Array:
    """Where the most frequent value of each row is, the smallest of several, its last place. The
    second array: the places in order."""
    rows, order = by_rows(arrays, params[0])
    equal = _equal_numbers(np.take_along_axis(rows, order, -1))
    at = np.arange(rows.shape[-1])
    first = np.ones(rows.shape, bool)
    first[:, 1:] = ~equal
    starts = np.maximum.accumulate(np.where(first, at, 0), -1)
    end = np.argmax(at - starts, -1)  # the first row's end that is longest
    places = np.take_along_axis(order, end[:, None], -1)[:, 0]
    shape = np.moveaxis(arrays[0], params[0], -1).shape[:-1]
    return np.expand_dims(places.reshape(shape), params[0])


def _equal_numbers(ranked: Array) -> Array:
    return np.asarray(ranked[:, 1:] == ranked[:, :-1])


@composite(method=True)
def mode(input: Node, dim: int = -1, keepdim: bool = False) -> Any:
    """(values, indices) of the most frequent element along ``dim``, the smallest of several."""
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    if x.shape[axis] == 0:
        raise IndexError(f"mode(): Expected reduction dim {axis} to have non-zero size.")
    kept = tuple(1 if k == axis else n for k, n in enumerate(x.shape))
    order = build.argsort(x, axis, False, tied=True)
    places = build.host("mode_places", (x, order), kept, int64, (axis,))
    return return_types.mode(*picked(x, places, axis, input, keepdim))


@mode.vjp
def _(g: Any, out: Any, input: Node, dim: int, keepdim: bool) -> Any:
    return spread_to_place(g, out, input, dim, keepdim)


@mode.samples
def _(rng: Rng) -> Samples:
    yield (rng.integers(0, 3, (4, 7)),), {}
    yield (rng.integers(0, 3, (2, 3, 4)), 1, True), {}
    yield (np.asarray(2.0),), {}
    yield (distinct(rng, 3, 4), 0), {}


@topk.samples
def _(rng: Rng) -> Samples:
    yield (distinct(rng, 3, 7), 2), {}
    yield (rng.integers(0, 3, (4, 30)), 5, -1, False), {}
    yield (rng.integers(0, 3, (2, 130, 3)), 2, 1), {}
    yield (np.asarray(2.0), 1), {}


@kthvalue.samples
def _(rng: Rng) -> Samples:
    yield (distinct(rng, 3, 7), 2), {}
    yield (rng.integers(0, 3, (2, 30, 3)), 5, 1, True), {}
