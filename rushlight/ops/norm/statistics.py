"""Mean, variance and the slope of what is normalised, over any axes.

Means and variances are computed in two passes (the variance of what is centred), in float32 for
half precision. The three ops with statistics return them beside the result, because the gradient
reads them: (out, mean, 1 / sqrt(variance + eps), ...).
"""

from __future__ import annotations

import math

from rushlight.base.shape import Shape
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import plus, scaled, times
from rushlight.ops.reduce.dims import widen
from rushlight.ops.reduce.sum import mean_of


def statistics(x: Node, axes: Shape) -> tuple[Node, Node, Node]:
    """(centred x, mean, variance) with the axes removed from the last two."""
    mean = mean_of(x, axes)
    centred = binary("sub", x, widen(mean, x, axes))
    return centred, mean, mean_of(times(centred, centred), axes)


def inverse_root(variance: Node, eps: float) -> Node:
    shifted = binary("add", variance, const(eps, variance.shape, variance.dtype))
    return unary("rsqrt", shifted)


def affine(x: Node, factor: Node | None, shift: Node | None) -> Node:
    """x * factor + shift, rounded once; either may be missing."""
    if shift is None:
        return x if factor is None else times(x, factor)
    return plus(x, shift) if factor is None else build.fma(x, factor, shift)


def normalised_slope(
    h: Node | None, x: Node, mean: Node, scale: Node, axes: Shape, dmean: Node | None,
    dscale: Node | None,
) -> Node:  # fmt: skip
    """The cotangent of x where h is that of (x - mean) * scale, both taken over ``axes``.

    ``dmean`` and ``dscale`` are cotangents of the statistics themselves (second derivatives).
    """
    # Of nothing there is no slope: any number will do.
    count = max(math.prod(x.shape[axis] for axis in axes), 1)
    wide_scale = widen(scale, x, axes)
    hat = times(binary("sub", x, widen(mean, x, axes)), wide_scale)
    out = None
    if h is not None:
        first = widen(mean_of(h, axes), x, axes)
        second = widen(mean_of(times(h, hat), axes), x, axes)
        inner = binary("sub", binary("sub", h, first), times(hat, second))
        out = times(inner, wide_scale)
    if dmean is not None:
        part = widen(scaled(dmean, 1 / count), x, axes)
        out = part if out is None else binary("add", out, part)
    if dscale is not None:
        # d scale / d x = -scale**2 * hat / count
        slope = scaled(times(dscale, times(scale, scale)), -1 / count)
        part = times(widen(slope, x, axes), hat)
        out = part if out is None else binary("add", out, part)
    assert out is not None
    return out
