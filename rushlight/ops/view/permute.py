"""The axes in another order: permute, transpose, t, movedim."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import Shape, normalize_dim, normalize_dims
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout
from rushlight.ops.samples import BadInputs, Rng, Samples, floats, raises
from rushlight.ops.table import composite
from rushlight.ops.view.sizes import sizes


def permuted(x: Layout, axes: Shape) -> Layout:
    return Layout(
        tuple(x.shape[axis] for axis in axes), tuple(x.strides[axis] for axis in axes), x.offset
    )


def _permutation(dims: tuple[Any, ...], ndim: int) -> Shape:
    named = sizes(dims)
    if len(named) != ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the "
            f"length of the desired ordering of dimensions i.e. input.dim() = {ndim} is not equal "
            f"to len(dims) = {len(named)}"
        )
    axes = tuple(normalize_dim(dim, ndim) for dim in named)
    if len(set(axes)) != ndim:
        raise RuntimeError("permute(): duplicate dims are not allowed.")
    return axes


@composite(method=True, view=True)
def permute(input: Node, *dims: int) -> Node:
    """Axis k of the result is axis dims[k]."""
    return build.permute(input, _permutation(dims, input.ndim))


@permute.strides
def _(x: Layout, *dims: Any) -> Layout:
    return permuted(x, _permutation(dims, len(x.shape)))


@permute.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), (2, 0, 1)), {}
    yield (floats(rng, 2, 3, 4), (-1, 1, 0)), {}
    yield (floats(rng), ()), {}
    yield (np.zeros((0, 3)), (1, 0)), {}


@permute.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), (0,)), {}, RuntimeError, "number of dimensions"
    yield (np.ones((2, 3)), (0, 0)), {}, RuntimeError, "duplicate dims"


def _swap(ndim: int, dim0: int, dim1: int) -> Shape:
    first, second = normalize_dim(dim0, ndim), normalize_dim(dim1, ndim)
    axes = list(range(ndim))
    if ndim:
        axes[first], axes[second] = axes[second], axes[first]
    return tuple(axes)


@composite(method=True, view=True, aliases=("swapaxes", "swapdims"))
def transpose(input: Node, dim0: int, dim1: int) -> Node:
    """Two axes change places."""
    return build.permute(input, _swap(input.ndim, dim0, dim1))


@transpose.strides
def _(x: Layout, dim0: int, dim1: int) -> Layout:
    return permuted(x, _swap(len(x.shape), dim0, dim1))


@transpose.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), 0, -1), {}
    yield (floats(rng, 2, 3), 1, 1), {}
    yield (floats(rng), 0, -1), {}


transpose.bad_inputs(raises(((np.ones((2, 3)), 0, 2), {}, IndexError, "Dimension out of range")))


def _matrix_swap(ndim: int) -> Shape:
    if ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {ndim}D")
    return tuple(reversed(range(ndim)))


@composite(method=True, view=True)
def t(input: Node) -> Node:
    """A matrix transposed; 0-d and 1-d as they are."""
    return build.permute(input, _matrix_swap(input.ndim))


@t.strides
def _(x: Layout) -> Layout:
    return permuted(x, _matrix_swap(len(x.shape)))


@t.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3),), {}
    yield (floats(rng, 3),), {}
    yield (floats(rng),), {}


t.bad_inputs(raises(((np.ones((1, 2, 3)),), {}, RuntimeError, "expects a tensor with <= 2")))


def _moved(ndim: int, source: Any, destination: Any) -> Shape:
    if isinstance(source, int) is not isinstance(destination, int):
        raise TypeError("movedim(): source and destination must both be int or both tuple of ints")
    from_dims = (source,) if isinstance(source, int) else tuple(source)
    to_dims = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(from_dims) != len(to_dims):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(from_dims)} dims) should contain the same number of dims as destination "
            f"({list(to_dims)} dims)"
        )
    pairs = dict(
        zip(normalize_dims(to_dims, ndim), normalize_dims(from_dims, ndim), strict=True)
        if from_dims
        else ()
    )
    rest = iter(axis for axis in range(ndim) if axis not in pairs.values())
    return tuple(pairs[place] if place in pairs else next(rest) for place in range(ndim))


@composite(method=True, view=True, aliases=("moveaxis",), grad_name="Permute")
def movedim(input: Node, source: int | Shape, destination: int | Shape) -> Node:
    """Axes moved to other places, the rest in their order."""
    return build.permute(input, _moved(input.ndim, source, destination))


@movedim.strides
def _(x: Layout, source: Any, destination: Any) -> Layout:
    return permuted(x, _moved(len(x.shape), source, destination))


@movedim.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), 0, -1), {}
    yield (floats(rng, 2, 3, 4), (0, 2), (1, 0)), {}


movedim.bad_inputs(raises(((np.ones((2, 3)), (0, 1), (0,)), {}, RuntimeError, "same number")))
