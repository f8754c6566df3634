"""Smooth curves: gelu, silu, mish, softplus, logsigmoid, softsign."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_, float32
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import modulus
from rushlight.ops.formula import (
    like,
    minus,
    over,
    plus,
    times,
    zeros_of,
)
from rushlight.ops.promote import compute_dtype, floating, full, require_floating, rounded_once
from rushlight.ops.samples import INTEGERS, Rng, Samples, of_one, raises, with_options
from rushlight.ops.table import Grads, Scalar, composite


@composite(torch=False, functional=True)
def gelu(input: Node, *, approximate: str = "none") -> Node:
    """x * Phi(x), Phi the normal distribution function; "tanh" approximates it (Hendrycks 2016)."""
    require_floating("GeluKernelImpl", input)
    x = build.cast(input, compute_dtype(input.dtype))
    if approximate == "none":
        out = times(x, unary("ndtr", x))
    elif approximate == "tanh":
        out = times(x, unary("ndtr_tanh", x))
    else:
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
    return build.cast(out, input.dtype)


gelu.samples(with_options({"approximate": "tanh"}))
gelu.bad_inputs(raises(((np.ones(3),), {"approximate": "x"}, RuntimeError, "none or tanh")))


@composite(torch=False, functional=True)
def silu(input: Node, inplace: bool = False) -> Node:
    """x * sigmoid(x)."""
    if not input.dtype.is_complex:
        require_floating("silu_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    return build.cast(binary("mul", x, unary("sigmoid", x)), input.dtype)


@silu.vjp
@rounded_once
def _(g: Node, out: Node, x: Node, inplace: bool) -> Grads:
    gate = unary("sigmoid", x)
    one = const(1, x.shape, x.dtype)
    return (times(g, times(gate, build.fma(x, minus(one, gate), one))),)


silu.samples(of_one(whole=False))


_MISH_IS_FLAT = 20  # from here on tanh(softplus(x)) is 1, in float64 too


def _mish_parts(x: Node) -> tuple[Node, Node]:
    """u = e**x and n = u (u + 2): tanh(softplus(x)) = n / (n + 2), no digits lost. Neither of them
    overflows: where the curve is flat they stay what they are.
    """
    u = unary("exp", binary("minimum", x, like(x, _MISH_IS_FLAT)))
    return u, times(u, plus(u, like(x, 2)))


@composite(torch=False, functional=True)
def mish(input: Node, inplace: bool = False) -> Node:
    """x * tanh(softplus(x))."""
    require_floating("mish_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    _, n = _mish_parts(x)
    return build.cast(times(x, over(n, plus(n, like(x, 2)))), input.dtype)


@mish.vjp
@rounded_once
def _(g: Node, out: Node, x: Node, inplace: bool) -> Grads:
    # tanh' = 1 - tanh**2 = rest (2 - rest), rest = 1 - tanh; softplus' = sigmoid = u / (1 + u)
    u, n = _mish_parts(x)
    below, two = plus(n, like(x, 2)), like(x, 2)
    rest = build.where(binary("lt", like(x, _MISH_IS_FLAT), x), zeros_of(x), over(two, below))
    bend = times(over(u, plus(u, like(x, 1))), times(rest, minus(two, rest)))
    slope = build.fma(x, bend, over(n, below))
    return (times(g, slope),)


mish.samples(of_one(whole=False))


_TAIL_IS_LOST = 18  # from here on x + log(1 + e**-x) is x, in float32


@composite(torch=False, functional=True)
def softplus(input: Node, beta: Scalar = 1.0, threshold: Scalar = 20.0) -> Node:
    """log(1 + e**(beta x)) / beta; x itself where beta x > threshold."""
    require_floating("softplus_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    scale = full(beta, x.shape, x.dtype)
    scaled = binary("mul", x, scale)
    tail = unary("log1p", unary("exp", unary("neg", unary("abs", scaled))))
    smooth = binary("div", binary("add", binary("maximum", scaled, zeros_of(scaled)), tail), scale)
    limit = full(threshold, x.shape, x.dtype)
    if x.dtype is float32 and limit.op == "const" and limit.attrs["value"] >= _TAIL_IS_LOST:
        return build.cast(smooth, input.dtype)
    return build.cast(build.where(binary("lt", limit, scaled), x, smooth), input.dtype)


@softplus.vjp
@rounded_once
def _(g: Node, out: Node, input: Node, beta: Scalar, threshold: Scalar) -> Grads:
    # From the body the slope would lean on how maximum splits the tie at 0; this does not.
    scaled = binary("mul", input, full(beta, input.shape, input.dtype))
    limit = full(threshold, input.shape, input.dtype)
    inside = binary("mul", g, unary("sigmoid", scaled))
    return (build.where(binary("lt", limit, scaled), g, inside),)


softplus.samples(with_options({"beta": 3.0}, {"beta": 0.5, "threshold": 1.0}))


@composite(torch=False, functional=True)
def logsigmoid(input: Node) -> Node:
    """log(sigmoid(x)) = min(x, 0) - log(1 + e**-|x|)."""
    require_floating("log_sigmoid_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    tail = unary("log1p", unary("exp", unary("neg", unary("abs", x))))
    return build.cast(binary("sub", binary("minimum", x, zeros_of(x)), tail), input.dtype)


@logsigmoid.vjp
@rounded_once
def _(g: Node, out: Node, input: Node) -> Grads:
    return (binary("mul", g, unary("sigmoid", unary("neg", input))),)


logsigmoid.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def softsign(input: Node) -> Node:
    """x / (1 + |x|); integers give the default dtype."""
    if input.dtype is bool_:
        raise NotImplementedError("\"abs_cpu\" not implemented for 'Bool'")
    # Of whole numbers the sum is one too, and wraps: 255 + 1 of uint8 is 0, as in PyTorch.
    size: Node = modulus(input) if input.dtype.is_complex else unary("abs", input)
    below = binary("add", const(1, input.shape, size.dtype), size)
    kind = floating(input.dtype)
    return binary("div", build.cast(input, kind), build.cast(below, kind))


@softsign.samples
def _(rng: Rng) -> Samples:
    yield from of_one(whole=False)(rng)
    yield (INTEGERS,), {}
