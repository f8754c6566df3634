"""Normalisation over the batch, with its own or the running statistics."""

from __future__ import annotations

from rushlight.base.dtype import bfloat16, float16
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import scaled, times
from rushlight.ops.norm.statistics import affine, inverse_root, normalised_slope, statistics
from rushlight.ops.promote import compute_dtype, full, require_parameter
from rushlight.ops.table import Grads, Scalar, composite


def per_channel(x: Node, per_channel: Node) -> Node:
    """(C) spread over (N, C, *)."""
    shape = (1, x.shape[1]) + (1,) * (x.ndim - 2)
    return build.expand(reshape(build.cast(per_channel, x.dtype), shape), x.shape)


def _check_channels(input: Node, **vectors: Node | None) -> None:
    if input.ndim < 2:
        raise RuntimeError(f"batch_norm: expected input of at least 2-D, got {input.ndim}-D")
    for name, vector in vectors.items():
        if vector is not None and vector.size != input.shape[1]:
            raise RuntimeError(f"{name} should contain {input.shape[1]} elements not {vector.size}")
        if vector is not None and vector.ndim != 1:
            raise RuntimeError(f"{name} should have 1 axis, but got shape {list(vector.shape)}")
    require_parameter(input, **vectors)


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
    kept = _kept_in_halves(input, (weight, bias, running_mean, running_var))
    half = kept if kept is bfloat16 else None  # rounded at each step, not only where kept
    if half is not None:
        centred, moving, variance = _half_statistics(x, axes, half)
    else:
        centred, moving, variance = statistics(x, axes)
    mean, inverse = _rounded(moving, kept), _rounded(inverse_root(variance, eps), kept)
    if kept is not half:
        centred = binary("sub", x, per_channel(x, mean))
    scale = inverse if weight is None else times(inverse, build.cast(weight, x.dtype))
    shift = None if bias is None else per_channel(x, bias)
    out = build.cast(affine(centred, per_channel(x, scale), shift), input.dtype)
    if running_mean is None or running_var is None:
        return out, mean, inverse
    count = x.size // max(x.shape[1], 1)
    if half is None:
        unbiased = scaled(variance, count / max(count - 1, 1))
    else:
        squares = _rounded(_squares(x, axes), half)
        below = const(max(count - 1, 1), squares.shape, x.dtype)
        unbiased = _rounded(binary("div", squares, below), half)
    return (
        out, mean, inverse,
        _moved_average(running_mean, moving, momentum, half, mean=True),
        _moved_average(running_var, unbiased, momentum, half),
    )  # fmt: skip


def _moved_average(
    old: Node, new: Node, momentum: Scalar, half: DType | None, mean: bool = False
) -> Node:
    """(1 - momentum) * old + momentum * new."""
    wide = build.cast(old, new.dtype)
    rate = _rounded(full(momentum, new.shape, new.dtype), half)
    rest = _rounded(binary("sub", const(1, new.shape, new.dtype), rate), half)
    kept, moved = _rounded(times(rest, wide), half), times(rate, new)
    if half is not None and mean:
        moved = _rounded(moved, half)
    return build.cast(binary("add", kept, moved), old.dtype)


def _kept_in_halves(input: Node, vectors: tuple[Node | None, ...]) -> DType | None:
    """The dtype in which PyTorch keeps statistics: of halves, halves, unless a parameter is wider.

    They are rounded then, and what is made of them shows it.
    """
    if input.dtype not in (float16, bfloat16):
        return None
    same = all(each is None or each.dtype is input.dtype for each in vectors)
    return input.dtype if same else None


def _rounded(x: Node, dtype: DType | None) -> Node:
    return x if dtype is None else build.cast(build.cast(x, dtype), x.dtype)


def _squares(x: Node, axes: tuple[int, ...]) -> Node:
    """The sum of squared distances from the mean."""
    centred = statistics(x, axes)[0]
    return reduce(times(centred, centred), "sum", axes)


def _half_statistics(x: Node, axes: tuple[int, ...], dtype: DType) -> tuple[Node, Node, Node]:
    """``statistics`` with PyTorch's roundings: of the mean, of the squares' sum, of their mean."""
    mean = _rounded(statistics(x, axes)[1], dtype)
    count = x.size // max(x.shape[1], 1)
    squares = _rounded(_squares(x, axes), dtype)
    variance = _rounded(binary("div", squares, const(count, squares.shape, x.dtype)), dtype)
    return binary("sub", x, per_channel(x, mean)), mean, variance


@batch_norm.vjp
def _(
    g: tuple[Node, ...],
    out: tuple[Node, ...],
    input: Node,
    weight: Node | None,
    bias: Node | None,
    running_mean: Node | None,
    running_var: Node | None,
    momentum: Scalar,
    eps: float,
) -> Grads:
    x = build.cast(input, compute_dtype(input.dtype))
    axes = (0, *range(2, x.ndim))
    mean, inverse = out[1], out[2]
    dweight = dbias = dx = None
    if g[0] is not None:
        seed = build.cast(g[0], x.dtype)
        centred = binary("sub", x, per_channel(x, mean))
        # Two sums over the batch are all there is: the slope and both gradients are made of them.
        total = reduce(seed, "sum", axes)
        product = reduce(times(seed, centred), "sum", axes)
        scale = inverse
        if weight is not None:
            # Of nothing there is no deviation, and what it would be divided by is nan.
            slope = times(product, inverse) if x.size else product
            dweight = build.cast(slope, weight.dtype)
            scale = times(inverse, build.cast(weight, x.dtype))
        if bias is not None:
            dbias = build.cast(total, bias.dtype)
        share = 1 / max(x.size // max(x.shape[1], 1), 1)
        along = scaled(times(times(product, inverse), inverse), share)
        inner = binary("sub", seed, per_channel(x, scaled(total, share)))
        inner = binary("sub", inner, times(centred, per_channel(x, along)))
        dx = times(inner, per_channel(x, scale))
    if g[1] is not None or g[2] is not None:
        part = normalised_slope(None, x, mean, inverse, axes, g[1], g[2])
        dx = part if dx is None else binary("add", dx, part)
    assert dx is not None
    return build.cast(dx, input.dtype), dweight, dbias, None, None


@composite(torch=False, name="_batch_norm_eval", grad_name="NativeBatchNorm")
def batch_norm_eval(
    input: Node, weight: Node | None, bias: Node | None, running_mean: Node, running_var: Node,
    eps: float,
) -> Node:  # fmt: skip
    """batch_norm by given statistics: (input - mean) / sqrt(var + eps) * weight + bias.

    As input * scale + shift, PyTorch's way: a convolution that it follows does that in registers.
    """
    _check_channels(
        input, running_mean=running_mean, running_var=running_var, weight=weight, bias=bias
    )
    x = build.cast(input, compute_dtype(input.dtype))
    scale = _scale(x, weight, running_var, eps)[1]
    shift = unary("neg", times(build.cast(running_mean, x.dtype), scale))
    if bias is not None:
        shift = binary("add", build.cast(bias, x.dtype), shift)
    out = affine(x, per_channel(x, scale), per_channel(x, shift))
    return build.cast(out, input.dtype)


def _scale(x: Node, weight: Node | None, variance: Node, eps: float) -> tuple[Node, Node]:
    """(1 / sqrt(variance + eps), that times the weight)."""
    inverse = inverse_root(build.cast(variance, x.dtype), eps)
    return inverse, inverse if weight is None else times(inverse, build.cast(weight, x.dtype))


@batch_norm_eval.vjp
def _(
    g: Node, out: Node, input: Node, weight: Node | None, bias: Node | None, running_mean: Node,
    running_var: Node, eps: float,
) -> Grads:  # fmt: skip
    # From distances to the mean: sums of the input itself would lose what cancels.
    x = build.cast(input, compute_dtype(input.dtype))
    axes = (0, *range(2, x.ndim))
    inverse, scale = _scale(x, weight, running_var, eps)
    seed = build.cast(g, x.dtype)
    dweight = dbias = None
    if weight is not None:
        centred = binary("sub", x, per_channel(x, running_mean))
        slope = times(reduce(times(seed, centred), "sum", axes), inverse)
        dweight = build.cast(slope, weight.dtype)
    if bias is not None:
        dbias = build.cast(reduce(seed, "sum", axes), bias.dtype)
    dx = build.cast(times(seed, per_channel(x, scale)), input.dtype)
    return dx, dweight, dbias, None, None
