"""Reading and writing along one axis at places that a tensor of the same rank names."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, int32, int64, uint64
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.formula import added_at
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import full, is_number
from rushlight.ops.samples import INTEGERS, Fixed, Rng, Samples, floats, raises
from rushlight.ops.scatter_product import product_of_others
from rushlight.ops.table import Grads, Operand, composite

_MODES = {"sum": "add", "prod": "prod", "amax": "max", "amin": "min", "mean": "add"}


def at_least_1d(x: Node) -> Node:
    """A 0-d node as one element along one axis: places along "the" axis of a number mean that."""
    return reshape(x, (1,)) if x.ndim == 0 else x


def corner(x: Node, shape: tuple[int, ...]) -> Node:
    """The first ``shape`` elements along each axis."""
    return build.slice(x, (0,) * x.ndim, shape, (1,) * x.ndim)


def from_front(index: Node) -> Node:
    """The index where places count from the front only: a negative one is a large number of
    uint64, out of range, which a run reports."""
    return build.bitcast(build.cast(index, int64), uint64)


def _places(who: str, index: Node, x: Node, axis: int) -> Node:
    if index.dtype not in (int64, int32) and index.size:
        raise RuntimeError(f"{who}(): Expected dtype int32/int64 for index")
    return from_front(at_least_1d(index))


@composite(method=True)
def gather(input: Node, dim: int, index: Node, *, sparse_grad: bool = False) -> Node:
    """out[i][j] = input[index[i][j]][j] for dim 0, and alike; the shape of ``index``."""
    axis = normalize_dim(dim, input.ndim)
    x, places = at_least_1d(input), _places("gather", index, input, axis)
    if index.size == 0 and x.ndim != places.ndim:  # nothing of the input, yet of the input
        return reshape(corner(reshape(x, (x.size,)), (0,)), index.shape)
    if x.ndim != places.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as input tensor")
    for k, (wanted, size) in enumerate(zip(places.shape, x.shape, strict=True)):
        if k != axis and wanted > size:
            raise RuntimeError(
                f"Size does not match at dimension {k} expected index {list(index.shape)} to be "
                f"no larger than self {list(input.shape)} apart from dimension {axis}"
            )
    return reshape(build.gather(x, places, axis), index.shape)


@composite(method=True)
def take_along_dim(input: Node, indices: Node, dim: int | None = None) -> Node:
    """``gather`` with the other axes broadcast; without ``dim`` both are flattened."""
    if indices.dtype is not int64 and indices.dtype is not int32:
        raise RuntimeError(
            "torch.take_along_dim(): dtype of indices should be Long but got "
            f"{legacy_name(indices.dtype)}"
        )
    if dim is None:
        flat = reshape(input, (input.size,))
        out: Node = gather.body(flat, 0, reshape(indices, (indices.size,)))
        return out
    if input.ndim != indices.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, "
            f"but got {input.ndim} dimensions for input, and {indices.ndim} dimensions for indices"
        )
    axis = normalize_dim(dim, input.ndim)
    from_shapes = [
        max(a, b) if 0 not in (a, b) else 0 for a, b in zip(input.shape, indices.shape, strict=True)
    ]
    wide = tuple(input.shape[k] if k == axis else n for k, n in enumerate(from_shapes))
    long = tuple(indices.shape[k] if k == axis else n for k, n in enumerate(from_shapes))
    # Places count round and round here, as in PyTorch.
    size = const(max(input.shape[axis], 1), indices.shape, indices.dtype)
    places = build.broadcast(binary("remainder", indices, size), long)
    along: Node = gather.body(build.broadcast(input, wide), axis, places)
    return along


def _source(input: Node, index: Node, axis: int, src: Any) -> Node:
    """The values to write, cut or spread to the shape of the (at least 1-d) index."""
    x, places = at_least_1d(input), at_least_1d(index)
    if x.ndim != places.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    if is_number(src):
        _fit(x, places, axis, None)
        return full(src, places.shape, input.dtype)
    values = at_least_1d(src)
    if src.dtype is not input.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if values.ndim != places.ndim:
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    _fit(x, places, axis, values)
    return corner(values, places.shape)


def _fit(x: Node, places: Node, axis: int, src: Node | None) -> None:
    for k, wanted in enumerate(places.shape):
        if (k != axis and wanted > x.shape[k]) or (src is not None and wanted > src.shape[k]):
            also = ""
            if src is not None:
                also = f" and to be no larger size than src {list(src.shape)}"
            raise RuntimeError(
                f"Expected index {list(places.shape)} to be no larger than self {list(x.shape)} "
                f"apart from dimension {axis}{also}"
            )


def _scatter(input: Node, dim: int, index: Node, src: Any, mode: str) -> Node:
    axis = normalize_dim(dim, input.ndim)
    places = _places("scatter", index, input, axis)
    if index.size == 0:
        return input
    x, values = at_least_1d(input), _source(input, places, axis, src)
    if mode == "add":
        return reshape(added_at(x, places, values, axis), input.shape)
    return reshape(build.scatter(x, places, values, axis, mode), input.shape)


@composite(method=True, inplace=True)
def scatter(
    input: Node, dim: int, index: Node, src: Operand | None = None, *,
    value: Operand | None = None, reduce: str | None = None,
) -> Node:  # fmt: skip
    """``input`` with out[index[i][j]][j] = src[i][j] for dim 0, and alike; ``src`` may be a number.

    ``reduce`` "add" or "multiply" combines with what is there.
    """
    given = value if src is None else src
    if given is None:
        raise TypeError("scatter() missing the values to write: give src or value")
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    mode = {None: "set", "add": "add", "multiply": "prod"}[reduce]
    return _scatter(input, dim, index, given, mode)


@composite(method=True, inplace=True)
def scatter_add(input: Node, dim: int, index: Node, src: Node) -> Node:
    """``input`` plus src[i][j] at index[i][j], j for dim 0, and alike; duplicates add up."""
    return _scatter(input, dim, index, src, "add")


def _identity(mode: str, x: Node) -> Node:
    """What leaves the other operand of a reduction as it is."""
    if mode in ("add", "prod"):
        return const(0 if mode == "add" else 1, x.shape, x.dtype)
    if x.dtype.is_floating_point:
        return const(float("-inf") if mode == "max" else float("inf"), x.shape, x.dtype)
    if x.dtype is bool_:
        return const(mode == "min", x.shape, x.dtype)
    limits = np.iinfo(x.dtype.np)
    return const(int(limits.min if mode == "max" else limits.max), x.shape, x.dtype)


@composite(method=True, inplace=True)
def scatter_reduce(
    input: Node, dim: int, index: Node, src: Node, reduce: str, *, include_self: bool = True
) -> Node:
    """``input`` with all src elements of one place combined: sum, prod, mean, amax or amin.

    ``include_self=False`` leaves out what ``input`` holds at the places that are written.
    """
    if reduce not in _MODES:
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    if index.size == 0:
        return input
    axis = normalize_dim(dim, input.ndim)
    mode = _MODES[reduce]
    x, places = at_least_1d(input), _places("scatter", index, input, axis)
    values = _source(input, places, axis, src)
    if not include_self:
        x = build.scatter(x, places, _identity(mode, places_like(values)), axis, "set")
    out = build.scatter(x, places, values, axis, mode)
    if reduce == "mean":
        count = _counts(x, places, axis, include_self)
        out = binary("div" if out.dtype.is_floating_point else "floordiv", out, count)
    return reshape(out, input.shape)


def places_like(values: Node) -> Node:
    """A node that stands for nothing but a shape and a dtype."""
    return const(0, values.shape, values.dtype)


def _counts(x: Node, places: Node, axis: int, include_self: bool) -> Node:
    """How many elements meet at each place, at least 1."""
    start = const(1 if include_self else 0, x.shape, x.dtype)
    count = build.scatter(start, places, const(1, places.shape, x.dtype), axis, "add")
    return binary("maximum", count, const(1, x.shape, x.dtype))


@scatter_reduce.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    dim: int,
    index: Node,
    src: Node,
    reduce: str,
    include_self: bool,
) -> Grads:
    if index.size == 0:
        return g, None, const(0, src.shape, src.dtype)
    axis = normalize_dim(dim, input.ndim)
    places = _places("scatter", index, input, axis)
    g, out, x, source = (at_least_1d(each) for each in (g, out, input, src))
    values = corner(source, places.shape)
    shares = _shares(reduce, out, x, values, places, axis, include_self)
    own, each = shares(g)
    if not include_self:
        own = build.scatter(own, places, const(0, places.shape, g.dtype), axis, "set")
    rest = tuple(a - b for a, b in zip(source.shape, each.shape, strict=True))
    grad = build.pad(each, (0,) * each.ndim, rest, 0)
    return reshape(own, input.shape), None, reshape(grad, src.shape)


def _shares(
    reduce: str, out: Node, x: Node, values: Node, places: Node, axis: int, include_self: bool
) -> Any:
    """A function from the cotangent to those of ``x`` (as if included) and of ``values``."""

    def picked(node: Node) -> Node:
        return build.gather(node, places, axis)

    if reduce == "sum":
        return lambda g: (g, picked(g))
    if reduce == "mean":
        count = _counts(x, places, axis, include_self)
        return lambda g: (binary("div", g, count), picked(binary("div", g, count)))
    if reduce == "prod":
        if not include_self:
            one = const(1, values.shape, values.dtype)
            x = build.scatter(x, places, one, axis, "set")
        mine, theirs = product_of_others(x, places, values, axis)
        return lambda g: (binary("mul", g, mine), binary("mul", picked(g), theirs))
    # Equal extrema share the cotangent evenly.
    dtype = x.dtype
    here = build.cast(binary("eq", x, out), dtype)
    there = build.cast(binary("eq", values, picked(out)), dtype)
    base = here if include_self else build.scatter(here, places, places_like(there), axis, "set")
    total = build.scatter(base, places, there, axis, "add")
    total = binary("maximum", total, const(1, total.shape, dtype))

    def divide(g: Node) -> tuple[Node, Node]:
        part = binary("div", g, total)
        return binary("mul", part, here), binary("mul", picked(part), there)

    return divide


# Samples

_PLACES = np.array([[0, 2, 1], [2, 0, 0]])


@gather.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 0, _PLACES), {}
    yield (floats(rng, 3, 4), -1, np.array([[3, 0], [1, 1]])), {}
    yield (floats(rng), 0, np.array([0, 0])), {}
    yield (np.zeros((0, 3)), 0, np.zeros((0, 3), np.int64)), {}
    yield (INTEGERS, 1, _PLACES), {}


gather.bad_inputs(
    raises(
        ((np.ones((3, 4)), 0, np.array([[3]])), {}, RuntimeError, "index 3 is out of bounds"),
        ((np.ones((3, 4)), 1, np.array([[-1]])), {}, RuntimeError, "index -1 is out of bounds"),
        ((np.ones((3, 4)), 0, np.array([0])), {}, RuntimeError, "same number of dimensions"),
    )
)


@take_along_dim.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), _PLACES[:, :1].repeat(4, 1), 0), {}
    yield (floats(rng, 3, 4), np.array([[3], [0], [-1]]), 1), {}
    yield (floats(rng, 3, 4), np.array([11, 0, 5])), {}


take_along_dim.bad_inputs(
    raises(((np.ones((3, 4)), np.array([12])), {}, RuntimeError, "index 12 is out of bounds"))
)


@scatter.samples
def _(rng: Rng) -> Samples:
    places = np.array([[0, 2, 1], [2, 0, 0]])
    yield (floats(rng, 3, 4), 0, places, floats(rng, 2, 3)), {}
    yield (floats(rng, 3, 4), 1, places, 1.5), {}
    # (PyTorch has no gradient for a longer src.)
    yield (floats(rng, 4), -1, np.array([3, 1]), Fixed(floats(rng, 3))), {}


@scatter_add.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), 0, _PLACES, floats(rng, 2, 3)), {}
    yield (floats(rng, 4), 0, np.array([1, 1, 1]), floats(rng, 3)), {}
    yield (INTEGERS, 1, np.array([[0, 0], [2, 1]]), INTEGERS), {}


for _op, _values in ((scatter, 1.0), (scatter_add, np.ones((1, 1)))):
    _op.bad_inputs(
        raises(
            ((np.ones((3, 4)), 0, np.array([[3]]), _values), {}, RuntimeError, "out of bounds"),
            ((np.ones((3, 4)), 0, np.array([[-1]]), _values), {}, RuntimeError, "out of bounds"),
        )
    )
