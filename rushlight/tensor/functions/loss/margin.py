"""Losses of classes that keep a margin: multi_margin, multilabel_margin, multilabel_soft_margin."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import int64
from rushlight.ops.kernels import refuse
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.loss.reduction import (
    Flag,
    known,
    legacy_reduction,
    reduced,
)
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _hinge(x: Any) -> Any:
    """max(x, 0), and 0 of nan: PyTorch's loops skip what is not above 0."""
    return function("where")(x > 0, x, 0.0)


@public(torch=False, functional=True)
def multi_margin_loss(
    input: Tensor, target: Tensor, p: int = 1, margin: float = 1.0, weight: Tensor | None = None,
    size_average: Flag = None, reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """Sum over classes j != t of max(0, margin - x[t] + x[j])**p, over the number of classes."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    if p not in (1, 2):
        raise ValueError("only p == 1 and p == 2 supported")
    if weight is not None and weight.ndim != 1:
        raise ValueError("weight must be one-dimensional")
    if target.dtype is not int64:
        raise RuntimeError(f"expected scalar type Long but found {legacy_name(target.dtype)}")
    x: Any = input.reshape(1, -1) if input.ndim < 2 else input
    if x.ndim != 2 or x.shape[1] == 0:
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    if target.ndim > 1 or target.numel() != x.shape[0]:  # type: ignore[attr-defined]
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input "
            f"samples (batch size). Expected target size [{x.shape[0]}], but got "
            f"{list(target.shape)}. Input has shape {list(input.shape)}."
        )
    if weight is not None and weight.numel() != x.shape[1]:  # type: ignore[attr-defined]
        raise RuntimeError(
            f"inconsistent weight size, expected {x.shape[1]} but got {list(weight.shape)}"
        )
    refuse("multi_margin_loss", input.dtype)
    if weight is not None and weight.dtype is not input.dtype:
        raise RuntimeError(
            f"expected scalar type {legacy_name(input.dtype)} but found {legacy_name(weight.dtype)}"
        )
    rows = target.reshape(-1, 1)
    classes = x.shape[1]
    gaps = _hinge(margin - function("gather")(x, 1, rows) + x)
    gaps = gaps if p == 1 else gaps * gaps
    if weight is not None:
        gaps = gaps * function("index_select")(weight, 0, target.reshape(-1)).reshape(-1, 1)
    others = function("scatter")(gaps, 1, rows, 0.0)
    losses = function("sum")(others, 1) / classes
    if reduction == "none" and input.ndim < 2:
        return losses.reshape(target.shape)  # type: ignore[no-any-return]
    return reduced(losses, reduction)


@public(torch=False, functional=True)
def multilabel_soft_margin_loss(
    input: Tensor, target: Tensor, weight: Tensor | None = None, size_average: Flag = None,
    reduce: Flag = None, reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The mean over classes of the binary cross-entropy of sigmoid(input)."""
    reduction = known(legacy_reduction(reduction, size_average, reduce))
    x: Any = input
    y: Any = target
    log_sigmoid = function("logsigmoid")
    loss = -(y * log_sigmoid(x) + (1 - y) * log_sigmoid(-x))
    if weight is not None:
        loss = loss * weight
    # The last axis of the input, whatever a weight or a target of another shape makes of it.
    axis = input.ndim - 1
    return reduced(function("sum")(loss, axis) / input.size(axis), reduction)


def _multilabel_margin(input: Tensor, target: Tensor, reduction: str) -> Tensor:
    """max(0, 1 - (x[y] - x[j])) over targets y before the first -1 and classes j that are none."""
    x: Any = input if input.ndim == 2 else input.reshape(1, -1)
    y: Any = target.reshape(*x.shape)
    classes = x.shape[1]
    listed = function("cumsum")(function("lt")(y, 0), 1) == 0
    safe = function("where")(listed, y, 0)
    count = function("scatter_add")(function("mul")(y, 0), 1, safe, listed.long())
    is_target = count > 0
    chosen = function("gather")(x, 1, safe)
    gaps = _hinge(1 - (chosen.reshape(-1, classes, 1) - x.reshape(-1, 1, classes)))
    use = listed.reshape(-1, classes, 1) & ~is_target.reshape(-1, 1, classes)
    losses = function("sum")(function("where")(use, gaps, 0.0), (1, 2)) / classes
    if reduction == "none" and input.ndim < 2:
        return losses.reshape(())  # type: ignore[no-any-return]
    return reduced(losses, reduction)


@public(torch=False, functional=True)
def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Flag = None, reduce: Flag = None,
    reduction: str = "mean",
) -> Tensor:  # fmt: skip
    """The hinge loss of every listed class against every class that is not, over the classes."""
    refuse("multilabel_margin_loss", input.dtype)
    if input.ndim > 2 or (input.ndim and input.shape[-1] == 0):
        raise RuntimeError(
            "Expected non-empty vector or matrix with optional 0-dim batch size, but got: "
            f"{list(input.shape)}"
        )
    same = input.shape == target.shape
    if not (same or (input.ndim < 2 and target.ndim < 2 and input.numel() == target.numel())):  # type: ignore[attr-defined]
        raise RuntimeError(
            f"inconsistent target size: {list(target.shape)} for input of size: {list(input.shape)}"
        )
    return _multilabel_margin(
        input, target, known(legacy_reduction(reduction, size_average, reduce))
    )
