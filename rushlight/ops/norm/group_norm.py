"""Normalisation over groups of channels: group_norm."""

from __future__ import annotations

import math

from rushlight.ir import build
from rushlight.ir.build import binary, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops.formula import times
from rushlight.ops.norm.batch_norm import per_channel
from rushlight.ops.norm.statistics import affine, inverse_root, normalised_slope, statistics
from rushlight.ops.promote import compute_dtype, require_parameter
from rushlight.ops.reduce.dims import widen
from rushlight.ops.table import Grads, composite


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
    require_parameter(input, weight=weight, bias=bias)
    x = build.cast(input, compute_dtype(input.dtype))
    rows = _grouped(x, num_groups)
    centred, mean, variance = statistics(rows, (2,))
    inverse = inverse_root(variance, eps)
    out = reshape(times(centred, widen(inverse, rows, (2,))), x.shape)
    factor, shift = (None if each is None else per_channel(x, each) for each in (weight, bias))
    return build.cast(affine(out, factor, shift), input.dtype), mean, inverse


@group_norm.vjp
def _(
    g: tuple[Node, ...],
    out: tuple[Node, ...],
    input: Node,
    num_groups: int,
    weight: Node | None,
    bias: Node | None,
    eps: float,
) -> Grads:
    x = build.cast(input, compute_dtype(input.dtype))
    rows = _grouped(x, num_groups)
    over = (0, *range(2, x.ndim))
    mean, inverse = out[1], out[2]
    if weight is None or weight.dtype is input.dtype:  # PyTorch keeps them in the dtype of halves
        mean, inverse = (build.cast(build.cast(s, input.dtype), x.dtype) for s in (mean, inverse))
    dweight = dbias = h = None
    if g[0] is not None:
        seed = build.cast(g[0], x.dtype)
        scaled = seed
        if weight is not None:
            centred = binary("sub", rows, widen(mean, rows, (2,)))
            hat = reshape(times(centred, widen(inverse, rows, (2,))), x.shape)
            dweight = build.cast(reduce(times(seed, hat), "sum", over), weight.dtype)
            scaled = times(seed, per_channel(x, weight))
        if bias is not None:
            dbias = build.cast(reduce(seed, "sum", over), bias.dtype)
        h = _grouped(scaled, num_groups)
    dx = normalised_slope(h, rows, mean, inverse, (2,), g[1], g[2])
    return build.cast(reshape(dx, x.shape), input.dtype), dweight, dbias
