"""Cross entropy of logits, with classes or chances as targets, weights and smoothing."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.activation.softmax import log_softmax
from rushlight.ops.formula import scaled
from rushlight.ops.loss.nll import (
    bad_classes,
    check_classes,
    class_axis,
    class_samples,
    class_weights,
    nll_of,
    nll_slope,
    picked,
)
from rushlight.ops.loss.soft_target import (
    soft_cross_entropy,
    soft_slope,
    soft_target_slope,
    soft_weight_slope,
)
from rushlight.ops.promote import compute_dtype
from rushlight.ops.reduce.dims import widen
from rushlight.ops.samples import BadInputs, Fixed, Rng, Samples, floats
from rushlight.ops.table import Grads, composite


@composite(torch=False, functional=True, name="_cross_entropy", grad_name="NllLoss")
def cross_entropy(
    input: Node, target: Node, weight: Node | None = None, ignore_index: int = -100,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> Node:  # fmt: skip
    """nll_loss(log_softmax(input)); with a floating target -sum(target * log_softmax(input))."""
    axis = class_axis(input)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.dtype.is_floating_point and target.shape == input.shape:
        return soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    check_classes("cross_entropy", input, target)
    log_probs: Node = log_softmax(input, axis)
    loss = nll_of(log_probs, target, weight, ignore_index, reduction)
    if label_smoothing == 0.0:
        return loss
    return _smoothed(log_probs, loss, target, weight, ignore_index, reduction, label_smoothing)


@cross_entropy.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    target: Node,
    weight: Node | None,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Grads:
    axis = class_axis(input)
    log_probs: Node = log_softmax.body(input, axis)
    soft = target.dtype.is_floating_point and target.shape == input.shape
    dtarget = dweight = None
    if soft:
        if weight is not None:
            dweight = soft_weight_slope(g, log_probs, target, weight, reduction, label_smoothing)
        slope = soft_slope(g, input, target, weight, reduction, label_smoothing)
        dtarget = soft_target_slope(g, log_probs, weight, reduction, label_smoothing)
        slope = build.cast(slope, input.dtype)
        dtarget = build.cast(dtarget, target.dtype)
    else:
        slope = nll_slope(g, log_probs, target, weight, ignore_index, reduction)
        if label_smoothing:
            slope = scaled(slope, 1 - label_smoothing)
            even = _even_slope(g, log_probs, target, weight, ignore_index, reduction)
            slope = binary("add", slope, scaled(even, label_smoothing / input.shape[axis]))
    wide = compute_dtype(slope.dtype)  # halves are rounded at the end
    slope, log_probs = build.cast(slope, wide), build.cast(log_probs, wide)
    total = widen(reduce(slope, "sum", (axis,)), input, (axis,))
    dx = binary("sub", slope, binary("mul", unary("exp", log_probs), total))
    return build.cast(dx, input.dtype), dtarget, dweight


@cross_entropy.samples
def _(rng: Rng) -> Samples:
    yield from class_samples(rng)
    x, t = floats(rng, 4, 3), np.array([0, 2, -100, 1])
    soft = np.abs(floats(rng, 4, 3)) / 2
    weight = Fixed(floats(rng, 3, low=0.5))
    for reduction in ("mean", "sum", "none"):
        yield (x, t), {"label_smoothing": 0.2, "reduction": reduction}
        yield (x, t, weight), {"label_smoothing": 0.2, "reduction": reduction}
        yield (x, soft), {"reduction": reduction}
        yield (x, soft, weight.values), {"label_smoothing": 0.2, "reduction": reduction}
    yield (floats(rng, 2, 3, 4), rng.integers(0, 3, (2, 4))), {"label_smoothing": 0.1}
    yield (floats(rng, 2, 3, 4), np.abs(floats(rng, 2, 3, 4))), {}
    yield (floats(rng, 3), np.abs(floats(rng, 3))), {}
    yield (np.array([[1e4, -1e4, 0.0], [88.0, 300.0, -300.0]]), np.array([1, 0])), {}


@cross_entropy.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield from bad_classes(rng)
    yield (
        (np.ones((4, 3)), np.zeros(4, np.int64)),
        {"label_smoothing": 1.5},
        RuntimeError,
        "between",
    )
    yield (
        (np.ones((4, 3)), np.ones(4)),
        {},
        RuntimeError,
        "expected target dtype to be Long or Byte",
    )


def _smoothed(
    log_probs: Node, loss: Node, target: Node, weight: Node | None, ignore_index: int,
    reduction: str, smoothing: float,
) -> Node:  # fmt: skip
    axis = class_axis(log_probs)
    terms = log_probs if weight is None else binary(
        "mul", log_probs, class_weights(weight, log_probs)
    )  # fmt: skip
    even = unary("neg", reduce(terms, "sum", (axis,)))
    ignored = binary("eq", build.cast(target, int64), const(ignore_index, target.shape, int64))
    even = build.where(ignored, const(0, even.shape, even.dtype), even)
    if reduction != "none":
        axes = tuple(range(even.ndim))
        even = reduce(even, "sum", axes)
        if reduction == "mean":
            _, weights = picked(log_probs, target, weight, ignore_index)
            even = binary("div", even, reduce(weights, "sum", axes))
    share = smoothing / log_probs.shape[axis]
    return binary("add", scaled(loss, 1 - smoothing), scaled(even, share))


def _even_slope(
    g: Node, log_probs: Node, target: Node, weight: Node | None, ignore_index: int, reduction: str
) -> Node:
    """d/d log_probs of the sum over classes that label smoothing mixes in."""
    axis = class_axis(log_probs)
    classes = build.cast(target, int64)
    ignored = binary("eq", classes, const(ignore_index, classes.shape, int64))
    if reduction == "mean":
        _, weights = picked(log_probs, target, weight, ignore_index)
        g = binary("div", g, reduce(weights, "sum", tuple(range(weights.ndim))))
    rows = build.broadcast(g, classes.shape) if reduction != "none" else g
    rows = build.where(ignored, const(0, rows.shape, rows.dtype), unary("neg", rows))
    column = (*rows.shape[:axis], 1, *rows.shape[axis:])
    wide = build.expand(reshape(rows, column), log_probs.shape)
    return wide if weight is None else binary("mul", wide, class_weights(weight, wide))
