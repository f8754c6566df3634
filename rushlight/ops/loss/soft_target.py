"""Cross entropy where the target gives every class a chance."""

from __future__ import annotations

from rushlight.base.dtype import promote
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.activation.softmax import log_softmax
from rushlight.ops.formula import scaled
from rushlight.ops.loss.nll import class_axis, class_weights


def _soft_target(target: Node, smoothing: float) -> Node:
    if not smoothing:
        return target
    axis = class_axis(target)
    even = const(smoothing / target.shape[axis], target.shape, target.dtype)
    return binary("add", scaled(target, 1 - smoothing), even)


def _soft_count(input: Node) -> int:
    axis = class_axis(input)
    return input.size // max(input.shape[axis], 1)


def soft_cross_entropy(
    input: Node, target: Node, weight: Node | None, reduction: str, smoothing: float
) -> Node:
    axis = class_axis(input)
    log_probs: Node = log_softmax(input, axis)
    kind = promote(log_probs.dtype, target.dtype)  # the target may be of another precision
    if weight is not None:
        kind = promote(kind, weight.dtype)
    chances = build.cast(_soft_target(target, smoothing), kind)
    terms = binary("mul", build.cast(log_probs, kind), chances)
    if weight is not None:
        terms = binary("mul", terms, class_weights(weight, terms))
    losses = unary("neg", reduce(terms, "sum", (axis,)))
    if reduction == "none":
        return losses
    total = reduce(losses, "sum", tuple(range(losses.ndim)))
    if reduction == "sum":
        return total
    return binary("div", total, const(_soft_count(input), (), total.dtype))


def _spread(g: Node, like: Node, reduction: str) -> Node:
    """The cotangent of each loss, over the class axis."""
    axis = class_axis(like)
    if reduction == "mean":
        g = binary("div", g, const(_soft_count(like), (), g.dtype))
    if reduction == "none":
        return build.expand(reshape(g, (*g.shape[:axis], 1, *g.shape[axis:])), like.shape)
    return build.broadcast(g, like.shape)


def soft_slope(
    g: Node, input: Node, target: Node, weight: Node | None, reduction: str, smoothing: float
) -> Node:
    chances = build.cast(_soft_target(target, smoothing), g.dtype)
    slope = unary("neg", binary("mul", _spread(g, input, reduction), chances))
    return slope if weight is None else binary("mul", slope, class_weights(weight, slope))


def soft_target_slope(
    g: Node, log_probs: Node, weight: Node | None, reduction: str, smoothing: float
) -> Node:
    log_probs = build.cast(log_probs, g.dtype)
    slope = unary("neg", binary("mul", _spread(g, log_probs, reduction), log_probs))
    slope = slope if weight is None else binary("mul", slope, class_weights(weight, slope))
    return scaled(slope, 1 - smoothing) if smoothing else slope


def soft_weight_slope(
    g: Node, log_probs: Node, target: Node, weight: Node, reduction: str, smoothing: float
) -> Node:
    """The gradient of the weight of each class (K): its share of all losses."""
    axis = class_axis(log_probs)
    chances = build.cast(_soft_target(target, smoothing), g.dtype)
    terms = binary("mul", build.cast(log_probs, g.dtype), chances)
    terms = unary("neg", binary("mul", _spread(g, log_probs, reduction), terms))
    others = tuple(each for each in range(terms.ndim) if each != axis)
    return build.cast(reduce(terms, "sum", others), weight.dtype)
