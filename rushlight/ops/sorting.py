"""Order: sort, medians, quantiles, running extrema, places in a sorted sequence."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import bool_, int32, int64
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops import return_types
from rushlight.ops.formula import added_at
from rushlight.ops.reduce.extremum import shared_evenly
from rushlight.ops.scatter import at_least_1d
from rushlight.ops.table import Grads, composite


def part(x: Node, axis: int, start: int, count: int) -> Node:
    begin = tuple(start if k == axis else 0 for k in range(x.ndim))
    shape = tuple(count if k == axis else size for k, size in enumerate(x.shape))
    return build.slice(x, begin, shape, (1,) * x.ndim)


# From so many elements on, PyTorch sorts vectors of integers upwards by digits, which is stable.
_BY_DIGITS = 32768


def _places(input: Node, dim: int, descending: bool, stable: bool) -> tuple[Node, Node, int]:
    """(at least 1-d input, the places that sort it, axis)."""
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    whole = not x.dtype.is_floating_point and x.dtype is not bool_
    by_digits = whole and not descending and input.ndim == 1 and x.size >= _BY_DIGITS
    places = build.argsort(x, axis, descending, tied=not (stable or by_digits))
    return x, places, axis


@composite(method=True)
def sort(input: Node, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Any:
    """(values, indices) in order along ``dim``; nan counts as largest.

    Equal elements stay in order only if ``stable``: else they are where PyTorch puts them.
    """
    x, places, axis = _places(input, dim, descending, stable)
    values = build.gather(x, places, axis)
    return return_types.sort(reshape(values, input.shape), reshape(places, input.shape))


@composite(method=True, differentiable=False)
def argsort(input: Node, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Node:
    """The places (int64) that sort along ``dim``."""
    return reshape(_places(input, dim, descending, stable)[1], input.shape)


@composite(method=True, grad_name="Sort")
def msort(input: Node) -> Node:
    """Sorted along axis 0."""
    x, places, axis = _places(input, 0, False, False)
    return reshape(build.gather(x, places, axis), input.shape)


def picked(x: Node, places: Node, axis: int, input: Node, keepdim: bool) -> tuple[Node, Node]:
    """(values, places) for one place per row, the axis kept or dropped."""
    kept = places.shape if input.ndim else ()
    shape = kept if keepdim or not kept else kept[:axis] + kept[axis + 1 :]
    return reshape(build.gather(x, places, axis), shape), reshape(places, shape)


# Medians


def _median_places(x: Node, axis: int, skip_nan: bool) -> Node:
    """The place of the lower median of each row: the first nan where one counts."""
    kept = tuple(1 if k == axis else n for k, n in enumerate(x.shape))
    return build.host("median_places", (x,), kept, int64, (axis, skip_nan))


def _median(who: str, input: Node, dim: int | None, keepdim: bool, skip_nan: bool) -> Any:
    if input.dtype is bool_:
        raise RuntimeError(f"\"{who}_cpu\" not implemented for 'Bool'")
    if dim is None:
        if input.size == 0:
            # nan as x86 casts it to an integer: through 32 bits where there are fewer.
            wide = not input.dtype.is_floating_point and input.dtype.itemsize >= 4
            lowest = -(2 ** (8 * input.dtype.itemsize - 1)) if wide else 0
            nothing = float("nan") if input.dtype.is_floating_point else lowest
            return const(nothing, (), input.dtype)
        flat = reshape(input, (input.size,))
        return reshape(build.gather(flat, _median_places(flat, 0, skip_nan), 0), ())
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    if x.shape[axis] == 0:
        raise IndexError(f"{who}(): Expected reduction dim {axis} to have non-zero size.")
    places = _median_places(x, axis, skip_nan)
    return getattr(return_types, who)(*picked(x, places, axis, input, keepdim))


# g and out: one node over everything, (values, places) along a dim.
def spread_to_place(g: Any, out: Any, input: Node, dim: int | None, keepdim: bool) -> Grads:
    if dim is None:
        return (shared_evenly(g, out, input),)
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    kept = tuple(1 if k == axis else n for k, n in enumerate(x.shape))
    zeros = const(0, x.shape, x.dtype)
    spread = build.scatter(zeros, reshape(out[1], kept), reshape(g[0], kept), axis, "add")
    return (reshape(spread, input.shape),)


@composite(method=True)
def median(input: Node, dim: int | None = None, keepdim: bool = False) -> Any:
    """The lower median of all, or (values, indices) along ``dim``; nan where one is there."""
    return _median("median", input, dim, keepdim, False)


@composite(method=True)
def nanmedian(input: Node, dim: int | None = None, keepdim: bool = False) -> Any:
    """The median of what is not nan."""
    return _median("nanmedian", input, dim, keepdim, True)


median.vjp(spread_to_place)
nanmedian.vjp(spread_to_place)


# Quantiles


@composite(torch=False, name="_quantile", grad_name="Lerp")
def quantile(
    input: Node, q: Node, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool
) -> Node:
    """The q-quantiles (q: 0-d or 1-d) along ``dim`` (flattened if None); q's axis comes first."""
    who = "nanquantile" if skip_nan else "quantile"
    if not input.dtype.is_floating_point:
        raise RuntimeError(f"{who}() input tensor must be either float or double dtype")
    if q.dtype is not input.dtype:
        raise RuntimeError(f"{who}() q tensor must be same dtype as the input tensor")
    if q.ndim > 1:
        raise RuntimeError(f"{who}() q must be a scalar or 1D tensor")
    if input.size == 0:
        raise RuntimeError(f"{who}() input tensor must be non-empty")
    flat = reshape(input, (input.size,)) if dim is None else at_least_1d(input)
    axis = 0 if dim is None else normalize_dim(dim, input.ndim)
    # The axis goes last; ranks are (rows, q).
    order = (*(k for k in range(flat.ndim) if k != axis), axis)
    x = build.permute(flat, order)
    lead, size = x.shape[:-1], x.shape[-1]
    values = build.gather(x, build.argsort(x, x.ndim - 1, False), x.ndim - 1)
    wide = (*lead, max(q.size, 1))
    share = build.broadcast(at_least_1d(q), wide)
    present = build.cast(unary("not", _is_nan(x)), int64)
    count = build.cast(reduce(present, "sum", (x.ndim - 1,)), x.dtype)
    count = build.expand(reshape(count, (*lead, 1)), wide)
    one, zero = const(1, wide, x.dtype), const(0, wide, x.dtype)
    if skip_nan:
        last = binary("maximum", binary("sub", count, one), zero)
    else:
        last = const(size - 1, wide, x.dtype)
    picked = _interpolated(values, binary("mul", share, last), interpolation, who)
    if not skip_nan:
        whole = binary("eq", count, const(size, wide, x.dtype))
        picked = build.where(whole, picked, const(float("nan"), wide, x.dtype))
    return _quantile_shape(picked, q, input, axis, dim, keepdim)


def _is_nan(x: Node) -> Node:
    return binary("ne", x, x)


def _interpolated(values: Node, ranks: Node, interpolation: str, who: str) -> Node:
    axis = values.ndim - 1

    def at(where: Node) -> Node:
        return build.gather(values, build.cast(where, int64), axis)

    if interpolation == "nearest":
        return at(unary("round", ranks))
    if interpolation == "lower":
        return at(unary("floor", ranks))
    if interpolation == "higher":
        return at(unary("ceil", ranks))
    if interpolation not in ("linear", "midpoint"):
        raise RuntimeError(
            f"{who}() interpolation must be one of linear, lower, higher, midpoint or nearest, but "
            f"got {interpolation}"
        )
    below = unary("floor", ranks)
    low, high = at(below), at(unary("ceil", ranks))
    weight = binary("sub", ranks, below)
    if interpolation == "midpoint":
        weight = const(0.5, ranks.shape, ranks.dtype)
    return binary("add", low, binary("mul", weight, binary("sub", high, low)))


def _quantile_shape(
    picked: Node, q: Node, input: Node, axis: int, dim: int | None, keepdim: bool
) -> Node:
    out = build.permute(picked, (picked.ndim - 1, *range(picked.ndim - 1)))
    rest: tuple[int, ...] = out.shape[1:]
    if keepdim and input.ndim:
        rest = (1,) * input.ndim if dim is None else (*rest[:axis], 1, *rest[axis:])
    return reshape(out, (q.size, *rest) if q.ndim else rest)


# Running extrema


def _running(kind: str, input: Node, dim: int) -> tuple[Node, Node]:
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    values, places = build.scan(x, kind, axis), build.scan(x, f"arg{kind}", axis)
    return reshape(values, input.shape), reshape(places, input.shape)


def _running_grad(g: tuple[Node, ...], out: tuple[Node, ...], input: Node, dim: int) -> Grads:
    axis = normalize_dim(dim, input.ndim)
    x = at_least_1d(input)
    zeros = const(0, x.shape, x.dtype)
    places, seed = at_least_1d(out[1]), at_least_1d(g[0])
    return (reshape(added_at(zeros, places, seed, axis), input.shape),)


@composite(method=True)
def cummax(input: Node, dim: int) -> Any:
    """(running maximum, the last place where it was met) along ``dim``."""
    return return_types.cummax(*_running("max", input, dim))


@composite(method=True)
def cummin(input: Node, dim: int) -> Any:
    """(running minimum, the last place where it was met) along ``dim``."""
    return return_types.cummin(*_running("min", input, dim))


cummax.vjp(_running_grad)
cummin.vjp(_running_grad)


# Places in a sorted sequence


def _search(sequence: Node, values: Node, right: bool) -> Node:
    """How many elements of each row of ``sequence`` lie before each value: a binary search.

    ``sequence`` is 1-d, or has the values' leading axes.
    """
    size = sequence.shape[-1]
    shape = values.shape
    found = const(0, shape, int64)
    step = 1 << max(size.bit_length() - 1, 0)
    rows = sequence.ndim > 1
    while step and size:
        tried = binary("add", found, const(step, shape, int64))
        inside = binary("le", tried, const(size, shape, int64))
        last = binary("sub", tried, const(1, shape, int64))
        safe = binary("minimum", last, const(size - 1, shape, int64))
        axis = sequence.ndim - 1
        there = build.gather(sequence, safe, axis) if rows else build.take(sequence, safe, 0)
        # Past the value: there > value, or >= when equal ones do not count. nan is past all.
        past = binary("lt", values, there) if right else binary("le", values, there)
        found = build.where(binary("and", inside, unary("not", past)), tried, found)
        step //= 2
    return found


def _side(right: bool, side: str | None) -> bool:
    if side not in (None, "left", "right"):
        raise RuntimeError(
            f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}"
        )
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left "
            "while right was True"
        )
    return right or side == "right"


@composite(differentiable=False, name="_searchsorted", torch=False)
def searchsorted(
    sorted_sequence: Node, input: Node, out_int32: bool, right: bool, side: str | None,
    sorter: Node | None,
) -> Node:  # fmt: skip
    """Where each value would be inserted along the last axis so that the order stays."""
    sequence, values = sorted_sequence, input
    if sequence.ndim == 0:
        raise RuntimeError("torch.searchsorted(): boundaries tensor should have positive dimension")
    if sequence.ndim > 1 and sequence.shape[:-1] != values.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 "
            "dimensions of boundaries tensor and input value tensor must match, but we got "
            f"boundaries tensor {list(sequence.shape)} and input value tensor {list(values.shape)}"
        )
    if sorter is not None:
        sequence = build.gather(sequence, build.cast(sorter, int64), sequence.ndim - 1)
    if values.dtype is not sequence.dtype:
        values = build.cast(values, sequence.dtype)
    found = _search(sequence, values, _side(right, side))
    return build.cast(found, int32) if out_int32 else found
