"""Normalisation over the last axes: layer_norm, rms_norm."""

from __future__ import annotations

import math

from rushlight.base.dtype import float64
from rushlight.base.shape import Shape
from rushlight.ir import build
from rushlight.ir.build import binary, reduce, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import times
from rushlight.ops.norm.statistics import affine, inverse_root, normalised_slope, statistics
from rushlight.ops.promote import compute_dtype, require_parameter
from rushlight.ops.reduce.dims import widen
from rushlight.ops.reduce.sum import mean_of
from rushlight.ops.table import Grads, composite


def _trailing(input: Node, normalized_shape: Shape, **vectors: Node | None) -> Shape:
    wanted = tuple(normalized_shape)
    if not wanted:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least "
            f"one element, but got normalized_shape = {list(wanted)}"
        )
    for name, vector in vectors.items():
        if vector is not None and vector.shape != wanted:
            raise RuntimeError(
                f"Expected {name} to be of same shape as normalized_shape, but got {name} of shape "
                f"{list(vector.shape)} and normalized_shape = {list(wanted)}"
            )
    if input.ndim < len(wanted) or input.shape[input.ndim - len(wanted) :] != wanted:
        shown = ", ".join(map(str, wanted))
        raise RuntimeError(
            f"Given normalized_shape=[{shown}], expected input with shape [*, {shown}], but got "
            f"input of size{list(input.shape)}"
        )
    return tuple(range(input.ndim - len(wanted), input.ndim))


@composite(torch=False, name="_layer_norm", grad_name="NativeLayerNorm")
def layer_norm(
    input: Node, normalized_shape: Shape, weight: Node | None, bias: Node | None, eps: float
) -> tuple[Node, ...]:
    """The last axes to mean 0, variance 1, times weight plus bias -> (out, mean, 1 / std)."""
    axes = _trailing(input, normalized_shape, weight=weight, bias=bias)
    require_parameter(input, weight=weight, bias=bias)
    x = build.cast(input, compute_dtype(input.dtype))
    centred, mean, variance = statistics(x, axes)
    inverse = inverse_root(variance, eps)
    out = times(centred, widen(inverse, x, axes))
    factor, shift = (
        None if each is None else build.broadcast(build.cast(each, x.dtype), x.shape)
        for each in (weight, bias)
    )
    return build.cast(affine(out, factor, shift), input.dtype), mean, inverse


@layer_norm.vjp
def _(
    g: tuple[Node, ...],
    out: tuple[Node, ...],
    input: Node,
    normalized_shape: Shape,
    weight: Node | None,
    bias: Node | None,
    eps: float,
) -> Grads:
    x = build.cast(input, compute_dtype(input.dtype))
    rank = len(normalized_shape)
    axes, lead = tuple(range(x.ndim - rank, x.ndim)), tuple(range(x.ndim - rank))
    mean, inverse = out[1], out[2]
    if weight is None or weight.dtype is input.dtype:
        # Halves are kept as halves between the passes.
        mean, inverse = (
            build.cast(build.cast(each, input.dtype), x.dtype) for each in (mean, inverse)
        )
    dweight = dbias = h = None
    if g[0] is not None:
        seed = build.cast(g[0], x.dtype)
        h = seed
        if weight is not None:
            dweight = build.cast(
                reduce(times(seed, _normalised(x, mean, inverse, axes)), "sum", lead), weight.dtype
            )
            h = times(seed, build.broadcast(build.cast(weight, x.dtype), x.shape))
        if bias is not None:
            dbias = build.cast(reduce(seed, "sum", lead), bias.dtype)
    dx = normalised_slope(h, x, mean, inverse, axes, g[1], g[2])
    return build.cast(dx, input.dtype), dweight, dbias


def _normalised(x: Node, mean: Node, inverse: Node, axes: Shape) -> Node:
    """(x - mean) / std, as the gradient of the weight reads it."""
    scale = widen(inverse, x, axes)
    if math.prod(x.shape[axis] for axis in axes) != 1:
        return times(binary("sub", x, widen(mean, x, axes)), scale)
    # Of one element PyTorch keeps the rounding of mean / std, and nothing else is left of it.
    return build.fma(x, scale, unary("neg", widen(times(mean, inverse), x, axes)))


@composite(torch=True, functional=True)
def rms_norm(
    input: Node, normalized_shape: Shape, weight: Node | None = None, eps: float | None = None
) -> Node:
    """The last axes divided by the root of their mean square, times weight."""
    wanted = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    axes = _trailing(input, wanted, weight=weight)
    x = build.cast(input, compute_dtype(input.dtype))
    if eps is None:
        eps = 2.0**-52 if x.dtype is float64 else 2.0**-23
    inverse = inverse_root(mean_of(times(x, x), axes), eps)
    out = times(x, widen(inverse, x, axes))
    if weight is not None:
        out = times(out, build.broadcast(build.cast(weight, x.dtype), x.shape))
    return build.cast(out, input.dtype)
