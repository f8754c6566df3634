"""Losses of distributions: kl_div, poisson_nll_loss."""

from __future__ import annotations

import math

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, unary
from rushlight.ir.graph import Node
from rushlight.ops.arithmetic.add_multiply import add, mul, sub
from rushlight.ops.comparison import le
from rushlight.ops.loss.reduction import reduced
from rushlight.ops.pointwise import exp, log
from rushlight.ops.promote import align
from rushlight.ops.samples import Fixed, Rng, Samples, floats
from rushlight.ops.table import Scalar, composite


@composite(torch=False, functional=True, name="_kl_div", grad_name="KlDiv")
def kl_div(input: Node, target: Node, reduction: str = "mean", log_target: bool = False) -> Node:
    """target * (log target - input), 0 where target is 0; ``log_target``: target is a logarithm."""
    x, y = align(input, target)
    if not (input.dtype.is_floating_point and target.dtype.is_floating_point):
        raise RuntimeError("kl_div: Integral inputs not supported.")
    if log_target:
        loss = binary("mul", unary("exp", y), binary("sub", y, x))
    else:
        zero = const(0, y.shape, y.dtype)
        entropy = build.where(binary("eq", y, zero), zero, binary("mul", y, unary("log", y)))
        loss = binary("sub", entropy, binary("mul", y, x))
    if reduction == "batchmean":
        total = reduce(loss, "sum", tuple(range(loss.ndim)))
        return binary("div", total, const(loss.shape[0] if loss.ndim else 1, (), total.dtype))
    return reduced(loss, reduction)


@kl_div.samples
def _(rng: Rng) -> Samples:
    x, t = floats(rng, 4, 5), floats(rng, 4, 5, low=0.1, high=1)
    for reduction in ("mean", "sum", "none", "batchmean"):
        yield (x, t), {"reduction": reduction}
        yield (x, floats(rng, 4, 5)), {"reduction": reduction, "log_target": True}
    yield (np.zeros(3), np.array([0.0, 1.0, 0.5])), {"reduction": "none"}
    yield (np.zeros((0, 3)), np.zeros((0, 3))), {"reduction": "sum"}


@composite(torch=False, functional=True, name="_poisson_nll_loss", grad_name="PoissonNllLoss")
def poisson_nll_loss(
    input: Node, target: Node, log_input: bool = True, full_loss: bool = False, eps: Scalar = 1e-8,
    reduction: str = "mean",
) -> Node:  # fmt: skip
    """exp(x) - t x (log_input), or x - t log(x + eps); ``full_loss`` adds Stirling's term."""
    # Each step in the dtype of what it is computed from, as PyTorch has it: Stirling's term of
    # whole numbers is float32, whatever the input is.
    if log_input:
        loss = sub(exp(input), mul(target, input))
    else:
        loss = sub(input, mul(target, log(add(input, eps))))
    if full_loss:
        # In the order in which PyTorch's halves add up the slopes: the last term first.
        half = mul(log(mul(target, 2 * math.pi)), 0.5)
        stirling = add(half, sub(mul(target, log(target)), target))
        counted = build.where(le(target, 1), const(0, target.shape, stirling.dtype), stirling)
        loss = add(loss, build.cast(counted, loss.dtype))
    return reduced(loss, reduction)


@poisson_nll_loss.samples
def _(rng: Rng) -> Samples:
    x, t = floats(rng, 4, 5, low=0.2), floats(rng, 4, 5, low=0.5, high=5)
    for reduction in ("mean", "sum", "none"):
        yield (x, t), {"reduction": reduction}
        yield (x, t), {"reduction": reduction, "log_input": False, "full_loss": True}
    counts = Fixed(np.array([0.0, 1.0, 2.0, 1e4]))
    yield (np.zeros(4), counts), {"full_loss": True, "reduction": "none"}
