"""torch.nn.functional's losses with PyTorch's full signatures, over the ops of ops/loss/."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from rushlight.ops.loss.reduction import reduction_of
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Flag = bool | None


def _reduction(reduction: str, size_average: Flag, reduce: Flag) -> str:
    if size_average is None and reduce is None:
        return reduction
    meant = reduction_of(reduction, size_average, reduce)
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.",
        stacklevel=3,
    )
    return meant


def _known(reduction: str) -> str:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def _reduced(loss: Any, reduction: str) -> Tensor:
    if reduction == "none":
        kept: Tensor = loss
        return kept
    out: Tensor = function("mean" if _known(reduction) == "mean" else "sum")(loss)
    return out


def _warn_of_sizes(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warnings.warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
            stacklevel=3,
        )


def _weighted(loss: Any, weight: Any, reduction: str) -> Tensor:
    """Losses times weights; the mean is over the sum of weights."""
    total = loss * weight
    if reduction == "mean":
        out: Tensor = function("sum")(total) / function("sum")(weight)
        return out
    return _reduced(total, reduction)


# Regression


@public(torch=False, functional=True)
def mse_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)**2, averaged, summed or as it is."""
    _warn_of_sizes(input, target)
    reduction = _known(_reduction(reduction, size_average, reduce))
    op = function("_mse_loss")
    out: Tensor = op(input, target, reduction) if weight is None else _weighted(
        op(input, target, "none"), weight, reduction
    )  # fmt: skip
    return out


@public(torch=False, functional=True)
def l1_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """|input - target|, averaged, summed or as it is."""
    _warn_of_sizes(input, target)
    reduction = _known(_reduction(reduction, size_average, reduce))
    op = function("_l1_loss")
    out: Tensor = op(input, target, reduction) if weight is None else _weighted(
        op(input, target, "none"), weight, reduction
    )  # fmt: skip
    return out


@public(torch=False, functional=True)
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """0.5 d**2 / beta where d = |input - target| < beta, else d - 0.5 beta."""
    _warn_of_sizes(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    reduction = _known(_reduction(reduction, size_average, reduce))
    out: Tensor = function("_smooth_l1_loss")(input, target, reduction, float(beta))
    return out


@public(torch=False, functional=True)
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """0.5 d**2 where d = |input - target| <= delta, else delta * (d - 0.5 delta)."""
    _warn_of_sizes(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    op = function("_huber_loss")
    out: Tensor = op(input, target, _known(reduction), float(delta)) if weight is None else (
        _weighted(op(input, target, "none", float(delta)), weight, reduction)
    )  # fmt: skip
    return out


@public(functional=True)
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
    size_average: Flag = None, eps: float = 1e-8, reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """exp(x) - t x (log_input), or x - t log(x + eps); ``full`` adds Stirling's term."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    out: Tensor = function("_poisson_nll_loss")(input, target, log_input, full, eps, reduction)
    return out


@public(torch=False, functional=True)
def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """0.5 (log var + (input - target)**2 / var), var at least eps; ``full`` adds log(2 pi) / 2."""
    x: Any = input
    if not isinstance(var, Tensor):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        variance = function("_full")(input.shape, float(var), input.dtype)
    else:
        variance = _variance(input, var)
        if bool(function("any")(function("lt")(var, 0)).item()):
            raise ValueError("var has negative entry/entries")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    # The floor is not part of the gradient.
    detached = function("clamp")(variance.detach(), eps)
    variance = variance + (detached - variance.detach())
    loss = 0.5 * (function("log")(variance) + (x - target) ** 2 / variance)
    if full:
        loss = loss + 0.9189385332046727
    return _reduced(loss, reduction)


def _variance(input: Tensor, var: Tensor) -> Any:
    if var.shape == input.shape:
        return var
    if input.shape[:-1] == var.shape:
        return function("unsqueeze")(var, -1)
    same = input.shape[:-1] == var.shape[:-1] and var.shape[-1:] == (1,)
    if same or _broadcasts(var.shape, input.shape):
        return var
    raise ValueError("var is of incorrect size")


def _broadcasts(shape: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return len(shape) <= len(other) and all(
        a in (1, b) for a, b in zip(reversed(shape), reversed(other), strict=False)
    )


# Classification


@public(torch=False, functional=True)
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    ignore_index: int = -100, reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-weight[t] * input[.., t, ..]: input holds log-probabilities, class axis 1."""
    if size_average is not None or reduce is not None:
        reduction = _reduction(reduction, size_average, reduce)
    out: Tensor = function("_nll_loss")(input, target, weight, ignore_index, _known(reduction))
    return out


@public(torch=False, functional=True)
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    ignore_index: int = -100, reduce: Flag = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """nll_loss(log_softmax(input)), or -sum(target * log_softmax(input)) for floats."""
    if size_average is not None or reduce is not None:
        reduction = _reduction(reduction, size_average, reduce)
    out: Tensor = function("_cross_entropy")(
        input, target, weight, ignore_index, _known(reduction), label_smoothing
    )
    return out


@public(torch=False, functional=True)
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-(t log p + (1 - t) log(1 - p)), the logarithms cut at -100."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    out: Tensor = function("_binary_cross_entropy")(input, target, weight, reduction)
    return out


@public(torch=False, functional=True)
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Binary cross-entropy of sigmoid(input), computed without overflow."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    out: Tensor = function("_binary_cross_entropy_with_logits")(
        input, target, weight, pos_weight, reduction
    )
    return out


@public(torch=False, functional=True)
def kl_div(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """target * (log target - input), 0 where target is 0; "batchmean" divides by the batch size."""
    reduction = _reduction(reduction, size_average, reduce)
    if reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
            "major release.",
            stacklevel=2,
        )
    kind = reduction if reduction == "batchmean" else _known(reduction)
    out: Tensor = function("_kl_div")(input, target, kind, log_target)
    return out


# Margins


def _positive(x: Any) -> Any:
    return function("clamp_min")(x, 0)


@public(functional=True)
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, -target * (input1 - input2) + margin)."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    x1: Any = input1
    return _reduced(_positive(-target * (x1 - input2) + margin), reduction)  # type: ignore[operator]


@public(functional=True)
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """x where target is 1, max(0, margin - x) where it is -1."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    x: Any = input
    where, ne = function("where"), function("ne")
    far = where(ne(target, 1), _positive(margin - x), 0.0)
    near = where(ne(target, -1), x, 0.0)
    return _reduced(far + near, reduction)


@public(torch=False, functional=True)
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """log(1 + exp(-target * input))."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    y: Any = target
    return _reduced(function("log1p")(function("exp")(-y * input)), reduction)


@public(functional=True)
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos where target is 1, max(0, cos - margin) where it is -1."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    dim = 1 if target.ndim else 0
    x1: Any = input1
    x2: Any = input2

    def total(x: Any) -> Any:
        return function("sum")(x, dim)

    tiny = 1e-12
    sizes = (total(x1 * x1) + tiny) * (total(x2 * x2) + tiny)
    cosine = total(x1 * x2) / function("sqrt")(sizes)
    where, eq = function("where"), function("eq")
    near = where(eq(target, 1), 1 - cosine, 0.0)
    far = where(eq(target, -1), _positive(cosine - margin), 0.0)
    return _reduced(near + far, reduction)


@public(functional=True)
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2,
    eps: float = 1e-6, swap: bool = False, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the p-norm."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")

    def distance(a: Tensor, b: Tensor) -> Tensor:
        out: Tensor = function("pairwise_distance")(a, b, p, eps)
        return out

    return _triplet(anchor, positive, negative, distance, margin, swap, reduction)


@public(torch=False, functional=True)
def triplet_margin_with_distance_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """triplet_margin_loss with any distance."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    distance = distance_function or function("pairwise_distance")
    return _triplet(anchor, positive, negative, distance, margin, swap, _known(reduction))


def _triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Callable[..., Any],
    margin: float, swap: bool, reduction: str,
) -> Tensor:  # fmt: skip
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = function("minimum")(far, distance(positive, negative))
    return _reduced(_positive(near - far + margin), reduction)


@public(torch=False, functional=True)
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: Flag = None, reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Sum over classes j != t of max(0, margin - x[t] + x[j])**p, over the number of classes."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    x: Any = function("unsqueeze")(input, 0) if input.ndim == 1 else input
    rows = target.reshape(-1, 1)
    classes = x.shape[1]
    gaps = _positive(margin - function("gather")(x, 1, rows) + x)
    gaps = gaps if p == 1 else gaps * gaps
    if weight is not None:
        gaps = gaps * function("index_select")(weight, 0, target.reshape(-1)).reshape(-1, 1)
    others = function("scatter")(gaps, 1, rows, 0.0)
    losses = function("sum")(others, 1) / classes
    if reduction == "none" and input.ndim == 1:
        return losses.reshape(())  # type: ignore[no-any-return]
    return _reduced(losses, reduction)


@public(torch=False, functional=True)
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The mean over classes of the binary cross-entropy of sigmoid(input)."""
    reduction = _known(_reduction(reduction, size_average, reduce))
    x: Any = input
    y: Any = target
    log_sigmoid = function("logsigmoid")
    loss = -(y * log_sigmoid(x) + (1 - y) * log_sigmoid(-x))
    if weight is not None:
        loss = loss * weight
    return _reduced(function("mean")(loss, -1), reduction)


def _multilabel_margin(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """max(0, 1 - (x[y] - x[j])) over targets y before the first -1 and classes j that are none."""
    x: Any = function("unsqueeze")(input, 0) if input.ndim < 2 else input
    y: Any = target.reshape(*x.shape)
    classes = x.shape[1]
    listed = function("cumsum")(function("lt")(y, 0), 1) == 0
    safe = function("where")(listed, y, 0)
    count = function("scatter_add")(function("mul")(y, 0), 1, safe, listed.long())
    is_target = count > 0
    chosen = function("gather")(x, 1, safe)
    gaps = _positive(1 - (chosen.reshape(-1, classes, 1) - x.reshape(-1, 1, classes)))
    use = listed.reshape(-1, classes, 1) & ~is_target.reshape(-1, 1, classes)
    losses = function("sum")(function("where")(use, gaps, 0.0), (1, 2)) / classes
    if reduction == "none" and input.ndim < 2:
        return losses.reshape(())  # type: ignore[no-any-return]
    return _reduced(losses, reduction)


@public(torch=False, functional=True)
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The hinge loss of every listed class against every class that is not, over the classes."""
    return _multilabel_margin(input, target, _known(_reduction(reduction, size_average, reduce)))
