"""Tensors put together: cat, stack."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import result_type
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.samples import BOOLS, INTEGERS, BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite


def span(x: Node, axis: int, start: int, stop: int) -> Node:
    begin = tuple(start if k == axis and stop > start else 0 for k in range(x.ndim))
    shape = tuple(stop - start if k == axis else size for k, size in enumerate(x.shape))
    return build.slice(x, begin, shape, (1,) * x.ndim)


@composite(aliases=("concat", "concatenate"))
def cat(tensors: list[Node], dim: int = 0) -> Node:
    """Tensors one after another along ``dim``; other sizes agree, dtypes are promoted."""
    if not tensors:
        raise ValueError("torch.cat(): expected a non-empty list of Tensors")
    # A 1-d empty tensor is skipped, as PyTorch has always done.
    parts = [x for x in tensors if x.shape != (0,)] or list(tensors[:1])
    for place, x in enumerate(tensors):
        if x.ndim == 0:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {place}) cannot be concatenated"
            )
    dtype = result_type([x.dtype for x in tensors])
    first = parts[0]
    axis = normalize_dim(dim, first.ndim)
    for place, x in enumerate(parts):
        if x.ndim != first.ndim:
            raise RuntimeError(
                f"Tensors must have same number of dimensions: got {first.ndim} and {x.ndim}"
            )
        for k, (a, b) in enumerate(zip(first.shape, x.shape, strict=True)):
            if k != axis and a != b:
                raise RuntimeError(
                    f"Sizes of tensors must match except in dimension {axis}. Expected size {a} "
                    f"but got size {b} for tensor number {place} in the list."
                )
    return build.cat([build.cast(x, dtype) for x in parts], axis)


@cat.vjp
def _(g: Node, out: Node, tensors: list[Node], dim: int) -> tuple[list[Node]]:
    axis = normalize_dim(dim, g.ndim)
    grads, place = [], 0
    for x in tensors:
        if x.shape == (0,) and g.ndim != 1:
            grads.append(build.const(0, x.shape, x.dtype))
            continue
        size = x.shape[axis]
        grads.append(build.cast(span(g, axis, place, place + size), x.dtype))
        place += size
    return (grads,)


@cat.samples
def _(rng: Rng) -> Samples:
    yield ([floats(rng, 2, 3), floats(rng, 4, 3)],), {}
    yield ([floats(rng, 2, 3), floats(rng, 2, 1), floats(rng, 2, 4)], -1), {}
    yield ([floats(rng, 0, 3), floats(rng, 2, 3)],), {}
    yield ([np.zeros(0), floats(rng, 2, 3)],), {}
    yield ([INTEGERS, floats(rng, 1, 3)],), {}
    yield ([INTEGERS.astype(np.int32), BOOLS.reshape(1, 3)],), {}
    yield ([floats(rng, 3)],), {}


@cat.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (
        ([np.ones((2, 3)), np.ones((2, 4))],),
        {},
        RuntimeError,
        "must match except in dimension 0",
    )
    yield ([np.ones((2, 3)), np.ones(3)],), {}, RuntimeError, "same number of dimensions"
    yield ([np.ones(()), np.ones(())],), {}, RuntimeError, "zero-dimensional tensor"
    yield ([],), {}, ValueError, "non-empty list"
    yield ([np.ones(3)], 1), {}, IndexError, "Dimension out of range"


@composite
def stack(tensors: list[Node], dim: int = 0) -> Node:
    """Tensors of one shape along a new axis."""
    if not tensors:
        raise RuntimeError("stack expects a non-empty TensorList")
    first = tensors[0]
    for place, x in enumerate(tensors):
        if x.shape != first.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(first.shape)} at entry "
                f"0 and {list(x.shape)} at entry {place}"
            )
    axis = normalize_dim(dim, first.ndim + 1)
    dtype = result_type([x.dtype for x in tensors])
    shape = (*first.shape[:axis], 1, *first.shape[axis:])
    return build.cat([reshape(build.cast(x, dtype), shape) for x in tensors], axis)


@stack.samples
def _(rng: Rng) -> Samples:
    for dim in (0, 1, -1):
        yield ([floats(rng, 2, 3), floats(rng, 2, 3)], dim), {}
    yield ([floats(rng), floats(rng)],), {}
    yield ([INTEGERS, floats(rng, 2, 3)],), {}
    yield ([np.zeros((0, 2))] * 3, 1), {}


@stack.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield ([np.ones(2), np.ones(3)],), {}, RuntimeError, "equal size"
    yield ([],), {}, RuntimeError, "non-empty"
