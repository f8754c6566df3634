"""Arithmetic of two and more: broadcast and promoted as PyTorch does."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import bool_, int64
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import (
    align,
    common_dtype,
    floating,
    full,
    grad_to,
    is_number,
    shape_of,
)  # fmt: skip
from rushlight.ops.samples import (
    BOOLS,
    CORNERS,
    INTEGERS,
    BadInputs,
    Rng,
    Samples,
    floats,
    of_one,
    of_two,
    raises,
)  # fmt: skip
from rushlight.ops.table import Operand, Power, Scalar, composite

Grads = tuple[Node | None, ...]


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
def _(g, out, input, other, alpha):  # type: ignore[no-untyped-def]
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
def _(g, out, input, other, alpha):  # type: ignore[no-untyped-def]
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
def _(g, out, input, other):  # type: ignore[no-untyped-def]
    dx = dy = None
    if not is_number(input):
        dx = grad_to(binary("mul", g, full(other, g.shape, g.dtype)), input)
    if not is_number(other):
        dy = grad_to(binary("mul", g, full(input, g.shape, g.dtype)), other)
    return dx, dy


mul.samples(of_two())


def _true_div(input: Operand, other: Operand) -> Node:
    x, y = align(input, other, dtype=floating(common_dtype(input, other)))
    return binary("div", x, y)


@composite(method=True, inplace=True, aliases=("divide",))
def div(input: Operand, other: Operand, *, rounding_mode: str | None = None) -> Node:
    """input / other; with ``rounding_mode`` "trunc" or "floor" the quotient is rounded."""
    if rounding_mode is None:
        return _true_div(input, other)
    if rounding_mode not in ("trunc", "floor"):
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found '{rounding_mode}'"
        )
    x, y = align(input, other)
    if rounding_mode == "floor":
        return binary("floordiv", x, y)
    if x.dtype.is_floating_point:
        return unary("trunc", binary("div", x, y))
    return binary("truncdiv", x, y)


@div.vjp
def _(g, out, input, other, rounding_mode):  # type: ignore[no-untyped-def]
    zero = const(0, g.shape, g.dtype)
    if rounding_mode is not None:
        return grad_to(zero, input), grad_to(zero, other)
    divisor = full(other, g.shape, g.dtype)
    dx = grad_to(binary("div", g, divisor), input)
    dy = None
    if not is_number(other):
        dy = grad_to(unary("neg", binary("mul", g, binary("div", out, divisor))), other)
    return dx, dy


@div.samples
def _(rng: Rng) -> Samples:
    yield from of_two(divisor=True)(rng)
    yield (INTEGERS, 0), {}
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
    x, y = align(input, other)
    return binary("fmod", x, y)


@fmod.vjp
def _(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
    return _past_the_quotient(g, input, other, "trunc")


fmod.samples(of_two(-9, 9, divisor=True))
fmod.bad_inputs(raises(((INTEGERS, 0), {}, RuntimeError, "ZeroDivisionError")))


@composite(method=True, inplace=True)
def square(input: Node) -> Node:
    """x * x; bools are squared as int64."""
    x = build.cast(input, int64) if input.dtype is bool_ else input
    return binary("mul", x, x)


square.samples(of_one())


@composite(method=True, inplace=True)
def pow(input: Operand, exponent: Power) -> Node:
    """input ** exponent. A small whole exponent of a tensor is multiplied out."""
    x, y = align(input, exponent)
    if not isinstance(input, Node) or is_number(input):
        return binary("pow", x, y)
    small = exponent if isinstance(exponent, (int, float)) else None
    if x.dtype.is_floating_point and small is not None:
        if small == 0.5:
            return unary("sqrt", x)
        if small == 2:
            return binary("mul", x, x)
        if small == 3:
            return binary("mul", binary("mul", x, x), x)
        if small == -1:
            return unary("reciprocal", x)
        if small == -0.5:
            return unary("rsqrt", x)
        if small == 1:
            return x
    if small is not None and small < 0 and not x.dtype.is_floating_point:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return binary("pow", x, y)


@pow.vjp
def _(g, out, input, exponent):  # type: ignore[no-untyped-def]
    x, y = align(input, exponent, dtype=out.dtype)
    dx = dy = None
    if not is_number(input):
        if isinstance(exponent, (int, float)):
            if exponent == 0:
                slope = const(0, g.shape, g.dtype)
            else:
                slope = binary("mul", y, pow.body(x, exponent - 1))
            dx = grad_to(binary("mul", g, slope), input)
        else:
            zero = const(0, x.shape, x.dtype)
            slope = binary("mul", y, binary("pow", x, binary("sub", y, const(1, y.shape, y.dtype))))
            flat = build.where(binary("eq", y, zero), zero, binary("mul", g, slope))
            dx = grad_to(flat, input)
    if not is_number(exponent) and isinstance(exponent, Node):
        zero = const(0, x.shape, x.dtype)
        flat = binary("and", binary("eq", x, zero), binary("le", zero, y))
        whole = binary("mul", g, binary("mul", out, unary("log", x)))
        dy = grad_to(build.where(flat, zero, whole), exponent)
    return dx, dy


@pow.samples
def _(rng: Rng) -> Samples:
    yield from of_two(0.2, 3, bools=False)(rng)
    for exponent in (0, 1, 2, 3, 4, -1, -2, 0.5, -0.5, 2.5, -3, 2.0):
        yield (floats(rng, 3, 4, low=0.2),), {"exponent": exponent}
        yield (CORNERS,), {"exponent": exponent}
    yield (floats(rng, 4), np.array([0.0, 2.0, 3.0, -1.0])), {}  # negative bases, whole exponents
    yield (2.0, floats(rng, 3, 4)), {}
    yield (-2, np.array([0, 1, 5])), {}
    yield (INTEGERS, np.array([0, 1, 3])), {}
    yield (np.array([1, -1, 2, 0]), np.array([-1, -3, -2, 0])), {}
    yield (INTEGERS, 2.5), {}


pow.bad_inputs(raises(((INTEGERS, -1), {}, RuntimeError, "negative integer powers")))


@composite(method=True, inplace=True, aliases=("arctan2",))
def atan2(input: Node, other: Node) -> Node:
    """The angle of the point (other, input)."""
    x, y = align(input, other, dtype=floating(common_dtype(input, other)))
    return binary("atan2", x, y)


atan2.samples(of_two(number=False))


@composite(method=True)
def maximum(input: Node, other: Node) -> Node:
    """The larger of two; nan where either is nan. Equal ones share the gradient."""
    x, y = align(input, other)
    return binary("maximum", x, y)


maximum.samples(of_two(number=False))


@composite(method=True)
def minimum(input: Node, other: Node) -> Node:
    """The smaller of two; nan where either is nan. Equal ones share the gradient."""
    x, y = align(input, other)
    return binary("minimum", x, y)


minimum.samples(of_two(number=False))


def _fextremum(input: Node, other: Node, kind: str) -> Node:
    x, y = align(input, other)
    chosen = binary(kind, x, y)
    if not x.dtype.is_floating_point:
        return chosen
    chosen = build.where(binary("ne", x, x), y, chosen)
    return build.where(binary("ne", y, y), x, chosen)


@composite(method=True)
def fmax(input: Node, other: Node) -> Node:
    """The larger of two; a nan counts as missing."""
    return _fextremum(input, other, "maximum")


@fmax.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    return _winner_takes(g, binary("or", binary("le", y, x), binary("ne", y, y)), input, other)


fmax.samples(of_two(number=False))


@composite(method=True)
def fmin(input: Node, other: Node) -> Node:
    """The smaller of two; a nan counts as missing."""
    return _fextremum(input, other, "minimum")


@fmin.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    return _winner_takes(g, binary("or", binary("le", x, y), binary("ne", y, y)), input, other)


def _winner_takes(g: Node, first: Node, input: Node, other: Node) -> Grads:
    """The whole cotangent goes to one of two; unlike maximum, ties are not split."""
    zero = const(0, g.shape, g.dtype)
    return (
        grad_to(build.where(first, g, zero), input), grad_to(build.where(first, zero, g), other)
    )  # fmt: skip


fmin.samples(of_two(number=False))


@composite(method=True, inplace=True)
def copysign(input: Node, other: Operand) -> Node:
    """|input| with the sign of other."""
    x, y = align(input, other, dtype=floating(common_dtype(input, other)))
    return binary("copysign", x, y)


copysign.samples(of_two())


@composite(method=True, inplace=True)
def hypot(input: Node, other: Node) -> Node:
    """sqrt(input**2 + other**2) without overflow; inf where either is infinite."""
    x, y = (unary("abs", each) for each in align(input, other))
    zero, one = const(0, x.shape, x.dtype), const(1, x.shape, x.dtype)
    large, small = binary("maximum", x, y), binary("minimum", x, y)
    ratio = binary("div", small, large)
    scaled = binary("mul", large, unary("sqrt", binary("add", one, binary("mul", ratio, ratio))))
    infinite = const(math.inf, x.shape, x.dtype)
    plain = binary("or", binary("eq", large, zero), binary("eq", large, infinite))
    either = binary("or", binary("eq", x, infinite), binary("eq", y, infinite))
    return build.where(either, infinite, build.where(plain, large, scaled))


@hypot.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    return (
        grad_to(binary("mul", g, binary("div", x, out)), input),
        grad_to(binary("mul", g, binary("div", y, out)), other),
    )


hypot.samples(of_two(whole=False, bools=False, number=False))


@composite(method=True, inplace=True)
def lerp(input: Node, end: Node, weight: Operand) -> Node:
    """input + weight * (end - input), computed from the nearer end."""
    dtype, shape = common_dtype(input, end), shape_of(input, end, weight)
    x, y, w = (full(each, shape, dtype) for each in (input, end, weight))
    delta = binary("sub", y, x)
    near = binary("add", x, binary("mul", w, delta))
    far = binary("sub", y, binary("mul", delta, binary("sub", const(1, shape, dtype), w)))
    return build.where(binary("lt", unary("abs", w), const(0.5, shape, dtype)), near, far)


@lerp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 4, 5), 0.3), {}
    yield (floats(rng, 4, 1), floats(rng, 5), floats(rng, 4, 5)), {}
    yield (floats(rng), floats(rng, 3), 0.9), {}
    yield (np.zeros((0, 2)), np.ones(2), 0.5), {}


@composite(method=True, inplace=True)
def addcmul(input: Node, tensor1: Node, tensor2: Node, *, value: Scalar = 1) -> Node:
    """input + value * tensor1 * tensor2."""
    x, a, b = align(input, tensor1, tensor2)
    return binary("add", x, binary("mul", binary("mul", full(value, x.shape, x.dtype), a), b))


@addcmul.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 4, 5), floats(rng, 5)), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 1), floats(rng)), {"value": 0.5}
    yield (INTEGERS, INTEGERS, INTEGERS), {"value": 2}


@composite(method=True, inplace=True)
def addcdiv(input: Node, tensor1: Node, tensor2: Node, *, value: Scalar = 1) -> Node:
    """input + value * tensor1 / tensor2."""
    x, a, b = align(input, tensor1, tensor2)
    if not x.dtype.is_floating_point:
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future release "
            "addcdiv will perform a true division of tensor1 and tensor2."
        )
    return binary("add", x, binary("div", binary("mul", full(value, x.shape, x.dtype), a), b))


@addcdiv.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 4, 5), floats(rng, 5, low=0.5)), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 1), floats(rng, low=1)), {"value": 0.5}


addcdiv.bad_inputs(raises(((INTEGERS,) * 3, {}, RuntimeError, "Integer division with addcdiv")))
