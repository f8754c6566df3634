"""Small values to zero: tanhshrink, softshrink, hardshrink."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.activation.rectifier import passed
from rushlight.ops.arithmetic.add_multiply import sub
from rushlight.ops.formula import zeros_of
from rushlight.ops.pointwise import tanh
from rushlight.ops.promote import full, require_floating
from rushlight.ops.samples import INTEGERS, Rng, Samples, of_one, with_options
from rushlight.ops.table import Grads, Scalar, composite


@composite(torch=False, functional=True)
def tanhshrink(input: Node) -> Node:
    """x - tanh(x); integers give the default dtype."""
    out: Node = sub(input, tanh(input))
    return out


@tanhshrink.samples
def _(rng: Rng) -> Samples:
    yield from of_one(whole=False)(rng)
    yield (INTEGERS,), {}


@composite(torch=False, functional=True)
def softshrink(input: Node, lambd: Scalar = 0.5) -> Node:
    """x moved toward 0 by lambd, 0 within it."""
    require_floating("softshrink_check", input)
    limit = full(lambd, input.shape, input.dtype)
    near = build.where(binary("le", unary("abs", input), limit), zeros_of(input), input)  # or nan
    high = build.where(binary("lt", limit, input), binary("sub", input, limit), near)
    low = binary("lt", input, unary("neg", limit))
    return build.where(low, binary("add", input, limit), high)


@softshrink.vjp
def _(g: Node, out: Node, input: Node, lambd: Scalar) -> Grads:
    limit = full(lambd, input.shape, input.dtype)
    return (passed(g, binary("le", unary("abs", input), limit), input),)


softshrink.samples(with_options({"lambd": 1.0}))


@composite(torch=False, functional=True)
def hardshrink(input: Node, lambd: Scalar = 0.5) -> Node:
    """x where |x| > lambd, else 0."""
    require_floating("hardshrink_cpu", input)
    limit = full(lambd, input.shape, input.dtype)
    return build.where(binary("le", unary("abs", input), limit), zeros_of(input), input)


@hardshrink.vjp
def _(g: Node, out: Node, input: Node, lambd: Scalar) -> Grads:
    limit = full(lambd, input.shape, input.dtype)
    return (passed(g, binary("le", unary("abs", input), limit), input),)


hardshrink.samples(with_options({"lambd": 1.0}))
