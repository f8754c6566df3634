"""Masks of a detector: what they are trained on, and how they come back into the image."""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.models.detection.stretch import stretch
from rushlight.vision.ops.roi_align import roi_align


def maskrcnn_inference(x: Tensor, labels: list[Tensor]) -> Any:
    """Logits (N, classes, M, M) -> of each image (L, 1, M, M): the mask of the label."""
    lengths = [len(label) for label in labels]
    chosen = x.sigmoid()[torch.arange(x.shape[0]), torch.cat(labels)]
    return chosen[:, None].split(lengths, dim=0)


def project_masks_on_boxes(gt_masks: Tensor, boxes: Tensor, matched_idxs: Tensor, M: int) -> Any:
    """True masks (T, H, W) inside boxes (L, 4), the one ``matched_idxs`` names: (L, M, M)."""
    rows = torch.cat([matched_idxs.to(boxes)[:, None], boxes], dim=1)
    return roi_align(gt_masks[:, None].to(rows), rows, (M, M), 1.0)[:, 0]


def maskrcnn_loss(
    mask_logits: Tensor,
    proposals: list[Tensor],
    gt_masks: list[Tensor],
    gt_labels: list[Tensor],
    mask_matched_idxs: list[Tensor],
) -> Any:
    """Cross entropy of each pixel of the true class's mask; 0 without a proposal."""
    side = mask_logits.shape[-1]
    per_image = zip(gt_masks, proposals, mask_matched_idxs, strict=True)
    wanted = torch.cat([project_masks_on_boxes(*each, side) for each in per_image])
    pairs = zip(gt_labels, mask_matched_idxs, strict=True)
    labels = torch.cat([label[places] for label, places in pairs])
    if wanted.numel() == 0:
        return mask_logits.sum() * 0
    chosen = mask_logits[torch.arange(labels.shape[0]), labels]
    return F.binary_cross_entropy_with_logits(chosen, wanted)


def _grown(boxes: Array, scale: float) -> Array:
    """Boxes (N, 4) ``scale`` times larger around their middles, cut to whole numbers."""
    half = (boxes[:, 2:] - boxes[:, :2]) * np.float32(0.5) * boxes.dtype.type(scale)
    middle = (boxes[:, 2:] + boxes[:, :2]) * np.float32(0.5)
    return np.concatenate((middle - half, middle + half), axis=1).astype(np.int64)


def _paste(mask: Array, box: Array, into: Array) -> None:
    """The mask (M, M), stretched over the pixels of ``box``, into an image (H, W)."""
    left, top, right, bottom = (int(each) for each in box)
    height, width = into.shape
    whole = stretch(mask, max(bottom - top + 1, 1), max(right - left + 1, 1))
    x0, x1 = max(left, 0), min(right + 1, width)
    y0, y1 = max(top, 0), min(bottom + 1, height)
    if x0 < x1 and y0 < y1:
        into[y0:y1, x0:x1] = whole[y0 - top : y1 - top, x0 - left : x1 - left]


def paste_masks_in_image(
    masks: Tensor, boxes: Tensor, img_shape: tuple[int, int], padding: int = 1
) -> Tensor:
    """Masks (N, 1, M, M) of boxes (N, 4) -> (N, 1, H, W), zeros outside the boxes."""
    small = masks.detach()._array()
    side = small.shape[-1]
    around = ((0, 0), (0, 0), (padding, padding), (padding, padding))
    corners = _grown(boxes.detach()._array(), (side + 2 * padding) / side)
    images = np.zeros((len(small), 1, *img_shape), small.dtype)
    for mask, box, image in zip(np.pad(small, around), corners, images, strict=True):
        _paste(mask[0], box, image[0])
    return wrap(images)
