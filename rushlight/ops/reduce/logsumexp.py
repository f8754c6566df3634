"""The logarithm of a sum of exponentials: logsumexp."""

from __future__ import annotations

import numpy as np

from rushlight.base.shape import normalize_dims
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import floating
from rushlight.ops.reduce.dims import Dims, count_of, finish, kept_shape, widen
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats
from rushlight.ops.table import Grads, composite


@composite(method=True)
def logsumexp(input: Node, dim: Dims, keepdim: bool = False) -> Node:
    """log(sum(exp(x))) over dims, shifted by the largest so that nothing overflows."""
    x = build.cast(input, floating(input.dtype))
    axes = normalize_dims(dim, x.ndim)
    if count_of(x.shape, axes) == 0:
        return finish(unary("log", reduce(unary("exp", x), "sum", axes)), x, axes, keepdim)
    if x.dtype.is_complex:  # shifted by the largest real part
        high = reduce(build.real(x), "max", axes)
        limit = const(np.inf, high.shape, high.dtype)
        high = build.where(
            binary("lt", unary("abs", high), limit), high, const(0, high.shape, high.dtype)
        )
        shift = build.cast(high, x.dtype)
        total = reduce(unary("exp", binary("sub", x, widen(shift, x, axes))), "sum", axes)
        return finish(binary("add", unary("log", total), shift), x, axes, keepdim)
    top = reduce(x, "max", axes)
    # The shift by an infinite largest gives nan, but there the sum is the largest itself.
    infinite = binary("eq", unary("abs", top), const(np.inf, top.shape, top.dtype))
    total = reduce(unary("exp", binary("sub", x, widen(top, x, axes))), "sum", axes)
    log = build.where(infinite, top, binary("add", unary("log", total), top))
    return finish(log, x, axes, keepdim)


@logsumexp.vjp
def _(g: Node, out: Node, input: Node, dim: Dims, keepdim: bool) -> Grads:
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
