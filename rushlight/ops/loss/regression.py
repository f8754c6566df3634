"""Losses of the gap between two tensors: mse, l1, smooth_l1, huber."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import float16, float32
from rushlight.ir import build
from rushlight.ir.build import binary, const, unary
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import modulus
from rushlight.ops.formula import scaled
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.loss.reduction import reduced
from rushlight.ops.pointwise import sgn
from rushlight.ops.promote import align, grad_to, require_floating, rounded_once
from rushlight.ops.samples import Rng, Rule, Samples, distinct, floats
from rushlight.ops.table import Grads, composite


def _gaps(*options: dict[str, Any]) -> Rule:
    """Samples of losses of two tensors of one shape."""

    def rule(rng: Rng) -> Samples:
        for reduction in ("mean", "sum", "none"):
            yield (distinct(rng, 4, 5), floats(rng, 4, 5)), {"reduction": reduction}
            for each in options:
                yield (distinct(rng, 4, 5), floats(rng, 4, 5)), {"reduction": reduction, **each}
        yield (floats(rng), floats(rng)), {}
        yield (np.zeros((0, 3)), np.zeros((0, 3))), {}
        yield (np.array([np.nan, np.inf, 1.0]), np.zeros(3)), {"reduction": "none"}

    return rule


def _each(g: Node, count: int, shape: tuple[int, ...], reduction: str) -> Node:
    """The cotangent of every element's loss."""
    if reduction == "mean":
        g = binary("div", g, const(count, (), g.dtype))
    return build.broadcast(g, shape)


@composite(torch=False, functional=True, name="_mse_loss", grad_name="MseLoss")
def mse_loss(input: Node, target: Node, reduction: str = "mean") -> Node:
    """(input - target)**2, averaged, summed or as it is."""
    x, y = align(input, target)
    require_floating("mse_cpu", x)
    gap = binary("sub", x, y)
    return reduced(binary("mul", gap, gap), reduction)


mse_loss.samples(_gaps())


@composite(torch=False, functional=True, name="_l1_loss", grad_name="Abs")
def l1_loss(input: Node, target: Node, reduction: str = "mean") -> Node:
    """|input - target|, averaged, summed or as it is."""
    x, y = align(input, target)
    if x.dtype.is_complex:
        return reduced(modulus(binary("sub", x, y)), reduction)
    if reduction == "mean" and not x.dtype.is_floating_point:
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {legacy_name(x.dtype)}"
        )
    return reduced(unary("abs", binary("sub", x, y)), reduction)


@l1_loss.vjp
def _(g: Node, out: Node, input: Node, target: Node, reduction: str) -> Grads:
    x, y = align(input, target)
    each = build.cast(_each(g, x.size, x.shape, reduction), x.dtype)
    slope = binary("mul", each, sgn(binary("sub", x, y)))
    return grad_to(slope, input), grad_to(unary("neg", slope), target)


l1_loss.samples(_gaps())


@composite(torch=False, functional=True, name="_smooth_l1_loss", grad_name="SmoothL1Loss")
def smooth_l1_loss(input: Node, target: Node, reduction: str = "mean", beta: float = 1.0) -> Node:
    """0.5 d**2 / beta where d = |input - target| < beta, else d - 0.5 beta."""
    x, y = align(input, target)
    require_floating("smooth_l1_cpu", x)
    gap = unary("abs", binary("sub", x, y))
    if beta == 0:
        return reduced(gap, reduction)
    curved = binary("div", binary("mul", scaled(gap, 0.5), gap), const(beta, gap.shape, gap.dtype))
    straight = binary("sub", gap, const(0.5 * beta, gap.shape, gap.dtype))
    near = binary("lt", gap, const(beta, gap.shape, gap.dtype))
    return reduced(build.where(near, curved, straight), reduction)


smooth_l1_loss.samples(_gaps({"beta": 0.5}, {"beta": 0.0}))


@smooth_l1_loss.vjp
@rounded_once
def _(g: Node, out: Node, input: Node, target: Node, reduction: str, beta: float) -> Grads:
    return _bent_slope(g, input, target, reduction, beta, 1 / beta if beta else 0.0)


def _bent_slope(
    g: Node, input: Node, target: Node, reduction: str, bend: float, inside: float
) -> Grads:
    """``inside * gap`` within the bend, straight on from there: finite where the gap is not."""
    x, y = align(input, target)
    gap = binary("sub", x, y)
    far = binary("le", const(bend, x.shape, x.dtype), unary("abs", gap))
    slope = build.where(far, scaled(sgn(gap), bend * inside if bend else 1.0), scaled(gap, inside))
    slope = binary("mul", _each(build.cast(g, x.dtype), x.size, x.shape, reduction), slope)
    return grad_to(slope, input), grad_to(unary("neg", slope), target)


@composite(torch=False, functional=True, name="_huber_loss", grad_name="HuberLoss")
def huber_loss(input: Node, target: Node, reduction: str = "mean", delta: float = 1.0) -> Node:
    """0.5 d**2 where d = |input - target| <= delta, else delta * (d - 0.5 delta)."""
    x, y = align(input, target)
    require_floating("huber_cpu", x)
    kind = x.dtype
    if kind is float16:  # rounded once; bfloat16 at each step, as in PyTorch's kernels
        x, y = build.cast(x, float32), build.cast(y, float32)
    gap = unary("abs", binary("sub", x, y))
    curved = binary("mul", scaled(gap, 0.5), gap)
    straight = scaled(binary("sub", gap, const(0.5 * delta, gap.shape, gap.dtype)), delta)
    near = binary("le", gap, const(delta, gap.shape, gap.dtype))
    found = reduced(build.cast(build.where(near, curved, straight), kind), reduction)
    # Unlike smooth_l1_loss it has the dtype of the input, however wide the target is.
    return build.cast(found, input.dtype) if input.dtype.is_floating_point else found


huber_loss.samples(_gaps({"delta": 0.5}))


@huber_loss.vjp
def _(g: Node, out: Node, input: Node, target: Node, reduction: str, delta: float) -> Grads:
    return _bent_slope(g, input, target, reduction, delta, 1.0)
