"""Questions about all elements: any, all, count_nonzero."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_, uint8
from rushlight.base.shape import normalize_dims
from rushlight.ir import build
from rushlight.ir.build import reduce
from rushlight.ir.graph import Node
from rushlight.ops.reduce.dims import Dims, finish
from rushlight.ops.reduce.sum import sum
from rushlight.ops.samples import BOOLS, INTEGERS, Rng, Samples, over_dims
from rushlight.ops.table import composite


def _truth(kind: str, input: Node, dim: Dims, keepdim: bool) -> Node:
    axes = () if dim == () else normalize_dims(dim, input.ndim)
    x = build.cast(input, bool_)
    out = finish(reduce(x, kind, axes), x, axes, keepdim)
    return build.cast(out, uint8) if input.dtype is uint8 else out


@composite(method=True, differentiable=False)
def any(input: Node, dim: Dims = None, keepdim: bool = False) -> Node:
    """Whether any element is not zero."""
    return _truth("any", input, dim, keepdim)


@any.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(bools=True)(rng)
    yield (np.array([[0, 0], [0, 3]], np.uint8), 1), {}


@composite(method=True, differentiable=False)
def all(input: Node, dim: Dims = None, keepdim: bool = False) -> Node:
    """Whether every element is not zero."""
    return _truth("all", input, dim, keepdim)


@all.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(bools=True)(rng)
    yield (np.array([[0, 0], [1, 3]], np.uint8), 1), {}


@composite(method=True, differentiable=False)
def count_nonzero(input: Node, dim: Dims = None) -> Node:
    """How many elements are not zero (int64)."""
    out: Node = sum.body(build.cast(input, bool_), dim)
    return out


@count_nonzero.samples
def _(rng: Rng) -> Samples:
    yield (np.array([[0.0, 1.0, np.nan], [0.0, -0.0, np.inf]]),), {}
    yield (INTEGERS, -1), {}
    yield (BOOLS, 0), {}
    yield (np.zeros((0, 3)), (0, 1)), {}
    yield (np.asarray(2.0),), {}
