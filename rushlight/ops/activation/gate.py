"""Gates: hardsigmoid, hardswish, glu."""

from __future__ import annotations

import numpy as np

from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import one_minus, times, zeros_of
from rushlight.ops.movement.join import span
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
    first, second = _halves(build.cast(input, compute_dtype(input.dtype)), axis)
    return build.cast(times(first, unary("sigmoid", second)), input.dtype)


def _halves(x: Node, axis: int) -> tuple[Node, Node]:
    size = x.shape[axis] // 2
    return span(x, axis, 0, size), span(x, axis, size, 2 * size)


@glu.vjp
def _(g: Node, out: Node, input: Node, dim: int) -> Grads:
    axis, wide = normalize_dim(dim, input.ndim), compute_dtype(input.dtype)
    first, second = _halves(input, axis)
    gate = unary("sigmoid", second)  # of halves rounded, the slope beside it only at its end
    seed, size, open_ = (build.cast(each, wide) for each in (g, first, gate))
    slope = times(times(times(one_minus(open_), open_), size), seed)
    return (build.cat([times(gate, g), build.cast(slope, input.dtype)], axis),)


@glu.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (floats(rng, 4, 3, 2), 0), {}
    yield (np.zeros((0, 4)),), {}


glu.bad_inputs(raises(((np.ones((2, 3)),), {}, RuntimeError, "must be even")))
