"""Axes of size 1 dropped, added and repeated: squeeze, unsqueeze, expand, broadcast_to."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import Shape, normalize_dim
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout
from rushlight.ops.samples import BadInputs, Rng, Samples, floats, raises
from rushlight.ops.table import composite
from rushlight.ops.view.permute import permuted
from rushlight.ops.view.sizes import sizes


def _squeezed_axes(shape: Shape, dim: Any) -> Shape:
    if dim is None:
        return tuple(axis for axis, size in enumerate(shape) if size == 1)
    dims = (dim,) if isinstance(dim, int) else tuple(dim)
    axes = tuple(normalize_dim(each, len(shape)) for each in dims)
    return tuple(axis for axis in axes if shape and shape[axis] == 1)


@composite(method=True, view=True)
def squeeze(input: Node, dim: int | Shape | None = None) -> Node:
    """Axes of size 1 removed: all, or those named (others are left alone)."""
    gone = _squeezed_axes(input.shape, dim)
    return build.reshape(
        input, tuple(size for axis, size in enumerate(input.shape) if axis not in gone)
    )


@squeeze.strides
def _(x: Layout, dim: Any) -> Layout:
    gone = _squeezed_axes(x.shape, dim)
    kept = [axis for axis in range(len(x.shape)) if axis not in gone]
    return permuted(x, tuple(kept))


@squeeze.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 1, 3, 1),), {}
    yield (floats(rng, 1, 3, 1), 0), {}
    yield (floats(rng, 1, 3, 1), 1), {}
    yield (floats(rng, 1, 3, 1), (0, -1)), {}
    yield (floats(rng), 0), {}


squeeze.bad_inputs(raises(((np.ones((2, 3)), 2), {}, IndexError, "Dimension out of range")))


@composite(method=True, view=True)
def unsqueeze(input: Node, dim: int) -> Node:
    """A new axis of size 1 at ``dim``."""
    axis = normalize_dim(dim, input.ndim + 1)
    return build.reshape(input, (*input.shape[:axis], 1, *input.shape[axis:]))


@unsqueeze.strides
def _(x: Layout, dim: int) -> Layout:
    axis = normalize_dim(dim, len(x.shape) + 1)
    step = x.shape[axis] * x.strides[axis] if axis < len(x.shape) else 1
    return Layout(
        (*x.shape[:axis], 1, *x.shape[axis:]),
        (*x.strides[:axis], step, *x.strides[axis:]),
        x.offset,
    )


@unsqueeze.samples
def _(rng: Rng) -> Samples:
    for dim in (0, 1, -1):
        yield (floats(rng, 2, 3), dim), {}
    yield (floats(rng), 0), {}
    yield (np.zeros((0, 3)), 1), {}


unsqueeze.bad_inputs(raises(((np.ones(3), 2), {}, IndexError, "Dimension out of range")))


def _expanded(shape: Shape, wanted: Shape) -> Shape:
    if len(wanted) < len(shape):
        raise RuntimeError(
            f"expand(torch.FloatTensor{{{list(shape)}}}, size={list(wanted)}): the number of sizes "
            f"provided ({len(wanted)}) must be greater or equal to the number of dimensions in the "
            f"tensor ({len(shape)})"
        )
    lead = len(wanted) - len(shape)
    out = []
    for place, size in enumerate(wanted):
        here = shape[place - lead] if place >= lead else 1
        if size == -1:
            if place < lead:
                raise RuntimeError(
                    f"expand(torch.FloatTensor{{{list(shape)}}}, size={list(wanted)}): the "
                    f"expanded size of the tensor ({size}) isn't allowed in a leading, "
                    f"non-existing dimension {place}"
                )
            size = here
        elif here not in (1, size):
            raise RuntimeError(
                f"The expanded size of the tensor ({size}) must match the existing size ({here}) "
                f"at non-singleton dimension {place}.  Target sizes: {list(wanted)}.  "
                f"Tensor sizes: {list(shape)}"
            )
        out.append(size)
    return tuple(out)


@composite(method=True, torch=False, view=True)
def expand(input: Node, *size: int, implicit: bool = False) -> Node:
    """Axes of size 1 repeated without copying; -1 keeps a size; new axes come in front."""
    return build.broadcast(input, _expanded(input.shape, sizes(size)))


@expand.strides
def _(x: Layout, *size: Any, implicit: bool = False) -> Layout:
    shape = _expanded(x.shape, sizes(size))
    lead = len(shape) - len(x.shape)
    strides = [
        0 if wide != narrow else stride
        for wide, narrow, stride in zip(shape[lead:], x.shape, x.strides, strict=True)
    ]
    for axis in reversed(range(lead)):
        # A new axis of size 1 steps over what is below it, as unsqueeze's does.
        strides.insert(0, shape[axis + 1] * strides[0] if strides and shape[axis] == 1 else 0)
    return Layout(shape, tuple(strides), x.offset)


@expand.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 1), 3, 4), {}
    yield (floats(rng, 3, 1), (2, -1, 4)), {}
    yield (floats(rng), 2, 3), {}
    yield (floats(rng, 1), 0), {}


@expand.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), 3), {}, RuntimeError, "number of sizes"
    yield (np.ones((2, 3)), 2, 4), {}, RuntimeError, "must match the existing size"
    yield (np.ones(3), -1, 3), {}, RuntimeError, "leading"


@composite(method=True, view=True, grad_name="Expand")
def broadcast_to(input: Node, *size: int) -> Node:
    """The same as expand."""
    return build.broadcast(input, _expanded(input.shape, sizes(size)))


@broadcast_to.strides
def _(x: Layout, *size: Any) -> Layout:
    found: Layout = expand.stride_rule(x, *size)  # type: ignore[misc]
    return found


@broadcast_to.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 1), (2, 3, 4)), {}
    yield (floats(rng), (2,)), {}
