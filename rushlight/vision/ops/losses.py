"""Losses of detectors: how badly boxes fit, and the focal loss."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.tensor import Tensor


def _reduced(loss: Any, reduction: str, *, empty: bool = False) -> Any:
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        # Of no boxes: 0 with a gradient, no nan.
        return 0.0 * loss.sum() if empty and loss.numel() == 0 else loss.mean()
    raise ValueError(
        f"Invalid Value for arg 'reduction': '{reduction} \n Supported reduction modes: 'none', "
        "'mean', 'sum'"
    )


def _floats(boxes: Any) -> Any:
    return boxes if boxes.dtype in (torch.float32, torch.float64) else boxes.float()


def _overlap(boxes1: Any, boxes2: Any) -> tuple[Any, Any]:
    """Shared and covered area of each pair, (*, 4), (*, 4) -> (*); nothing shared gives 0."""
    start = torch.max(boxes1[..., :2], boxes2[..., :2])
    end = torch.min(boxes1[..., 2:], boxes2[..., 2:])
    meet = (end > start).all(-1)
    sides = end - start
    shared = torch.where(meet, sides[..., 0] * sides[..., 1], 0.0)
    areas = [
        (each[..., 2] - each[..., 0]) * (each[..., 3] - each[..., 1]) for each in (boxes1, boxes2)
    ]
    return shared, areas[0] + areas[1] - shared


def _hull_sides(boxes1: Any, boxes2: Any) -> Any:
    start = torch.min(boxes1[..., :2], boxes2[..., :2])
    return torch.max(boxes1[..., 2:], boxes2[..., 2:]) - start


def generalized_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Any:
    """1 - generalised IoU of each pair (Rezatofighi and others, 2019): (N, 4), (N, 4) -> (N)."""
    first, second = _floats(boxes1), _floats(boxes2)
    shared, union = _overlap(first, second)
    sides = _hull_sides(first, second)
    hull = sides[..., 0] * sides[..., 1]
    loss = 1 - (shared / (union + eps) - (hull - union) / (hull + eps))
    return _reduced(loss, reduction, empty=True)


def _distance_loss(first: Any, second: Any, eps: float = 1e-7) -> tuple[Any, Any]:
    shared, union = _overlap(first, second)
    iou = shared / (union + eps)
    sides = _hull_sides(first, second)
    diagonal = sides[..., 0] ** 2 + sides[..., 1] ** 2 + eps
    apart = ((first[..., :2] + first[..., 2:]) / 2 - (second[..., :2] + second[..., 2:]) / 2) ** 2
    return 1 - iou + (apart[..., 0] + apart[..., 1]) / diagonal, iou


def distance_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Any:
    """1 - IoU + distance of the middles (Zheng and others, 2019): (N, 4), (N, 4) -> (N)."""
    loss, _ = _distance_loss(_floats(boxes1), _floats(boxes2), eps)
    return _reduced(loss, reduction, empty=True)


def complete_box_iou_loss(
    boxes1: Tensor, boxes2: Tensor, reduction: str = "none", eps: float = 1e-7
) -> Any:
    """``distance_box_iou_loss`` and how much the shapes differ: (N, 4), (N, 4) -> (N)."""
    first, second = _floats(boxes1), _floats(boxes2)
    distance, iou = _distance_loss(first, second)
    slopes = [
        torch.atan((each[..., 2] - each[..., 0]) / (each[..., 3] - each[..., 1]))
        for each in (first, second)
    ]
    v = (4 / math.pi**2) * torch.pow(slopes[1] - slopes[0], 2)
    with torch.no_grad():
        share = v / (1 - iou + v + eps)
    return _reduced(distance + share * v, reduction, empty=True)


def sigmoid_focal_loss(
    inputs: Tensor,
    targets: Tensor,
    alpha: float = 0.25,
    gamma: float = 2,
    reduction: str = "none",
) -> Any:
    """Cross entropy of logits and 0/1 targets (*), less for what is easy (Lin and others, 2017).

    ``alpha`` weighs the ones, -1 weighs nothing; ``gamma`` is how fast the easy ones fade.
    """
    if not 0 <= alpha <= 1 and alpha != -1:
        raise ValueError(
            f"Invalid alpha value: {alpha}. alpha must be in the range [0,1] or -1 for ignore."
        )
    p = torch.sigmoid(inputs)
    right = p * targets + (1 - p) * (1 - targets)
    entropy = F.binary_cross_entropy_with_logits(inputs, targets, reduction="none")
    loss = entropy * ((1 - right) ** gamma)
    if alpha >= 0:
        loss = (alpha * targets + (1 - alpha) * (1 - targets)) * loss
    return _reduced(loss, reduction)
