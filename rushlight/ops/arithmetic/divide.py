"""Quotients and what is left: div, floor_divide, remainder, fmod."""

from __future__ import annotations

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import (
    align,
    beside,
    common_dtype,
    floating,
    full,
    grad_to,
    is_number,
    require_tensor,
)  # fmt: skip
from rushlight.ops.samples import CORNERS, INTEGERS, BadInputs, Rng, Samples, floats, of_two, raises
from rushlight.ops.table import Divisor, Grads, Operand, composite


def _true_div(input: Operand, other: Divisor) -> Node:
    dtype = floating(common_dtype(input, other))
    x, y = align(input, other, dtype=beside(other, dtype))
    return build.cast(_quotient(x, y, other), dtype)


def _quotient(x: Node, y: Node, other: Divisor) -> Node:
    """x / y; ``other``, which y was made of, is a Python number where its reciprocal is exact."""
    if isinstance(other, (int, float)) and x.dtype.is_floating_point:
        return binary("mul", x, const(1 / other, x.shape, x.dtype))
    return binary("div", x, y)


@composite(method=True, inplace=True, aliases=("divide",))
def div(input: Operand, other: Divisor, *, rounding_mode: str | None = None) -> Node:
    """input / other; with ``rounding_mode`` "trunc" or "floor" the quotient is rounded."""
    if rounding_mode is None:
        return _true_div(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    dtype = common_dtype(input, other)
    x, y = align(input, other, dtype=beside(other, dtype))
    if rounding_mode == "floor":
        return build.cast(binary("floordiv", x, y), dtype)
    if x.dtype.is_floating_point:
        return build.cast(unary("trunc", binary("div", x, y)), dtype)
    return binary("truncdiv", x, y)


@div.vjp
def _(g: Node, out: Node, input: Operand, other: Divisor, rounding_mode: str | None) -> Grads:
    zero = const(0, g.shape, g.dtype)
    if rounding_mode is not None:
        return grad_to(zero, input), grad_to(zero, other)
    divisor = full(other, g.shape, g.dtype)
    dx = grad_to(_true_div(g, other), input)
    dy = None
    if not is_number(other):
        # Not out / other: what is written over the quotient afterwards is no matter.
        ratio = binary("div", full(input, g.shape, g.dtype), divisor)
        dy = grad_to(unary("neg", binary("mul", g, binary("div", ratio, divisor))), other)
    return dx, dy


@div.samples
def _(rng: Rng) -> Samples:
    yield from of_two(divisor=True)(rng)
    yield (INTEGERS, 0), {}
    for exact in (8, 0.25, -2.0, True):
        yield (CORNERS, exact), {}
        yield (INTEGERS, exact), {}
    for how in ("trunc", "floor"):
        yield (floats(rng, 4, 5, low=-9, high=9), floats(rng, 5)), {"rounding_mode": how}
        yield (INTEGERS, np.array([2, -3, -2])), {"rounding_mode": how}
        yield (CORNERS.reshape(-1, 1), CORNERS), {"rounding_mode": how}


@div.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(3), 2.0), {"rounding_mode": "up"}, RuntimeError, "rounding_mode"
    yield (INTEGERS, 0), {"rounding_mode": "floor"}, RuntimeError, "ZeroDivisionError"
    yield (
        (INTEGERS, np.zeros(3, int)),
        {"rounding_mode": "trunc"},
        RuntimeError,
        "ZeroDivisionError",
    )


true_divide = composite(_true_div, name="true_divide", method=True, inplace=True)

true_divide.samples(of_two(divisor=True))


@composite(method=True, inplace=True)
def floor_divide(input: Operand, other: Operand) -> Node:
    """floor(input / other)."""
    x, y = align(input, other)
    return binary("floordiv", x, y)


floor_divide.samples(of_two(-9, 9, divisor=True))
floor_divide.bad_inputs(raises(((INTEGERS, 0), {}, RuntimeError, "ZeroDivisionError")))


@composite(method=True, inplace=True)
def remainder(input: Operand, other: Operand) -> Node:
    """input - floor(input / other) * other: the sign is the divisor's, as in Python."""
    require_tensor("remainder", input, other)
    x, y = align(input, other)
    return binary("remainder", x, y)


@remainder.vjp
def _(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
    return _past_the_quotient(g, input, other, "floor")


def _past_the_quotient(g: Node, input: Operand, other: Operand, rounding_mode: str) -> Grads:
    whole: Node = div(input, other, rounding_mode=rounding_mode)  # the op: its slope is 0, not nan
    return grad_to(g, input), grad_to(unary("neg", binary("mul", g, whole)), other)


remainder.samples(of_two(-9, 9, divisor=True))
remainder.bad_inputs(raises(((INTEGERS, 0), {}, RuntimeError, "ZeroDivisionError")))


@composite(method=True, inplace=True)
def fmod(input: Operand, other: Operand) -> Node:
    """input - trunc(input / other) * other: the sign is the dividend's, as in C."""
    if is_number(input):
        require_tensor("fmod", input)
    x, y = align(input, other)
    return binary("fmod", x, y)


@fmod.vjp
def _(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
    return _past_the_quotient(g, input, other, "trunc")


fmod.samples(of_two(-9, 9, divisor=True))
fmod.bad_inputs(raises(((INTEGERS, 0), {}, RuntimeError, "ZeroDivisionError")))
