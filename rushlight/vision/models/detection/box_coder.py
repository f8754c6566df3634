"""Boxes as what a head predicts of them: offsets from boxes that are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.ops.losses import (
    complete_box_iou_loss,
    distance_box_iou_loss,
    generalized_box_iou_loss,
)

OVERLAP_LOSSES = {
    "ciou": complete_box_iou_loss,
    "diou": distance_box_iou_loss,
    "giou": generalized_box_iou_loss,
}


def _middle_and_sides(boxes: Tensor) -> tuple[Any, Any]:
    """(N, 4) -> (N, 2), (N, 2)."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes[:, :2] + 0.5 * sides, sides


def encode_boxes(reference_boxes: Tensor, proposals: Tensor, weights: Tensor) -> Any:
    """What moves each proposal (N, 4) onto its reference box (N, 4): -> (N, 4)."""
    middle, sides = _middle_and_sides(proposals)
    wanted_middle, wanted_sides = _middle_and_sides(reference_boxes)
    moves = weights[:2] * (wanted_middle - middle) / sides
    return torch.cat((moves, weights[2:] * torch.log(wanted_sides / sides)), dim=1)


class BoxCoder:
    """Shift of the middle in sides, and log of how many times larger (Girshick and others, 2014).

    ``weights`` multiply (dx, dy, dw, dh); dw and dh above ``bbox_xform_clip`` are cut when decoded.
    """

    def __init__(
        self,
        weights: tuple[float, float, float, float],
        bbox_xform_clip: float = math.log(1000.0 / 16),
    ) -> None:
        self.weights = weights
        self.bbox_xform_clip = bbox_xform_clip

    def encode(self, reference_boxes: list[Tensor], proposals: list[Tensor]) -> Any:
        """Lists with one (L, 4) an image -> a tuple of the same."""
        lengths = [len(boxes) for boxes in reference_boxes]
        codes = self.encode_single(torch.cat(reference_boxes), torch.cat(proposals))
        return codes.split(lengths, 0)

    def encode_single(self, reference_boxes: Tensor, proposals: Tensor) -> Any:
        weights = torch.tensor(self.weights, dtype=reference_boxes.dtype)
        return encode_boxes(reference_boxes, proposals, weights)

    def decode(self, rel_codes: Tensor, boxes: Sequence[Tensor]) -> Any:
        """Codes (sum L, 4 * C) of boxes, one (L, 4) an image -> (sum L, C, 4)."""
        if not isinstance(boxes, (list, tuple)):
            raise AssertionError("This function expects boxes of type list or tuple.")
        if not isinstance(rel_codes, Tensor):
            raise AssertionError("This function expects rel_codes of type torch.Tensor.")
        together = torch.cat(list(boxes), dim=0)
        count = together.shape[0]
        if count > 0:
            rel_codes = rel_codes.reshape(count, -1)
        decoded = self.decode_single(rel_codes, together)
        return decoded.reshape(count, -1, 4) if count > 0 else decoded

    def decode_single(self, rel_codes: Tensor, boxes: Tensor) -> Any:
        """(N, 4 * C), (N, 4) -> (N, 4 * C)."""
        middle, sides = _middle_and_sides(boxes.to(rel_codes.dtype))
        codes = rel_codes.reshape(rel_codes.shape[0], rel_codes.shape[1] // 4, 4)
        codes = codes / torch.tensor(self.weights, dtype=codes.dtype)
        moved = codes[..., :2] * sides[:, None] + middle[:, None]
        grown = torch.exp(torch.clamp(codes[..., 2:], max=self.bbox_xform_clip)) * sides[:, None]
        half = 0.5 * grown
        return torch.cat((moved - half, moved + half), dim=-1).flatten(1)


class BoxLinearCoder:
    """How far each side is from the middle of the known box, in its sides (FCOS)."""

    def __init__(self, normalize_by_size: bool = True) -> None:
        self.normalize_by_size = normalize_by_size

    def _twice_sides(self, boxes: Tensor) -> Any:
        sides = boxes[..., 2:] - boxes[..., :2]
        return torch.cat((sides, sides), dim=-1)

    def encode(self, reference_boxes: Tensor, proposals: Tensor) -> Any:
        """Known boxes (*, 4), wanted boxes (*, 4) -> left, top, right, bottom (*, 4)."""
        middle = 0.5 * (reference_boxes[..., :2] + reference_boxes[..., 2:])
        targets = torch.cat((middle - proposals[..., :2], proposals[..., 2:] - middle), dim=-1)
        return targets / self._twice_sides(reference_boxes) if self.normalize_by_size else targets

    def decode(self, rel_codes: Tensor, boxes: Tensor) -> Any:
        """(*, 4), (*, 4) -> (*, 4)."""
        boxes = boxes.to(dtype=rel_codes.dtype)
        middle = 0.5 * (boxes[..., :2] + boxes[..., 2:])
        far = rel_codes * self._twice_sides(boxes) if self.normalize_by_size else rel_codes
        return torch.cat((middle - far[..., :2], middle + far[..., 2:]), dim=-1)


def _box_loss(
    type: str,
    box_coder: BoxCoder,
    anchors_per_image: Tensor,
    matched_gt_boxes_per_image: Tensor,
    bbox_regression_per_image: Tensor,
    cnf: Mapping[str, float] | None = None,
) -> Any:
    """Sum of the losses of the boxes of one image, all (N, 4): of codes or of overlaps."""
    options = dict(cnf or {})
    if type in ("l1", "smooth_l1"):
        wanted = box_coder.encode_single(matched_gt_boxes_per_image, anchors_per_image)
        if type == "l1":
            return F.l1_loss(bbox_regression_per_image, wanted, reduction="sum")
        beta = options.get("beta", 1.0)
        return F.smooth_l1_loss(bbox_regression_per_image, wanted, reduction="sum", beta=beta)
    if type not in OVERLAP_LOSSES:
        raise AssertionError(f"Unsupported loss: {type}")
    boxes = box_coder.decode_single(bbox_regression_per_image, anchors_per_image)
    eps = options.get("eps", 1e-7)
    loss = OVERLAP_LOSSES[type]
    return loss(boxes, matched_gt_boxes_per_image, reduction="sum", eps=eps)
