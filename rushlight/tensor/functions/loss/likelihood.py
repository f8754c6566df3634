"""Losses of distributions: poisson_nll_loss, gaussian_nll_loss, kl_div."""

from __future__ import annotations

from typing import Any

from rushlight.base.warn import warn
from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.loss.reduction import Flag, known, legacy_reduction, reduced
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(torch=False, functional=True)
def poisson_nll_loss(
    input: Tensor, target: Tensor, log_input: bool = True, full: bool = False,
    size_average: Flag = None, eps: float = 1e-8, reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """exp(x) - t x (log_input), or x - t log(x + eps); ``full`` adds Stirling's term."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
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
    refuse("gaussian_nll_loss", variance.dtype)
    # The floor is not part of the gradient.
    detached = function("clamp")(variance.detach(), eps)
    variance = variance + (detached - variance.detach())
    loss = 0.5 * (function("log")(variance) + (x - target) ** 2 / variance)
    if full:
        loss = loss + 0.9189385332046727
    return reduced(loss, reduction)


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


@public(torch=False, functional=True)
def kl_div(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean", log_target: bool = False,
) -> Tensor:  # fmt: skip
    """target * (log target - input), 0 where target is 0; "batchmean" divides by the batch size."""
    averaged = reduction == "batchmean"
    reduction = legacy_reduction(reduction, size_average, reduce)
    if averaged and reduction != "batchmean":  # of an older flag too: PyTorch does both
        out = function("_kl_div")(input, target, known(reduction), log_target)
        return out / input.shape[0] if input.ndim else out  # type: ignore[no-any-return]
    if reduction == "mean":
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math "
            "definition.'mean' will be changed to behave the same as 'batchmean' in the next "
            "major release.",
        )
    kind = reduction if reduction == "batchmean" else known(reduction)
    return function("_kl_div")(input, target, kind, log_target)  # type: ignore[no-any-return]
