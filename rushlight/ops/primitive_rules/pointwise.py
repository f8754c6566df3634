"""Slopes of the pointwise primitives."""

from __future__ import annotations

import math
from collections.abc import Callable

from rushlight.ir import build
from rushlight.ir.build import binary, unary, where
from rushlight.ir.graph import Node
from rushlight.ops.formula import (
    inverse_root,
    like,
    minus,
    one_minus,
    over,
    plus,
    scaled,
    squared,
    times,
)
from rushlight.ops.primitive_rules.table import RULES, Rule, rule
from rushlight.ops.promote import rounded_once
from rushlight.ops.table import Grads

# slope(x, out) of each unary function, by which the cotangent is multiplied
_SLOPES: dict[str, Callable[[Node, Node], Node]] = {
    "abs": lambda x, out: unary("sign", x),
    "exp": lambda x, out: out,
    "exp2": lambda x, out: scaled(out, math.log(2)),
    "expm1": lambda x, out: plus(out, like(x, 1)),
    "rsqrt": lambda x, out: scaled(times(out, squared(out)), -0.5),
    "reciprocal": lambda x, out: unary("neg", squared(out)),
    "sin": lambda x, out: unary("cos", x),
    "cos": lambda x, out: unary("neg", unary("sin", x)),
    "tan": lambda x, out: plus(squared(out), like(x, 1)),
    "asin": lambda x, out: inverse_root(one_minus(squared(x))),
    "acos": lambda x, out: unary("neg", inverse_root(one_minus(squared(x)))),
    "sinh": lambda x, out: unary("cosh", x),
    "cosh": lambda x, out: unary("sinh", x),
    "tanh": lambda x, out: build.fma(unary("neg", out), out, like(out, 1)),
    "asinh": lambda x, out: inverse_root(plus(squared(x), like(x, 1))),
    "acosh": lambda x, out: _acosh_slope(x),
    "sigmoid": lambda x, out: times(out, one_minus(out)),
    "erf": lambda x, out: scaled(unary("exp", unary("neg", squared(x))), 2 / math.sqrt(math.pi)),
    "erfc": lambda x, out: scaled(unary("exp", unary("neg", squared(x))), -2 / math.sqrt(math.pi)),
    "erfinv": lambda x, out: scaled(unary("exp", squared(out)), math.sqrt(math.pi) / 2),
    "ndtr": lambda x, out: scaled(
        unary("exp", unary("neg", scaled(squared(x), 0.5))), 1 / math.sqrt(2 * math.pi)
    ),
    # (1 + tanh u) / 2 is sigmoid(2 u)
    "ndtr_tanh": lambda x, out: times(
        times(out, one_minus(out)),
        scaled(plus(scaled(squared(x), 3 * 0.044715), like(x, 1)), 2 * math.sqrt(2 / math.pi)),
    ),
    "lgamma": lambda x, out: unary("digamma", x),
}


# what the cotangent is divided by
_DIVISORS: dict[str, Callable[[Node, Node], Node]] = {
    "log": lambda x, out: x,
    "log2": lambda x, out: scaled(x, math.log(2)),
    "log10": lambda x, out: scaled(x, math.log(10)),
    "log1p": lambda x, out: plus(x, like(x, 1)),
    "sqrt": lambda x, out: scaled(out, 2),
    "atan": lambda x, out: plus(squared(x), like(x, 1)),
    "atanh": lambda x, out: one_minus(squared(x)),
}
_ONCE = frozenset({"sigmoid", "tanh"})  # PyTorch has kernels for these: halves are rounded once


def _acosh_slope(x: Node) -> Node:
    if x.dtype.is_complex:  # each root on its own branch
        return times(unary("rsqrt", minus(x, like(x, 1))), unary("rsqrt", plus(x, like(x, 1))))
    return inverse_root(minus(squared(x), like(x, 1)))


def _multiplied(op: str) -> Rule:
    slope = _SLOPES[op]
    return lambda g, node: (times(g, slope(node.src[0], node)),)


def _divided(op: str) -> Rule:
    divisor = _DIVISORS[op]
    return lambda g, node: (over(g, divisor(node.src[0], node)),)


def _once(op: str) -> Rule:
    slope = _SLOPES[op]
    whole = rounded_once(lambda g, out, x: (times(g, slope(x, out)),))
    return lambda g, node: whole(g, node, node.src[0])


RULES.update({op: (_once if op in _ONCE else _multiplied)(op) for op in _SLOPES})
RULES.update({op: _divided(op) for op in _DIVISORS})


@rule("neg")
def _neg(g: Node, node: Node) -> Grads:
    return (unary("neg", g),)


@rule("sign")
def sign_rule(g: Node, node: Node) -> Grads:
    """0 for real numbers; of z / |z| what of g points along the circle, over |z|, and 0 at 0."""
    if not node.dtype.is_complex:
        return (like(g, 0),)
    size = build.host("complex_abs", node.src, node.shape, node.dtype.to_real())
    along = build.real(times(g, build.conj(node)))
    across = minus(g, times(node, build.cast(along, g.dtype)))
    flat = binary("eq", size, like(size, 0))
    safe = where(flat, like(size, 1), size)
    return (where(flat, like(g, 0), over(across, build.cast(safe, g.dtype))),)


@rule("floor", "ceil", "trunc", "round")
def _flat(g: Node, node: Node) -> Grads:
    return (like(g, 0),)


@rule("add")
def _add_rule(g: Node, node: Node) -> Grads:
    return g, g


@rule("sub")
def _sub_rule(g: Node, node: Node) -> Grads:
    return g, unary("neg", g)


@rule("mul")
def _mul_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    return times(g, y), times(g, x)


@rule("fma")
def _fma_rule(g: Node, node: Node) -> Grads:
    x, y, _ = node.src
    return times(g, y), times(g, x), g


@rule("div")
def _div_rule(g: Node, node: Node) -> Grads:
    y = node.src[1]
    return over(g, y), unary("neg", times(g, over(node, y)))


@rule("pow")
def _pow_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    zero = like(x, 0)
    base = times(y, binary("pow", x, minus(y, like(y, 1))))
    dx = where(binary("eq", y, zero), zero, times(g, base))
    # d/dy x**y at x = 0 is 0 for y >= 0, as PyTorch has it.
    above = build.real(y)
    flat = binary("and", binary("eq", x, zero), binary("le", like(above, 0), above))
    dy = where(flat, zero, times(g, times(node, unary("log", x))))
    return dx, dy


@rule("atan2")
def _atan2_rule(g: Node, node: Node) -> Grads:
    y, x = node.src
    square = plus(squared(x), squared(y))
    # 0 at the origin, also where the squares vanish.
    flat, zero = binary("eq", square, like(square, 0)), like(g, 0)
    inverse = where(flat, zero, unary("reciprocal", square))
    return times(times(g, x), inverse), times(times(g, unary("neg", y)), inverse)


@rule("remainder", "fmod")
def _remainder_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    whole = unary("floor" if node.op == "remainder" else "trunc", over(x, y))
    return g, unary("neg", times(g, whole))


@rule("maximum", "minimum")
def _extremum_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    less, more = (x, y) if node.op == "maximum" else (y, x)
    half, zero = scaled(g, 0.5), like(g, 0)
    tie = binary("eq", x, y)
    loses_x, loses_y = binary("lt", less, more), binary("lt", more, less)
    return (
        where(tie, half, where(loses_x, zero, g)),
        where(tie, half, where(loses_y, zero, g)),
    )


@rule("copysign")
def _copysign_rule(g: Node, node: Node) -> Grads:
    x = node.src[0]
    zero = like(x, 0)
    ratio = where(binary("eq", x, zero), zero, over(node, x))
    return times(g, ratio), zero


@rule("where")
def _where_rule(g: Node, node: Node) -> Grads:
    condition, zero = node.src[0], like(g, 0)
    return None, where(condition, g, zero), where(condition, zero, g)


@rule("cast")
def _cast_rule(g: Node, node: Node) -> Grads:
    source = node.src[0].dtype
    return (build.cast(g, source) if source.is_floating_point or source.is_complex else None,)


@rule("conj")
def _conj_rule(g: Node, node: Node) -> Grads:
    return (build.conj(g),)


@rule("bitcast")
def _bitcast_rule(g: Node, node: Node) -> Grads:
    # A complex number and its two parts are the same two numbers; other bits have no slope.
    if node.dtype.is_complex == node.src[0].dtype.is_complex:
        return (None,)
    return (build.from_parts(g) if g.dtype.is_floating_point else build.parts(g),)


@rule("argsort", "first_places", "eq", "ne", "lt", "le")
def _none(g: Node, node: Node) -> Grads:
    return (None,) * len(node.src)
