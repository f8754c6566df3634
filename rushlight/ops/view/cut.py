"""Parts along the axes: select, narrow, and indexing with whole numbers, slices and None."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import Shape, normalize_dim
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout
from rushlight.ops.samples import INTEGERS, BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite


@composite(method=True, view=True)
def select(input: Node, dim: int, index: int) -> Node:
    """The slice number ``index`` along ``dim``, which disappears."""
    axis, place = _selected(input.shape, dim, index)
    start = tuple(place if k == axis else 0 for k in range(input.ndim))
    shape = tuple(1 if k == axis else size for k, size in enumerate(input.shape))
    cut = build.slice(input, start, shape, (1,) * input.ndim)
    return build.reshape(cut, (*shape[:axis], *shape[axis + 1 :]))


def _selected(shape: Shape, dim: int, index: int) -> tuple[int, int]:
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    axis = normalize_dim(dim, len(shape))
    size = shape[axis]
    if not -size <= index < size:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(shape)} at "
            f"dimension {axis}"
        )
    return axis, index + size if index < 0 else index


@select.strides
def _(x: Layout, dim: int, index: int) -> Layout:
    axis, place = _selected(x.shape, dim, index)
    return Layout(
        (*x.shape[:axis], *x.shape[axis + 1 :]),
        (*x.strides[:axis], *x.strides[axis + 1 :]),
        x.offset + place * x.strides[axis],
    )


@select.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), 1, 2), {}
    yield (floats(rng, 2, 3, 4), -1, -4), {}
    yield (INTEGERS, 0, 1), {}


@select.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), 0, 2), {}, IndexError, "out of range"
    yield (np.ones(()), 0, 0), {}, IndexError, "0-dim tensor"


def _narrowed(shape: Shape, dim: int, start: int, length: int) -> tuple[int, int]:
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    if isinstance(start, (bool, tuple)):
        raise RuntimeError("start must be an 0-dim integral Tensor.")
    if not isinstance(start, int):  # a tensor: the wrapper turns it into a number
        raise TypeError(f"narrow(): start must be int, not {type(start).__name__}")
    axis = normalize_dim(dim, len(shape))
    size = shape[axis]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(
            f"start out of range (expected to be in range of [{-size}, {size}], but got {start})"
        )
    first = start + size if start < 0 else start
    if first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return axis, first


@composite(method=True, view=True, grad_name="Slice")
def narrow(input: Node, dim: int, start: Any, length: int) -> Node:
    """``length`` slices along ``dim`` from ``start`` on."""
    axis, first = _narrowed(input.shape, dim, start, length)
    begin = tuple(first if k == axis and length else 0 for k in range(input.ndim))
    shape = tuple(length if k == axis else size for k, size in enumerate(input.shape))
    return build.slice(input, begin, shape, (1,) * input.ndim)


@narrow.strides
def _(x: Layout, dim: int, start: int, length: int) -> Layout:
    axis, first = _narrowed(x.shape, dim, start, length)
    shape = tuple(length if k == axis else size for k, size in enumerate(x.shape))
    return Layout(shape, x.strides, x.offset + first * x.strides[axis])


@narrow.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 0, 1, 2), {}
    yield (floats(rng, 4, 5), -1, -3, 3), {}
    yield (floats(rng, 4, 5), 0, 4, 0), {}


@narrow.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(3), 0, 1, 3), {}, RuntimeError, "exceeds dimension size"
    yield (np.ones(3), 0, 1, -1), {}, RuntimeError, "non-negative"
    yield (np.ones(3), 0, 4, 1), {}, IndexError, "out of range"


# Basic indexing: entries are an int, None, ..., or ("slice", start, stop, step).


def _cuts(shape: Shape, index: tuple[Any, ...]) -> list[tuple[str, int, int, int]]:
    """One (kind, start, count, step) per axis of the source and per new axis, in order."""
    used = sum(1 for each in index if each is not None and each is not ...)
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    if ... not in index:
        index = (*index, ...)
    cuts: list[tuple[str, int, int, int]] = []
    axis = 0
    for each in index:
        if each is None:
            cuts.append(("new", 0, 1, 1))
        elif each is ...:
            for _ in range(len(shape) - used):
                cuts.append(("keep", 0, shape[axis], 1))
                axis += 1
        elif isinstance(each, tuple):
            start, stop, step = slice(*each[1:]).indices(shape[axis])
            if step <= 0:
                raise ValueError("step must be greater than zero")
            cuts.append(("keep", start, max(0, -(-(stop - start) // step)), step))
            axis += 1
        else:
            size = shape[axis]
            if not -size <= each < size:
                raise IndexError(
                    f"index {each} is out of bounds for dimension {axis} with size {size}"
                )
            cuts.append(("drop", each % size, 1, 1))
            axis += 1
    return cuts


@composite(torch=False, name="_basic_index", view=True, grad_name="Slice")
def basic_index(input: Node, index: tuple[Any, ...]) -> Node:
    """``input[index]`` for ints, slices, None and ``...``."""
    cuts = _cuts(input.shape, index)
    old = [cut for cut in cuts if cut[0] != "new"]
    count = tuple(cut[2] for cut in old)
    start = tuple(cut[1] if all(count) else 0 for cut in old)
    taken = build.slice(input, start, count, tuple(cut[3] if cut[2] > 1 else 1 for cut in old))
    return build.reshape(taken, tuple(cut[2] for cut in cuts if cut[0] != "drop"))


@basic_index.strides
def _(x: Layout, index: tuple[Any, ...]) -> Layout:
    shape, strides, offset, axis = [], [], x.offset, 0
    for kind, start, count, step in _cuts(x.shape, index):
        if kind == "new":
            shape.append(1)
            strides.append(x.shape[axis] * x.strides[axis] if axis < len(x.shape) else 1)
            continue
        offset += start * x.strides[axis]
        if kind == "keep":
            shape.append(count)
            strides.append(x.strides[axis] * step)
        axis += 1
    return Layout(tuple(shape), tuple(strides), offset)


@basic_index.samples
def _(rng: Rng) -> Samples:
    every = ("slice", None, None, None)
    yield (floats(rng, 4, 5), (1,)), {}
    yield (floats(rng, 4, 5), (every, -2)), {}
    yield (floats(rng, 4, 5), (("slice", 1, None, 2), None, ("slice", None, -1, 3))), {}
    yield (floats(rng, 2, 3, 4), (..., 0)), {}
    yield (floats(rng, 2, 3, 4), (None, 1, ..., None)), {}
    yield (floats(rng, 4), (("slice", 3, 1, None),)), {}
    yield (floats(rng, 4), (("slice", -100, 100, None),)), {}
    yield (floats(rng), (None, ...)), {}


@basic_index.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), (2,)), {}, IndexError, "out of bounds"
    yield (np.ones(3), (0, 0)), {}, IndexError, "too many indices"
    yield (np.ones(3), (("slice", None, None, -1),)), {}, ValueError, "greater than zero"
