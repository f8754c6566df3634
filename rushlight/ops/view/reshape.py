"""The same elements under another shape: view, reshape, flatten, unflatten."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.shape import Shape, infer_size, normalize_dim
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout, reshaped
from rushlight.ops.samples import INTEGERS, BadInputs, Rng, Samples, floats, raises
from rushlight.ops.table import composite
from rushlight.ops.view.sizes import sizes


@composite(method=True, torch=False, view=True)
def view(input: Node, *size: int) -> Node:
    """The same memory under another shape; one size may be -1.

    Raises RuntimeError where strides cannot express it: use ``reshape``.
    """
    return build.reshape(input, infer_size(sizes(size), input.size))


@view.strides
def _(x: Layout, *size: Any) -> Layout:
    wanted = infer_size(sizes(size), math.prod(x.shape))
    found = reshaped(x, wanted)
    if found is None:
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one "
            "dimension spans across two contiguous subspaces). Use .reshape(...) instead."
        )
    return found


@view.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 6), 3, 8), {}
    yield (floats(rng, 4, 6), (2, -1, 3)), {}
    yield (floats(rng), 1, 1), {}
    yield (np.zeros((0, 3)), 3, 0), {}
    yield (INTEGERS, -1), {}


@view.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), 4), {}, RuntimeError, "invalid for input of size 6"
    yield (np.ones((2, 3)), -1, -1), {}, RuntimeError, "only one dimension can be inferred"


@composite(method=True, view=True, grad_name="View")
def reshape(input: Node, *shape: int) -> Node:
    """The same elements under another shape: a view where possible, else a copy."""
    return build.reshape(input, infer_size(sizes(shape), input.size))


@reshape.strides
def _(x: Layout, *shape: Any) -> Layout | None:
    return reshaped(x, infer_size(sizes(shape), math.prod(x.shape)))


@reshape.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 6), (3, 8)), {}
    yield (floats(rng, 4, 6), (2, -1, 3)), {}
    yield (floats(rng, 1), ()), {}
    yield (np.zeros((0, 3)), (3, 0)), {}


reshape.bad_inputs(raises(((np.ones((2, 3)), (4, 2)), {}, RuntimeError, "invalid for input")))


def _flat_shape(shape: Shape, start_dim: int, end_dim: int) -> Shape:
    if not shape:
        normalize_dim(start_dim, 0)
        normalize_dim(end_dim, 0)
        return (1,)
    start, end = normalize_dim(start_dim, len(shape)), normalize_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    return (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])


@composite(method=True, view=True, grad_name="View")
def flatten(input: Node, start_dim: int = 0, end_dim: int = -1) -> Node:
    """Axes start_dim..end_dim become one. A 0-d tensor becomes 1-d."""
    return build.reshape(input, _flat_shape(input.shape, start_dim, end_dim))


@flatten.strides
def _(x: Layout, start_dim: int, end_dim: int) -> Layout | None:
    return reshaped(x, _flat_shape(x.shape, start_dim, end_dim))


@flatten.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4),), {}
    yield (floats(rng, 2, 3, 4), 1), {}
    yield (floats(rng, 2, 3, 4), -3, -2), {}
    yield (floats(rng),), {}
    yield (np.zeros((2, 0, 3)),), {}


flatten.bad_inputs(raises(((np.ones((2, 3)), 1, 0), {}, RuntimeError, "cannot come after")))


def _unflat_shape(shape: Shape, dim: int, parts: Any) -> Shape:
    axis = normalize_dim(dim, len(shape))
    named = tuple(parts)
    if not named:
        raise RuntimeError("unflatten: sizes must be non-empty")
    given = infer_size(named, shape[axis]) if -1 in named else named
    if math.prod(given) != shape[axis]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(named)} don't multiply up to the size of dim {dim} "
            f"({shape[axis]}) in the input tensor"
        )
    return (*shape[:axis], *given, *shape[axis + 1 :])


@composite(method=True, view=True, grad_name="View")
def unflatten(input: Node, dim: int, sizes: tuple[int, ...]) -> Node:
    """One axis becomes several; one size may be -1."""
    return build.reshape(input, _unflat_shape(input.shape, dim, sizes))


@unflatten.strides
def _(x: Layout, dim: int, sizes: Any) -> Layout | None:
    return reshaped(x, _unflat_shape(x.shape, dim, sizes))


@unflatten.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 12), 1, (3, 4)), {}
    yield (floats(rng, 2, 12), -1, (-1, 2)), {}


unflatten.bad_inputs(raises(((np.ones((2, 6)), 1, (4, 2)), {}, RuntimeError, "multiply up")))
