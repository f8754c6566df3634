"""The normal distribution's functions: erfcx, ndtr, ndtri, log_ndtr."""

from __future__ import annotations

import math

from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import (
    increased,
    like,
    minus,
    over,
    plus,
    scaled,
    squared,
    times,
    zeros_of,
)
from rushlight.ops.promote import compute_dtype, floating, grad_to
from rushlight.ops.samples import of_one
from rushlight.ops.special import normal_values as values
from rushlight.ops.special.host_function import special_function
from rushlight.ops.table import Grads, composite

erfcx = special_function("erfcx", values.erfcx, "exp(x**2) erfc(x)", differentiable=True)
ndtri = special_function(
    "ndtri", values.ndtri, "Where the normal distribution function is x", low=0.05, high=0.95,
    differentiable=True,
)  # fmt: skip
log_ndtr = special_function(
    "log_ndtr", values.log_ndtr, "log(ndtr(x)), exact far below 0", differentiable=True
)


@composite(torch=False, name="_special_ndtr")
def ndtr(input: Node) -> Node:
    """The normal distribution function: the area under exp(-t**2 / 2) / sqrt(2 pi) up to x."""
    x = build.cast(input, floating(input.dtype))
    if compute_dtype(x.dtype) is not x.dtype:  # halves: rounded as where PyTorch adds 1 to erf
        return scaled(increased(unary("erf", scaled(x, math.sqrt(0.5))), 1), 0.5)
    return scaled(unary("erfc", scaled(x, -math.sqrt(0.5))), 0.5)


ndtr.samples(of_one())


@erfcx.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    x = build.cast(input, out.dtype)
    slope = minus(scaled(times(x, out), 2), like(x, 2 / math.sqrt(math.pi)))
    return (grad_to(times(g, slope), input),)


@ndtri.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    slope = scaled(unary("exp", scaled(squared(out), 0.5)), math.sqrt(2 * math.pi))
    return (grad_to(times(g, slope), input),)


@log_ndtr.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    # The density over ndtr(x): below 0 by erfcx, above by its own exponential; neither overflows.
    x = build.cast(input, out.dtype)
    zero = zeros_of(x)
    tail: Node = erfcx(scaled(binary("minimum", x, zero), -math.sqrt(0.5)))
    below = over(like(x, math.sqrt(2 / math.pi)), tail)
    below = plus(below, scaled(x, 0))  # nan at -inf, as PyTorch has it
    right = binary("maximum", x, zero)
    level = binary("maximum", out, like(x, -1))
    above = scaled(
        unary("exp", minus(scaled(squared(right), -0.5), level)), 1 / math.sqrt(2 * math.pi)
    )
    return (grad_to(times(g, build.where(binary("lt", x, zero), below, above)), input),)
