"""Losses of the gap between two tensors: mse, l1, smooth_l1, huber."""

from __future__ import annotations

from rushlight.tensor.functions.loss.reduction import (
    Flag,
    known,
    legacy_reduction,
    warn_of_sizes,
    weighted,
)
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(torch=False, functional=True)
def mse_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """(input - target)**2, averaged, summed or as it is."""
    warn_of_sizes(input, target)
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    op = function("_mse_loss")
    out: Tensor = op(input, target, reduction) if weight is None else weighted(
        op(input, target, "none"), weight, reduction
    )  # fmt: skip
    return out


@public(torch=False, functional=True)
def l1_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """|input - target|, averaged, summed or as it is."""
    warn_of_sizes(input, target)
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    op = function("_l1_loss")
    out: Tensor = op(input, target, reduction) if weight is None else weighted(
        op(input, target, "none"), weight, reduction
    )  # fmt: skip
    return out


@public(torch=False, functional=True)
def smooth_l1_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", beta: float = 1.0,
) -> Tensor:  # fmt: skip
    """0.5 d**2 / beta where d = |input - target| < beta, else d - 0.5 beta."""
    warn_of_sizes(input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    out: Tensor = function("_smooth_l1_loss")(input, target, reduction, float(beta))
    return out


@public(torch=False, functional=True)
def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """0.5 d**2 where d = |input - target| <= delta, else delta * (d - 0.5 delta)."""
    warn_of_sizes(input, target)
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    op = function("_huber_loss")
    out: Tensor = op(input, target, known(reduction), float(delta)) if weight is None else (
        weighted(op(input, target, "none", float(delta)), weight, reduction)
    )  # fmt: skip
    return out
