"""Sums, differences, products: add, sub, rsub, mul."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import (
    align,
    beside,
    common_dtype,
    full,
    grad_to,
    is_number,
    number_kind,
    shape_of,
)
from rushlight.ops.samples import BOOLS, INTEGERS, Rng, Samples, floats, of_two, raises
from rushlight.ops.table import Grads, Operand, Scalar, composite


def _is_one(alpha: Scalar) -> bool:
    return not isinstance(alpha, Node) and alpha == 1


def _scaled(other: Operand, alpha: Scalar, dtype: DType, shape: tuple[int, ...]) -> Node:
    wide = full(other, shape, dtype)
    if _is_one(alpha):
        return wide
    return binary("mul", wide, full(alpha, shape, dtype))


def _require_alpha(alpha: Scalar, dtype: DType) -> None:
    """RuntimeError where ``alpha`` is of another kind than the result."""
    if _is_one(alpha) and not isinstance(alpha, bool):
        return
    kind = number_kind(alpha)
    if kind.is_complex and not dtype.is_complex:
        raise RuntimeError(
            "For non-complex input tensors, argument alpha must not be a complex number."
        )
    if kind is bool_ and dtype is not bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if kind.is_floating_point and not (dtype.is_floating_point or dtype.is_complex):
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )


def _refuse_bool(*operands: Operand) -> None:
    kinds = [
        each.dtype if isinstance(each, Node) and not is_number(each) else number_kind(each)
        for each in operands
    ]
    if all(kind is bool_ for kind in kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )
    if any(kind is bool_ for kind in kinds):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
            "to invert a mask, use the `~` or `logical_not()` operator instead."
        )


@composite(method=True, inplace=True)
def add(input: Operand, other: Operand, *, alpha: Scalar = 1) -> Node:
    """input + alpha * other, broadcast and promoted."""
    dtype, shape = common_dtype(input, other), shape_of(input, other)
    _require_alpha(alpha, dtype)
    x, y = full(input, shape, dtype), full(other, shape, dtype)
    return binary("add", x, y) if _is_one(alpha) else build.fma(full(alpha, shape, dtype), y, x)


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
    _refuse_bool(input, other)
    _require_alpha(alpha, dtype)
    x, y = full(input, shape, dtype), full(other, shape, dtype)
    if _is_one(alpha):
        return binary("sub", x, y)
    return build.fma(unary("neg", full(alpha, shape, dtype)), y, x)


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
    dtype = common_dtype(input, other)
    x, y = align(input, other, dtype=beside(other, dtype))
    return build.cast(binary("and" if x.dtype is bool_ else "mul", x, y), dtype)


@mul.vjp
def _(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
    dx = dy = None
    if not is_number(input):
        dx = grad_to(mul.body(g, other), input)
    if not is_number(other):
        dy = grad_to(mul.body(g, input), other)
    return dx, dy


mul.samples(of_two())
