"""Gates: hardsigmoid, hardswish, glu."""

from __future__ import annotations

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import zeros_of
from rushlight.ops.pointwise import sigmoid
from rushlight.ops.promote import compute_dtype, require_floating, rounded_once
from rushlight.ops.samples import Rng, Samples, floats, of_one, raises
from rushlight.ops.table import Grads, composite


@composite(torch=False, functional=True)
def hardsigmoid(input: Node, inplace: bool = False) -> Node:
    """clamp(x + 3, 0, 6) / 6."""
    require_floating("hardsigmoid_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    return build.cast(_hard_gate(x), input.dtype)


def _hard_gate(x: Node) -> Node:
    shifted = binary("add", x, const(3, x.shape, x.dtype))
    cut = binary("minimum", binary("maximum", shifted, zeros_of(x)), const(6, x.shape, x.dtype))
    return binary("div", cut, const(6, x.shape, x.dtype))


@hardsigmoid.vjp
@rounded_once
def _(g: Node, out: Node, input: Node, inplace: bool) -> Grads:
    return (binary("mul", g, _hard_slope(input)),)


hardsigmoid.samples(of_one(-4, 4, whole=False))


_SIXTH = float(np.float32(1 / 6))  # of doubles too, as PyTorch's kernel writes it


def _hard_slope(x: Node) -> Node:
    three = const(3, x.shape, x.dtype)
    inside = binary("and", binary("lt", unary("neg", three), x), binary("lt", x, three))
    return build.where(inside, const(_SIXTH, x.shape, x.dtype), zeros_of(x))


@composite(torch=False, functional=True)
def hardswish(input: Node, inplace: bool = False) -> Node:
    """x * hardsigmoid(x)."""
    require_floating("hardswish_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    return build.cast(binary("mul", x, _hard_gate(x)), input.dtype)


@hardswish.vjp
@rounded_once
def _(g: Node, out: Node, input: Node, inplace: bool) -> Grads:
    three = const(3, input.shape, input.dtype)
    slope = binary("add", binary("div", input, three), const(0.5, input.shape, input.dtype))
    inside = build.where(binary("lt", input, three), binary("mul", g, slope), g)
    return (build.where(binary("le", input, unary("neg", three)), zeros_of(g), inside),)


hardswish.samples(of_one(-4, 4, whole=False))


@composite(torch=False, functional=True)
def glu(input: Node, dim: int = -1) -> Node:
    """The first half times the sigmoid of the second, along ``dim``."""
    require_floating("glu_cpu", input)
    axis = normalize_dim(dim, input.ndim)
    size = input.shape[axis]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {size}")
    shape = tuple(size // 2 if k == axis else n for k, n in enumerate(input.shape))
    ones = (1,) * input.ndim
    x = build.cast(input, compute_dtype(input.dtype))
    first = build.slice(x, (0,) * input.ndim, shape, ones)
    start = tuple(size // 2 if k == axis else 0 for k in range(input.ndim))
    second = build.slice(x, start, shape, ones)
    gate: Node = sigmoid(second)
    return build.cast(binary("mul", first, gate), input.dtype)


@glu.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (floats(rng, 4, 3, 2), 0), {}
    yield (np.zeros((0, 4)),), {}


glu.bad_inputs(raises(((np.ones((2, 3)),), {}, RuntimeError, "must be even")))
