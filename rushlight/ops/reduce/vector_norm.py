"""The length of vectors: vector_norm, dist."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float64, promote
from rushlight.base.shape import normalize_dims
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.arithmetic.add_multiply import sub
from rushlight.ops.arithmetic.power import pow
from rushlight.ops.complex_numbers import modulus
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.pointwise import abs as abs_
from rushlight.ops.pointwise import sgn
from rushlight.ops.promote import compute_dtype, full
from rushlight.ops.reduce.dims import Dims, finish, kept_shape, not_empty, widen
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats, raises
from rushlight.ops.table import Grads, composite


def require_norm_dtype(who: str, given: DType, kind: DType) -> None:
    """RuntimeError where a norm of ``given`` is not taken in ``kind``."""
    if given.is_complex != kind.is_complex:
        which = "complex" if given.is_complex else "real"
        raise RuntimeError(
            f"{who}: dtype should be {which} for {which} inputs, but got {legacy_name(kind)}"
        )
    if promote(given, kind) is not kind:
        raise RuntimeError(
            f"{who}: the dtype of the input ({legacy_name(given)}) should be convertible without "
            f"narrowing to the specified dtype ({legacy_name(kind)})"
        )


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
            f"{legacy_name(kind)}"
        )
    require_norm_dtype("linalg.vector_norm", input.dtype, kind)
    wide = build.cast(input, compute_dtype(kind))
    if wide.dtype.is_complex:
        x, kind = modulus(wide), kind.to_real()
    else:
        x = unary("abs", wide)
    axes = normalize_dims(dim, x.ndim)
    if ord == math.inf or ord == -math.inf:
        not_empty("linalg.vector_norm", x, axes)
        out = reduce(x, "max" if ord > 0 else "min", axes)
    elif ord == 0:
        present = binary("ne", x, const(0, x.shape, x.dtype))
        out = reduce(build.cast(present, x.dtype), "sum", axes)
    elif ord == 1:
        out = reduce(x, "sum", axes)
    elif ord == 2:
        out = unary("sqrt", reduce(binary("mul", x, x), "sum", axes))
    else:
        out = pow.body(reduce(pow.body(x, ord), "sum", axes), 1 / ord)
    return build.cast(finish(out, x, axes, keepdim), kind)


@vector_norm.vjp
def _(
    g: Node, out: Node, input: Node, ord: float, dim: Dims, keepdim: bool, dtype: DType | None
) -> Grads:
    if input.dtype.is_complex or (dtype is not None and dtype.is_complex):
        whole = build.cast(input, out.dtype.to_complex())
        size: Node = abs_(whole)  # the op: its gradient goes on to both parts
        (slope,) = _slope(g, out, size, ord, dim, keepdim)
        direction: Node = sgn(whole)
        turned = binary("mul", build.cast(slope, whole.dtype), direction)
        return (build.cast(turned, input.dtype),)
    (slope,) = _slope(g, out, build.cast(input, out.dtype), ord, dim, keepdim)
    return (build.cast(slope, input.dtype),)


def _slope(g: Node, out: Node, x: Node, ord: float, dim: Dims, keepdim: bool) -> tuple[Node]:
    axes = normalize_dims(dim, x.ndim)
    kept = kept_shape(x.shape, axes)
    gw, ow = (build.expand(reshape(each, kept), x.shape) for each in (g, out))
    zero = const(0, x.shape, x.dtype)
    if ord == 0:
        return (zero,)
    if ord == 1:
        slope = binary("mul", gw, unary("sign", x))
    elif ord == 2:
        unit = build.where(binary("eq", ow, zero), zero, binary("div", x, ow))
        slope = binary("mul", gw, unit)
    elif math.isinf(ord):
        hit = build.cast(binary("eq", unary("abs", x), ow), x.dtype)
        count = widen(reduce(hit, "sum", axes), x, axes)
        slope = binary("div", binary("mul", binary("mul", gw, unary("sign", x)), hit), count)
    elif ord < 1:  # in PyTorch's order, whose roundings of halves show
        unit = binary("mul", unary("sign", x), _power(unary("abs", x), ord - 1))
        unit = build.where(binary("eq", x, zero), zero, unit)
        size = _power(ow, 1 - ord)
        slope = binary("mul", binary("mul", unit, gw), size)
    elif compute_dtype(x.dtype) is not x.dtype:  # halves: in PyTorch's order
        factor = _power(unary("abs", x), ord - (2 if ord > 2 else 1))
        one = const(1, x.shape, x.dtype)
        safe = build.where(binary("eq", ow, zero), one, _power(ow, ord - 1))
        unit = binary("mul", x if ord > 2 else unary("sign", x), factor)
        scale = build.where(binary("eq", ow, zero), zero, binary("div", gw, safe))
        slope = binary("mul", unit, scale)
    else:
        safe = build.where(binary("eq", ow, zero), const(1, x.shape, x.dtype), ow)
        ratio = binary("div", unary("abs", x), safe)
        powers = binary("pow", ratio, full(ord - 1, x.shape, x.dtype))
        unit = binary("mul", unary("sign", x), powers)
        slope = binary("mul", gw, build.where(binary("eq", ow, zero), zero, unit))
    return (slope,)


def _power(x: Node, exponent: float) -> Node:
    out: Node = pow.body(x, exponent)
    return out


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
    out: Node = vector_norm(sub.body(input, other), float(p))
    return out


@dist.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 4)), {}
    yield (floats(rng, 3), floats(rng, 3)), {"p": 1}
    yield (np.ones(3), np.ones(3)), {}
    yield (floats(rng, 3), floats(rng, 3), math.inf), {}
