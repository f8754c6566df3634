"""Losses of classes: nll_loss, cross_entropy, binary_cross_entropy."""

from __future__ import annotations

from rushlight.base.hot import hot
from rushlight.tensor.functions.loss.reduction import Flag, known, legacy_reduction
from rushlight.tensor.functions.loss.weights import refuse_class_weights, refuse_slope
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(torch=False, functional=True)
def nll_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    ignore_index: int = -100, reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-weight[t] * input[.., t, ..]: input holds log-probabilities, class axis 1."""
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(reduction, size_average, reduce)
    if weight is not None:
        refuse_class_weights(input, weight)
    out: Tensor = function("_nll_loss")(input, target, weight, ignore_index, known(reduction))
    return out


_cross_entropy = function("_cross_entropy")


@public(torch=False, functional=True)
@hot
def cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    ignore_index: int = -100, reduce: Flag = None, reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:  # fmt: skip
    """nll_loss(log_softmax(input)), or -sum(target * log_softmax(input)) for floats."""
    if size_average is not None or reduce is not None:
        reduction = legacy_reduction(reduction, size_average, reduce)
    if reduction != "mean":
        known(reduction)
    if weight is not None and not target.dtype.is_floating_point:
        refuse_class_weights(input, weight)
    out: Tensor = _cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing)
    return out


@public(torch=False, functional=True)
def binary_cross_entropy(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """-(t log p + (1 - t) log(1 - p)), the logarithms cut at -100."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    refuse_slope("binary_cross_entropy", "weight", weight)
    out: Tensor = function("_binary_cross_entropy")(input, target, weight, reduction)
    return out


@public(torch=False, functional=True)
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean", pos_weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """Binary cross-entropy of sigmoid(input), computed without overflow."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    refuse_slope("binary_cross_entropy_with_logits", "weight", weight)
    refuse_slope("binary_cross_entropy_with_logits", "pos_weight", pos_weight)
    out: Tensor = function("_binary_cross_entropy_with_logits")(
        input, target, weight, pos_weight, reduction
    )
    return out
