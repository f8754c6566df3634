"""Formulas around the logarithm: logaddexp, xlogy, entr, logit, sinc, logcumsumexp."""

from __future__ import annotations

import math

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import (
    like,
    minus,
    one_minus,
    over,
    plus,
    scaled,
    times,
    zeros_of,
)  # fmt: skip
from rushlight.ops.promote import (
    align,
    common_dtype,
    compute_dtype,
    floating,
    grad_to,
    is_number,
    require_tensor,
)
from rushlight.ops.samples import CORNERS, Rng, Samples, floats, of_one, of_two
from rushlight.ops.special.host_function import real_operands
from rushlight.ops.table import Grads, Op, Operand, composite


def _log_sum_of_complex(x: Node, y: Node) -> Node:
    """log(exp(x) + exp(y)): shifted by the one that is larger in its real part."""
    left, right = build.real(x), build.real(y)
    first = binary("le", right, left)
    top, low = build.where(first, x, y), build.where(first, y, x)
    shifted = plus(top, unary("log", plus(like(x, 1), unary("exp", minus(low, top)))))
    # Of two that are equally infinite there is no difference to shift by.
    endless = binary("and", binary("eq", left, right), binary("eq", unary("abs", left),
                                                              like(left, math.inf)))  # fmt: skip
    whole = unary("log", plus(unary("exp", x), unary("exp", y)))
    nothing = binary("lt", left, like(left, 0))
    return build.where(endless, build.where(nothing, low, whole), shifted)


def _log_sum(name: str, exponential: str, doc: str) -> Op:
    base = 1.0 if exponential == "exp" else math.log(2)

    def grown(x: Node) -> Node:
        return unary(exponential, x)

    def body(input: Node, other: Node) -> Node:
        kind = floating(common_dtype(input, other))
        x, y = align(input, other, dtype=compute_dtype(kind))
        if x.dtype.is_complex:
            return _log_sum_of_complex(x, y)
        top = binary("maximum", x, y)
        gap = unary("neg", unary("abs", minus(x, y)))
        more = unary("log1p", grown(gap))
        total = plus(top, more) if base == 1 else build.fma(more, like(more, 1 / base), top)
        # Of two equal infinities the gap is nan.
        alike = binary("and", binary("eq", x, y), binary("eq", unary("abs", x), like(x, math.inf)))
        return build.cast(build.where(alike, x, total), kind)

    def vjp(g: Node, out: Node, input: Node, other: Node) -> Grads:
        x, y = align(input, other, dtype=out.dtype)
        one = like(x, 1)

        def share(mine: Node, others: Node) -> Node:
            return over(g, plus(one, grown(minus(others, mine))))

        return grad_to(share(x, y), input), grad_to(share(y, x), other)

    body.__name__ = name
    body.__doc__ = doc
    made: Op = composite(body, method=True, inplace=True)
    made.vjp(vjp)
    made.samples(of_two(whole=False, bools=False, number=False))
    return made


logaddexp = _log_sum("logaddexp", "exp", "log(exp(input) + exp(other)), without overflow.")
logaddexp2 = _log_sum("logaddexp2", "exp2", "log2(2**input + 2**other), no overflow.")


def _weighted(name: str, offset: float, *, special: bool, doc: str) -> Op:
    """x times the log of y + offset: 0 where x is 0, nan where y is."""

    def log(y: Node) -> Node:
        return unary("log1p", y) if offset else unary("log", y)

    def body(input: Operand, other: Operand) -> Node:
        require_tensor(name, input, other)
        x, y = real_operands(input, other)
        zero = zeros_of(x)
        value = build.where(binary("eq", x, zero), zero, times(x, log(y)))
        return build.where(binary("ne", y, y), y, value)

    def vjp(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
        x, y = real_operands(input, other)
        dx = dy = None
        if not is_number(input):
            flat = binary("and", binary("eq", x, zeros_of(x)), binary("le", y, like(y, -offset)))
            dx = grad_to(build.where(flat, zeros_of(g), times(g, log(y))), input)
        if not is_number(other):
            divisor = plus(y, like(y, offset)) if offset else y
            dy = grad_to(over(times(g, x), divisor), other)
        return dx, dy

    body.__name__ = name
    body.__doc__ = doc
    made: Op = composite(
        body, name=f"_special_{name}" if special else name, torch=not special,
        method=not special, inplace=not special,
    )  # fmt: skip
    made.vjp(vjp)

    def rows(rng: Rng) -> Samples:
        yield (floats(rng, 4, 5), floats(rng, 4, 5, low=0.2)), {}
        yield (floats(rng, 3, 1), floats(rng, 4, low=0.2)), {}
        yield (CORNERS.reshape(-1, 1), CORNERS), {}
        yield (floats(rng, 2, 3), 1.5), {}
        yield (2.5, floats(rng, 2, 3, low=0.2)), {}
        yield (np.array([0, 1, 2]), np.array([3, 1, 2])), {}

    made.samples(rows)
    return made


xlogy = _weighted(
    "xlogy", 0.0, special=False, doc="input * log(other); 0 where input is 0, nan where other is."
)
xlog1py = _weighted(
    "xlog1py", 1.0, special=True, doc="input * log1p(other); 0 where input is 0, nan where other is"
)


@composite(torch=False, name="_special_entr")
def entr(input: Node) -> Node:
    """-x log(x), 0 at 0, -inf below."""
    x = build.cast(input, floating(input.dtype))
    zero = zeros_of(x)
    inside = unary("neg", times(x, unary("log", x)))
    flat = build.where(binary("eq", x, zero), zero, like(x, -math.inf))
    value = build.where(binary("lt", zero, x), inside, flat)
    return build.where(binary("ne", x, x), x, value)


@entr.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    x = build.cast(input, out.dtype)
    slope = minus(unary("neg", unary("log", x)), like(x, 1))
    return (grad_to(times(g, slope), input),)


entr.samples(of_one(0.1, 3))


@composite(method=True, inplace=True)
def logit(input: Node, eps: float | None = None) -> Node:
    """log(x / (1 - x)); ``eps`` first clamps x to [eps, 1 - eps]."""
    x = build.cast(input, floating(input.dtype))
    if eps is not None:
        low, high = like(x, eps), like(x, 1 - eps)
        x = build.where(binary("lt", x, low), low, x)
        x = build.where(binary("lt", high, x), high, x)
    return unary("log", over(x, one_minus(x)))


@logit.vjp
def _(g: Node, out: Node, input: Node, eps: float | None) -> Grads:
    x = build.cast(input, out.dtype)
    slope = over(g, times(x, one_minus(x)))
    low, high = (0.0, 1.0) if eps is None else (eps, 1 - eps)
    inside = binary("and", binary("le", like(x, low), x), binary("le", x, like(x, high)))
    outside = like(x, math.nan if eps is None else 0.0)
    return (grad_to(build.where(inside, slope, outside), input),)


@logit.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5, low=0.1, high=0.9),), {}
    yield (floats(rng, 4, 5, low=-0.4, high=1.4),), {"eps": 0.2}
    yield (floats(rng, low=0.1, high=0.9),), {}
    yield (np.zeros((0, 3)),), {}
    yield (np.array([0, 1]),), {"eps": 0.1}


@composite(method=True, inplace=True)
def sinc(input: Node) -> Node:
    """sin(pi x) / (pi x), 1 at 0."""
    kind = floating(input.dtype)
    x = build.cast(input, compute_dtype(kind))
    angle = scaled(x, math.pi)
    at_zero = binary("eq", x, zeros_of(x))
    found = build.where(at_zero, like(x, 1), over(unary("sin", angle), angle))
    return build.cast(found, kind)


@sinc.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    x = build.cast(input, out.dtype)
    angle = scaled(x, math.pi)
    wave = minus(times(angle, unary("cos", angle)), unary("sin", angle))
    square = scaled(times(x, x), math.pi)
    near = binary("lt", unary("abs", angle), like(x, 0.5))
    slope = build.where(near, _sinc_slope_near_zero(angle), over(wave, square))
    at_zero = binary("eq", square, zeros_of(x))  # also where x is too small to be squared
    return (grad_to(times(g, build.where(at_zero, zeros_of(x), slope)), input),)


def _sinc_slope_near_zero(angle: Node) -> Node:
    """pi times the slope of sin(a) / a as a series, |a| < 1/2: a cos(a) - sin(a) cancels there."""
    square = times(angle, angle)
    total: Node = like(angle, 0)
    for k in range(8, 0, -1):
        term = (-1) ** k * 2 * k * math.pi / math.factorial(2 * k + 1)
        total = plus(times(total, square), like(angle, term))
    return times(angle, total)


sinc.samples(of_one())
