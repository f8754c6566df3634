"""Lengths, angles and signs of pairs: hypot, atan2, copysign."""

from __future__ import annotations

import math

from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import align, common_dtype, compute_dtype, floating, grad_to
from rushlight.ops.samples import of_two
from rushlight.ops.table import Grads, Operand, composite


@composite(method=True, inplace=True, aliases=("arctan2",))
def atan2(input: Node, other: Node) -> Node:
    """The angle of the point (other, input)."""
    x, y = align(input, other, dtype=floating(common_dtype(input, other)))
    return binary("atan2", x, y)


atan2.samples(of_two(number=False))


@composite(method=True, inplace=True)
def copysign(input: Node, other: Operand) -> Node:
    """|input| with the sign of other."""
    x, y = align(input, other, dtype=floating(common_dtype(input, other)))
    return binary("copysign", x, y)


copysign.samples(of_two())


@composite(method=True, inplace=True)
def hypot(input: Node, other: Node) -> Node:
    """sqrt(input**2 + other**2) without overflow; inf where either is infinite."""
    dtype = common_dtype(input, other)
    pair = align(input, other, dtype=compute_dtype(dtype))
    x, y = (unary("abs", each) for each in pair)
    zero, one = const(0, x.shape, x.dtype), const(1, x.shape, x.dtype)
    large, small = binary("maximum", x, y), binary("minimum", x, y)
    ratio = binary("div", small, large)
    scaled = binary("mul", large, unary("sqrt", binary("add", one, binary("mul", ratio, ratio))))
    infinite = const(math.inf, x.shape, x.dtype)
    plain = binary("or", binary("eq", large, zero), binary("eq", large, infinite))
    either = binary("or", binary("eq", x, infinite), binary("eq", y, infinite))
    return build.cast(build.where(either, infinite, build.where(plain, large, scaled)), dtype)


@hypot.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    return (
        grad_to(binary("div", binary("mul", g, x), out), input),
        grad_to(binary("div", binary("mul", g, y), out), other),
    )


hypot.samples(of_two(whole=False, bools=False, number=False))
