"""What the losses share: their mean, their sum or each of them, and the legacy flags."""

from __future__ import annotations

from typing import Any

from rushlight.base.warn import warn
from rushlight.ops.loss.reduction import reduction_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Flag = bool | None


def legacy_reduction(reduction: str, size_average: Flag, reduce: Flag) -> str:
    if size_average is None and reduce is None:
        return reduction
    meant = reduction_of(reduction, size_average, reduce)
    warn(
        f"size_average and reduce args will be deprecated, please use reduction='{meant}' instead.",
    )
    return meant


def known(reduction: str) -> str:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{reduction} is not a valid value for reduction")
    return reduction


def reduced(loss: Any, reduction: str) -> Tensor:
    if reduction == "none":
        kept: Tensor = loss
        return kept
    out: Tensor = function("mean" if known(reduction) == "mean" else "sum")(loss)
    return out


def warn_of_sizes(input: Tensor, target: Tensor) -> None:
    if input.shape != target.shape:
        warn(
            f"Using a target size ({target.shape}) that is different to the input size "
            f"({input.shape}). This will likely lead to incorrect results due to broadcasting. "
            "Please ensure they have the same size.",
        )


def weighted(loss: Any, weight: Any, reduction: str) -> Tensor:
    """Losses times weights; the mean is over the sum of weights."""
    total = loss * weight
    if reduction == "mean":
        out: Tensor = function("sum")(total) / function("sum")(weight)
        return out
    return reduced(total, reduction)


def hinge(x: Any) -> Any:
    """max(x, 0)."""
    return function("clamp_min")(x, 0)
