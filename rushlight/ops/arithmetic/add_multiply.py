"""Sums, differences, products: add, sub, rsub, mul."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.base.dtype import dtype as DType
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import align, common_dtype, full, grad_to, is_number, shape_of
from rushlight.ops.samples import BOOLS, INTEGERS, Rng, Samples, floats, of_two, raises
from rushlight.ops.table import Grads, Operand, Scalar, composite


def _scaled(other: Operand, alpha: Scalar, dtype: DType, shape: tuple[int, ...]) -> Node:
    wide = full(other, shape, dtype)
    if not isinstance(alpha, Node) and alpha == 1:
        return wide
    return binary("mul", wide, full(alpha, shape, dtype))


def _refuse_bool(who: str, dtype: DType) -> None:
    if dtype is bool_:
        raise RuntimeError(
            f"{who}: subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )


@composite(method=True, inplace=True)
def add(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Node:
    """input + alpha * other, broadcast and promoted."""
    dtype, shape = common_dtype(input, other), shape_of(input, other)
    return binary("add", full(input, shape, dtype), _scaled(other, alpha, dtype, shape))


@add.vjp
def _(g: Node, out: Node, input: Operand, other: Operand, alpha: Scalar) -> Grads:
    return grad_to(g, input), grad_to(_scaled(g, alpha, g.dtype, g.shape), other)


@add.samples
def _(rng: Rng) -> Samples:
    yield from of_two()(rng)
    yield (floats(rng, 4, 5), floats(rng, 5)), {"alpha": 0.5}
    yield (INTEGERS, INTEGERS), {"alpha": -2}


add.bad_inputs(raises(((np.ones(3), np.ones(4)), {}, RuntimeError, "must match|broadcast")))


@composite(method=True, inplace=True, aliases=("subtract",))
def sub(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Node:
    """input - alpha * other, broadcast and promoted."""
    dtype, shape = common_dtype(input, other), shape_of(input, other)
    _refuse_bool("sub", dtype)
    return binary("sub", full(input, shape, dtype), _scaled(other, alpha, dtype, shape))


@sub.vjp
def _(g: Node, out: Node, input: Operand, other: Operand, alpha: Scalar) -> Grads:
    return grad_to(g, input), grad_to(unary("neg", _scaled(g, alpha, g.dtype, g.shape)), other)


@sub.samples
def _(rng: Rng) -> Samples:
    yield from of_two(bools=False)(rng)
    yield (floats(rng, 4, 5), floats(rng, 5)), {"alpha": 0.5}


sub.bad_inputs(raises(((BOOLS, BOOLS), {}, RuntimeError, "two bool tensors")))


@composite(method=True)
def rsub(input: Node, other: Operand, *, alpha: Scalar = 1) -> Node:
    """other - alpha * input."""
    out: Node = sub.body(other, input, alpha=alpha)
    return out


@rsub.samples
def _(rng: Rng) -> Samples:
    yield from of_two(bools=False)(rng)
    yield (floats(rng, 4, 5), floats(rng, 5)), {"alpha": 0.5}


@composite(method=True, inplace=True, aliases=("multiply",))
def mul(input: Operand, other: Operand) -> Node:
    """input * other, broadcast and promoted."""
    x, y = align(input, other)
    return binary("and" if x.dtype is bool_ else "mul", x, y)


@mul.vjp
def _(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
    dx = dy = None
    if not is_number(input):
        dx = grad_to(binary("mul", g, full(other, g.shape, g.dtype)), input)
    if not is_number(other):
        dy = grad_to(binary("mul", g, full(input, g.shape, g.dtype)), other)
    return dx, dy


mul.samples(of_two())
