"""Normalisation over the batch, a layer, groups of channels; normalising vectors.

Means and variances are computed in two passes (the variance of what is centred), in float32 for
half precision. The three ops with statistics return them beside the result, because the gradient
reads them: (out, mean, 1 / sqrt(variance + eps), ...).
"""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.dtype import float64
from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import common_dtype, compute_dtype, floating, full
from rushlight.ops.reduce import mean_of, vector_norm, widen
from rushlight.ops.table import Scalar, composite

Shape = tuple[int, ...]


def _mul(x: Node, y: Node) -> Node:
    return binary("mul", x, y)


def _times(x: Node, value: float) -> Node:
    return binary("mul", x, const(value, x.shape, x.dtype))


def _statistics(x: Node, axes: Shape) -> tuple[Node, Node, Node]:
    """(centred x, mean, variance) with the axes removed from the last two."""
    mean = mean_of(x, axes)
    centred = binary("sub", x, widen(mean, x, axes))
    return centred, mean, mean_of(_mul(centred, centred), axes)


def _inverse_root(variance: Node, eps: float) -> Node:
    shifted = binary("add", variance, const(eps, variance.shape, variance.dtype))
    return unary("rsqrt", shifted)


def _normalised_slope(
    h: Node | None, x: Node, mean: Node, scale: Node, axes: Shape, dmean: Node | None,
    dscale: Node | None,
) -> Node:  # fmt: skip
    """The cotangent of x where h is that of (x - mean) * scale, both taken over ``axes``.

    ``dmean`` and ``dscale`` are cotangents of the statistics themselves (second derivatives).
    """
    count = math.prod(x.shape[axis] for axis in axes)
    wide_scale = widen(scale, x, axes)
    hat = _mul(binary("sub", x, widen(mean, x, axes)), wide_scale)
    out = None
    if h is not None:
        first = widen(mean_of(h, axes), x, axes)
        second = widen(mean_of(_mul(h, hat), axes), x, axes)
        inner = binary("sub", binary("sub", h, first), _mul(hat, second))
        out = _mul(inner, wide_scale)
    if dmean is not None:
        part = widen(_times(dmean, 1 / count), x, axes)
        out = part if out is None else binary("add", out, part)
    if dscale is not None:
        # d scale / d x = -scale**2 * hat / count
        slope = _times(_mul(dscale, _mul(scale, scale)), -1 / count)
        part = _mul(widen(slope, x, axes), hat)
        out = part if out is None else binary("add", out, part)
    assert out is not None
    return out


# Over the batch


def _channels(x: Node, per_channel: Node) -> Node:
    """(C) spread over (N, C, *)."""
    shape = (1, x.shape[1]) + (1,) * (x.ndim - 2)
    return build.expand(reshape(build.cast(per_channel, x.dtype), shape), x.shape)


def _check_channels(input: Node, **vectors: Node | None) -> None:
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected input of at least 2-D, got {input.ndim}-D")
    for name, vector in vectors.items():
        if vector is not None and vector.size != input.shape[1]:
            raise RuntimeError(f"{name} should contain {input.shape[1]} elements not {vector.size}")


def _affine(x: Node, scale: Node, shift: Node | None) -> Node:
    out = _mul(x, scale)
    return out if shift is None else binary("add", out, shift)


@composite(torch=False, name="_batch_norm", grad_name="NativeBatchNorm")
def batch_norm(
    input: Node, weight: Node | None, bias: Node | None, running_mean: Node | None,
    running_var: Node | None, momentum: Scalar, eps: float,
) -> tuple[Node, ...]:  # fmt: skip
    """Each channel of (N, C, *) to mean 0, variance 1, then times weight (C) plus bias (C).

    -> (out, mean, 1 / std) of the batch and, where running statistics are given, those moved
    towards the batch's by ``momentum``.
    """
    _check_channels(
        input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    x = build.cast(input, compute_dtype(input.dtype))
    axes = (0, *range(2, x.ndim))
    centred, mean, variance = _statistics(x, axes)
    inverse = _inverse_root(variance, eps)
    scale = inverse if weight is None else _mul(inverse, build.cast(weight, x.dtype))
    shift = None if bias is None else _channels(x, bias)
    out = build.cast(_affine(centred, _channels(x, scale), shift), input.dtype)
    if running_mean is None or running_var is None:
        return out, mean, inverse
    count = x.size // max(x.shape[1], 1)
    unbiased = _times(variance, count / max(count - 1, 1))
    return (
        out, mean, inverse,
        _moved(running_mean, mean, momentum), _moved(running_var, unbiased, momentum),
    )  # fmt: skip


def _moved(old: Node, new: Node, momentum: Scalar) -> Node:
    """(1 - momentum) * old + momentum * new."""
    wide = build.cast(old, new.dtype)
    rate = full(momentum, new.shape, new.dtype)
    rest = binary("sub", const(1, new.shape, new.dtype), rate)
    return build.cast(binary("add", _mul(rest, wide), _mul(rate, new)), old.dtype)


@batch_norm.vjp
def _(g, out, input, weight, bias, running_mean, running_var, momentum, eps):  # type: ignore[no-untyped-def]
    x = build.cast(input, compute_dtype(input.dtype))
    axes = (0, *range(2, x.ndim))
    mean, inverse = out[1], out[2]
    dweight = dbias = h = None
    if g[0] is not None:
        seed = build.cast(g[0], x.dtype)
        total = reduce(seed, "sum", axes)
        hat = _mul(binary("sub", x, _channels(x, mean)), _channels(x, inverse))
        if weight is not None:
            dweight = build.cast(reduce(_mul(seed, hat), "sum", axes), weight.dtype)
        if bias is not None:
            dbias = build.cast(total, bias.dtype)
        h = seed if weight is None else _mul(seed, _channels(x, weight))
    dx = _normalised_slope(h, x, mean, inverse, axes, g[1], g[2])
    return build.cast(dx, input.dtype), dweight, dbias, None, None


@composite(torch=False, name="_batch_norm_eval", grad_name="NativeBatchNorm")
def batch_norm_eval(
    input: Node, weight: Node | None, bias: Node | None, running_mean: Node, running_var: Node,
    eps: float,
) -> Node:  # fmt: skip
    """batch_norm by given statistics: (input - mean) / sqrt(var + eps) * weight + bias."""
    _check_channels(
        input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    x = build.cast(input, compute_dtype(input.dtype))
    scale = _inverse_root(build.cast(running_var, x.dtype), eps)
    if weight is not None:
        scale = _mul(scale, build.cast(weight, x.dtype))
    centred = binary("sub", x, _channels(x, running_mean))
    shift = None if bias is None else _channels(x, bias)
    return build.cast(_affine(centred, _channels(x, scale), shift), input.dtype)


# Over the last axes


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
    x = build.cast(input, compute_dtype(input.dtype))
    centred, mean, variance = _statistics(x, axes)
    inverse = _inverse_root(variance, eps)
    out = _mul(centred, widen(inverse, x, axes))
    if weight is not None:
        out = _mul(out, build.broadcast(build.cast(weight, x.dtype), x.shape))
    if bias is not None:
        out = binary("add", out, build.broadcast(build.cast(bias, x.dtype), x.shape))
    return build.cast(out, input.dtype), mean, inverse


@layer_norm.vjp
def _(g, out, input, normalized_shape, weight, bias, eps):  # type: ignore[no-untyped-def]
    x = build.cast(input, compute_dtype(input.dtype))
    rank = len(normalized_shape)
    axes, lead = tuple(range(x.ndim - rank, x.ndim)), tuple(range(x.ndim - rank))
    mean, inverse = out[1], out[2]
    dweight = dbias = h = None
    if g[0] is not None:
        seed = build.cast(g[0], x.dtype)
        h = seed
        if weight is not None:
            hat = _mul(binary("sub", x, widen(mean, x, axes)), widen(inverse, x, axes))
            dweight = build.cast(reduce(_mul(seed, hat), "sum", lead), weight.dtype)
            h = _mul(seed, build.broadcast(build.cast(weight, x.dtype), x.shape))
        if bias is not None:
            dbias = build.cast(reduce(seed, "sum", lead), bias.dtype)
    dx = _normalised_slope(h, x, mean, inverse, axes, g[1], g[2])
    return build.cast(dx, input.dtype), dweight, dbias


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
    inverse = _inverse_root(mean_of(_mul(x, x), axes), eps)
    out = _mul(x, widen(inverse, x, axes))
    if weight is not None:
        out = _mul(out, build.broadcast(build.cast(weight, x.dtype), x.shape))
    return build.cast(out, input.dtype)


# Over groups of channels


def _grouped(x: Node, groups: int) -> Node:
    """(N, C, *) -> (N, G, C / G * ..)."""
    n, channels = x.shape[:2]
    rest = x.size // max(n * groups, 1) if x.size else channels // groups * math.prod(x.shape[2:])
    return reshape(x, (n, groups, rest))


@composite(torch=False, name="_group_norm", grad_name="NativeGroupNorm")
def group_norm(
    input: Node, num_groups: int, weight: Node | None, bias: Node | None, eps: float
) -> tuple[Node, ...]:
    """Each group of channels of (N, C, *) to mean 0, variance 1, times weight (C) plus bias (C).

    -> (out, mean, 1 / std), the last two (N, G).
    """
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    if num_groups <= 0 or input.shape[1] % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(input.shape)} and num_groups={num_groups}"
        )
    for name, vector in (("weight", weight), ("bias", bias)):
        if vector is not None and vector.shape != (input.shape[1],):
            raise RuntimeError(
                f"Expected {name} to be a vector of size equal to the number of channels in input, "
                f"but got {name} of shape {list(vector.shape)} and input of shape "
                f"{list(input.shape)}"
            )
    x = build.cast(input, compute_dtype(input.dtype))
    rows = _grouped(x, num_groups)
    centred, mean, variance = _statistics(rows, (2,))
    inverse = _inverse_root(variance, eps)
    out = reshape(_mul(centred, widen(inverse, rows, (2,))), x.shape)
    if weight is not None:
        out = _mul(out, _channels(x, weight))
    if bias is not None:
        out = binary("add", out, _channels(x, bias))
    return build.cast(out, input.dtype), mean, inverse


@group_norm.vjp
def _(g, out, input, num_groups, weight, bias, eps):  # type: ignore[no-untyped-def]
    x = build.cast(input, compute_dtype(input.dtype))
    rows = _grouped(x, num_groups)
    over = (0, *range(2, x.ndim))
    mean, inverse = out[1], out[2]
    dweight = dbias = h = None
    if g[0] is not None:
        seed = build.cast(g[0], x.dtype)
        scaled = seed
        if weight is not None:
            centred = binary("sub", rows, widen(mean, rows, (2,)))
            hat = reshape(_mul(centred, widen(inverse, rows, (2,))), x.shape)
            dweight = build.cast(reduce(_mul(seed, hat), "sum", over), weight.dtype)
            scaled = _mul(seed, _channels(x, weight))
        if bias is not None:
            dbias = build.cast(reduce(seed, "sum", over), bias.dtype)
        h = _grouped(scaled, num_groups)
    dx = _normalised_slope(h, rows, mean, inverse, (2,), g[1], g[2])
    return build.cast(reshape(dx, x.shape), input.dtype), dweight, dbias


# Neighbouring channels


@composite(torch=False, functional=True, grad_name="Div")
def local_response_norm(
    input: Node, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Node:
    """x / (k + alpha * mean of squares over ``size`` neighbouring channels)**beta (Krizhevsky)."""
    if input.ndim < 3:
        raise ValueError(
            "Expected 3D or higher dimensionality                          input "
            f"(got {input.ndim} dimensions)"
        )
    if input.size == 0:
        return input
    squares = _mul(input, input)
    zeros = (0,) * input.ndim
    before = (*zeros[:1], size // 2, *zeros[2:])
    after = (*zeros[:1], (size - 1) // 2, *zeros[2:])
    padded = build.pad(squares, before, after, 0)
    total = None
    for shift in range(size):
        start = (*zeros[:1], shift, *zeros[2:])
        part = build.slice(padded, start, input.shape, (1,) * input.ndim)
        total = part if total is None else binary("add", total, part)
    assert total is not None
    base = _times(_times(total, 1 / size), alpha)
    base = binary("add", base, const(k, base.shape, base.dtype))
    return binary("div", input, binary("pow", base, const(beta, base.shape, base.dtype)))


# Vectors


@composite(torch=False, functional=True, name="_normalize", grad_name="Div")
def normalize(input: Node, p: float, dim: Any, eps: float) -> Node:
    """input / max(its p-norm along ``dim``, eps)."""
    norm: Node = vector_norm(input, float(p), dim, True)
    floor = binary("maximum", norm, const(eps, norm.shape, norm.dtype))
    return binary("div", input, build.expand(floor, input.shape))


@normalize.vjp
def _(g, out, input, p, dim, eps):  # type: ignore[no-untyped-def]
    norm = vector_norm.body(input, float(p), dim, True)
    floor = binary("maximum", norm, const(eps, norm.shape, norm.dtype))
    wide = build.expand(floor, input.shape)
    axes = tuple(k for k in range(input.ndim) if norm.shape[k] != input.shape[k])
    total = reduce(_mul(g, binary("div", out, wide)), "sum", axes)
    through = unary("neg", reshape(total, norm.shape))
    # Where the norm is below eps the divisor is a constant.
    small = binary("lt", norm, const(eps, norm.shape, norm.dtype))
    through = build.where(small, const(0, norm.shape, norm.dtype), through)
    assert vector_norm.vjp_rule is not None
    (slope,) = vector_norm.vjp_rule(through, norm, input, float(p), dim, True, None)
    return (binary("add", binary("div", g, wide), slope),)


@composite(functional=True)
def cosine_similarity(x1: Node, x2: Node, dim: int = 1, eps: float = 1e-8) -> Node:
    """x1 . x2 / (max(|x1|, eps) * max(|x2|, eps)) along ``dim``, after broadcasting."""
    dtype = floating(common_dtype(x1, x2))
    shape = broadcast_shapes(x1.shape, x2.shape)
    a, b = (build.broadcast(build.cast(x, dtype), shape) for x in (x1, x2))
    axis = normalize_dim(dim, len(shape))
    units = []
    for x in (a, b):
        norm: Node = vector_norm(x, 2.0, axis, True)
        floor = binary("maximum", norm, const(eps, norm.shape, norm.dtype))
        units.append(binary("div", x, build.expand(floor, x.shape)))
    return reduce(_mul(*units), "sum", (axis,))


@composite(functional=True)
def pairwise_distance(
    x1: Node, x2: Node, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Node:
    """The p-norm of x1 - x2 + eps along the last axis."""
    dtype = common_dtype(x1, x2)
    shape = broadcast_shapes(x1.shape, x2.shape)
    if not shape:
        raise ShapeError("pairwise_distance: x1 and x2 must have at least one dimension")
    a, b = (build.broadcast(build.cast(x, dtype), shape) for x in (x1, x2))
    gap = binary("add", binary("sub", a, b), const(eps, shape, dtype))
    out: Node = vector_norm(gap, float(p), -1, keepdim)
    return out


__all__ = [
    "batch_norm", "batch_norm_eval", "cosine_similarity", "group_norm", "layer_norm",
    "local_response_norm", "normalize", "pairwise_distance", "rms_norm",
]  # fmt: skip
