"""Losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import int64, uint8
from rushlight.base.errors import ShapeError
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.activation import log_softmax
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.pointwise import sgn
from rushlight.ops.promote import align, full, grad_to
from rushlight.ops.reduce import widen
from rushlight.ops.samples import BadInputs, Fixed, Rng, Rule, Samples, distinct, floats, raises
from rushlight.ops.table import Scalar, composite

Grads = tuple[Node | None, ...]


def reduction_of(reduction: str, size_average: bool | None, reduce: bool | None) -> str:
    """The reduction that the legacy flags mean where they are given."""
    if size_average is not None or reduce is not None:
        size_average = True if size_average is None else size_average
        reduce = True if reduce is None else reduce
        return "none" if not reduce else "mean" if size_average else "sum"
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss: Node, reduction: str) -> Node:
    """``loss`` as it is, its mean or its sum."""
    if reduction == "none":
        return loss
    total = reduce(loss, "sum", tuple(range(loss.ndim)))
    if reduction == "sum":
        return total
    return binary("div", total, const(loss.size, (), loss.dtype))


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
    gap = binary("sub", x, y)
    return reduced(binary("mul", gap, gap), reduction)


mse_loss.samples(_gaps())


@composite(torch=False, functional=True, name="_l1_loss", grad_name="Abs")
def l1_loss(input: Node, target: Node, reduction: str = "mean") -> Node:
    """|input - target|, averaged, summed or as it is."""
    x, y = align(input, target)
    return reduced(unary("abs", binary("sub", x, y)), reduction)


@l1_loss.vjp
def _(g: Node, out: Node, input: Node, target: Node, reduction: str) -> Grads:
    x, y = align(input, target)
    slope = binary("mul", _each(g, x.size, x.shape, reduction), sgn(binary("sub", x, y)))
    return grad_to(slope, input), grad_to(unary("neg", slope), target)


l1_loss.samples(_gaps())


@composite(torch=False, functional=True, name="_smooth_l1_loss", grad_name="SmoothL1Loss")
def smooth_l1_loss(input: Node, target: Node, reduction: str = "mean", beta: float = 1.0) -> Node:
    """0.5 d**2 / beta where d = |input - target| < beta, else d - 0.5 beta."""
    x, y = align(input, target)
    gap = unary("abs", binary("sub", x, y))
    if beta == 0:
        return reduced(gap, reduction)
    curved = binary("div", binary("mul", _times(gap, 0.5), gap), const(beta, gap.shape, gap.dtype))
    straight = binary("sub", gap, const(0.5 * beta, gap.shape, gap.dtype))
    near = binary("lt", gap, const(beta, gap.shape, gap.dtype))
    return reduced(build.where(near, curved, straight), reduction)


smooth_l1_loss.samples(_gaps({"beta": 0.5}, {"beta": 0.0}))


@smooth_l1_loss.vjp
def _(g: Node, out: Node, input: Node, target: Node, reduction: str, beta: float) -> Grads:
    return _bent_slope(g, input, target, reduction, beta, 1 / beta if beta else 0.0)


def _bent_slope(
    g: Node, input: Node, target: Node, reduction: str, bend: float, inside: float
) -> Grads:
    """``inside * gap`` within the bend, straight on from there: finite where the gap is not."""
    x, y = align(input, target)
    gap = binary("sub", x, y)
    far = binary("le", const(bend, x.shape, x.dtype), unary("abs", gap))
    slope = build.where(far, _times(sgn(gap), bend * inside if bend else 1.0), _times(gap, inside))
    slope = binary("mul", _each(g, x.size, x.shape, reduction), slope)
    return grad_to(slope, input), grad_to(unary("neg", slope), target)


@composite(torch=False, functional=True, name="_huber_loss", grad_name="HuberLoss")
def huber_loss(input: Node, target: Node, reduction: str = "mean", delta: float = 1.0) -> Node:
    """0.5 d**2 where d = |input - target| <= delta, else delta * (d - 0.5 delta)."""
    x, y = align(input, target)
    gap = unary("abs", binary("sub", x, y))
    curved = binary("mul", _times(gap, 0.5), gap)
    straight = _times(binary("sub", gap, const(0.5 * delta, gap.shape, gap.dtype)), delta)
    near = binary("le", gap, const(delta, gap.shape, gap.dtype))
    return reduced(build.where(near, curved, straight), reduction)


huber_loss.samples(_gaps({"delta": 0.5}))


@huber_loss.vjp
def _(g: Node, out: Node, input: Node, target: Node, reduction: str, delta: float) -> Grads:
    return _bent_slope(g, input, target, reduction, delta, 1.0)


def _times(x: Node, value: float) -> Node:
    return binary("mul", x, const(value, x.shape, x.dtype))


# Classification


def _class_axis(input: Node) -> int:
    return 0 if input.ndim == 1 else 1


def _check_classes(who: str, input: Node, target: Node) -> None:
    axis = _class_axis(input)
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
        raise ShapeError(f"Expected target size {list(wanted)}, got {list(target.shape)}")
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


def _picked(log_probs: Node, target: Node, weight: Node | None, ignore_index: int) -> Any:
    """(-log_probs[target], weights): both of target's shape, 0 where the target is ignored."""
    axis = _class_axis(log_probs)
    safe, ignored = _safe_classes(target, log_probs.shape[axis], ignore_index)
    column = (*safe.shape[:axis], 1, *safe.shape[axis:])
    chosen = reshape(build.gather(log_probs, reshape(safe, column), axis), safe.shape)
    zero = const(0, safe.shape, log_probs.dtype)
    one = const(1, safe.shape, log_probs.dtype)
    weights = build.take(weight, safe, 0) if weight is not None else one
    weights = build.where(ignored, zero, weights)
    return build.where(ignored, zero, unary("neg", binary("mul", chosen, weights))), weights


def _nll(
    log_probs: Node, target: Node, weight: Node | None, ignore_index: int, reduction: str
) -> Node:
    losses, weights = _picked(log_probs, target, weight, ignore_index)
    if reduction == "none":
        return losses  # type: ignore[no-any-return]
    axes = tuple(range(losses.ndim))
    total = reduce(losses, "sum", axes)
    if reduction == "sum":
        return total
    return binary("div", total, reduce(weights, "sum", axes))


def _nll_slope(
    g: Node, log_probs: Node, target: Node, weight: Node | None, ignore_index: int, reduction: str
) -> Node:
    """d/d log_probs without a scatter: minus the weight where the class index is the target's."""
    axis = _class_axis(log_probs)
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


def _classes(rng: Rng) -> Samples:
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


def _bad_classes(rng: Rng) -> BadInputs:
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
    _check_classes("nll_loss", input, target)
    return _nll(input, target, weight, ignore_index, reduction)


@nll_loss.vjp
def _(g, out, input, target, weight, ignore_index, reduction):  # type: ignore[no-untyped-def]
    return _nll_slope(g, input, target, weight, ignore_index, reduction), None, None


nll_loss.samples(_classes)
nll_loss.bad_inputs(_bad_classes)


@composite(torch=False, functional=True, name="_cross_entropy", grad_name="NllLoss")
def cross_entropy(
    input: Node, target: Node, weight: Node | None = None, ignore_index: int = -100,
    reduction: str = "mean", label_smoothing: float = 0.0,
) -> Node:  # fmt: skip
    """nll_loss(log_softmax(input)); with a floating target -sum(target * log_softmax(input))."""
    axis = _class_axis(input)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    if target.dtype.is_floating_point and target.shape == input.shape:
        return _soft_cross_entropy(input, target, weight, reduction, label_smoothing)
    _check_classes("cross_entropy", input, target)
    log_probs: Node = log_softmax(input, axis)
    loss = _nll(log_probs, target, weight, ignore_index, reduction)
    if label_smoothing == 0.0:
        return loss
    return _smoothed(log_probs, loss, target, weight, ignore_index, reduction, label_smoothing)


@cross_entropy.vjp
def _(g, out, input, target, weight, ignore_index, reduction, label_smoothing):  # type: ignore[no-untyped-def]
    axis = _class_axis(input)
    log_probs: Node = log_softmax.body(input, axis)
    soft = target.dtype.is_floating_point and target.shape == input.shape
    dtarget = None
    if soft:
        slope = _soft_slope(g, input, target, weight, reduction, label_smoothing)
        dtarget = _soft_target_slope(g, log_probs, weight, reduction, label_smoothing)
    else:
        slope = _nll_slope(g, log_probs, target, weight, ignore_index, reduction)
        if label_smoothing:
            slope = _times(slope, 1 - label_smoothing)
            even = _even_slope(g, log_probs, target, weight, ignore_index, reduction)
            slope = binary("add", slope, _times(even, label_smoothing / input.shape[axis]))
    total = widen(reduce(slope, "sum", (axis,)), input, (axis,))
    dx = binary("sub", slope, binary("mul", unary("exp", log_probs), total))
    return dx, dtarget, None


@cross_entropy.samples
def _(rng: Rng) -> Samples:
    yield from _classes(rng)
    x, t = floats(rng, 4, 3), np.array([0, 2, -100, 1])
    soft = np.abs(floats(rng, 4, 3)) / 2
    weight = Fixed(floats(rng, 3, low=0.5))
    for reduction in ("mean", "sum", "none"):
        yield (x, t), {"label_smoothing": 0.2, "reduction": reduction}
        yield (x, t, weight), {"label_smoothing": 0.2, "reduction": reduction}
        yield (x, soft), {"reduction": reduction}
        yield (x, soft, weight), {"label_smoothing": 0.2, "reduction": reduction}
    yield (floats(rng, 2, 3, 4), rng.integers(0, 3, (2, 4))), {"label_smoothing": 0.1}
    yield (floats(rng, 2, 3, 4), np.abs(floats(rng, 2, 3, 4))), {}
    yield (floats(rng, 3), np.abs(floats(rng, 3))), {}
    yield (np.array([[1e4, -1e4, 0.0], [88.0, 300.0, -300.0]]), np.array([1, 0])), {}


@cross_entropy.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield from _bad_classes(rng)
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


def _class_weights(weight: Node, like: Node) -> Node:
    shape = tuple(like.shape[k] if k == _class_axis(like) else 1 for k in range(like.ndim))
    return build.expand(reshape(weight, shape), like.shape)


def _soft_target(target: Node, smoothing: float) -> Node:
    if not smoothing:
        return target
    axis = _class_axis(target)
    even = const(smoothing / target.shape[axis], target.shape, target.dtype)
    return binary("add", _times(target, 1 - smoothing), even)


def _soft_count(input: Node) -> int:
    axis = _class_axis(input)
    return input.size // max(input.shape[axis], 1)


def _soft_cross_entropy(
    input: Node, target: Node, weight: Node | None, reduction: str, smoothing: float
) -> Node:
    axis = _class_axis(input)
    log_probs: Node = log_softmax(input, axis)
    terms = binary("mul", log_probs, _soft_target(target, smoothing))
    if weight is not None:
        terms = binary("mul", terms, _class_weights(weight, terms))
    losses = unary("neg", reduce(terms, "sum", (axis,)))
    if reduction == "none":
        return losses
    total = reduce(losses, "sum", tuple(range(losses.ndim)))
    if reduction == "sum":
        return total
    return binary("div", total, const(_soft_count(input), (), total.dtype))


def _spread(g: Node, like: Node, reduction: str) -> Node:
    """The cotangent of each loss, over the class axis."""
    axis = _class_axis(like)
    if reduction == "mean":
        g = binary("div", g, const(_soft_count(like), (), g.dtype))
    if reduction == "none":
        return build.expand(reshape(g, (*g.shape[:axis], 1, *g.shape[axis:])), like.shape)
    return build.broadcast(g, like.shape)


def _soft_slope(
    g: Node, input: Node, target: Node, weight: Node | None, reduction: str, smoothing: float
) -> Node:
    slope = unary(
        "neg", binary("mul", _spread(g, input, reduction), _soft_target(target, smoothing))
    )
    return slope if weight is None else binary("mul", slope, _class_weights(weight, slope))


def _soft_target_slope(
    g: Node, log_probs: Node, weight: Node | None, reduction: str, smoothing: float
) -> Node:
    slope = unary("neg", binary("mul", _spread(g, log_probs, reduction), log_probs))
    slope = slope if weight is None else binary("mul", slope, _class_weights(weight, slope))
    return _times(slope, 1 - smoothing) if smoothing else slope


def _smoothed(
    log_probs: Node, loss: Node, target: Node, weight: Node | None, ignore_index: int,
    reduction: str, smoothing: float,
) -> Node:  # fmt: skip
    axis = _class_axis(log_probs)
    terms = log_probs if weight is None else binary(
        "mul", log_probs, _class_weights(weight, log_probs)
    )  # fmt: skip
    even = unary("neg", reduce(terms, "sum", (axis,)))
    ignored = binary("eq", build.cast(target, int64), const(ignore_index, target.shape, int64))
    even = build.where(ignored, const(0, even.shape, even.dtype), even)
    if reduction != "none":
        axes = tuple(range(even.ndim))
        even = reduce(even, "sum", axes)
        if reduction == "mean":
            _, weights = _picked(log_probs, target, weight, ignore_index)
            even = binary("div", even, reduce(weights, "sum", axes))
    share = smoothing / log_probs.shape[axis]
    return binary("add", _times(loss, 1 - smoothing), _times(even, share))


def _even_slope(
    g: Node, log_probs: Node, target: Node, weight: Node | None, ignore_index: int, reduction: str
) -> Node:
    """d/d log_probs of the sum over classes that label smoothing mixes in."""
    axis = _class_axis(log_probs)
    classes = build.cast(target, int64)
    ignored = binary("eq", classes, const(ignore_index, classes.shape, int64))
    if reduction == "mean":
        _, weights = _picked(log_probs, target, weight, ignore_index)
        g = binary("div", g, reduce(weights, "sum", tuple(range(weights.ndim))))
    rows = build.broadcast(g, classes.shape) if reduction != "none" else g
    rows = build.where(ignored, const(0, rows.shape, rows.dtype), unary("neg", rows))
    column = (*rows.shape[:axis], 1, *rows.shape[axis:])
    wide = build.expand(reshape(rows, column), log_probs.shape)
    return wide if weight is None else binary("mul", wide, _class_weights(weight, wide))


# Binary


def _chances(rng: Rng) -> Samples:
    for reduction in ("mean", "sum", "none"):
        p, t = floats(rng, 4, 5, low=0.1, high=0.9), floats(rng, 4, 5, low=0, high=1)
        yield (p, t), {"reduction": reduction}
        yield (p, t, Fixed(floats(rng, 5, low=0.5))), {"reduction": reduction}
    edges = np.array([0.0, 1.0, 0.0, 1.0]), Fixed(np.array([0.0, 1.0, 1.0, 0.0]))
    yield edges, {"reduction": "none"}
    yield (np.zeros((0, 3)), np.zeros((0, 3))), {}


@composite(
    torch=False, functional=True, name="_binary_cross_entropy", grad_name="BinaryCrossEntropy"
)
def binary_cross_entropy(
    input: Node, target: Node, weight: Node | None = None, reduction: str = "mean"
) -> Node:
    """-(t log p + (1 - t) log(1 - p)), the logarithms cut at -100."""
    if input.shape != target.shape:
        raise ValueError(
            f"Using a target size (torch.Size({list(target.shape)})) that is different to the "
            f"input size (torch.Size({list(input.shape)})) is deprecated. Please ensure they "
            "have the same size."
        )
    floor = const(-100, input.shape, input.dtype)
    one = const(1, input.shape, input.dtype)
    hit = binary("maximum", unary("log", input), floor)
    miss = binary("maximum", unary("log1p", unary("neg", input)), floor)
    loss = binary(
        "sub", binary("mul", binary("sub", target, one), miss), binary("mul", target, hit)
    )
    if weight is not None:
        loss = binary("mul", loss, build.broadcast(weight, loss.shape))
    return reduced(loss, reduction)


@binary_cross_entropy.vjp
def _(g, out, input, target, weight, reduction):  # type: ignore[no-untyped-def]
    # (p - t) / (p (1 - p)), the denominator kept off 0 as PyTorch does (1e-12)
    one = const(1, input.shape, input.dtype)
    spread = binary("mul", input, binary("sub", one, input))
    floor = const(1e-12, input.shape, input.dtype)
    slope = binary("div", binary("sub", input, target), binary("maximum", spread, floor))
    if reduction == "mean":
        g = binary("div", g, const(input.size, (), g.dtype))
    slope = binary("mul", slope, build.broadcast(g, input.shape))
    both = binary("sub", unary("log1p", unary("neg", input)), unary("log", input))
    dtarget = binary("mul", both, build.broadcast(g, input.shape))
    if weight is not None:
        wide = build.broadcast(weight, input.shape)
        slope, dtarget = binary("mul", slope, wide), binary("mul", dtarget, wide)
    return slope, dtarget, None


binary_cross_entropy.samples(_chances)
binary_cross_entropy.bad_inputs(
    raises(((np.full((2, 3), 0.5), np.ones(3)), {}, ValueError, "target size"))
)


@composite(
    torch=True, functional=True, name="_binary_cross_entropy_with_logits",
    grad_name="BinaryCrossEntropyWithLogits",
)  # fmt: skip
def binary_cross_entropy_with_logits(
    input: Node, target: Node, weight: Node | None = None, pos_weight: Node | None = None,
    reduction: str = "mean",
) -> Node:  # fmt: skip
    """Binary cross-entropy of sigmoid(input), computed without overflow."""
    if input.shape != target.shape:
        raise ValueError(
            f"Target size (torch.Size({list(target.shape)})) must be the same as input size "
            f"(torch.Size({list(input.shape)}))"
        )
    one = const(1, input.shape, input.dtype)
    # log(1 + e**-x) for every x
    tail = binary(
        "add",
        unary("log1p", unary("exp", unary("neg", unary("abs", input)))),
        binary("maximum", unary("neg", input), const(0, input.shape, input.dtype)),
    )
    if pos_weight is not None:
        extra = binary("sub", build.broadcast(pos_weight, input.shape), one)
        tail = binary("mul", binary("add", one, binary("mul", extra, target)), tail)
    loss = binary("add", binary("mul", binary("sub", one, target), input), tail)
    if weight is not None:
        loss = binary("mul", loss, build.broadcast(weight, loss.shape))
    return reduced(loss, reduction)


@binary_cross_entropy_with_logits.vjp
def _(g, out, input, target, weight, pos_weight, reduction):  # type: ignore[no-untyped-def]
    if reduction == "mean":
        g = binary("div", g, const(input.size, (), g.dtype))
    g = build.broadcast(g, input.shape)
    if weight is not None:
        g = binary("mul", g, build.broadcast(weight, input.shape))
    gate = unary("sigmoid", input)
    one = const(1, input.shape, input.dtype)
    if pos_weight is None:
        slope = binary("sub", gate, target)
        dtarget = unary("neg", binary("mul", g, input))
    else:
        scale = build.broadcast(pos_weight, input.shape)
        both = binary("add", binary("sub", one, target), binary("mul", scale, target))
        slope = binary("sub", binary("mul", both, gate), binary("mul", scale, target))
        tail = unary("log1p", unary("exp", unary("neg", unary("abs", input))))
        tail = binary(
            "add", tail, binary("maximum", unary("neg", input), const(0, input.shape, input.dtype))
        )
        inner = binary("sub", binary("mul", binary("sub", scale, one), tail), input)
        dtarget = binary("mul", g, inner)
    return binary("mul", g, slope), dtarget, None, None


@binary_cross_entropy_with_logits.samples
def _(rng: Rng) -> Samples:
    for reduction in ("mean", "sum", "none"):
        x, t = floats(rng, 4, 5), floats(rng, 4, 5, low=0, high=1)
        yield (x, t), {"reduction": reduction}
        weight, positive = Fixed(floats(rng, 5, low=0.1)), Fixed(floats(rng, 5, low=0.1))
        yield (x, t), {"reduction": reduction, "weight": weight, "pos_weight": positive}
    yield (
        (np.array([0.0, 1e4, -1e4, np.nan]), np.array([1.0, 0.0, 1.0, 1.0])),
        {"reduction": "none"},
    )
    yield (np.zeros((0, 3)), np.zeros((0, 3))), {}


binary_cross_entropy_with_logits.bad_inputs(
    raises(((np.ones((2, 3)), np.ones(3)), {}, ValueError, "must be the same as input size"))
)


@composite(torch=False, functional=True, name="_kl_div", grad_name="KlDiv")
def kl_div(input: Node, target: Node, reduction: str = "mean", log_target: bool = False) -> Node:
    """target * (log target - input), 0 where target is 0; ``log_target``: target is a logarithm."""
    x, y = align(input, target)
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
    x, t = align(input, target)
    if log_input:
        loss = binary("sub", unary("exp", x), binary("mul", t, x))
    else:
        shifted = binary("add", x, full(eps, x.shape, x.dtype))
        loss = binary("sub", x, binary("mul", t, unary("log", shifted)))
    if full_loss:
        log_t = unary("log", t)
        stirling = binary("sub", binary("mul", t, log_t), t)
        stirling = binary("add", stirling, _times(unary("log", _times(t, 2 * math.pi)), 0.5))
        one = const(1, t.shape, t.dtype)
        loss = binary(
            "add", loss, build.where(binary("lt", one, t), stirling, const(0, t.shape, t.dtype))
        )
    return reduced(loss, reduction)


@poisson_nll_loss.samples
def _(rng: Rng) -> Samples:
    x, t = floats(rng, 4, 5, low=0.2), floats(rng, 4, 5, low=0.5, high=5)
    for reduction in ("mean", "sum", "none"):
        yield (x, t), {"reduction": reduction}
        yield (x, t), {"reduction": reduction, "log_input": False, "full_loss": True}
    counts = Fixed(np.array([0.0, 1.0, 2.0, 1e4]))
    yield (np.zeros(4), counts), {"full_loss": True, "reduction": "none"}
