"""Losses that pull vectors together and push them apart: ranking, cosine, triplet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.ops.kernels import refuse
from rushlight.tensor.argument_kinds import require_tensors
from rushlight.tensor.functions.loss.reduction import (
    Flag,
    hinge,
    known,
    legacy_reduction,
    reduced,
)
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(torch=False, functional=True)
def margin_ranking_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, -target * (input1 - input2) + margin)."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape} "
        )
    return reduced(ranking_hinge(input1, input2, target, margin), reduction)


def ranking_hinge(input1: Any, input2: Any, target: Any, margin: float) -> Any:
    """``margin_ranking_loss`` of each element; the three broadcast."""
    return hinge(-target * (input1 - input2) + float(margin))


@public(torch=False, functional=True)
def hinge_embedding_loss(
    input: Tensor, target: Tensor, margin: float = 1.0, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """x where target is 1, max(0, margin - x) where it is -1."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    x: Any = input
    where, ne = function("where"), function("ne")
    # In the input's own dtype, whatever the margin's: integers stay integers.
    far = where(ne(target, 1), hinge((margin - x).to(x.dtype)), 0)
    near = where(ne(target, -1), x, 0)
    return reduced(far + near, reduction)


@public(torch=False, functional=True)
def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """log(1 + exp(-target * input))."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    require_tensors((input, target))
    y: Any = target
    product = -y * input
    refuse("soft_margin_loss", product.dtype)
    if product.shape != input.shape:
        raise RuntimeError(
            f"output with shape {list(input.shape)} doesn't match the broadcast shape "
            f"{list(product.shape)}"
        )
    return reduced(function("log1p")(function("exp")(product)), reduction)


@public(torch=False, functional=True)
def cosine_embedding_loss(
    input1: Tensor, input2: Tensor, target: Tensor, margin: float = 0, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """1 - cos where target is 1, max(0, cos - margin) where it is -1."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if input1.ndim != target.ndim + 1 or input2.ndim != target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with sizes {list(input1.shape)} and {list(input2.shape)}."
        )
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
    far = where(eq(target, -1), hinge(cosine - margin), 0.0)
    return reduced(near + far, reduction)


@public(torch=False, functional=True)
def triplet_margin_loss(
    anchor: Tensor, positive: Tensor, negative: Tensor, margin: float = 1.0, p: float = 2,
    eps: float = 1e-6, swap: bool = False, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), d the p-norm."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
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
    return _triplet(anchor, positive, negative, distance, margin, swap, known(reduction))


def _triplet(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Callable[..., Any],
    margin: float, swap: bool, reduction: str,
) -> Tensor:  # fmt: skip
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of "
            f"dimensions, but got: anchor {anchor.ndim}D, positive {positive.ndim}D, and negative "
            f"{negative.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = function("minimum")(far, distance(positive, negative))
    return reduced(hinge(near - far + margin), reduction)
