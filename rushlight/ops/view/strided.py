"""Windows over memory: unfold, and views that give their strides themselves."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.shape import Shape, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import const
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout
from rushlight.ops.primitive_rules.movement import strided_places
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import Grads, composite


@composite(method=True, torch=False, view=True)
def unfold(input: Node, dimension: int, size: int, step: int) -> Node:
    """All windows of ``size`` along an axis, every ``step``; the window is a new last axis."""
    found = _unfolded(Layout.of(input.shape), dimension, size, step)
    return build.as_strided(input, found.shape, found.strides, found.offset)


def _unfolded(x: Layout, dimension: int, size: int, step: int) -> Layout:
    axis = normalize_dim(dimension, len(x.shape))
    length = x.shape[axis] if x.shape else 1
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if size > length:
        raise RuntimeError(
            f"maximum size for tensor at dimension {axis} is {length} but size is {size}"
        )
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    windows = (length - size) // step + 1
    if not x.shape:
        return Layout((size,), (1,), x.offset)
    shape = (*x.shape[:axis], windows, *x.shape[axis + 1 :], size)
    strides = (*x.strides[:axis], x.strides[axis] * step, *x.strides[axis + 1 :], x.strides[axis])
    return Layout(shape, strides, x.offset)


@unfold.strides
def _(x: Layout, dimension: int, size: int, step: int) -> Layout:
    return _unfolded(x, dimension, size, step)


@unfold.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 7), 0, 3, 2), {}
    yield (floats(rng, 2, 6), -1, 2, 1), {}
    yield (floats(rng, 4, 3), 0, 4, 1), {}
    yield (floats(rng), 0, 1, 1), {}


@unfold.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(3), 0, 4, 1), {}, RuntimeError, "maximum size"
    yield (np.ones(3), 0, 2, 0), {}, RuntimeError, "must be > 0"


@composite(torch=False, name="_strided", view=False, grad_name="AsStrided")
def strided(input: Node, size: Shape, stride: Shape, storage_offset: int) -> Node:
    """A strided window of the whole storage that ``input`` fills."""
    return build.as_strided(input, tuple(size), tuple(stride), storage_offset)


@strided.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), (2, 3), (4, 1), 1), {}
    yield (floats(rng, 12), (3, 3), (2, 1), 0), {}  # overlaps
    yield (floats(rng, 4), (3,), (0,), 2), {}


@composite(torch=False, name="_strided_of", grad_name="AsStrided")
def strided_of(
    input: Node, size: Shape, stride: Shape, offset: int, steps: Shape, start: int
) -> Node:
    """A strided window of the storage that ``input`` is itself a window of (``steps``, ``start``).

    Elements beside ``input`` are constants to its gradient, and 0 here: a view reads its numbers
    from the storage, not from this.
    """
    reach = _reach((size, stride, offset), (input.shape, steps, start))
    storage = const(0, (reach,), input.dtype)
    storage = build.as_strided_set(storage, input, tuple(steps), start)
    return build.as_strided(storage, tuple(size), tuple(stride), offset)


def _reach(*windows: tuple[Shape, Shape, int]) -> int:
    return max(Layout(tuple(size), tuple(stride), start).ends for size, stride, start in windows)


@strided_of.vjp
def _(
    g: Node, out: Node, input: Node, size: Shape, stride: Shape, offset: int, steps: Shape,
    start: int,
) -> Grads:  # fmt: skip
    reach = _reach((size, stride, offset), (input.shape, steps, start))
    taken = _summed(g, tuple(stride), offset, reach)
    if not Layout(input.shape, tuple(steps), start).dense:
        # Elements of ``input`` that share a place share its slope evenly, as in PyTorch.
        real = input.dtype.to_real() if input.dtype.is_complex else input.dtype
        shared = _summed(const(1, input.shape, real), tuple(steps), start, reach)
        shared = build.binary("maximum", shared, const(1, (reach,), real))
        taken = build.binary("div", taken, build.cast(shared, input.dtype))
    return (build.as_strided(taken, input.shape, tuple(steps), start),)


def _summed(x: Node, strides: Shape, offset: int, reach: int) -> Node:
    """A storage of ``reach`` elements with those of ``x`` added where they lie."""
    places = build.reshape(strided_places(x.shape, strides, offset), (math.prod(x.shape),))
    zeros = const(0, (reach,), x.dtype)
    return build.put(zeros, places, build.reshape(x, (math.prod(x.shape),)), 0, "add")


@strided_of.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), (2, 3), (4, 1), 1, (4, 1), 0), {}
    yield (floats(rng, 3), (4,), (1,), 0, (2,), 1), {}  # every second element, and its neighbours
    yield (floats(rng, 0), (0,), (1,), 0, (1,), 0), {}


@composite(torch=False, name="_strided_set", grad_name="CopySlices")
def strided_set(input: Node, values: Node, size: Shape, stride: Shape, offset: int) -> Node:
    """``input`` with a strided window of its storage replaced: how a write through a view looks."""
    return build.as_strided_set(input, values, tuple(stride), offset)


@strided_set.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 2, 3), (2, 3), (4, 1), 1), {}
    yield (floats(rng, 12), floats(rng, 3), (3,), (4,), 2), {}
