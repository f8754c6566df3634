"""Axes run backwards or around: flip, fliplr, flipud, rot90, roll."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import normalize_dim, normalize_dims
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.movement.join import span
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats, raises
from rushlight.ops.table import composite
from rushlight.ops.view.sizes import sizes


def flipped(x: Node, axes: tuple[int, ...]) -> Node:
    if x.size == 0:
        return x
    start = tuple(size - 1 if k in axes else 0 for k, size in enumerate(x.shape))
    step = tuple(-1 if k in axes else 1 for k in range(x.ndim))
    return build.slice(x, start, x.shape, step)


@composite(method=True)
def flip(input: Node, *dims: int) -> Node:
    """The order along ``dims`` reversed (a copy)."""
    named = sizes(dims)
    return flipped(input, normalize_dims(named, input.ndim) if named else ())


@flip.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), (0, -1)), {}
    yield (INTEGERS, (1,)), {}
    yield (np.zeros((0, 3)), (0, 1)), {}
    yield (floats(rng, 3), ()), {}


flip.bad_inputs(raises(((np.ones(3), (1,)), {}, IndexError, "Dimension out of range")))


@composite(method=True, grad_name="Flip")
def fliplr(input: Node) -> Node:
    """Axis 1 reversed."""
    if input.ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flipped(input, (1,))


@fliplr.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (INTEGERS,), {}


fliplr.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "2-d")))


@composite(method=True, grad_name="Flip")
def flipud(input: Node) -> Node:
    """Axis 0 reversed."""
    if input.ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flipped(input, (0,))


@flipud.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (INTEGERS[0],), {}


flipud.bad_inputs(raises(((np.ones(()),), {}, RuntimeError, "1-d")))


@composite(method=True)
def rot90(input: Node, k: int = 1, dims: tuple[int, ...] = (0, 1)) -> Node:
    """A quarter turn in the plane of two dims, k times."""
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if input.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {input.ndim}")
    first, second = (normalize_dim(dim, input.ndim) for dim in dims)
    if first == second:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {first}")
    axes = list(range(input.ndim))
    axes[first], axes[second] = axes[second], axes[first]
    turns = k % 4
    if turns == 0:
        return input
    if turns == 2:
        return flipped(input, (first, second))
    if turns == 1:
        return build.permute(flipped(input, (second,)), tuple(axes))
    return build.permute(flipped(input, (first,)), tuple(axes))


@rot90.samples
def _(rng: Rng) -> Samples:
    for k in (0, 1, 2, 3, -1, 5):
        yield (floats(rng, 3, 4), k), {}
    yield (floats(rng, 2, 3, 4), 1, (2, 0)), {}
    yield (floats(rng, 2, 3, 4), 1, (-1, 1)), {}


rot90.bad_inputs(raises(((np.ones((2, 2)), 1, (0, 0)), {}, RuntimeError, "to be different")))


@composite(method=True)
def roll(input: Node, shifts: int | tuple[int, ...], dims: Any = ()) -> Node:
    """Elements shifted along dims, those that fall off come back in front; no dims: flattened."""
    amounts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    named = (dims,) if isinstance(dims, int) else tuple(dims or ())
    if not named:
        if len(amounts) != 1:
            raise RuntimeError(
                f"shifts and dimensions must align. shifts: {len(amounts)}, dims:{len(named)}"
            )
        return reshape(_roll(reshape(input, (input.size,)), amounts[0], 0), input.shape)
    if len(amounts) != len(named):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(amounts)}, dims:{len(named)}"
        )
    if not input.size and len(named) == 1:
        return input  # nothing to move, along an axis that there may not even be
    if input.ndim == 0:
        raise IndexError(f"Dimension specified as {named[0]} but tensor has no dimensions")
    for amount, dim in zip(amounts, named, strict=True):
        input = _roll(input, amount, normalize_dim(dim, input.ndim))
    return input


@roll.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 1), {}
    yield (floats(rng, 3, 4), (2, -1), (0, 1)), {}
    yield (floats(rng, 3, 4), 7, -1), {}
    yield (np.zeros((0, 3)), 1, 0), {}
    yield (floats(rng), 3), {}


roll.bad_inputs(raises(((np.ones((2, 2)), (1, 2), 0), {}, RuntimeError, "must align")))


def _roll(x: Node, amount: int, axis: int) -> Node:
    size = x.shape[axis] if x.ndim else 1
    if size == 0 or x.size == 0 or amount % size == 0:
        return x
    cut = size - amount % size
    return build.cat([span(x, axis, cut, size), span(x, axis, 0, cut)], axis)
