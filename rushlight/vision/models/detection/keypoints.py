"""Points of a detector: heat maps as targets, and points read from heat maps."""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.models.detection.stretch import stretch


def keypoints_to_heatmap(
    keypoints: Tensor, rois: Tensor, heatmap_size: int
) -> tuple[Tensor, Tensor]:
    """Points (N, K, 3) in boxes (N, 4) -> the pixel of a map each is in, and whether it is: (N, K).

    A point on the right or lower border is in the last pixel.
    """
    points, boxes = keypoints.detach()._array(), rois.detach()._array()
    start, end = boxes[:, None, :2], boxes[:, None, 2:]
    scale = heatmap_size / (end - start)
    place = np.floor((points[..., :2] - start) * scale).astype(np.int64)
    place[points[..., :2] == end] = heatmap_size - 1
    inside = ((place >= 0) & (place < heatmap_size)).all(axis=-1)
    valid = (inside & (points[..., 2] > 0)).astype(np.int64)
    linear = place[..., 1] * heatmap_size + place[..., 0]
    return wrap(linear * valid), wrap(valid)


def keypointrcnn_loss(
    keypoint_logits: Tensor,
    proposals: list[Tensor],
    gt_keypoints: list[Tensor],
    keypoint_matched_idxs: list[Tensor],
) -> Any:
    """Cross entropy over the pixels of the map (N, K, S, S) of each visible point; 0 without."""
    count, points, height, width = keypoint_logits.shape
    if height != width:
        raise ValueError(
            "keypoint_logits height and width (last two elements of shape) should be equal. "
            f"Instead got H = {height} and W = {width}"
        )
    wanted, seen = [], []
    for boxes, true, places in zip(proposals, gt_keypoints, keypoint_matched_idxs, strict=True):
        linear, valid = keypoints_to_heatmap(true[places], boxes, height)
        wanted.append(linear._array().ravel())
        seen.append(valid._array().ravel())
    targets = np.concatenate(wanted)
    visible = np.flatnonzero(np.concatenate(seen))
    if targets.size == 0 or visible.size == 0:
        return keypoint_logits.sum() * 0
    rows = keypoint_logits.view(count * points, height * width)
    return F.cross_entropy(rows[wrap(visible)], wrap(targets[visible]))


def heatmaps_to_keypoints(maps: Tensor, rois: Tensor) -> tuple[Any, Tensor]:
    """Maps (N, K, S, S) of boxes (N, 4) -> points (N, K, 3) and their scores (N, K).

    Each map is stretched over its box; the point is the middle of the highest pixel.
    """
    heat, boxes = maps.detach()._array(), rois.detach()._array()
    found = np.ones((*heat.shape[:2], 3), np.float32)
    scores = np.zeros(heat.shape[:2], np.float32)
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 1)
    for i, (wide, high) in enumerate(np.ceil(sides).astype(np.int64)):
        flat = stretch(heat[i], int(high), int(wide), cubic=True).reshape(heat.shape[1], -1)
        best = flat.argmax(axis=1)
        pixel = np.stack((best % wide, best // wide), axis=1).astype(np.float32)
        correction = sides[i] / np.array([wide, high], np.float32)
        found[i, :, :2] = (pixel + np.float32(0.5)) * correction + boxes[i, :2]
        scores[i] = np.take_along_axis(flat, best[:, None], axis=1)[:, 0]
    return wrap(found), wrap(scores)


def keypointrcnn_inference(x: Tensor, boxes: list[Tensor]) -> tuple[list[Any], list[Tensor]]:
    """``heatmaps_to_keypoints`` image by image."""
    parts = torch.split(x, [len(each) for each in boxes], dim=0)
    found = [heatmaps_to_keypoints(*each) for each in zip(parts, boxes, strict=True)]
    return [points for points, _ in found], [scores for _, scores in found]
