"""Counts in bins: histogram, histogramdd."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import local
from rushlight.ops import return_types
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.one_sample import one_by_one
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor

Array = np.ndarray[Any, Any]


def _even_edges(
    who: str, column: Array, count: int, bounds: tuple[float, float] | None, dtype: Any
) -> Array:
    if count <= 0:
        raise RuntimeError(f"{who}(): bins must be > 0, but got {count}")
    if bounds is not None:
        low, high = bounds
    elif column.size:
        low, high = float(column.min()), float(column.max())
    else:
        low, high = 0.0, 1.0
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{who}(): dimension's range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(f"{who}(): min should not exceed max, but got min {low} max {high}")
    if low == high:
        low, high = low - 0.5, high + 0.5
    return np.linspace(low, high, count + 1).astype(dtype)


def _given_edges(who: str, edges: Tensor, dtype: Any) -> Array:
    if edges.ndim != 1:
        raise RuntimeError(
            f"{who}(): bins tensor should have one dimension, but got {edges.ndim} dimensions"
        )
    if edges.shape[0] == 0:
        raise RuntimeError(f"{who}(): bins tensor should have at least 1 element")
    array = edges._array()
    if array.dtype != dtype:
        raise RuntimeError(f"{who}(): input tensor and bins tensors should have the same dtype")
    return np.asarray(array)


def _places(column: Array, edges: Array) -> tuple[Array, Array]:
    """The bin of each value, and whether it is in any; the last bin holds its right end."""
    inside = (column >= edges[0]) & (column <= edges[-1])
    found = np.searchsorted(edges, column, side="right") - 1
    return np.minimum(found, max(len(edges) - 2, 0)), inside


def _counted(
    points: Array, edges: list[Array], weight: Tensor | None, density: bool, dtype: Any
) -> Array:
    shape = tuple(len(each) - 1 for each in edges)
    hist = np.zeros(shape, np.float64)
    places, inside = [], np.ones(len(points), bool)
    for axis, each in enumerate(edges):
        place, within = _places(points[:, axis], each)
        places.append(place)
        inside &= within
    weights = np.ones(len(points)) if weight is None else weight._array().reshape(-1)
    if hist.size:
        np.add.at(hist, tuple(place[inside] for place in places), weights[inside])
    if density:
        volume = np.ones(shape)
        for axis, each in enumerate(edges):
            wide = [1] * len(edges)
            wide[axis] = -1
            volume = volume * np.diff(each.astype(np.float64)).reshape(wide)
        hist = hist / hist.sum() / volume
    return hist.astype(dtype)


def _require_floats(input: Tensor) -> None:
    if input.dtype.name not in ("float32", "float64"):
        raise NotImplementedError(
            f"\"histogramdd\" not implemented for '{legacy_name(input.dtype)}'"
        )


def _weight(who: str, weight: Tensor | None, input: Tensor, shape: tuple[int, ...]) -> None:
    if weight is None:
        return
    if weight.dtype is not input.dtype:
        raise RuntimeError(f"{who}(): if weight tensor is provided, it should have the same dtype")
    if tuple(weight.shape) != shape:
        raise RuntimeError(
            f"{who}(): if weight tensor is provided it should have the same shape as the input "
            "tensor excluding its innermost dimension"
        )


def _tensor(array: Array) -> Tensor:
    return Tensor._from_array(np.ascontiguousarray(array))


@public(method=True, out=True)
def histogram(
    input: Tensor, bins: Any = 100, *, range: Any = None, weight: Tensor | None = None,
    density: bool = False,
) -> Any:  # fmt: skip
    """(hist, bin_edges): how many values, or the sum of their weights, lie in each bin.

    ``bins``: how many between the ends of ``range`` (of the data if None), or a tensor of edges.

    >>> import rushlight as torch
    >>> torch.histogram(torch.tensor([1.0, 2.0, 1.0]), 2, range=(0.0, 3.0)).hist
    tensor([2., 1.])
    """
    _require_floats(input)
    if isinstance(local.trace, SampleTrace):
        if isinstance(bins, Tensor) or weight is not None:
            raise NotImplementedError("vmap of histogram with edges or weights")
        return one_by_one(lambda x: histogram(x, bins, range=range, density=density), input)
    dtype = input.dtype.np
    points = input._array().reshape(-1, 1)
    _weight("histogram", weight, input, tuple(input.shape))
    if isinstance(bins, Tensor):
        if range is not None:
            raise TypeError("histogram(): range is given by the edges when bins is a tensor")
        edges = _given_edges("histogram", bins, dtype)
    else:
        bounds = None if range is None else (float(range[0]), float(range[1]))
        edges = _even_edges("histogram", points, int(bins), bounds, dtype)
    counted = _counted(points, [edges], weight, density, dtype)
    return return_types.histogram(_tensor(counted), _tensor(edges))


@public()
def histogramdd(
    input: Tensor, bins: Any, range: Any = None, weight: Tensor | None = None,
    density: bool = False,
) -> Any:  # fmt: skip
    """(hist, bin_edges) of points (.., D): counts in a grid of D axes.

    ``bins``: a number, D numbers, or D tensors of edges; ``range``: 2 D ends, axis by axis.
    """
    who = "histogramdd"
    if input.ndim < 2:
        raise RuntimeError(f"{who}(): input tensor should have at least 2 dimensions")
    _require_floats(input)
    dtype, axes = input.dtype.np, input.shape[-1]
    points = input._array().reshape(-1, axes)
    _weight(who, weight, input, tuple(input.shape[:-1]))
    each = [bins] * axes if isinstance(bins, int) else list(bins)
    if len(each) != axes:
        raise RuntimeError(
            f"{who}(): expected {axes} bins or sequences of bin edges for a {axes}-dimensional "
            f"histogram but got {len(each)}"
        )
    edges = []
    for axis, given in enumerate(each):
        if isinstance(given, Tensor):
            edges.append(_given_edges(who, given, dtype))
            continue
        bounds = None
        if range is not None:
            bounds = (float(range[2 * axis]), float(range[2 * axis + 1]))
        edges.append(_even_edges(who, points[:, axis], int(given), bounds, dtype))
    counted = _counted(points, edges, weight, density, dtype)
    return return_types.histogramdd(_tensor(counted), tuple(map(_tensor, edges)))
