"""The diagonal of two axes, as a view."""

from __future__ import annotations

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout
from rushlight.ops.samples import Rng, Samples, floats, raises
from rushlight.ops.table import composite


@composite(method=True, view=True)
def diagonal(input: Node, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Node:
    """The elements on a diagonal of two axes, as a last axis."""
    found = _diagonal(Layout.of(input.shape), offset, dim1, dim2)
    return build.as_strided(input, found.shape, found.strides, found.offset)


def _diagonal(x: Layout, offset: int, dim1: int, dim2: int) -> Layout:
    first, second = normalize_dim(dim1, len(x.shape)), normalize_dim(dim2, len(x.shape))
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    down, right = max(-offset, 0), max(offset, 0)
    count = max(0, min(x.shape[first] - down, x.shape[second] - right))
    rest = [axis for axis in range(len(x.shape)) if axis not in (first, second)]
    start = down * x.strides[first] + right * x.strides[second] if count else 0
    return Layout(
        (*(x.shape[axis] for axis in rest), count),
        (*(x.strides[axis] for axis in rest), x.strides[first] + x.strides[second]),
        x.offset + start,
    )


@diagonal.strides
def _(x: Layout, offset: int, dim1: int, dim2: int) -> Layout:
    return _diagonal(x, offset, dim1, dim2)


@diagonal.samples
def _(rng: Rng) -> Samples:
    for offset in (0, 1, -2, 7):
        yield (floats(rng, 3, 4), offset), {}
    yield (floats(rng, 2, 3, 4), 1, -1, 0), {}


diagonal.bad_inputs(raises(((np.ones((2, 3)), 0, 1, 1), {}, RuntimeError, "cannot be identical")))
