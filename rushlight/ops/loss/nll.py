"""The negative log likelihood of one class of several: nll_loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import int64, uint8
from rushlight.base.errors import ShapeError
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.samples import BadInputs, Fixed, Rng, Samples, floats
from rushlight.ops.table import Grads, composite


def class_axis(input: Node) -> int:
    return 0 if input.ndim == 1 else 1


def check_classes(who: str, input: Node, target: Node) -> None:
    axis = class_axis(input)
    if input.ndim == 0:
        raise RuntimeError(f"{who}: input tensor should be 1D or more")
    wanted = input.shape[:axis] + input.shape[axis + 1 :]
    if target.shape != wanted:
        if input.ndim > 1 and target.ndim and input.shape[0] != target.shape[0]:
            raise ValueError(
                f"Expected input batch_size ({input.shape[0]}) to match target batch_size "
                f"({target.shape[0]})."
            )
        if input.ndim == 1:
            raise ValueError(
                f"For 1D input, 1D target must have size 1, but got target size: {target.size}"
            )
        if input.ndim == 2:
            raise ShapeError(
                "0D or 1D target tensor expected, multi-target not supported: the target has "
                f"shape {list(target.shape)}, needs {list(wanted)}"
            )
        if input.ndim == 4 and target.ndim != 3:
            raise ShapeError(
                "only batches of spatial targets supported (3D tensors) but got targets of "
                f"dimension: {target.ndim}; the target has shape {list(target.shape)}, needs "
                f"{list(wanted)}"
            )
        raise ShapeError(f"Expected target size {list(wanted)}, got {list(target.shape)}")
    if target.dtype is uint8 and input.ndim > 2:
        raise RuntimeError("expected scalar type Long but found Byte")
    if target.dtype not in (int64, uint8):
        raise RuntimeError(
            f"expected target dtype to be Long or Byte, but got {legacy_name(target.dtype)}"
        )


def _safe_classes(target: Node, count: int, ignore_index: int) -> tuple[Node, Node]:
    """(labels to index with: 0 where ignored, ``count`` where negative; which are ignored)."""
    classes = build.cast(target, int64)
    ignored = binary("eq", classes, const(ignore_index, classes.shape, int64))
    # A negative label counts from no end: it is as wrong as one beyond the classes.
    negative = binary("lt", classes, const(0, classes.shape, int64))
    safe = build.where(negative, const(count, classes.shape, int64), classes)
    return build.where(ignored, const(0, classes.shape, int64), safe), ignored


def require_class_weights(weight: Node, log_probs: Node) -> None:
    """RuntimeError unless ``weight`` holds one number for each class, in the loss's dtype."""
    classes = log_probs.shape[class_axis(log_probs)]
    if weight.shape != (classes,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but "
            f"got weight tensor of shape: {list(weight.shape)}"
        )


def picked(log_probs: Node, target: Node, weight: Node | None, ignore_index: int) -> Any:
    """(-log_probs[target], weights): both of target's shape, 0 where the target is ignored."""
    axis = class_axis(log_probs)
    if weight is not None:
        require_class_weights(weight, log_probs)
        if weight.dtype is not log_probs.dtype:
            raise RuntimeError(
                f"expected scalar type {legacy_name(log_probs.dtype)} but found "
                f"{legacy_name(weight.dtype)}"
            )
    safe, ignored = _safe_classes(target, log_probs.shape[axis], ignore_index)
    column = (*safe.shape[:axis], 1, *safe.shape[axis:])
    chosen = reshape(build.gather(log_probs, reshape(safe, column), axis), safe.shape)
    zero = const(0, safe.shape, log_probs.dtype)
    one = const(1, safe.shape, log_probs.dtype)
    weights = build.take(weight, safe, 0) if weight is not None else one
    weights = build.where(ignored, zero, weights)
    return build.where(ignored, zero, unary("neg", binary("mul", chosen, weights))), weights


def nll_of(
    log_probs: Node, target: Node, weight: Node | None, ignore_index: int, reduction: str
) -> Node:
    losses, weights = picked(log_probs, target, weight, ignore_index)
    if reduction == "none":
        return losses  # type: ignore[no-any-return]
    axes = tuple(range(losses.ndim))
    total = reduce(losses, "sum", axes)
    if reduction == "sum":
        return total
    return binary("div", total, reduce(weights, "sum", axes))


def nll_slope(
    g: Node, log_probs: Node, target: Node, weight: Node | None, ignore_index: int, reduction: str
) -> Node:
    """d/d log_probs without a scatter: minus the weight where the class index is the target's."""
    axis = class_axis(log_probs)
    safe, ignored = _safe_classes(target, log_probs.shape[axis], ignore_index)
    # Read through a table 0, 1, ..: a wrong label is an error even where nobody reads the loss.
    classes = build.take(build.iota((log_probs.shape[axis],), 0), safe, 0)
    zero = const(0, classes.shape, log_probs.dtype)
    if weight is None:
        weights = const(1, classes.shape, log_probs.dtype)
    else:
        weights = build.take(weight, safe, 0)
    weights = build.where(ignored, zero, weights)
    if reduction == "none":
        scale = binary("mul", g, weights)
    elif reduction == "sum":
        scale = binary("mul", build.broadcast(g, weights.shape), weights)
    else:
        total = reduce(weights, "sum", tuple(range(weights.ndim)))
        scale = binary("mul", build.broadcast(binary("div", g, total), weights.shape), weights)
    scale = build.where(ignored, zero, scale)  # where all are ignored, the total is 0
    column = (*classes.shape[:axis], 1, *classes.shape[axis:])
    wide = log_probs.shape
    hit = binary("eq", build.iota(wide, axis), build.expand(reshape(classes, column), wide))
    spread = build.expand(reshape(unary("neg", scale), column), wide)
    return build.where(hit, spread, const(0, wide, log_probs.dtype))


def class_samples(rng: Rng) -> Samples:
    x, t = floats(rng, 4, 3), np.array([0, 2, 1, 2])
    weight = Fixed(floats(rng, 3, low=0.5))
    for reduction in ("mean", "sum", "none"):
        yield (x, t), {"reduction": reduction}
        yield (x, t, weight), {"reduction": reduction, "ignore_index": 2}
        planes = rng.integers(0, 3, (2, 4, 5))
        yield (floats(rng, 2, 3, 4, 5), planes), {"reduction": reduction}
    yield (x, np.array([0, -100, 1, -100])), {}
    yield (x, np.full(4, -100)), {}  # nothing left: 0 / 0
    yield (floats(rng, 3), np.asarray(1)), {}
    yield (np.zeros((0, 3)), np.zeros(0, np.int64)), {}
    yield (np.zeros((0, 3)), np.zeros(0, np.int64)), {"reduction": "sum"}


def bad_classes(rng: Rng) -> BadInputs:
    x = np.ones((4, 3))
    yield (x, np.array([0, 1])), {}, ValueError, "batch_size"
    yield (x, np.zeros((4, 2), np.int64)), {}, RuntimeError, "target"
    yield (x, np.array([0, 1, 3, 0])), {}, IndexError, "out of bounds|out of range"


@composite(torch=False, functional=True, name="_nll_loss", grad_name="NllLoss")
def nll_loss(
    input: Node, target: Node, weight: Node | None = None, ignore_index: int = -100,
    reduction: str = "mean",
) -> Node:  # fmt: skip
    """-weight[t] * input[.., t, ..]: input holds log-probabilities, class axis 1."""
    check_classes("nll_loss", input, target)
    return nll_of(input, target, weight, ignore_index, reduction)


@nll_loss.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    target: Node,
    weight: Node | None,
    ignore_index: int,
    reduction: str,
) -> Grads:
    return nll_slope(g, input, target, weight, ignore_index, reduction), None, None


nll_loss.samples(class_samples)
nll_loss.bad_inputs(bad_classes)


def class_weights(weight: Node, like: Node) -> Node:
    require_class_weights(weight, like)
    shape = tuple(like.shape[k] if k == class_axis(like) else 1 for k in range(like.ndim))
    return build.expand(reshape(build.cast(weight, like.dtype), shape), like.shape)
