"""The gamma function's kin: polygamma, zeta, mvlgamma, igamma, igammac."""

from __future__ import annotations

import functools
import math

import numpy as np

from rushlight.base.dtype import float64
from rushlight.ir import build
from rushlight.ir.build import unary
from rushlight.ir.graph import Node
from rushlight.ops import pointwise
from rushlight.ops.formula import increased, like, minus, plus, scaled, times
from rushlight.ops.promote import compute_dtype, floating, grad_to, require_tensor
from rushlight.ops.samples import INTEGERS, Rng, Samples, floats
from rushlight.ops.special import gamma_values as values
from rushlight.ops.special.host_function import host_node, real_operands, refused_slope, register
from rushlight.ops.table import Grads, Op, Operand, composite

for _name in ("zeta", "polygamma", "igamma", "igammac"):
    register(_name, getattr(values, _name))


@composite(torch=False, name="_polygamma", grad_name="Polygamma")
def polygamma(input: Node, n: int) -> Node:
    """The n-th derivative of digamma. Raises RuntimeError for a negative n."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    x = build.cast(input, floating(input.dtype))
    if n == 0:
        return unary("digamma", x)
    return host_node("polygamma", x, params=(n, x.dtype is not float64))


@polygamma.vjp
def _(g: Node, out: Node, input: Node, n: int) -> Grads:
    slope: Node = polygamma(build.cast(input, out.dtype), n + 1)
    return (grad_to(times(g, slope), input),)


@polygamma.samples
def _(rng: Rng) -> Samples:
    for n in (0, 1, 2, 5):
        yield (floats(rng, 4, 5, low=0.5, high=9), n), {}
    yield (np.array([1, 2, 5]), 2), {}
    yield (floats(rng, low=1, high=3), 1), {}


@composite(torch=False, name="_special_zeta", grad_name="SpecialZeta")
def zeta(input: Operand, other: Operand) -> Node:
    """Hurwitz's zeta: the sum of (k + other) ** -input over k = 0, 1, 2 ..."""
    require_tensor("special_zeta", input, other)
    return host_node("zeta", *real_operands(input, other))


@zeta.vjp
def _(g: Node, out: Node, input: Operand, other: Operand) -> Grads:
    x, q = real_operands(input, other)
    slope: Node = zeta(plus(x, like(x, 1)), q)
    return (
        refused_slope("zeta", input),
        grad_to(times(g, times(unary("neg", x), slope)), other),
    )


@zeta.samples
def _(rng: Rng) -> Samples:
    # The slope in the first argument is not implemented, in PyTorch as here: it is an integer.
    yield (np.array([2, 3, 4]), floats(rng, 5, 3, low=0.2, high=9)), {}
    yield (2.0, floats(rng, 4, low=0.2, high=9)), {}


@composite(method=True, inplace=True)
def mvlgamma(input: Node, p: int) -> Node:
    """log of the multivariate gamma function of dimension ``p``."""
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    x = build.cast(input, floating(input.dtype))
    wide = compute_dtype(x.dtype)
    sums = build.cast(_summed(pointwise.lgamma, x, p), wide)
    return build.cast(increased(sums, p * (p - 1) / 4 * math.log(math.pi)), x.dtype)


def _summed(function: Op, x: Node, p: int) -> Node:
    """function(x) + .. + function(x - (p - 1) / 2); of halves the sum is rounded once."""
    wide = compute_dtype(x.dtype)
    terms = [build.cast(function(increased(x, -k / 2)), wide) for k in reversed(range(p))]
    return build.cast(functools.reduce(plus, terms), x.dtype)


@mvlgamma.vjp
def _(g: Node, out: Node, input: Node, p: int) -> Grads:
    x = build.cast(input, out.dtype)
    return (grad_to(times(g, _summed(pointwise.digamma, x, p)), input),)


@mvlgamma.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5, low=2.2, high=6), 1), {}
    yield (floats(rng, 4, 5, low=2.2, high=6), 5), {}
    yield (np.abs(INTEGERS) + 3, 3), {}


def _density(g: Node, input: Operand, other: Operand) -> Node:
    """g times the slope in ``other``: x ** (a - 1) exp(-x) / gamma(a)."""
    a, x = real_operands(input, other)
    power = times(minus(a, like(a, 1)), unary("log", x))
    return times(g, unary("exp", minus(minus(power, x), unary("lgamma", a))))


@composite(method=True, inplace=True)
def igamma(input: Node, other: Node) -> Node:
    """The regularised lower incomplete gamma function of a = input at x = other."""
    return host_node("igamma", *real_operands(input, other))


@igamma.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    return refused_slope("igamma: input", input), grad_to(_density(g, input, other), other)


@composite(method=True, inplace=True)
def igammac(input: Node, other: Node) -> Node:
    """The regularised upper incomplete gamma function: 1 - igamma."""
    return host_node("igammac", *real_operands(input, other))


@igammac.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    slope = grad_to(scaled(_density(g, input, other), -1), other)
    return refused_slope("igammac: input", input), slope


def _pairs(rng: Rng) -> Samples:
    yield (np.array([1, 2, 5]), floats(rng, 4, 3, low=0.2, high=9)), {}
    yield (np.array([[3], [1]]), floats(rng, 5, low=0.1, high=3)), {}


igamma.samples(_pairs)
igammac.samples(_pairs)
