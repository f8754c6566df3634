"""Elements, rows and planes by integer tensors: selection and advanced indexing."""

from __future__ import annotations

import itertools

import numpy as np

from rushlight.base.dtype import bool_, int32, int64
from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, permute, reshape
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import compute_dtype, full, number_kind
from rushlight.ops.samples import Rng, Samples, floats, raises
from rushlight.ops.scatter import at_least_1d, from_front
from rushlight.ops.table import Grads, Operand, Scalar, composite

Axes = tuple[int, ...]


# tensor[index]


def _broadcast_indices(indices: list[Node]) -> list[Node]:
    try:
        shape = broadcast_shapes(*(index.shape for index in indices))
    except ShapeError:
        shapes = ", ".join(str(list(index.shape)) for index in indices)
        raise IndexError(
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {shapes}"
        ) from None
    return [build.broadcast(build.cast(index, int64), shape) for index in indices]


def _checked(index: Node, axis: int, size: int) -> Node:
    """The index counted from the front; out of range is an error that names this axis.

    Reading the numbers 0, 1, .. at the index is both: ``take`` wraps and checks.
    """
    numbers = build.iota((*(1,) * axis, size), axis)
    return reshape(build.take(numbers, index, axis), index.shape)


def _flat_places(x: Node, indices: list[Node], axes: Axes) -> Node:
    """One index into the named axes merged, for several that each index their own."""
    places: Node | None = None
    for index, axis in zip(indices, axes, strict=True):
        size = x.shape[axis]
        place = _checked(index, axis, size)
        if places is None:
            places = place
        else:
            scaled = binary("mul", places, const(size, places.shape, int64))
            places = binary("add", scaled, place)
    assert places is not None
    return places


def _merged(x: Node, axes: Axes, front: bool) -> tuple[Node, Axes, Axes, int]:
    """(x with the named axes merged into one, the permutation, the permuted shape, its place)."""
    first = 0 if front else axes[0]
    rest = [axis for axis in range(x.ndim) if axis not in axes]
    order = (*rest[:first], *axes, *rest[first:])
    moved = permute(x, order)
    count = 1
    for axis in axes:
        count *= x.shape[axis]
    shape = (*moved.shape[:first], count, *moved.shape[first + len(axes) :])
    return reshape(moved, shape), order, moved.shape, first


def _in_front(axes: Axes, front: bool) -> bool:
    return front or any(b - a > 1 for a, b in itertools.pairwise(axes))


@composite(torch=False, name="_index", grad_name="Index")
def index(input: Node, indices: list[Node], axes: Axes, front: bool) -> Node:
    """``input`` at integer tensors for ``axes`` (ascending), broadcast against each other.

    Their shape replaces the axes where those are adjacent and ``front`` is False, else it comes
    first. Negative places count from the end; out of range raises IndexError at run time.
    """
    wide = _broadcast_indices(list(indices))
    if len(axes) == 1 and not front:
        return build.take(input, wide[0], axes[0])
    flat, _, _, first = _merged(input, axes, _in_front(axes, front))
    return build.take(flat, _flat_places(input, wide, axes), first)


@composite(torch=False, name="_index_put", grad_name="IndexPut")
def index_put(
    input: Node, values: Node, indices: list[Node], axes: Axes, front: bool, accumulate: bool
) -> Node:
    """``input`` with ``values`` (broadcast) written, or added, where ``_index`` would read."""
    if values.dtype is not input.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{legacy_name(input.dtype)} for the destination and "
            f"{legacy_name(values.dtype)} for the source."
        )
    wide = _broadcast_indices(list(indices))
    mode = "add" if accumulate else "set"
    flat, order, moved, first = _merged(input, axes, _in_front(axes, front))
    shape = (*flat.shape[:first], *wide[0].shape, *flat.shape[first + 1 :])
    written = _spread(values, shape)
    places = wide[0] if len(axes) == 1 else _flat_places(input, wide, axes)
    out = reshape(build.put(flat, places, written, first, mode), moved)
    return permute(out, tuple(order.index(axis) for axis in range(input.ndim)))


def _spread(values: Node, shape: tuple[int, ...]) -> Node:
    extra = values.ndim - len(shape)
    if extra > 0 and all(size == 1 for size in values.shape[:extra]):
        values = reshape(values, values.shape[extra:])
    fits = values.ndim <= len(shape) and all(
        a in (1, b) for a, b in zip(reversed(values.shape), reversed(shape), strict=False)
    )
    if not fits:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(values.shape)} cannot be broadcast to "
            f"indexing result of shape {list(shape)}"
        )
    return build.broadcast(values, shape)


# Along one axis, by a vector


def _vector(who: str, index: Node, x: Node, axis: int) -> Node:
    if index.ndim > 1:
        raise IndexError(f"{who}(): Index is supposed to be a vector")
    if index.dtype not in (int64, int32):
        raise RuntimeError(f"{who}(): Expected dtype int32 or int64 for index")
    return from_front(at_least_1d(index))


def _require_long(who: str, index: Node) -> None:
    if index.dtype is not int64:
        raise RuntimeError(
            f"{who}(): Expected a long tensor for index, but got {legacy_name(index.dtype)}"
        )


@composite(method=True)
def index_select(input: Node, dim: int, index: Node) -> Node:
    """The slices of ``input`` along ``dim`` that a vector of places names."""
    axis = normalize_dim(dim, input.ndim)
    places = _vector("index_select", index, input, axis)
    if input.ndim == 0:
        if places.size != 1:
            raise RuntimeError(
                f"index_select(): Index to scalar can have only 1 value, got {places.size} value(s)"
            )
        return reshape(build.take(at_least_1d(input), places, 0), ())
    return build.take(input, places, axis)


@index_select.vjp
def _(g: Node, out: Node, input: Node, dim: int, index: Node) -> Grads:
    axis = normalize_dim(dim, input.ndim)
    zeros = const(0, at_least_1d(input).shape, g.dtype)
    places = _vector("index_select", index, input, axis)
    return reshape(_added(zeros, places, at_least_1d(g), axis), input.shape), None


@composite(method=True)
def take(input: Node, index: Node) -> Node:
    """Elements of the flattened tensor; the shape of ``index``."""
    _require_long("take", index)
    return build.take(reshape(input, (input.size,)), index, 0)


@composite(method=True, torch=False, inplace=True)
def put(input: Node, index: Node, source: Node, accumulate: bool = False) -> Node:
    """The flattened tensor with ``source`` written (or added) at ``index``."""
    _require_long("put_", index)
    if source.dtype is not input.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{legacy_name(input.dtype)} and source.dtype = {legacy_name(source.dtype)}"
        )
    if index.size != source.size:
        raise RuntimeError(
            f"put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.size}, index.numel() = {index.size}"
        )
    flat = reshape(input, (input.size,))
    mode = "add" if accumulate else "set"
    return reshape(build.put(flat, index, reshape(source, index.shape), 0, mode), input.shape)


@composite(method=True, inplace=True)
def index_add(input: Node, dim: int, index: Node, source: Node, *, alpha: Scalar = 1) -> Node:
    """``input`` plus alpha * source[i] at slice index[i] along ``dim``."""
    axis = normalize_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(
            f"index_add_(): Index is supposed to be a vector, but got dim: {index.ndim} with "
            f"type: {legacy_name(index.dtype)} and size: {list(index.shape)}"
        )
    if source.dtype is not input.dtype:
        raise RuntimeError(
            f"index_add_(): self ({legacy_name(input.dtype)}) and source "
            f"({legacy_name(source.dtype)}) must have the same scalar type"
        )
    if index.dtype not in (int64, int32):
        raise RuntimeError(
            "index_add_(): Expected dtype int32/int64 for index but got: "
            f"{legacy_name(index.dtype)}"
        )
    x, values = at_least_1d(input), at_least_1d(source)
    places = _vector("index_add_", index, input, axis)
    if values.shape[axis] != places.size:
        raise RuntimeError(
            f"index_add_(): Number of indices ({places.size}) should be equal to source.size(dim): "
            f"({values.shape[axis]}), for dim: {axis}"
        )
    if input.ndim != source.ndim and 0 in (input.ndim, source.ndim):
        raise RuntimeError(_elsewhere(input, source))
    _same_elsewhere(x, values, axis)
    if isinstance(alpha, Node) or alpha != 1:
        scaled = binary("mul", values, full(alpha, values.shape, values.dtype))
        return reshape(build.put(x, places, scaled, axis, "add"), input.shape)
    return reshape(_added(x, places, values, axis), input.shape)


def _added(x: Node, places: Node, values: Node, axis: int) -> Node:
    """``values`` added to the slices of ``x``. Those of halves along the first or last of several
    axes are rounded once, those along others one by one, as in PyTorch."""
    once = x.ndim > 1 and axis in (0, x.ndim - 1)
    kind = compute_dtype(x.dtype) if once else x.dtype
    total = build.put(build.cast(x, kind), places, build.cast(values, kind), axis, "add")
    return build.cast(total, x.dtype)


def _same_elsewhere(x: Node, values: Node, axis: int) -> None:
    rest, other = (each.shape[:axis] + each.shape[axis + 1 :] for each in (x, values))
    if rest != other:
        raise RuntimeError(_elsewhere(x, values))


def _elsewhere(x: Node, values: Node) -> str:
    return (
        "source tensor shape must match self tensor shape, excluding the specified dimension. "
        f"Got self.shape = {list(x.shape)} source.shape = {list(values.shape)}"
    )


@composite(method=True, inplace=True)
def index_copy(input: Node, dim: int, index: Node, source: Node) -> Node:
    """``input`` with source[i] as slice index[i] along ``dim``."""
    axis = normalize_dim(dim, input.ndim)
    if index.ndim > 1:
        raise IndexError(f"index_copy_(): Index should have dimension 1 or 0 (got {index.ndim})")
    if source.dtype is not input.dtype:
        raise RuntimeError(
            "index_copy_(): self and source expected to have the same dtype, but got (self) "
            f"{legacy_name(input.dtype)} and (source) {legacy_name(source.dtype)}"
        )
    _require_long("index_copy_", index)
    x, values = at_least_1d(input), at_least_1d(source)
    places = _vector("index_copy_", index, input, axis)
    if values.shape[axis] != places.size:
        raise IndexError(
            f"index_copy_(): Number of indices ({places.size}) should be equal to "
            f"source.size(dim) ({values.shape[axis]})"
        )
    _same_elsewhere(x, values, axis)
    return reshape(build.put(x, places, values, axis, "set"), input.shape)


@composite(method=True, inplace=True, stored="value")
def index_fill(input: Node, dim: int, index: Node, value: Operand) -> Node:
    """``input`` with one number in the slices that ``index`` names along ``dim``."""
    axis = normalize_dim(dim, input.ndim)
    if index.dtype is not int64:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    if index.ndim > 1:
        raise RuntimeError("Index has to be a vector/scalar")
    if isinstance(value, Node) and value.ndim:
        raise RuntimeError(
            "index_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    kind = value.dtype if isinstance(value, Node) else number_kind(value)
    if kind.is_complex and not input.dtype.is_complex:
        raise RuntimeError(
            "index_fill_(): Converting complex Scalar to non-complex type is not supported"
        )
    x, places = at_least_1d(input), at_least_1d(index)
    # By a mask: a slice named twice holds the number once, and so does its slope.
    marks = const(1, (places.size,), int64)
    named = build.put(const(0, (x.shape[axis],), int64), places, marks, 0, "set")
    spread = tuple(n if k == axis else 1 for k, n in enumerate(x.shape))
    chosen = build.expand(reshape(build.cast(named, bool_), spread), x.shape)
    return reshape(build.where(chosen, full(value, x.shape, x.dtype), x), input.shape)


# Samples


@index_select.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 0, np.array([2, 0, 2])), {}
    yield (floats(rng, 2, 3, 4), -2, np.array([1])), {}
    yield (floats(rng), 0, np.array([0])), {}
    yield (floats(rng, 3), 0, np.zeros(0, np.int64)), {}


index_select.bad_inputs(
    raises(
        ((np.ones((3, 4)), 0, np.array([-1])), {}, IndexError, "index out of range in self"),
        ((np.ones((3, 4)), 1, np.array([4])), {}, RuntimeError, "id=4 axis_dim=4"),
        ((np.ones((3, 4)), 0, np.array([[0]])), {}, IndexError, "supposed to be a vector"),
    )
)


@take.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), np.array([[11, -12], [0, 5]])), {}
    yield (floats(rng), np.array([0, -1])), {}


take.bad_inputs(raises(((np.ones(3), np.array([3])), {}, IndexError, "access index 3 on a tensor")))


@index_add.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 0, np.array([2, 2]), floats(rng, 2, 4)), {}
    yield (floats(rng, 3, 4), 1, np.array([0, 3]), floats(rng, 3, 2)), {"alpha": -1.5}
    yield (floats(rng, 4), -1, np.array([1, 1, 1]), floats(rng, 3)), {}


index_add.bad_inputs(
    raises(
        ((np.ones(3), 0, np.array([-1]), np.ones(1)), {}, IndexError, "out of range in self"),
        ((np.ones((3, 4)), 0, np.array([3]), np.ones((1, 4))), {}, RuntimeError, "index 3 is out"),
    )
)


@index_copy.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 0, np.array([2, 0]), floats(rng, 2, 4)), {}
    yield (floats(rng, 3, 4), 1, np.array([3]), floats(rng, 3, 1)), {}


index_copy.bad_inputs(
    raises(((np.ones(3), 0, np.array([3]), np.ones(1)), {}, IndexError, "index 3 is out of bounds"))
)


@index_fill.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 0, np.array([2, -3]), 1.5), {}
    yield (floats(rng, 4), 0, np.array([1, 1]), -1.0), {}


index_fill.bad_inputs(
    raises(((np.ones(3), 0, np.array([3]), 1.0), {}, IndexError, "index 3 is out of bounds"))
)
