"""Cross entropy of yes and no, of chances and of logits."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, unary
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.loss.reduction import reduced, require_dtype
from rushlight.ops.promote import common_dtype, require_floating
from rushlight.ops.samples import Fixed, Rng, Samples, floats, raises
from rushlight.ops.table import Grads, composite


def _chances(rng: Rng) -> Samples:
    for reduction in ("mean", "sum", "none"):
        p, t = floats(rng, 4, 5, low=0.1, high=0.9), floats(rng, 4, 5, low=0, high=1)
        yield (p, t), {"reduction": reduction}
        yield (p, t, Fixed(floats(rng, 5, low=0.5))), {"reduction": reduction}
    # Fixed: a step to either side would be no probability.
    edges = Fixed(np.array([0.0, 1.0, 0.0, 1.0])), Fixed(np.array([0.0, 1.0, 1.0, 0.0]))
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
    require_floating("binary_cross_entropy", input)
    require_dtype(target, input.dtype)
    floor = const(-100, input.shape, input.dtype)
    one = const(1, input.shape, input.dtype)
    hit = binary("maximum", unary("log", input), floor)
    miss = binary("maximum", unary("log1p", unary("neg", input)), floor)
    loss = binary(
        "sub", binary("mul", binary("sub", target, one), miss), binary("mul", target, hit)
    )
    if weight is not None:
        loss = binary("mul", loss, build.cast(build.broadcast(weight, loss.shape), loss.dtype))
    loss = reduced(loss, reduction)
    nothing = build.broadcast(_nothing_if(_all_chances(input, target), loss.dtype), loss.shape)
    return binary("add", loss, nothing)


def _all_chances(*given: Node) -> Node:
    """Whether all elements are between 0 and 1."""
    inside: Node | None = None
    for x in given:
        within = binary(
            "and", binary("le", const(0, x.shape, x.dtype), x),
            binary("le", x, const(1, x.shape, x.dtype)),
        )  # fmt: skip
        inside = within if inside is None else binary("and", inside, within)
    assert inside is not None
    return reduce(inside, "all", tuple(range(inside.ndim)))


def _nothing_if(held: Node, dtype: DType) -> Node:
    """-0.0, which added to a number leaves it as it is; an error of the run where ``held`` is not.

    The error is that of an index: the one row of a table is read, or the one behind it.
    """
    row = build.where(held, const(0, (), int64), const(1, (), int64))
    return build.take(const(-0.0, (1,), dtype), row, 0)


@binary_cross_entropy.vjp
def _(g: Node, out: Node, input: Node, target: Node, weight: Node | None, reduction: str) -> Grads:
    # (p - t) / (p (1 - p)), the denominator kept off 0 as PyTorch does (1e-12), step by step as
    # there; by the target -log(p / (1 - p))
    one = const(1, input.shape, input.dtype)
    rest = binary("sub", one, input)
    floor = const(1e-12, input.shape, input.dtype)
    spread = binary("maximum", binary("mul", rest, input), floor)
    seed = build.broadcast(g, input.shape)
    slope = binary("div", binary("mul", seed, binary("sub", input, target)), spread)
    dtarget = binary("mul", unary("neg", unary("log", binary("div", input, rest))), seed)
    if weight is not None:
        wide = build.cast(build.broadcast(weight, input.shape), input.dtype)
        slope, dtarget = binary("mul", slope, wide), binary("mul", dtarget, wide)
    if reduction == "mean":
        count = const(input.size, input.shape, input.dtype)
        slope, dtarget = binary("div", slope, count), binary("div", dtarget, count)
    return slope, dtarget, None


binary_cross_entropy.samples(_chances)
binary_cross_entropy.bad_inputs(
    raises(
        ((np.full((2, 3), 0.5), np.ones(3)), {}, ValueError, "target size"),
        ((np.array([1.5]), np.ones(1)), {}, RuntimeError, "input should be between 0 and 1"),
    )
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
    if not target.dtype.is_floating_point and input.dtype.is_floating_point:
        raise RuntimeError(
            f"result type {legacy_name(input.dtype)} can't be cast to the desired output type "
            f"{legacy_name(target.dtype)}"
        )
    # log(1 + e**-x) for every x
    tail = binary(
        "add",
        unary("log1p", unary("exp", unary("neg", unary("abs", input)))),
        binary("maximum", unary("neg", input), const(0, input.shape, input.dtype)),
    )
    asked = target.dtype
    input, target = _alike(input, target)
    tail = build.cast(tail, input.dtype)
    one = const(1, input.shape, input.dtype)
    if pos_weight is not None:
        extra = binary(
            "sub", build.cast(build.broadcast(pos_weight, input.shape), input.dtype), one
        )
        tail = binary("mul", binary("add", one, binary("mul", extra, target)), tail)
    loss = binary("add", binary("mul", binary("sub", one, target), input), tail)
    if weight is not None:
        loss = binary("mul", loss, build.cast(build.broadcast(weight, loss.shape), loss.dtype))
    # Of two dtypes PyTorch writes the loss in the target's.
    return reduced(build.cast(loss, asked) if input.dtype.is_floating_point else loss, reduction)


def _alike(input: Node, target: Node) -> tuple[Node, Node]:
    """Both in the wider of their dtypes."""
    if input.dtype is target.dtype or not input.dtype.is_floating_point:
        return input, target
    wide = common_dtype(input, target)
    return build.cast(input, wide), build.cast(target, wide)


@binary_cross_entropy_with_logits.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    target: Node,
    weight: Node | None,
    pos_weight: Node | None,
    reduction: str,
) -> Grads:
    kinds = input.dtype, target.dtype
    input, target = _alike(input, target)
    g = build.cast(g, input.dtype)
    if reduction == "mean":
        g = binary("div", g, const(input.size, (), g.dtype))
    g = build.broadcast(g, input.shape)
    if weight is not None:
        g = binary("mul", g, build.cast(build.broadcast(weight, input.shape), input.dtype))
    gate = unary("sigmoid", input)
    one = const(1, input.shape, input.dtype)
    if pos_weight is None:
        slope = binary("sub", gate, target)
        dtarget = unary("neg", binary("mul", g, input))
    else:
        scale = build.cast(build.broadcast(pos_weight, input.shape), input.dtype)
        both = binary("add", binary("sub", one, target), binary("mul", scale, target))
        slope = binary("sub", binary("mul", both, gate), binary("mul", scale, target))
        tail = unary("log1p", unary("exp", unary("neg", unary("abs", input))))
        tail = binary(
            "add", tail, binary("maximum", unary("neg", input), const(0, input.shape, input.dtype))
        )
        inner = binary("sub", binary("mul", binary("sub", scale, one), tail), input)
        dtarget = binary("mul", g, inner)
    dinput = build.cast(binary("mul", g, slope), kinds[0])
    return dinput, build.cast(dtarget, kinds[1]), None, None


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
