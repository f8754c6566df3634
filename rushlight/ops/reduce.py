"""Reductions over any dims: sums, means, extrema, norms, truth."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, float32, float64, int64, uint8
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dim, normalize_dims
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops import return_types
from rushlight.ops.promote import compute_dtype, floating, full
from rushlight.ops.samples import (
    BOOLS,
    INTEGERS,
    BadInputs,
    Rng,
    Samples,
    extrema,
    floats,
    over_dims,
    raises,
    running,
    spreads,
)  # fmt: skip
from rushlight.ops.table import Scalar, composite

Dims = int | tuple[int, ...] | None


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """``shape`` with 1 at the axes that were reduced."""
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


def finish(reduced: Node, x: Node, axes: tuple[int, ...], keepdim: bool) -> Node:
    """Put the reduced axes back as 1 if asked."""
    return reshape(reduced, kept_shape(x.shape, axes)) if keepdim else reduced


def widen(reduced: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """A reduced node (without its axes) spread over the shape it came from."""
    return build.expand(reshape(reduced, kept_shape(x.shape, axes)), x.shape)


def _sum(x: Node, axes: tuple[int, ...]) -> Node:
    """Sum in the compute dtype; half precision is rounded once, at the end."""
    wide = build.cast(x, compute_dtype(x.dtype))
    return build.cast(reduce(wide, "sum", axes), x.dtype)


@composite(method=True)
def sum(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The sum over ``dim`` (all by default). Integers and bools are summed as int64."""
    if dtype is None:
        real = input.dtype.is_floating_point or input.dtype.is_complex
        dtype = input.dtype if real else int64
    x = build.cast(input, dtype)
    axes = normalize_dims(dim, x.ndim)
    return finish(_sum(x, axes), x, axes, keepdim)


@sum.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(bools=True)(rng)
    yield (INTEGERS.astype(np.int32),), {"dtype": float32}
    yield (floats(rng, 3, 0),), {"dim": 0}


@composite(method=True)
def nansum(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The sum with nan counted as 0."""
    clean = build.where(binary("ne", input, input), const(0, input.shape, input.dtype), input)
    out: Node = sum.body(clean, dim, keepdim, dtype=dtype)
    return out


nansum.samples(over_dims())


def _count(shape: tuple[int, ...], axes: tuple[int, ...]) -> int:
    return math.prod(shape[axis] for axis in axes)


def _mean(x: Node, axes: tuple[int, ...]) -> Node:
    """In the compute dtype of ``x``, without the reduced axes."""
    total = reduce(x, "sum", axes)
    return binary("div", total, const(_count(x.shape, axes), total.shape, total.dtype))


@composite(method=True)
def mean(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The mean over ``dim``; nan of nothing. Raises RuntimeError for integers without ``dtype``."""
    dtype = input.dtype if dtype is None else dtype
    if not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {_legacy(dtype)}"
        )
    x = build.cast(input, compute_dtype(dtype))
    axes = normalize_dims(dim, x.ndim)
    return build.cast(finish(_mean(x, axes), x, axes, keepdim), dtype)


mean.samples(over_dims(whole=False))
mean.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "could not infer output dtype")))


@composite(method=True)
def nanmean(
    input: Node, dim: Dims = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The mean of what is not nan."""
    present = build.cast(binary("eq", input, input), input.dtype)
    total = nansum.body(input, dim, keepdim, dtype=dtype)
    count = sum.body(present, dim, keepdim, dtype=dtype)
    return binary("div", total, count)


nanmean.samples(over_dims(whole=False))


def _legacy(dtype: DType) -> str:
    return {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
            "bool": "Bool"}.get(dtype.name, dtype.name)  # fmt: skip


# var, std


def _moments(
    input: Node, dim: Dims, unbiased: bool | None, correction: Any, keepdim: bool
) -> tuple[Node, Node, tuple[int, ...]]:
    """Variance and mean (reduced, compute dtype) and the axes."""
    if not input.dtype.is_floating_point:
        raise RuntimeError("std and var only support floating point and complex dtypes")
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    x = build.cast(input, compute_dtype(input.dtype))
    axes = normalize_dims(dim, x.ndim)
    average = _mean(x, axes)
    centred = binary("sub", x, widen(average, x, axes))
    squares = reduce(binary("mul", centred, centred), "sum", axes)
    divisor = max(_count(x.shape, axes) - correction, 0)
    return binary("div", squares, const(divisor, squares.shape, squares.dtype)), average, axes


def _var_arguments(dim: Any, unbiased: Any) -> tuple[Any, Any]:
    # var(True) means unbiased=True over everything.
    return (None, dim) if isinstance(dim, bool) else (dim, unbiased)


@composite(method=True)
def var(
    input: Node, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> Node:  # fmt: skip
    """Variance over ``dim``, divided by count - correction (1 unless said otherwise)."""
    dim, unbiased = _var_arguments(dim, unbiased)
    spread, _, axes = _moments(input, dim, unbiased, correction, keepdim)
    return build.cast(finish(spread, input, axes, keepdim), input.dtype)


var.samples(spreads())
var.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "floating point")))


@composite(method=True)
def std(
    input: Node, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> Node:  # fmt: skip
    """The square root of ``var``."""
    dim, unbiased = _var_arguments(dim, unbiased)
    spread, _, axes = _moments(input, dim, unbiased, correction, keepdim)
    return build.cast(finish(unary("sqrt", spread), input, axes, keepdim), input.dtype)


@std.vjp
def _(g, out, input, dim, unbiased, keepdim, correction):  # type: ignore[no-untyped-def]
    dim, unbiased = _var_arguments(dim, unbiased)
    x = build.cast(input, compute_dtype(input.dtype))
    axes = normalize_dims(dim, x.ndim)
    if correction is None:
        correction = 1 if unbiased is None or unbiased else 0
    divisor = max(_count(x.shape, axes) - correction, 0)
    kept = kept_shape(x.shape, axes)
    wide = [build.expand(reshape(build.cast(each, x.dtype), kept), x.shape) for each in (g, out)]
    centred = binary("sub", x, widen(_mean(x, axes), x, axes))
    # A constant row has no slope: PyTorch gives 0 there, not nan.
    zero = const(0, x.shape, x.dtype)
    flat = binary("eq", wide[1], zero)
    spread = build.where(flat, const(1, x.shape, x.dtype), wide[1])
    scale = binary("div", wide[0], binary("mul", spread, const(divisor, x.shape, x.dtype)))
    slope = binary("mul", build.where(flat, zero, scale), centred)
    return (build.cast(slope, input.dtype),)


std.samples(spreads())
std.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "floating point")))


@composite
def var_mean(
    input: Node, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> tuple[Node, Node]:  # fmt: skip
    """(var, mean)."""
    dim, unbiased = _var_arguments(dim, unbiased)
    spread, average, axes = _moments(input, dim, unbiased, correction, keepdim)
    return (
        build.cast(finish(spread, input, axes, keepdim), input.dtype),
        build.cast(finish(average, input, axes, keepdim), input.dtype),
    )


var_mean.samples(spreads())


@composite
def std_mean(
    input: Node, dim: Dims = None, unbiased: bool | None = None, keepdim: bool = False, *,
    correction: int | float | None = None,
) -> tuple[Node, Node]:  # fmt: skip
    """(std, mean)."""
    dim, unbiased = _var_arguments(dim, unbiased)
    _, average, axes = _moments(input, dim, unbiased, correction, keepdim)
    return (
        std(input, dim, unbiased, keepdim, correction=correction),
        build.cast(finish(average, input, axes, keepdim), input.dtype),
    )


std_mean.samples(spreads())


# Extrema


def _not_empty(who: str, x: Node, axes: tuple[int, ...]) -> None:
    for axis in axes:
        if x.ndim and x.shape[axis] == 0:
            raise IndexError(f"{who}(): Expected reduction dim {axis} to have non-zero size.")


def _no_elements(rng: Rng) -> BadInputs:
    yield (np.zeros((0, 3)),), {}, RuntimeError, "numel"
    yield (np.zeros((0, 3)), 0), {}, IndexError, "non-zero size"
    yield (np.ones(3), 1), {}, IndexError, "Dimension out of range"


def _no_place(rng: Rng) -> BadInputs:
    yield (np.zeros((0, 3)),), {}, IndexError, "numel"
    yield (np.zeros((0, 3)), 0), {}, IndexError, "non-zero size"
    yield (BOOLS,), {}, RuntimeError, "not implemented for 'Bool'"


def _extremum(who: str, kind: str, input: Node, dim: Any, keepdim: bool) -> Any:
    if dim is None:
        if input.size == 0:
            raise RuntimeError(
                f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        return reduce(input, kind, tuple(range(input.ndim)))
    axis = normalize_dim(dim, input.ndim)
    structure = getattr(return_types, kind)
    if input.ndim == 0:
        return structure(input, const(0, (), int64))
    _not_empty(who, input, (axis,))
    places = reduce(input, f"arg{kind}", (axis,))
    values = reduce(input, kind, (axis,))
    return structure(
        finish(values, input, (axis,), keepdim), finish(places, input, (axis,), keepdim)
    )


def _extremum_grad(kind: str) -> Any:
    def rule(g, out, input, dim, keepdim):  # type: ignore[no-untyped-def]
        if dim is None:
            axes = tuple(range(input.ndim))
            best = widen(out, input, axes)
            both_nan = binary("and", binary("ne", input, input), binary("ne", best, best))
            hit = build.cast(binary("or", binary("eq", input, best), both_nan), input.dtype)
            count = widen(reduce(hit, "sum", axes), input, axes)
            return (binary("div", binary("mul", widen(g, input, axes), hit), count),)
        if input.ndim == 0:
            return (g[0],)
        axis = normalize_dim(dim, input.ndim)
        kept = kept_shape(input.shape, (axis,))
        cotangent, places = reshape(g[0], kept), reshape(out[1], kept)
        # The place's row is compared, not scattered: it fuses and needs no zeroed memory.
        along = build.iota(input.shape, axis)
        hit = binary("eq", along, build.expand(places, input.shape))
        zero = const(0, input.shape, input.dtype)
        return (build.where(hit, build.expand(cotangent, input.shape), zero),)

    rule.__name__ = f"{kind}_grad"
    return rule


@composite(method=False, torch=False, name="_max")
def max_reduce(input: Node, dim: int | None = None, keepdim: bool = False) -> Any:
    """The largest element, or (values, indices) of the largest along ``dim``; nan wins."""
    return _extremum("max", "max", input, dim, keepdim)


max_reduce.samples(extrema())
max_reduce.bad_inputs(_no_elements)


@composite(method=False, torch=False, name="_min")
def min_reduce(input: Node, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest element, or (values, indices) of the smallest along ``dim``; nan wins."""
    return _extremum("min", "min", input, dim, keepdim)


min_reduce.samples(extrema())
min_reduce.bad_inputs(_no_elements)


max_reduce.vjp(_extremum_grad("max"))
min_reduce.vjp(_extremum_grad("min"))
max_reduce.grad_name, min_reduce.grad_name = "MaxBackward0", "MinBackward0"


@composite(method=True)
def amax(input: Node, dim: Dims = (), keepdim: bool = False) -> Node:
    """The largest over dims; equal ones share the gradient."""
    axes = normalize_dims(dim, input.ndim)
    _not_empty("amax", input, axes)
    return finish(reduce(input, "max", axes), input, axes, keepdim)


amax.samples(extrema(several=True))
amax.bad_inputs(raises(((np.zeros((0, 3)), 0), {}, IndexError, "non-zero size")))


@composite(method=True)
def amin(input: Node, dim: Dims = (), keepdim: bool = False) -> Node:
    """The smallest over dims; equal ones share the gradient."""
    axes = normalize_dims(dim, input.ndim)
    _not_empty("amin", input, axes)
    return finish(reduce(input, "min", axes), input, axes, keepdim)


amin.samples(extrema(several=True))
amin.bad_inputs(raises(((np.zeros((0, 3)), 0), {}, IndexError, "non-zero size")))


@composite(method=True)
def aminmax(input: Node, *, dim: int | None = None, keepdim: bool = False) -> Any:
    """(smallest, largest)."""
    axes = normalize_dims(dim, input.ndim)
    _not_empty("aminmax", input, axes)
    return return_types.aminmax(
        finish(reduce(input, "min", axes), input, axes, keepdim),
        finish(reduce(input, "max", axes), input, axes, keepdim),
    )


@aminmax.samples
def _(rng: Rng) -> Samples:
    for args, kwargs in extrema()(rng):
        yield args[:1], {**kwargs, **({"dim": args[1]} if len(args) > 1 else {})}


def _place(who: str, input: Node, dim: int | None, keepdim: bool) -> Node:
    if input.dtype is bool_:
        raise RuntimeError(f"\"{who}_cpu\" not implemented for 'Bool'")
    if dim is None:
        if input.size == 0:
            raise IndexError(
                f"{who}(): Expected reduction dim to be specified for input.numel() == 0. "
                "Specify the reduction dim with the 'dim' argument."
            )
        place = reduce(reshape(input, (input.size,)), who, (0,))
        return reshape(place, (1,) * input.ndim) if keepdim else place
    axis = normalize_dim(dim, input.ndim)
    if input.ndim == 0:
        return const(0, (), int64)
    _not_empty(who, input, (axis,))
    return finish(reduce(input, who, (axis,)), input, (axis,), keepdim)


@composite(method=True, differentiable=False)
def argmax(input: Node, dim: int | None = None, keepdim: bool = False) -> Node:
    """Where the largest is (int64): flattened, or along ``dim``; the first of equals."""
    return _place("argmax", input, dim, keepdim)


argmax.samples(extrema(bools=False))
argmax.bad_inputs(_no_place)


@composite(method=True, differentiable=False)
def argmin(input: Node, dim: int | None = None, keepdim: bool = False) -> Node:
    """Where the smallest is (int64): in the flattened tensor, or along ``dim``."""
    return _place("argmin", input, dim, keepdim)


argmin.samples(extrema(bools=False))
argmin.bad_inputs(_no_place)


# Truth


def _truth(kind: str, input: Node, dim: Dims, keepdim: bool) -> Node:
    axes = () if dim == () else normalize_dims(dim, input.ndim)
    x = build.cast(input, bool_)
    out = finish(reduce(x, kind, axes), x, axes, keepdim)
    return build.cast(out, uint8) if input.dtype is uint8 else out


@composite(method=True, differentiable=False)
def any(input: Node, dim: Dims = None, keepdim: bool = False) -> Node:
    """Whether any element is not zero."""
    return _truth("any", input, dim, keepdim)


@any.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(bools=True)(rng)
    yield (np.array([[0, 0], [0, 3]], np.uint8), 1), {}


@composite(method=True, differentiable=False)
def all(input: Node, dim: Dims = None, keepdim: bool = False) -> Node:
    """Whether every element is not zero."""
    return _truth("all", input, dim, keepdim)


@all.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(bools=True)(rng)
    yield (np.array([[0, 0], [1, 3]], np.uint8), 1), {}


@composite(method=True, differentiable=False)
def count_nonzero(input: Node, dim: Dims = None) -> Node:
    """How many elements are not zero (int64)."""
    out: Node = sum.body(build.cast(input, bool_), dim)
    return out


@count_nonzero.samples
def _(rng: Rng) -> Samples:
    yield (np.array([[0.0, 1.0, np.nan], [0.0, -0.0, np.inf]]),), {}
    yield (INTEGERS, -1), {}
    yield (BOOLS, 0), {}
    yield (np.zeros((0, 3)), (0, 1)), {}
    yield (np.asarray(2.0),), {}


# Products, logarithms of sums, norms


@composite(method=True)
def prod(
    input: Node, dim: int | None = None, keepdim: bool = False, *, dtype: DType | None = None
) -> Node:
    """The product over one dim or all. Integers and bools are multiplied as int64."""
    if dtype is None:
        real = input.dtype.is_floating_point or input.dtype.is_complex
        dtype = input.dtype if real else int64
    x = build.cast(input, dtype)
    axes = normalize_dims(dim, x.ndim)
    return finish(reduce(x, "prod", axes), x, axes, keepdim)


@prod.samples
def _(rng: Rng) -> Samples:
    yield from over_dims(several=False, bools=True)(rng)
    yield (np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0], [1.0, 2.0, 4.0]]), 1), {}
    yield (np.array([2.0, 0.0, 3.0]),), {}


@prod.vjp
def _(g: Node, out: Node, input: Node, dim: int | None, keepdim: bool, dtype: DType | None) -> Any:
    # The product before each element times the product after it: right where zeros stand.
    x = build.cast(input, out.dtype)
    axes = normalize_dims(dim, x.ndim)
    wide = build.expand(reshape(g, kept_shape(x.shape, axes)), x.shape)
    if not x.size or not x.ndim:
        return (build.cast(wide, input.dtype),)
    axis = axes[0] if dim is not None else 0
    lined = x if dim is not None else reshape(x, (x.size,))
    ones = kept_shape(lined.shape, (axis,))
    lead = tuple(int(k == axis) for k in range(lined.ndim))

    def shifted(values: Node) -> Node:
        kept = tuple(n - k for n, k in zip(values.shape, lead, strict=True))
        first = build.slice(values, (0,) * values.ndim, kept, (1,) * values.ndim)
        return build.cat([const(1, ones, values.dtype), first], axis)

    def flipped(values: Node) -> Node:
        start = tuple((n - 1) * k for n, k in zip(values.shape, lead, strict=True))
        return build.slice(values, start, values.shape, tuple(1 - 2 * k for k in lead))

    before = cumprod(shifted(lined), axis)
    after = flipped(cumprod(shifted(flipped(lined)), axis))
    others = reshape(binary("mul", before, after), x.shape)
    return (build.cast(binary("mul", wide, others), input.dtype),)


@composite(method=True)
def logsumexp(input: Node, dim: Dims, keepdim: bool = False) -> Node:
    """log(sum(exp(x))) over dims, shifted by the largest so that nothing overflows."""
    x = build.cast(input, floating(input.dtype))
    axes = normalize_dims(dim, x.ndim)
    if _count(x.shape, axes) == 0:
        return finish(unary("log", reduce(unary("exp", x), "sum", axes)), x, axes, keepdim)
    top = reduce(x, "max", axes)
    finite = binary("lt", unary("abs", top), const(np.inf, top.shape, top.dtype))
    shift = build.where(finite, top, const(0, top.shape, top.dtype))
    total = reduce(unary("exp", binary("sub", x, widen(shift, x, axes))), "sum", axes)
    return finish(binary("add", unary("log", total), shift), x, axes, keepdim)


@logsumexp.vjp
def _(g, out, input, dim, keepdim):  # type: ignore[no-untyped-def]
    axes = normalize_dims(dim, input.ndim)
    kept = kept_shape(input.shape, axes)
    wide = [build.expand(reshape(each, kept), input.shape) for each in (g, out)]
    x = build.cast(input, out.dtype)
    slope = binary("mul", wide[0], unary("exp", binary("sub", x, wide[1])))
    return (build.cast(slope, input.dtype),)


@logsumexp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 1), {}
    yield (floats(rng, 2, 3, 4), (0, -1), True), {}
    yield (np.array([[-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 1.0], [1e4, 1e4 + 1]]), 1), {}
    yield (np.array([[-np.inf, 2.0], [-np.inf, -np.inf]]), 0), {}
    yield (np.zeros((3, 0)), 1), {}
    yield (np.asarray(2.5), 0), {}
    yield (INTEGERS, 0), {}


@composite(torch=False, name="_vector_norm", grad_name="LinalgVectorNorm")
def vector_norm(
    input: Node, ord: float = 2.0, dim: Dims = None, keepdim: bool = False,
    dtype: DType | None = None,
) -> Node:  # fmt: skip
    """(sum |x|**ord)**(1/ord) over dims; inf: the largest, -inf: the smallest, 0: the count."""
    kind = input.dtype if dtype is None else dtype
    if not (kind.is_floating_point or kind.is_complex):
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{_legacy(kind)}"
        )
    x = unary("abs", build.cast(input, compute_dtype(kind)))
    axes = normalize_dims(dim, x.ndim)
    if ord == math.inf or ord == -math.inf:
        _not_empty("linalg.vector_norm", x, axes)
        out = reduce(x, "max" if ord > 0 else "min", axes)
    elif ord == 0:
        present = binary("ne", x, const(0, x.shape, x.dtype))
        out = reduce(build.cast(present, x.dtype), "sum", axes)
    elif ord == 1:
        out = reduce(x, "sum", axes)
    elif ord == 2:
        out = unary("sqrt", reduce(binary("mul", x, x), "sum", axes))
    else:
        powers = reduce(binary("pow", x, const(ord, x.shape, x.dtype)), "sum", axes)
        out = binary("pow", powers, const(1 / ord, powers.shape, powers.dtype))
    return build.cast(finish(out, x, axes, keepdim), kind)


@vector_norm.vjp
def _(g, out, input, ord, dim, keepdim, dtype):  # type: ignore[no-untyped-def]
    x = build.cast(input, out.dtype)
    axes = normalize_dims(dim, x.ndim)
    kept = kept_shape(x.shape, axes)
    gw, ow = (build.expand(reshape(each, kept), x.shape) for each in (g, out))
    zero = const(0, x.shape, x.dtype)
    if ord == 0:
        return (build.cast(zero, input.dtype),)
    if ord == 1:
        slope = binary("mul", gw, unary("sign", x))
    elif ord == 2:
        slope = build.where(binary("eq", ow, zero), zero, binary("mul", x, binary("div", gw, ow)))
    elif math.isinf(ord):
        hit = build.cast(binary("eq", unary("abs", x), ow), x.dtype)
        count = widen(reduce(hit, "sum", axes), x, axes)
        slope = binary("div", binary("mul", binary("mul", gw, unary("sign", x)), hit), count)
    else:
        safe = build.where(binary("eq", ow, zero), const(1, x.shape, x.dtype), ow)
        ratio = binary("div", unary("abs", x), safe)
        powers = binary("pow", ratio, full(ord - 1, x.shape, x.dtype))
        slope = binary("mul", binary("mul", gw, unary("sign", x)), powers)
        slope = build.where(binary("eq", ow, zero), zero, slope)
    return (build.cast(slope, input.dtype),)


@vector_norm.samples
def _(rng: Rng) -> Samples:
    for ord in (2, 1, 3, 0.5, 0, math.inf, -math.inf):
        yield (floats(rng, 3, 4), ord), {}
        yield (floats(rng, 2, 3, 4), ord, (0, -1), True), {}
        yield (np.zeros((2, 3)), ord, 1), {}
    yield (np.asarray(-3.0),), {}
    yield (np.zeros((0, 3)), 2.0, 0), {}
    yield (np.array([np.nan, 1.0, np.inf]),), {}
    yield (floats(rng, 5).astype(np.float32),), {"dtype": float64}


vector_norm.bad_inputs(raises(((INTEGERS,), {}, RuntimeError, "Expected a floating point")))


@composite(method=True)
def dist(input: Node, other: Node, p: float = 2.0) -> Node:
    """The p-norm of input - other."""
    from rushlight.ops.arithmetic import sub

    out: Node = vector_norm(sub.body(input, other), float(p))
    return out


@dist.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 4)), {}
    yield (floats(rng, 3), floats(rng, 3)), {"p": 1}
    yield (np.ones(3), np.ones(3)), {}
    yield (floats(rng, 3), floats(rng, 3), math.inf), {}


@composite(method=True)
def cumsum(input: Node, dim: int, *, dtype: DType | None = None) -> Node:
    """Running sum along ``dim``; integers as int64."""
    return _running("sum", input, dim, dtype)


cumsum.samples(running())


@composite(method=True)
def cumprod(input: Node, dim: int, *, dtype: DType | None = None) -> Node:
    """Running product along ``dim``; integers as int64."""
    return _running("prod", input, dim, dtype)


@cumprod.vjp
def _(g, out, input, dim, dtype):  # type: ignore[no-untyped-def]
    # sum over j >= i of g[j] * out[j] / x[i]; where a zero stands PyTorch's exact form is needed.
    x = build.cast(input, out.dtype)
    axis = normalize_dim(dim, x.ndim)
    if x.ndim == 0:
        return (build.cast(g, input.dtype),)
    n = x.shape[axis]
    # others[i, j]: the product of x[..j] without x[i], for j >= i, built without division.
    wide = (*x.shape[:axis], n, *x.shape[axis:])
    rows = build.expand(reshape(x, (*x.shape[:axis], 1, *x.shape[axis:])), wide)
    i, j = build.iota(wide, axis), build.iota(wide, axis + 1)
    without = build.where(binary("eq", i, j), const(1, wide, x.dtype), rows)
    products = cumprod(without, axis + 1)  # the op: it has a derivative again
    weight = build.expand(reshape(g, (*g.shape[:axis], 1, *g.shape[axis:])), wide)
    terms = build.where(
        binary("le", i, j), binary("mul", products, weight), const(0, wide, x.dtype)
    )
    return (build.cast(reduce(terms, "sum", (axis + 1,)), input.dtype),)


cumprod.samples(running())


def _running(kind: str, input: Node, dim: int, dtype: DType | None) -> Node:
    axis = normalize_dim(dim, input.ndim)
    if dtype is None:
        real = input.dtype.is_floating_point or input.dtype.is_complex
        dtype = input.dtype if real else int64
    x = build.cast(input, dtype)
    return build.scan(x, kind, axis) if x.ndim else x


def mean_of(x: Node, axes: tuple[int, ...]) -> Node:
    """The mean over ``axes`` in the compute dtype, axes removed: for other ops' bodies."""
    return _mean(x, axes)


__all__ = [
    "Scalar", "all", "amax", "amin", "aminmax", "any", "argmax", "argmin", "count_nonzero",
    "cumprod", "cumsum", "dist", "finish", "kept_shape", "logsumexp", "max_reduce", "mean",
    "mean_of", "min_reduce", "nanmean", "nansum", "prod", "std", "std_mean", "sum", "var",
    "var_mean", "vector_norm", "widen",
]  # fmt: skip
