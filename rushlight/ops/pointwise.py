"""Element-wise arithmetic, comparison, logic and rounding: one row or one short body each."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import bfloat16, bool_, float16, float32, float64, int32, int64, uint8
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
    with_options,
)  # fmt: skip
from rushlight.ops.table import Op, Operand, Power, Scalar, composite

Grads = tuple[Node | None, ...]


def real_function(
    primitive: str, doc: str, *, low: float = -2, high: float = 2, functional: bool = False
) -> Op:  # fmt: skip
    """An op that is one floating primitive; integers become the default dtype first.

    low..high is where the samples lie.
    """

    def body(input: Node) -> Node:
        return unary(primitive, build.cast(input, floating(input.dtype)))

    body.__name__ = primitive
    body.__doc__ = f"{doc}, element by element. Shape (*) -> (*); integers give the default dtype."
    made: Op = composite(body, method=True, inplace=True, functional=functional)
    made.samples(of_one(low, high))
    return made


exp = real_function("exp", "e**x")
exp2 = real_function("exp2", "2**x")
expm1 = real_function("expm1", "e**x - 1, exact near 0")
log = real_function("log", "Natural logarithm", low=0.1, high=4)
log2 = real_function("log2", "Logarithm to base 2", low=0.1, high=4)
log10 = real_function("log10", "Logarithm to base 10", low=0.1, high=4)
log1p = real_function("log1p", "log(1 + x), exact near 0", low=-0.9, high=4)
sqrt = real_function("sqrt", "Square root; nan below 0", low=0.1, high=4)
rsqrt = real_function("rsqrt", "1 / sqrt(x)", low=0.1, high=4)
reciprocal = real_function("reciprocal", "1 / x", low=0.3, high=2)
sin = real_function("sin", "Sine of radians")
cos = real_function("cos", "Cosine of radians")
tan = real_function("tan", "Tangent of radians", low=-1.4, high=1.4)
asin = real_function("asin", "Inverse sine", low=-0.9, high=0.9)
acos = real_function("acos", "Inverse cosine", low=-0.9, high=0.9)
atan = real_function("atan", "Inverse tangent")
sinh = real_function("sinh", "Hyperbolic sine")
cosh = real_function("cosh", "Hyperbolic cosine")
tanh = real_function("tanh", "Hyperbolic tangent", functional=True)
asinh = real_function("asinh", "Inverse hyperbolic sine")
acosh = real_function("acosh", "Inverse hyperbolic cosine", low=1.1, high=4)
atanh = real_function("atanh", "Inverse hyperbolic tangent", low=-0.9, high=0.9)
sigmoid = real_function("sigmoid", "1 / (1 + e**-x)", functional=True)
erf = real_function("erf", "Error function")
erfc = real_function("erfc", "1 - erf(x)")
erfinv = real_function("erfinv", "Inverse of erf on (-1, 1)", low=-0.9, high=0.9)
lgamma = real_function("lgamma", "Logarithm of |gamma(x)|", low=0.5, high=4)
digamma = real_function("digamma", "Logarithmic derivative of gamma", low=0.5, high=4)


@composite(torch=False, name="_trigamma", grad_name="Polygamma")
def trigamma(input: Node) -> Node:
    """The second derivative of log(gamma): its asymptotic series, moved up to where it holds.

    Below 1/2 by reflection: trigamma(x) = pi**2 / sin(pi x)**2 - trigamma(1 - x).
    """
    x = build.cast(input, floating(input.dtype))
    shape, dtype = x.shape, x.dtype
    mirrored = binary("lt", x, const(0.5, shape, dtype))
    at = build.where(mirrored, binary("sub", const(1, shape, dtype), x), x)
    steps = const(0, shape, dtype)
    for _ in range(_TRIGAMMA_STEPS):
        steps = binary("add", steps, unary("reciprocal", binary("mul", at, at)))
        at = binary("add", at, const(1, shape, dtype))
    inverse = unary("reciprocal", at)
    square_ = binary("mul", inverse, inverse)
    series = const(0, shape, dtype)
    for bernoulli in reversed(_BERNOULLI):
        series = binary("mul", square_, binary("add", const(bernoulli, shape, dtype), series))
    tail = binary("add", const(1, shape, dtype), binary("mul", const(0.5, shape, dtype), inverse))
    total = binary("add", steps, binary("mul", inverse, binary("add", tail, series)))
    sine = unary("sin", binary("mul", const(math.pi, shape, dtype), x))
    reflected = binary("div", const(math.pi**2, shape, dtype), binary("mul", sine, sine))
    return build.where(mirrored, binary("sub", reflected, total), total)


_TRIGAMMA_STEPS = 8
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
trigamma.samples(of_one(0.5, 4))


@lgamma.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    slope: Node = digamma(build.cast(input, out.dtype))
    return (grad_to(binary("mul", g, slope), input),)


@digamma.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    slope: Node = trigamma(build.cast(input, out.dtype))
    return (grad_to(binary("mul", g, slope), input),)


for _new, _old in (
    ("arcsin", asin), ("arccos", acos), ("arctan", atan), ("arcsinh", asinh),
    ("arccosh", acosh), ("arctanh", atanh),
):  # fmt: skip
    _old.aliases += (_new,)


@composite(method=True, inplace=True, aliases=("negative",))
def neg(input: Node) -> Node:
    """-x. Raises RuntimeError for bool, which has no sign."""
    if input.dtype is bool_:
        raise RuntimeError(
            "Negation, the `-` operator, on a bool tensor is not supported. "
            "If you are trying to invert a mask, use the `~` or `logical_not()` operator instead."
        )
    return unary("neg", input)


neg.samples(of_one(whole=False))
neg.bad_inputs(raises(((BOOLS,), {}, RuntimeError, "bool tensor is not supported")))


def signum(x: Node) -> Node:
    """-1, 0 or 1; 0 for nan, as PyTorch has it and the primitive has not."""
    if not x.dtype.is_floating_point:
        return x if x.dtype is bool_ else unary("sign", x)
    zero, one = const(0, x.shape, x.dtype), const(1, x.shape, x.dtype)
    below = build.where(binary("lt", x, zero), const(-1, x.shape, x.dtype), zero)
    return build.where(binary("lt", zero, x), one, below)


@composite(method=True, inplace=True, aliases=("absolute",))
def abs(input: Node) -> Node:
    """|x|; the slope at 0 is 0."""
    return input if input.dtype is bool_ else unary("abs", input)


@abs.vjp
def _(g: Node, out: Node, input: Node) -> tuple[Node]:
    return (binary("mul", g, signum(input)),)


abs.samples(of_one())


@composite(method=True, inplace=True)
def sign(input: Node) -> Node:
    """-1, 0 or 1."""
    return signum(input)


@sign.vjp
def _(g: Node, out: Node, input: Node) -> tuple[Node]:
    return (const(0, g.shape, g.dtype),)


sign.samples(of_one())


sgn = composite(sign.body, name="sgn", method=True, inplace=True)


@sgn.vjp
def _(g: Node, out: Node, input: Node) -> tuple[Node]:
    return (const(0, g.shape, g.dtype),)


sgn.samples(of_one())


def _rounding(primitive: str, doc: str) -> Op:
    def body(input: Node) -> Node:
        return unary(primitive, input) if input.dtype.is_floating_point else input

    body.__name__ = primitive
    body.__doc__ = f"{doc}. Integers are returned as they are; the gradient is 0."
    made: Op = composite(body, method=True, inplace=True)
    made.samples(of_one(-4, 4))
    return made


floor = _rounding("floor", "The largest whole number not above x")
ceil = _rounding("ceil", "The smallest whole number not below x")
trunc = _rounding("trunc", "x without its fraction")
trunc.aliases += ("fix",)


@composite(method=True, inplace=True)
def round(input: Node, *, decimals: int = 0) -> Node:
    """To the nearest whole number, ties to even; ``decimals`` digits kept, as PyTorch does it."""
    if not input.dtype.is_floating_point:
        return input
    if decimals == 0:
        return unary("round", input)
    scale = const(10.0 ** math.fabs(decimals), input.shape, input.dtype)
    up, down = ("mul", "div") if decimals > 0 else ("div", "mul")
    return binary(down, unary("round", binary(up, input, scale)), scale)


@round.samples
def _(rng: Rng) -> Samples:
    yield from of_one(-4, 4)(rng)
    yield (np.array([0.5, 1.5, 2.5, -0.5, -1.5]),), {}
    yield (floats(rng, 3, 4, low=-300, high=300),), {"decimals": 2}
    yield (floats(rng, 3, 4, low=-300, high=300),), {"decimals": -1}


@composite(method=True, inplace=True)
def frac(input: Node) -> Node:
    """x - trunc(x)."""
    return binary("sub", input, unary("trunc", input))


frac.samples(of_one(-4, 4, whole=False))


# Arithmetic of two


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


# Bits and logic


def _of_bits(rng: Rng) -> Samples:
    yield (INTEGERS, np.array([6, -1, 3])), {}
    yield (INTEGERS.astype(np.int32), np.array([6, 1, 3], np.uint8)), {}
    yield (BOOLS, ~BOOLS), {}
    yield (BOOLS, np.asarray(5)), {}
    yield (INTEGERS, 3), {}
    yield (np.zeros((0, 2), np.int64), np.zeros((1, 2), np.int64)), {}


def _shifted_bits(rng: Rng) -> Samples:
    yield (INTEGERS, np.array([1, 0, 3])), {}
    yield (INTEGERS.astype(np.int32), np.array([[1], [2]], np.int32)), {}
    yield (INTEGERS, 2), {}


def _bits(name: str, primitive: str, doc: str) -> Op:
    def body(input: Operand, other: Operand) -> Node:
        x, y = align(input, other)
        if x.dtype.is_floating_point:
            raise NotImplementedError(
                f"{name}: not implemented for {x.dtype}, only for integers and bools"
            )
        return binary(primitive, x, y)

    body.__name__ = name
    body.__doc__ = f"{doc} of integers or bools."
    made: Op = composite(body, method=True, inplace=True, differentiable=False)
    made.samples(_shifted_bits if primitive in ("shl", "shr") else _of_bits)
    made.bad_inputs(raises(((np.ones(3), 1), {}, NotImplementedError, "not implemented for")))
    return made


bitwise_and = _bits("bitwise_and", "and", "Bitwise and")
bitwise_or = _bits("bitwise_or", "or", "Bitwise or")
bitwise_xor = _bits("bitwise_xor", "xor", "Bitwise exclusive or")
bitwise_left_shift = _bits("bitwise_left_shift", "shl", "Left shift")
bitwise_right_shift = _bits("bitwise_right_shift", "shr", "Arithmetic right shift")


@composite(method=True, inplace=True, differentiable=False)
def bitwise_not(input: Node) -> Node:
    """Bitwise complement; logical not of bools."""
    if input.dtype.is_floating_point:
        raise NotImplementedError(f"bitwise_not: needs integers or bools, got {input.dtype}")
    return unary("not", input)


@bitwise_not.samples
def _(rng: Rng) -> Samples:
    for kind in (np.int64, np.int32, np.uint8, np.int8):
        yield (np.array([0, 1, 7], kind),), {}
    yield (BOOLS,), {}


bitwise_not.bad_inputs(raises(((np.ones(3),), {}, NotImplementedError, "bitwise_not")))


def _truth(x: Node) -> Node:
    return build.cast(x, bool_)


def _logic(name: str, primitive: str, doc: str) -> Op:
    def body(input: Node, other: Node) -> Node:
        x, y = align(_truth(input), _truth(other))
        return binary(primitive, x, y)

    body.__name__ = name
    body.__doc__ = f"{doc} of truth values (not zero); the result is bool."
    made: Op = composite(body, method=True, inplace=True, differentiable=False)
    made.samples(of_two(number=False))
    return made


logical_and = _logic("logical_and", "and", "And")
logical_or = _logic("logical_or", "or", "Or")
logical_xor = _logic("logical_xor", "xor", "Exclusive or")


@composite(method=True, inplace=True, differentiable=False)
def logical_not(input: Node) -> Node:
    """True where x is zero."""
    return unary("not", _truth(input))


logical_not.samples(of_one())


def _comparison(name: str, make: str, doc: str, *aliases: str) -> Op:
    swap = make.startswith("swapped ")
    primitive = make.split()[-1]

    def body(input: Node, other: Operand) -> Node:
        x, y = align(input, other)
        return binary(primitive, y, x) if swap else binary(primitive, x, y)

    body.__name__ = name
    body.__doc__ = f"{doc}, element by element; bool."
    made: Op = composite(body, method=True, inplace=True, differentiable=False, aliases=aliases)
    made.samples(of_two())
    return made


eq = _comparison("eq", "eq", "input == other")
ne = _comparison("ne", "ne", "input != other", "not_equal")
lt = _comparison("lt", "lt", "input < other", "less")
le = _comparison("le", "le", "input <= other", "less_equal")
gt = _comparison("gt", "swapped lt", "input > other", "greater")
ge = _comparison("ge", "swapped le", "input >= other", "greater_equal")


@composite(method=True, differentiable=False)
def isnan(input: Node) -> Node:
    """True where x is not a number."""
    return binary("ne", input, input)


isnan.samples(of_one())


@composite(method=True, differentiable=False)
def isinf(input: Node) -> Node:
    """True where x is infinite."""
    if not input.dtype.is_floating_point:
        return const(False, input.shape, bool_)
    return binary("eq", unary("abs", input), const(np.inf, input.shape, input.dtype))


isinf.samples(of_one())


@composite(method=True, differentiable=False)
def isfinite(input: Node) -> Node:
    """True where x is neither infinite nor nan."""
    if not input.dtype.is_floating_point:
        return const(True, input.shape, bool_)
    return binary("lt", unary("abs", input), const(np.inf, input.shape, input.dtype))


isfinite.samples(of_one())


@composite(method=True, differentiable=False)
def isposinf(input: Node) -> Node:
    """True where x is +inf."""
    out: Node = eq.body(input, np.inf) if input.dtype.is_floating_point else isinf.body(input)
    return out


isposinf.samples(of_one())


@composite(method=True, differentiable=False)
def isneginf(input: Node) -> Node:
    """True where x is -inf."""
    out: Node = eq.body(input, -np.inf) if input.dtype.is_floating_point else isinf.body(input)
    return out


isneginf.samples(of_one())


@composite(method=True, differentiable=False)
def signbit(input: Node) -> Node:
    """True where the sign bit is set: negative numbers and -0.0."""
    if not input.dtype.is_floating_point:
        out: Node = lt.body(input, 0)
        return out
    one = const(1, input.shape, input.dtype)
    return binary("lt", binary("copysign", one, input), const(0, input.shape, input.dtype))


signbit.samples(of_one())


@composite(method=True)
def isclose(
    input: Node, other: Node, rtol: Scalar = 1e-5, atol: Scalar = 1e-8, equal_nan: bool = False
) -> Node:
    """True where |input - other| <= atol + rtol * |other|, or both are equal."""
    if input.dtype is not other.dtype:
        raise RuntimeError(f"{_name_of(input)} did not match {_name_of(other)}")
    x, y = align(input, other)
    close = binary("eq", x, y)
    if x.dtype.is_floating_point and equal_nan:
        close = binary("or", close, binary("and", binary("ne", x, x), binary("ne", y, y)))
    wide = x if x.dtype.is_floating_point else build.cast(x, float32)
    other_wide = build.cast(y, wide.dtype)
    gap = unary("abs", binary("sub", wide, other_wide))
    shape, dtype = wide.shape, wide.dtype
    allowed = binary(
        "add",
        full(atol, shape, dtype),
        binary("mul", full(rtol, shape, dtype), unary("abs", other_wide)),
    )
    finite = binary("lt", gap, const(np.inf, shape, dtype))
    return binary("or", close, binary("and", finite, binary("le", gap, allowed)))


@isclose.samples
def _(rng: Rng) -> Samples:
    near = floats(rng, 4, 5)
    yield (near, near + floats(rng, 4, 5, low=-1e-5, high=1e-5)), {}
    yield (CORNERS.reshape(-1, 1), CORNERS), {}
    yield (CORNERS.reshape(-1, 1), CORNERS), {"equal_nan": True, "rtol": 0.5, "atol": 0.1}
    yield (INTEGERS, INTEGERS + 1), {"atol": 1.0}
    yield (BOOLS, BOOLS), {}


isclose.bad_inputs(raises(((np.ones(3), INTEGERS), {}, RuntimeError, "did not match")))


def _name_of(x: Node) -> str:
    return x.dtype.name.capitalize()


@composite(method=True, inplace=True)
def nan_to_num(
    input: Node,
    nan: Scalar | None = None,
    posinf: Scalar | None = None,
    neginf: Scalar | None = None,
) -> Node:
    """nan, +inf and -inf replaced: by 0, the largest and the smallest number unless given."""
    if not input.dtype.is_floating_point:
        return input
    import ml_dtypes  # knows bfloat16 as well as NumPy's own types

    limits = ml_dtypes.finfo(input.dtype.np)  # type: ignore[no-untyped-call]
    shape, dtype = input.shape, input.dtype
    largest = full(float(limits.max) if posinf is None else posinf, shape, dtype)
    smallest = full(float(limits.min) if neginf is None else neginf, shape, dtype)
    out = build.where(binary("eq", input, const(np.inf, shape, dtype)), largest, input)
    out = build.where(binary("eq", input, const(-np.inf, shape, dtype)), smallest, out)
    return build.where(
        binary("ne", input, input), full(0 if nan is None else nan, shape, dtype), out
    )


nan_to_num.samples(with_options({"nan": 1.5}, {"nan": 2.0, "posinf": 7.0, "neginf": -7.0}))


# Selection


@composite(method=False)
def where(condition: Node, input: Operand, other: Operand) -> Node:
    """input where condition holds, else other; all broadcast."""
    if condition.dtype is not bool_:
        raise RuntimeError(
            f"where expected condition to be a boolean tensor, but got {condition.dtype}; "
            "compare it (x != 0) first"
        )
    dtype = common_dtype(input, other)
    shape = shape_of(condition, input, other)
    return build.where(
        full(condition, shape, bool_), full(input, shape, dtype), full(other, shape, dtype)
    )


@where.vjp
def _(g, out, condition, input, other):  # type: ignore[no-untyped-def]
    wide, zero = full(condition, g.shape, bool_), const(0, g.shape, g.dtype)
    return (
        None,
        grad_to(build.where(wide, g, zero), input),
        grad_to(build.where(wide, zero, g), other),
    )


@where.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5) > 0, floats(rng, 4, 5), floats(rng, 5)), {}
    yield (floats(rng, 4, 1) > 0, CORNERS, 0.0), {}
    yield (BOOLS, 1, floats(rng, 3)), {}
    yield (BOOLS, INTEGERS, floats(rng, 3)), {}
    yield (np.asarray(True), INTEGERS, 2.5), {}
    yield (np.zeros((0, 1), bool), floats(rng, 3), floats(rng)), {}
    yield (BOOLS, 1, 2), {}


where.bad_inputs(raises(((np.ones(3), np.ones(3), 0.0), {}, RuntimeError, "boolean tensor")))


@composite(method=True, inplace=True, aliases=("clip",))
def clamp(input: Node, min: Operand | None = None, max: Operand | None = None) -> Node:
    """Cut to [min, max]; where min > max the result is max. Nan stays nan."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    bounds = [each for each in (min, max) if each is not None]
    dtype, shape = common_dtype(input, *bounds), shape_of(input, *bounds)
    out = full(input, shape, dtype)
    if min is not None:
        out = binary("maximum", out, full(min, shape, dtype))
    if max is not None:
        out = binary("minimum", out, full(max, shape, dtype))
    return out


@clamp.vjp
def _(g, out, input, min, max):  # type: ignore[no-untyped-def]
    zero, x = const(0, g.shape, g.dtype), full(input, g.shape, g.dtype)
    low = None if min is None else full(min, g.shape, g.dtype)
    high = None if max is None else full(max, g.shape, g.dtype)
    inside = const(True, g.shape, bool_)
    dmin = dmax = None
    if low is not None:
        inside = binary("and", inside, binary("le", low, x))
        below = binary("lt", x, low)
        if high is not None:
            below = binary("and", below, binary("lt", low, high))
        dmin = grad_to(build.where(below, g, zero), min)
    if high is not None:
        inside = binary("and", inside, binary("le", x, high))
        above = binary("lt", high, x)
        if low is not None:
            above = binary("or", above, binary("lt", high, low))
        dmax = grad_to(build.where(above, g, zero), max)
    return grad_to(build.where(inside, g, zero), input), dmin, dmax


@clamp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5),), {"min": -0.5, "max": 0.7}
    yield (floats(rng, 4, 5),), {"min": -0.5}
    yield (floats(rng, 4, 5),), {"max": 0.5}
    yield (floats(rng, 4, 5), floats(rng, 5), floats(rng, 4, 1)), {}  # some min > max
    yield (CORNERS,), {"min": -0.5, "max": 0.5}
    yield (CORNERS.reshape(-1, 1), CORNERS), {}
    yield (CORNERS.reshape(-1, 1), None, CORNERS), {}
    yield (INTEGERS,), {"min": -1, "max": 2}
    yield (INTEGERS,), {"min": 0.5}
    yield (floats(rng), floats(rng)), {}
    yield (np.zeros((0, 3)), 0.0), {}
    yield (np.ones(3),), {"min": 2.0, "max": 0.0}


clamp.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "At least one of")))


@composite(method=True, inplace=True)
def clamp_min(input: Node, min: Operand) -> Node:
    """Cut from below."""
    return clamp(input, min)  # type: ignore[no-any-return]


clamp_min.samples(of_two(bools=False))


@composite(method=True, inplace=True)
def clamp_max(input: Node, max: Operand) -> Node:
    """Cut from above."""
    return clamp(input, None, max)  # type: ignore[no-any-return]


clamp_max.samples(of_two(bools=False))


@composite(method=True, inplace=True)
def masked_fill(input: Node, mask: Node, value: Operand) -> Node:
    """``value`` where mask is True, else input; the dtype stays input's."""
    if mask.dtype is not bool_:
        raise RuntimeError(
            f"masked_fill_ only supports boolean masks, but got mask with dtype {mask.dtype}"
        )
    if isinstance(value, Node) and value.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    shape = shape_of(input, mask)
    chosen = full(value, shape, input.dtype)
    return build.where(full(mask, shape, bool_), chosen, full(input, shape, input.dtype))


@masked_fill.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 5) > 0, 2.0), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 5) > 0, float("-inf")), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 1) > 0, np.asarray(0.5)), {}
    yield (INTEGERS, BOOLS, 9), {}


@masked_fill.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(3), np.ones(3), 0.0), {}, RuntimeError, "boolean masks"
    yield (np.ones(3), BOOLS, np.ones(3)), {}, RuntimeError, "0-dimensional value"


# Conversion


@composite(torch=False, name="_to_dtype", grad_name="ToCopy")
def to_dtype(input: Node, dtype: DType) -> Node:
    """The same numbers in another dtype."""
    return build.cast(input, dtype)


@to_dtype.samples
def _(rng: Rng) -> Samples:
    for dtype in (float32, float64, int64, bool_):
        yield (floats(rng, 4, 5, low=-9, high=9), dtype), {}
        yield (INTEGERS, dtype), {}
        yield (BOOLS, dtype), {}
    yield (floats(rng, 4, 5), float16), {}
    yield (floats(rng, 4, 5), bfloat16), {}
    yield (INTEGERS, uint8), {}


@composite(method=True, differentiable=False, name="view_as_dtype", torch=False)
def view_as_dtype(input: Node, dtype: DType) -> Node:
    """The same bytes read as another dtype of the same width."""
    return build.bitcast(input, dtype)


@view_as_dtype.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5).astype(np.float32), int32), {}
    yield (np.array([0, 1, 0x3F800000], np.int32), float32), {}
    yield (INTEGERS, float64), {}


@composite(method=False, differentiable=True, torch=True)
def clone(input: Node) -> Node:
    """A copy: a new tensor that shares no memory."""
    return input


clone.samples(of_one())
