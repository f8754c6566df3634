"""Bessel, modified Bessel and Airy functions: torch.special.i0, bessel_j0, airy_ai and kin."""

from __future__ import annotations

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import like, minus, over, times
from rushlight.ops.promote import grad_to
from rushlight.ops.special import bessel_values as values
from rushlight.ops.special.host_function import special_function
from rushlight.ops.table import Grads

i0 = special_function(
    "i0", values.i0, "The modified Bessel function of the first kind, order 0", torch=True,
    differentiable=True,
)  # fmt: skip
i0e = special_function("i0e", values.i0e, "exp(-|x|) i0(x)", differentiable=True)
i1 = special_function(
    "i1", values.i1, "The modified Bessel function of the first kind, order 1", differentiable=True
)
i1e = special_function("i1e", values.i1e, "exp(-|x|) i1(x)", differentiable=True)

for _name, _values, _doc, _low in (
    ("bessel_j0", values.j0, "The Bessel function of the first kind, order 0", -20.0),
    ("bessel_j1", values.j1, "The Bessel function of the first kind, order 1", -20.0),
    ("bessel_y0", values.y0, "The Bessel function of the second kind, order 0", 0.1),
    ("bessel_y1", values.y1, "The Bessel function of the second kind, order 1", 0.1),
    ("modified_bessel_i0", values.i0, "The modified Bessel function I, order 0", -9.0),
    ("modified_bessel_i1", values.i1, "The modified Bessel function I, order 1", -9.0),
    ("modified_bessel_k0", values.k0, "The modified Bessel function K, order 0", 0.1),
    ("modified_bessel_k1", values.k1, "The modified Bessel function K, order 1", 0.1),
    ("scaled_modified_bessel_k0", values.k0e, "exp(x) K(x), order 0", 0.1),
    ("scaled_modified_bessel_k1", values.k1e, "exp(x) K(x), order 1", 0.1),
    ("spherical_bessel_j0", values.spherical_j0, "sin(x) / x", -9.0),
    ("airy_ai", values.airy_ai, "The Airy function Ai", -9.0),
):
    special_function(_name, _values, _doc, low=_low, high=20)


def _slope(rest: Node, y: Node, x: Node) -> Node:
    """rest - y / x away from 0; 1/2, the limit, near it (and, as in PyTorch, at nan)."""
    least = like(x, float(np.finfo(x.dtype.np).eps))
    away = binary("lt", least, unary("abs", x))
    ratio = over(y, build.where(away, x, like(x, 1)))
    return build.where(away, minus(rest, ratio), like(x, 0.5))


@i0.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    return (grad_to(times(g, i1(build.cast(input, out.dtype))), input),)


@i0e.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    x = build.cast(input, out.dtype)
    return (grad_to(times(g, minus(i1e(x), times(unary("sign", x), out))), input),)


@i1.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    x = build.cast(input, out.dtype)
    return (grad_to(times(g, _slope(i0(x), out, x)), input),)


@i1e.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    x = build.cast(input, out.dtype)
    rest = minus(i0e(x), times(unary("sign", x), out))
    return (grad_to(times(g, _slope(rest, out, x)), input),)
