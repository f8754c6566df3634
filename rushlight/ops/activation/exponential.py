"""Exponential below zero: elu, selu, celu."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import zeros_of
from rushlight.ops.promote import compute_dtype, full, require_floating, rounded_once
from rushlight.ops.samples import of_one, with_options
from rushlight.ops.table import Grads, Scalar, composite


@composite(torch=False, functional=True)
def elu(input: Node, alpha: Scalar = 1.0, inplace: bool = False) -> Node:
    """x where positive, else alpha * (e**x - 1)."""
    require_floating("elu_cpu", input)
    x = _widened(input)
    scale = full(alpha, x.shape, x.dtype)
    low = binary("mul", scale, unary("expm1", binary("minimum", x, zeros_of(x))))
    # At 0 itself, too, x: minimum knows no sign of zero.
    return build.cast(build.where(binary("le", zeros_of(x), x), x, low), input.dtype)


def _widened(x: Node) -> Node:
    """Halves are rounded once, after all: so do PyTorch's kernels."""
    return build.cast(x, compute_dtype(x.dtype))


@elu.vjp
@rounded_once
def _(g: Node, out: Node, input: Node, alpha: Scalar, inplace: bool) -> Grads:
    scale = full(alpha, g.shape, g.dtype)
    low = binary("mul", g, binary("mul", scale, unary("exp", _negative_part(input))))
    return (build.where(binary("le", input, zeros_of(g)), low, g),)


def _negative_part(x: Node) -> Node:
    """x below 0, else 0: with slope 0 at 0, where minimum(x, 0) would have a half."""
    return build.where(binary("lt", x, zeros_of(x)), x, zeros_of(x))


elu.samples(with_options({"alpha": 0.5}))


@composite(method=False, functional=True)
def selu(input: Node, inplace: bool = False) -> Node:
    """scale * elu(x, alpha) with the constants of self-normalising networks (Klambauer 2017)."""
    require_floating("elu_cpu", input)
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    inner: Node = elu(_widened(input), alpha)  # the op: it has a derivative of its own
    return build.cast(binary("mul", inner, const(scale, inner.shape, inner.dtype)), input.dtype)


selu.samples(of_one(whole=False))


@composite(method=False, functional=True)
def celu(input: Node, alpha: Scalar = 1.0, inplace: bool = False) -> Node:
    """max(x, 0) + min(alpha * (e**(x / alpha) - 1), 0)."""
    require_floating("elu_cpu", input)
    x = _widened(input)
    scale = full(alpha, x.shape, x.dtype)
    low = binary("minimum", x, zeros_of(x))
    curved = binary("mul", scale, unary("expm1", binary("div", low, scale)))
    return build.cast(build.where(binary("le", zeros_of(x), x), x, curved), input.dtype)


celu.samples(with_options({"alpha": 0.5}))


@celu.vjp
@rounded_once
def _(g: Node, out: Node, input: Node, alpha: Scalar, inplace: bool) -> Grads:
    scale = full(alpha, g.shape, g.dtype)
    low = binary("mul", g, unary("exp", binary("div", _negative_part(input), scale)))
    return (build.where(binary("le", input, zeros_of(g)), low, g),)
