"""The running log(sum(exp(x))).

Of floats as log(cumsum(exp(x - max(x)))) in double, whose exponents reach far enough for almost
every row: all terms are positive, so a running sum keeps its digits however small it is beside
later ones. Rows that reach further, and other dtypes, NumPy adds up one by one on the host.
"""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import float32, float64
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.formula import minus, plus, times
from rushlight.ops.promote import floating, grad_to
from rushlight.ops.reduce.dims import kept_shape, widen
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Grads, composite


def _add_complex(low: Array, top: Array) -> Array:
    """log(exp(low) + exp(top)), shifted by the one that is larger in its real part."""
    low, top = np.where(low.real > top.real, [top, low], [low, top])
    shifted = top + np.log(1 + np.exp(low - top))
    # Of two that are equally infinite there is no difference to shift by.
    endless = (low.real == top.real) & np.isinf(low.real)
    whole = np.where(low.real < 0, low, np.log(np.exp(low) + np.exp(top)))
    return np.where(endless, whole, shifted)


def _accumulate_complex(x: Array, axis: int) -> Array:
    rows = np.moveaxis(x, axis, 0).copy()
    for k in range(1, len(rows)):
        rows[k] = _add_complex(rows[k], rows[k - 1])
    return np.moveaxis(rows, 0, axis)


@host("logcumsumexp", complex=True)
def _host_logcumsumexp(arrays: tuple[Array, ...], params: tuple[int, ...]) -> Array:
    with np.errstate(all="ignore"):
        if arrays[0].dtype.kind == "c":
            return _accumulate_complex(arrays[0], params[0])
        wide = arrays[0] if arrays[0].dtype.kind == "f" else arrays[0].astype(np.float32)
        found: Array = np.logaddexp.accumulate(wide, axis=params[0])
    return found


# How far below the largest of a row exp(x - max(x)) is a normal double.
_REACH = 700.0


@host("logcumsumexp_far")
def _host_logcumsumexp_far(arrays: tuple[Array, ...], params: tuple[int, ...]) -> Array:
    """(x, result where it is near, which rows are near) -> the result for all rows."""
    x, result, near = (np.moveaxis(each, params[0], -1) for each in arrays)
    if near.all():
        return arrays[1]
    far = ~near[..., 0]
    result = result.copy()
    result[far] = _host_logcumsumexp((x[far],), (x[far].ndim - 1,))
    return np.moveaxis(result, -1, params[0])


def _of_near_rows(x: Node, axis: int) -> Node:
    """Floats: what is right for rows without infinities and nan that reach no further than doubles
    do, and for the others from the host."""
    wide = build.cast(x, float64)
    top = build.reduce(wide, "max", (axis,))
    tops = widen(top, x, (axis,))
    nothing = binary("eq", wide, const(float("-inf"), x.shape, float64))
    low = build.reduce(build.where(nothing, tops, wide), "min", (axis,))
    near = binary("le", minus(top, low), const(_REACH, top.shape, float64))
    sums = build.scan(unary("exp", minus(wide, tops)), "sum", axis)
    result = build.cast(plus(unary("log", sums), tops), x.dtype)
    parts = (x, result, build.reshape(near, kept_shape(x.shape, (axis,))))
    return build.host("logcumsumexp_far", parts, x.shape, x.dtype, (axis,))


@composite(method=True, inplace=True)
def logcumsumexp(input: Node, dim: int) -> Node:
    """The running log(sum(exp(x))) along ``dim``."""
    axis = normalize_dim(dim, input.ndim)
    x = build.cast(input, floating(input.dtype))
    if x.ndim == 0 or x.size == 0:
        return x
    if x.dtype is float32:
        return _of_near_rows(x, axis)
    return build.host("logcumsumexp", (x,), x.shape, x.dtype, (axis,))


@logcumsumexp.vjp
def _(g: Node, out: Node, input: Node, dim: int) -> Grads:
    if input.ndim == 0 or input.size == 0:
        return (grad_to(g, input),)
    x = build.cast(input, out.dtype)
    if x.dtype.is_complex:
        return (_slope_of_complex(g, out, x, normalize_dim(dim, input.ndim)),)
    later: Node = decayed_sum(g, out, normalize_dim(dim, input.ndim), True)
    return (grad_to(times(later, unary("exp", minus(x, out))), input),)


def _slope_of_complex(g: Node, out: Node, x: Node, axis: int) -> Node:
    """The sum over k >= i of g[k] * exp(x[i] - out[k]), as one table of all pairs (i, k)."""
    shape = (*x.shape[: axis + 1], *x.shape[axis:])

    def along(node: Node, place: int) -> Node:
        kept = tuple(1 if k == place else n for k, n in enumerate(shape))
        return build.expand(build.reshape(node, kept), shape)

    share = unary("exp", minus(along(x, axis + 1), along(out, axis)))
    late = binary("le", build.iota(shape, axis), build.iota(shape, axis + 1))
    terms = times(along(g, axis), share)
    return build.reduce(build.where(late, terms, const(0, shape, x.dtype)), "sum", (axis + 1,))


@logcumsumexp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 1), {}
    yield (floats(rng, 2, 3, 4), -2), {}
    yield (np.array([1e3, -1e3, 1e3 + 1]), 0), {}
    yield (np.zeros((0, 3)), 0), {}
    yield (np.asarray(2.0), 0), {}


@host("decayed_sum")
def _host_decayed_sum(arrays: tuple[Array, ...], params: tuple[int, bool]) -> Array:
    axis, later = params
    seed, level = (np.moveaxis(np.asarray(a, np.float64), axis, 0) for a in arrays)
    total = seed.copy()
    order = range(len(seed) - 2, -1, -1) if later else range(1, len(seed))
    with np.errstate(invalid="ignore"):
        for k in order:
            near = k + 1 if later else k - 1
            decay = np.exp(-np.abs(level[k] - level[near]))
            total[k] += total[near] * np.where(np.isnan(decay), 0.0, decay)
    return np.moveaxis(total, 0, axis)


@composite(torch=False, name="_decayed_sum")
def decayed_sum(seed: Node, level: Node, dim: int, later: bool) -> Node:
    """The sum over k >= i (k <= i where not ``later``) of seed[k] * exp(-|level[i] - level[k]|).

    ``level`` never falls along ``dim``, so no term overflows.
    """
    return build.host("decayed_sum", (seed, level), seed.shape, seed.dtype, (dim, later))


@decayed_sum.vjp
def _(g: Node, out: Node, seed: Node, level: Node, dim: int, later: bool) -> Grads:
    other: Node = decayed_sum(g, level, dim, not later)
    slope = minus(times(g, out), times(seed, other))
    return other, slope if later else unary("neg", slope)


@decayed_sum.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), np.sort(floats(rng, 4, 5), 1), 1, True), {}
    yield (floats(rng, 3, 2), np.sort(floats(rng, 3, 2), 0), 0, False), {}
