"""Powers: pow, square."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bfloat16, bool_, int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import cubed
from rushlight.ops.promote import align, grad_to, is_number, require_tensor
from rushlight.ops.samples import CORNERS, INTEGERS, Rng, Samples, floats, of_one, of_two, raises
from rushlight.ops.table import Grads, Power, composite


@composite(method=True, inplace=True)
def square(input: Node) -> Node:
    """x * x; bools are squared as int64."""
    x = build.cast(input, int64) if input.dtype is bool_ else input
    return binary("mul", x, x)


square.samples(of_one())


@composite(method=True, inplace=True)
def pow(input: Power, exponent: Power) -> Node:
    """input ** exponent. A small whole exponent of a tensor is multiplied out, 2 ** x is exp2."""
    require_tensor("pow", input, exponent)
    x, y = align(input, exponent)
    if x.dtype is bool_ and not is_number(input) and not is_number(exponent):
        raise NotImplementedError("\"pow\" not implemented for 'Bool'")
    if not isinstance(input, Node) or is_number(input):
        if isinstance(input, (int, float)) and input == 2 and y.dtype.is_floating_point:
            return unary("exp2", y)
        return binary("pow", x, y)
    small = exponent if isinstance(exponent, (int, float)) else None
    real = x.dtype.is_floating_point or x.dtype.is_complex
    if small == 2:
        return binary("mul", x, x)
    if real and small is not None:
        if small == 0.5:
            return unary("sqrt", x)
        if small == 3:
            return cubed(x)
        if small == -1:
            return unary("reciprocal", x)
        if small == -0.5:
            # PyTorch rounds the root of bfloat16, not that of float16.
            rounded = x.dtype is bfloat16
            return unary("reciprocal", unary("sqrt", x)) if rounded else unary("rsqrt", x)
        if small == 1:
            return x
    if small is not None and small < 0 and not real:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return binary("pow", x, y)


@pow.vjp
def _(g: Node, out: Node, input: Power, exponent: Power) -> Grads:
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
        above = build.real(y)
        level = const(0, above.shape, above.dtype)
        flat = binary("and", binary("eq", x, zero), binary("le", level, above))
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
    yield (INTEGERS, 2), {}


pow.bad_inputs(raises(((INTEGERS, -1), {}, RuntimeError, "negative integer powers")))
