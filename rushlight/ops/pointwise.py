"""Functions of one number, element by element: one row or one short body each."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import bfloat16, bool_, float16, float32, float64, int32, int64, uint8
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import modulus, refuse_complex
from rushlight.ops.formula import cubed, inverse_root, scaled, times
from rushlight.ops.primitive_rules.pointwise import sign_rule
from rushlight.ops.primitive_rules.table import rule
from rushlight.ops.promote import (
    compute_dtype,
    floating,
    full,
    grad_to,
)  # fmt: skip
from rushlight.ops.samples import (
    BOOLS,
    INTEGERS,
    Rng,
    Samples,
    floats,
    of_one,
    raises,
)  # fmt: skip
from rushlight.ops.table import Grads, Op, Operand, composite


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


@composite(method=True, inplace=True)
def rsqrt(input: Node) -> Node:
    """1 / sqrt(x), element by element. Shape (*) -> (*); integers give the default dtype."""
    return inverse_root(build.cast(input, floating(input.dtype)))


@rsqrt.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    return (grad_to(times(scaled(g, -0.5), cubed(out)), input),)


rsqrt.samples(of_one(0.1, 4))
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
    kind = floating(input.dtype)
    x = build.cast(input, compute_dtype(kind))  # halves would lose it near a pole
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
    return build.cast(build.where(mirrored, binary("sub", reflected, total), total), kind)


_TRIGAMMA_STEPS = 8
_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)
trigamma.samples(of_one(0.5, 4))


@lgamma.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    slope: Node = digamma(build.cast(input, out.dtype))
    return (grad_to(binary("mul", g, slope), input),)


@rule("digamma")
def _(g: Node, out: Node) -> Grads:
    return (binary("mul", g, trigamma(out.src[0])),)


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
    """|x|, real numbers of complex ones too; the slope at 0 is 0."""
    if input.dtype.is_complex:
        return modulus(input)
    return input if input.dtype is bool_ else unary("abs", input)


@abs.vjp
def _(g: Node, out: Node, input: Node) -> tuple[Node]:
    slope: Node = sgn(input)  # the op: its gradient is zeros, where signum would have none
    return (binary("mul", build.cast(g, slope.dtype), slope),)


abs.samples(of_one(bools=False))


@composite(method=True, inplace=True)
def sign(input: Node) -> Node:
    """-1, 0 or 1."""
    refuse_complex(
        "Unlike NumPy, torch.sign is not intended to support complex numbers. Please use "
        "torch.sgn instead.",
        input,
    )
    return signum(input)


@sign.vjp
def _(g: Node, out: Node, input: Node) -> tuple[Node]:
    return (const(0, g.shape, g.dtype),)


sign.samples(of_one())


@composite(method=True, inplace=True, complex_rule=True)
def sgn(input: Node) -> Node:
    """-1, 0 or 1; of complex numbers z / |z|, 0 of 0."""
    return unary("sign", input) if input.dtype.is_complex else signum(input)


@sgn.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    if not input.dtype.is_complex:
        return (const(0, g.shape, g.dtype),)
    return sign_rule(g, unary("sign", input))


sgn.samples(of_one())


def _rounding(primitive: str, doc: str) -> Op:
    def body(input: Node) -> Node:
        refuse_complex(f"{primitive} is not supported for complex inputs", input)
        return unary(primitive, input) if input.dtype.is_floating_point else input

    body.__name__ = primitive
    body.__doc__ = f"{doc}. Integers are returned as they are; the gradient is 0."
    made: Op = composite(body, method=True, inplace=True)
    made.samples(of_one(-4, 4, bools=False))
    return made


floor = _rounding("floor", "The largest whole number not above x")
ceil = _rounding("ceil", "The smallest whole number not below x")
trunc = _rounding("trunc", "x without its fraction")
trunc.aliases += ("fix",)


@composite(method=True, inplace=True)
def round(input: Node, *, decimals: int = 0) -> Node:
    """To the nearest whole number, ties to even; ``decimals`` digits kept, as PyTorch does it."""
    refuse_complex("\"round_vml_cpu\" not implemented for '{}'", input)
    if not input.dtype.is_floating_point:
        return input
    if decimals == 0:
        return unary("round", input)
    scale = const(10.0 ** math.fabs(decimals), input.shape, input.dtype)
    up, down = ("mul", "div") if decimals > 0 else ("div", "mul")
    return binary(down, unary("round", binary(up, input, scale)), scale)


@round.samples
def _(rng: Rng) -> Samples:
    yield from of_one(-4, 4, bools=False)(rng)
    yield (np.array([0.5, 1.5, 2.5, -0.5, -1.5]),), {}
    yield (floats(rng, 3, 4, low=-300, high=300),), {"decimals": 2}
    yield (floats(rng, 3, 4, low=-300, high=300),), {"decimals": -1}


@composite(method=True, inplace=True)
def frac(input: Node) -> Node:
    """x - trunc(x)."""
    return binary("sub", input, unary("trunc", input))


frac.samples(of_one(-4, 4, whole=False))


def _turned(name: str, factor: float, doc: str) -> Op:
    def body(input: Node) -> Node:
        x = build.cast(input, floating(input.dtype))
        return binary("mul", x, const(factor, x.shape, x.dtype))

    body.__name__ = name
    body.__doc__ = f"{doc}; integers give the default dtype."
    made: Op = composite(body, method=True, inplace=True)
    made.samples(of_one(-4, 4))
    return made


deg2rad = _turned("deg2rad", math.pi / 180, "Degrees as radians")
rad2deg = _turned("rad2deg", 180 / math.pi, "Radians as degrees")


@composite()
def fill(input: Node, value: Operand) -> Node:
    """``value``, a number or a 0-d tensor, in the shape and dtype of ``input``."""
    if isinstance(value, Node) and value.ndim:
        raise RuntimeError(
            "fill only supports 0-dimension value tensor but got tensor with "
            f"{value.ndim} dimensions."
        )
    return full(value, input.shape, input.dtype)


@fill.vjp
def _(g: Node, out: Node, input: Node, value: Operand) -> Grads:
    return const(0, input.shape, input.dtype), grad_to(g, value)


@fill.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 2.5), {}
    yield (floats(rng, 3), np.asarray(1.5)), {}
    yield (INTEGERS, 7), {}


fill.bad_inputs(raises(((np.ones(3), np.ones(2)), {}, RuntimeError, "0-dimension value")))


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


@composite(torch=False, name="_contiguous", grad_name="Clone")
def contiguous(input: Node) -> Node:
    """A copy that lies row-major, however ``input`` lies."""
    return input


contiguous.samples(of_one())
