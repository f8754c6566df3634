"""Tensors several times over: repeat, tile, repeat_interleave."""

from __future__ import annotations

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.samples import Rng, Samples, floats, raises
from rushlight.ops.table import composite
from rushlight.ops.view.sizes import sizes


def _repeated(x: Node, counts: tuple[int, ...]) -> Node:
    lead = len(counts) - x.ndim
    shape = (1,) * lead + x.shape
    if any(count < 0 for count in counts):
        raise RuntimeError(f"Trying to create tensor with negative dimension: {list(counts)}")
    # Each axis becomes (count, size), expanded and merged: no copy until the end.
    pairs = [each for size in shape for each in (1, size)]
    wide = [each for count, size in zip(counts, shape, strict=True) for each in (count, size)]
    out = build.expand(reshape(x, tuple(pairs)), tuple(wide))
    return reshape(out, tuple(c * s for c, s in zip(counts, shape, strict=True)))


@composite(torch=False, method=True)
def repeat(input: Node, *repeats: int) -> Node:
    """The tensor tiled ``repeats`` times along each axis; new axes come in front."""
    counts = sizes(repeats)
    if len(counts) < input.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of "
            "tensor"
        )
    return _repeated(input, counts)


@repeat.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), 2, 3), {}
    yield (floats(rng, 2, 3), (4, 1, 2)), {}
    yield (floats(rng), 3), {}
    yield (floats(rng, 2, 3), 0, 2), {}
    yield (np.zeros((0, 3)), 2, 2), {}


repeat.bad_inputs(raises(((np.ones((2, 3)), 2), {}, RuntimeError, "can not be smaller")))


@composite(method=True, grad_name="Repeat")
def tile(input: Node, *dims: int) -> Node:
    """As repeat, with missing counts taken as 1."""
    counts = sizes(dims)
    return _repeated(input, (1,) * (input.ndim - len(counts)) + counts)


@tile.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), (2,)), {}
    yield (floats(rng, 2, 3), (4, 1, 2)), {}
    yield (floats(rng), (3,)), {}


@composite(torch=False, name="_repeat_each", grad_name="Repeat")
def repeat_each(input: Node, repeats: int, dim: int) -> Node:
    """Every slice along ``dim`` ``repeats`` times in a row."""
    axis = normalize_dim(dim, input.ndim)
    shape = (*input.shape[: axis + 1], 1, *input.shape[axis + 1 :])
    wide = (*input.shape[: axis + 1], repeats, *input.shape[axis + 1 :])
    out = build.expand(reshape(input, shape), wide)
    return reshape(
        out, (*input.shape[:axis], input.shape[axis] * repeats, *input.shape[axis + 1 :])
    )


@repeat_each.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3), 2, 0), {}
    yield (floats(rng, 2, 3), 3, -1), {}
    yield (floats(rng, 2, 3), 0, 1), {}
