"""Views: operations that only look at memory in another way. Each has a body (for the compiler)
and a ``strides`` rule (for the storage that the result shares)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.shape import infer_size, normalize_dim, normalize_dims
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.layout import Layout, reshaped
from rushlight.ops.samples import INTEGERS, BadInputs, Rng, Samples, floats, raises
from rushlight.ops.table import composite

Shape = tuple[int, ...]


def sizes(shape: tuple[Any, ...]) -> Shape:
    """``f(2, 3)`` and ``f((2, 3))`` mean the same."""
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        return tuple(shape[0])
    return tuple(shape)


def _numel(shape: Shape) -> int:
    total = 1
    for size in shape:
        total *= size
    return total


# Reshapes


@composite(method=True, torch=False, view=True)
def view(input: Node, *shape: int) -> Node:
    """The same memory under another shape; one size may be -1.

    Raises RuntimeError where strides cannot express it: use ``reshape``.
    """
    return build.reshape(input, infer_size(sizes(shape), input.size))


@view.strides
def _(x: Layout, *shape: Any) -> Layout:
    wanted = infer_size(sizes(shape), _numel(x.shape))
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
    return reshaped(x, infer_size(sizes(shape), _numel(x.shape)))


@reshape.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 6), (3, 8)), {}
    yield (floats(rng, 4, 6), (2, -1, 3)), {}
    yield (floats(rng, 1), ()), {}
    yield (np.zeros((0, 3)), (3, 0)), {}


reshape.bad_inputs(raises(((np.ones((2, 3)), (4, 2)), {}, RuntimeError, "invalid for input")))


def _flat_shape(shape: Shape, start_dim: int, end_dim: int) -> Shape:
    if not shape:
        return (1,)
    start, end = normalize_dim(start_dim, len(shape)), normalize_dim(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    return (*shape[:start], _numel(shape[start : end + 1]), *shape[end + 1 :])


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
    if _numel(given) != shape[axis]:
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


# Axes


def _permuted(x: Layout, axes: Shape) -> Layout:
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
    return _permuted(x, _permutation(dims, len(x.shape)))


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
    return _permuted(x, _swap(len(x.shape), dim0, dim1))


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
    return _permuted(x, _matrix_swap(len(x.shape)))


@t.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3),), {}
    yield (floats(rng, 3),), {}
    yield (floats(rng),), {}


t.bad_inputs(raises(((np.ones((1, 2, 3)),), {}, RuntimeError, "expects a tensor with <= 2")))


def _moved(ndim: int, source: Any, destination: Any) -> Shape:
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
    return _permuted(x, _moved(len(x.shape), source, destination))


@movedim.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 3, 4), 0, -1), {}
    yield (floats(rng, 2, 3, 4), (0, 2), (1, 0)), {}


movedim.bad_inputs(raises(((np.ones((2, 3)), (0, 1), (0,)), {}, RuntimeError, "same number")))


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
    return _permuted(x, tuple(kept))


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
    strides = [0] * lead + [
        0 if wide != narrow else stride
        for wide, narrow, stride in zip(shape[lead:], x.shape, x.strides, strict=True)
    ]
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
def broadcast_to(input: Node, size: Shape) -> Node:
    """The same as expand."""
    return build.broadcast(input, _expanded(input.shape, tuple(size)))


@broadcast_to.strides
def _(x: Layout, size: Any) -> Layout:
    found: Layout = expand.stride_rule(x, *size)  # type: ignore[misc]
    return found


@broadcast_to.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 1), (2, 3, 4)), {}
    yield (floats(rng), (2,)), {}


# Cuts


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
    axis = normalize_dim(dim, len(shape))
    size = shape[axis]
    if length < 0:
        raise RuntimeError("narrow(): length must be non-negative.")
    if not -size <= start <= size:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-size}, {size}], but got "
            f"{start})"
        )
    first = start + size if start < 0 else start
    if first + length > size:
        raise RuntimeError(f"start ({first}) + length ({length}) exceeds dimension size ({size}).")
    return axis, first


@composite(method=True, view=True, grad_name="Slice")
def narrow(input: Node, dim: int, start: int, length: int) -> Node:
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


@composite(method=True, torch=False, view=True)
def unfold(input: Node, dimension: int, size: int, step: int) -> Node:
    """All windows of ``size`` along an axis, every ``step``; the window is a new last axis."""
    found = _unfolded(Layout.of(input.shape), dimension, size, step)
    return build.as_strided(input, found.shape, found.strides, found.offset)


def _unfolded(x: Layout, dimension: int, size: int, step: int) -> Layout:
    axis = normalize_dim(dimension, len(x.shape))
    length = x.shape[axis] if x.shape else 1
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


@composite(torch=False, name="_strided_set", grad_name="CopySlices")
def strided_set(input: Node, values: Node, size: Shape, stride: Shape, offset: int) -> Node:
    """``input`` with a strided window of its storage replaced: how a write through a view looks."""
    return build.as_strided_set(input, values, tuple(stride), offset)


@strided_set.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 2, 3), (2, 3), (4, 1), 1), {}
    yield (floats(rng, 12), floats(rng, 3), (3,), (4,), 2), {}
