"""Boxes: areas, overlaps, suppression. A box is (x1, y1, x2, y2) unless a format says otherwise."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import rushlight as torch
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.ops.box_convert import box_convert

__all__ = [
    "batched_nms",
    "box_area",
    "box_convert",
    "box_iou",
    "clip_boxes_to_image",
    "complete_box_iou",
    "distance_box_iou",
    "generalized_box_iou",
    "masks_to_boxes",
    "nms",
    "remove_small_boxes",
]

STRAIGHT = ("xyxy", "xywh", "cxcywh")
ROTATED = ("cxcywhr", "xywhr", "xyxyxyxy")
# Coordinates on the CPU above which suppressing class by class is faster.
MANY = 4000


def _wide_enough(t: Any) -> Any:
    """A dtype in which products of coordinates do not overflow."""
    if t.is_floating_point():
        return t if t.dtype in (torch.float32, torch.float64) else t.float()
    return t if t.dtype in (torch.int32, torch.int64) else t.int()


def nms(boxes: Tensor, scores: Tensor, iou_threshold: float) -> Tensor:
    """Places of the boxes (N, 4) that no better one overlaps by more than the threshold.

    Best first, int64; of equal scores the first counts as better. Raises RuntimeError for other
    shapes or dtypes.

    >>> import rushlight as torch
    >>> boxes = torch.tensor([[0.0, 0, 10, 10], [1, 1, 11, 11], [20, 20, 30, 30]])
    >>> nms(boxes, torch.tensor([0.5, 0.9, 0.1]), 0.5)
    tensor([1, 2])
    """
    _check_scored(boxes, scores)
    corners = boxes._array()
    order = np.argsort(-scores._array(), kind="stable")
    left, top, right, bottom = corners[order].T
    area = (right - left) * (bottom - top)
    kept = []
    waiting = np.arange(len(order))
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(order[best])
        wide = np.minimum(right[best], right[waiting]) - np.maximum(left[best], left[waiting])
        high = np.minimum(bottom[best], bottom[waiting]) - np.maximum(top[best], top[waiting])
        shared = np.maximum(wide, 0) * np.maximum(high, 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            overlap = shared / (area[best] + area[waiting] - shared)
        # In double, as torchvision: 0.3 of float32 is more than 0.3.
        waiting = waiting[~(overlap > np.float64(iou_threshold))]
    return wrap(np.array(kept, np.int64))


def _check_scored(boxes: Tensor, scores: Tensor) -> None:
    if boxes.ndim != 2:
        raise RuntimeError(f"boxes should be a 2d tensor, got {boxes.ndim}D")
    if boxes.shape[1] != 4:
        raise RuntimeError(f"boxes should have 4 elements in dimension 1, got {boxes.shape[1]}")
    if scores.ndim != 1:
        raise RuntimeError(f"scores should be a 1d tensor, got {scores.ndim}D")
    if boxes.shape[0] != scores.shape[0]:
        raise RuntimeError(
            "boxes and scores should have same number of elements in dimension 0, got "
            f"{boxes.shape[0]} and {scores.shape[0]}"
        )
    if boxes.dtype is not scores.dtype:
        raise RuntimeError("dets should have the same type as scores")
    if not boxes.is_floating_point():
        raise RuntimeError(f"nms: boxes are {boxes.dtype}; make them float32 or float64")


def batched_nms(boxes: Tensor, scores: Tensor, idxs: Tensor, iou_threshold: float) -> Any:
    """``nms`` among the boxes of each class: ``idxs`` (N) says which class a box is of."""
    if boxes.numel() == 0:
        return torch.empty((0,), dtype=torch.int64, device=boxes.device)
    if boxes.numel() <= MANY:
        # Each class moved to where no other reaches.
        far = idxs.to(boxes) * (boxes.max() + torch.tensor(1).to(boxes))
        return nms(boxes + far[:, None], scores, iou_threshold)
    values, classes = scores._array(), idxs._array()
    kept = []
    for each in np.unique(classes):
        members = np.flatnonzero(classes == each)
        inside = wrap(members)
        kept.append(members[nms(boxes[inside], scores[inside], iou_threshold)._array()])
    places = np.sort(np.concatenate(kept))
    return wrap(places[np.argsort(-values[places], kind="stable")])


def remove_small_boxes(boxes: Tensor, min_size: float) -> Any:
    """Places of the boxes (N, 4) with both sides at least ``min_size``."""
    wide, high = boxes[..., 2] - boxes[..., 0], boxes[..., 3] - boxes[..., 1]
    return torch.where((wide >= min_size) & (high >= min_size))[0]


def clip_boxes_to_image(boxes: Tensor, size: tuple[int, int]) -> Any:
    """Boxes (*, 4) cut off at the borders of an image of ``size`` (height, width)."""
    height, width = size
    across = boxes[..., 0::2].clamp(min=0, max=width)
    down = boxes[..., 1::2].clamp(min=0, max=height)
    return torch.stack((across, down), dim=boxes.dim()).reshape(boxes.shape)


def box_area(boxes: Tensor, fmt: str = "xyxy") -> Any:
    """(*, 4) -> (*)."""
    if fmt not in STRAIGHT:
        raise ValueError(f"Unsupported Bounding Box area for given format {fmt}")
    wide = _wide_enough(boxes)
    if fmt == "xyxy":
        return (wide[..., 2] - wide[..., 0]) * (wide[..., 3] - wide[..., 1])
    return wide[..., 2] * wide[..., 3]


def _corners(boxes: Any, fmt: str) -> tuple[Any, Any]:
    """Upper left and lower right, (*, 2) each."""
    first, last = boxes[..., :2], boxes[..., 2:]
    if fmt == "xyxy":
        return first, last
    if fmt == "xywh":
        return first, first + last
    return first - last / 2, first + last / 2


def _shared_and_union(boxes1: Any, boxes2: Any, fmt: str = "xyxy") -> tuple[Any, Any]:
    """Areas that each pair shares, and covers together: (*, N, 4), (*, M, 4) -> (*, N, M)."""
    first, second = box_area(boxes1, fmt), box_area(boxes2, fmt)
    start1, end1 = _corners(boxes1[..., None, :], fmt)
    start2, end2 = _corners(boxes2[..., None, :, :], fmt)
    sides = _wide_enough(torch.min(end1, end2) - torch.max(start1, start2)).clamp(min=0)
    shared = sides[..., 0] * sides[..., 1]
    return shared, first[..., None] + second[..., None, :] - shared


def _hull_sides(boxes1: Any, boxes2: Any) -> Any:
    """Sides of the smallest box around each pair: (*, N, M, 2)."""
    start = torch.min(boxes1[..., None, :2], boxes2[..., None, :, :2])
    end = torch.max(boxes1[..., None, 2:], boxes2[..., None, :, 2:])
    return _wide_enough(end - start).clamp(min=0)


def box_iou(boxes1: Tensor, boxes2: Tensor, fmt: str = "xyxy") -> Any:
    """Shared area over covered area of each pair: (*, N, 4), (*, M, 4) -> (*, N, M).

    >>> import rushlight as torch
    >>> box_iou(torch.tensor([[0.0, 0, 2, 2]]), torch.tensor([[1.0, 0, 3, 2], [4.0, 4, 5, 5]]))
    tensor([[0.3333, 0.0000]])
    """
    if fmt in ROTATED:
        raise NotImplementedError(f"box_iou: rotated boxes ({fmt!r}) are not there")
    if fmt not in STRAIGHT:
        raise ValueError(
            f"Unsupported format '{fmt}'. Supported axis-aligned formats: {STRAIGHT}. Supported "
            f"rotated formats: {ROTATED}."
        )
    shared, union = _shared_and_union(boxes1, boxes2, fmt)
    return shared / union


def generalized_box_iou(boxes1: Tensor, boxes2: Tensor) -> Any:
    """IoU less the empty share of the box around both (Rezatofighi and others, 2019)."""
    shared, union = _shared_and_union(boxes1, boxes2)
    sides = _hull_sides(boxes1, boxes2)
    hull = sides[..., 0] * sides[..., 1]
    return shared / union - (hull - union) / hull


def _distance_and_iou(boxes1: Any, boxes2: Any, eps: float) -> tuple[Any, Any]:
    iou = box_iou(boxes1, boxes2)
    sides = _hull_sides(boxes1, boxes2)
    diagonal = sides[..., 0] ** 2 + sides[..., 1] ** 2 + eps
    middle1 = (boxes1[..., :2] + boxes1[..., 2:]) / 2
    middle2 = (boxes2[..., :2] + boxes2[..., 2:]) / 2
    apart = _wide_enough(middle1[..., None, :] - middle2[..., None, :, :]) ** 2
    return iou - (apart[..., 0] + apart[..., 1]) / diagonal, iou


def distance_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Any:
    """IoU less how far apart the middles are (Zheng and others, 2019): -> (*, N, M)."""
    return _distance_and_iou(_wide_enough(boxes1), _wide_enough(boxes2), eps)[0]


def complete_box_iou(boxes1: Tensor, boxes2: Tensor, eps: float = 1e-7) -> Any:
    """``distance_box_iou`` less how much the shapes differ: -> (*, N, M)."""
    first, second = _wide_enough(boxes1), _wide_enough(boxes2)
    distance, iou = _distance_and_iou(first, second, eps)
    sides1, sides2 = first[..., 2:] - first[..., :2], second[..., 2:] - second[..., :2]
    slope1 = torch.atan(sides1[..., 0] / sides1[..., 1])[..., None]
    slope2 = torch.atan(sides2[..., 0] / sides2[..., 1])[..., None, :]
    v = (4 / math.pi**2) * torch.pow(slope1 - slope2, 2)
    with torch.no_grad():
        share = v / (1 - iou + v + eps)
    return distance - share * v


def masks_to_boxes(masks: Tensor) -> Any:
    """The box around each mask (N, H, W) -> (N, 4) float32; zeros where a mask is empty."""
    if masks.numel() == 0:
        return torch.zeros((0, 4), dtype=torch.float32, device=masks.device)
    inside = masks._array() != 0
    _, height, width = inside.shape
    rows, columns = inside.any(axis=2), inside.any(axis=1)
    boxes = np.stack(
        [
            columns.argmax(axis=1),
            rows.argmax(axis=1),
            width - 1 - columns[:, ::-1].argmax(axis=1),
            height - 1 - rows[:, ::-1].argmax(axis=1),
        ],
        axis=1,
    ).astype(np.float32)
    boxes[~rows.any(axis=1)] = 0
    return wrap(boxes)
