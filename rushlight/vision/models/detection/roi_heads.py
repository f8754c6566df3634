"""The second stage: what each proposed region holds, exactly where, its mask and its points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.models.detection.box_coder import BoxCoder
from rushlight.vision.models.detection.keypoints import keypointrcnn_inference, keypointrcnn_loss
from rushlight.vision.models.detection.masks import maskrcnn_inference, maskrcnn_loss
from rushlight.vision.models.detection.matcher import BalancedPositiveNegativeSampler, Matcher
from rushlight.vision.models.detection.transform import Target
from rushlight.vision.ops.boxes import (
    batched_nms,
    box_iou,
    clip_boxes_to_image,
    remove_small_boxes,
)

Sizes = list[tuple[int, int]]


def fastrcnn_loss(
    class_logits: Tensor, box_regression: Tensor, labels: list[Tensor], regression_targets: Any
) -> tuple[Any, Any]:
    """Losses of the class of each region (N, classes) and of the codes of those that hold one."""
    classes = torch.cat(labels)
    wanted = torch.cat(list(regression_targets))
    holding = torch.where(classes > 0)[0]
    codes = box_regression.reshape(class_logits.shape[0], box_regression.shape[-1] // 4, 4)
    chosen = codes[holding, classes[holding]]
    off = F.smooth_l1_loss(chosen, wanted[holding], beta=1 / 9, reduction="sum")
    return F.cross_entropy(class_logits, classes), off / classes.numel()


class RoIHeads(nn.Module):
    """Features and proposals -> boxes, labels, scores of each image; in training losses.

    With the three parts of masks or of keypoints these too.
    """

    def __init__(
        self,
        box_roi_pool: Any,
        box_head: Any,
        box_predictor: Any,
        fg_iou_thresh: float,
        bg_iou_thresh: float,
        batch_size_per_image: int,
        positive_fraction: float,
        bbox_reg_weights: Any,
        score_thresh: float,
        nms_thresh: float,
        detections_per_img: int,
        mask_roi_pool: Any = None,
        mask_head: Any = None,
        mask_predictor: Any = None,
        keypoint_roi_pool: Any = None,
        keypoint_head: Any = None,
        keypoint_predictor: Any = None,
    ) -> None:
        super().__init__()
        self.box_similarity = box_iou
        self.proposal_matcher = Matcher(
            fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=False
        )
        self.fg_bg_sampler = BalancedPositiveNegativeSampler(
            batch_size_per_image, positive_fraction
        )
        self.box_coder = BoxCoder(
            (10.0, 10.0, 5.0, 5.0) if bbox_reg_weights is None else bbox_reg_weights
        )
        self.box_roi_pool = box_roi_pool
        self.box_head = box_head
        self.box_predictor = box_predictor
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.mask_roi_pool = mask_roi_pool
        self.mask_head = mask_head
        self.mask_predictor = mask_predictor
        self.keypoint_roi_pool = keypoint_roi_pool
        self.keypoint_head = keypoint_head
        self.keypoint_predictor = keypoint_predictor

    def has_mask(self) -> bool:
        return None not in (self.mask_roi_pool, self.mask_head, self.mask_predictor)

    def has_keypoint(self) -> bool:
        parts = (self.keypoint_roi_pool, self.keypoint_head, self.keypoint_predictor)
        return None not in parts

    def check_targets(self, targets: list[Target] | None) -> None:
        if targets is None:
            raise ValueError("targets should not be None")
        needed = ["boxes", "labels", *(["masks"] if self.has_mask() else [])]
        for key in needed:
            if not all(key in target for target in targets):
                raise ValueError(f"Every element of targets should have a {key} key")

    def _check_dtypes(self, targets: list[Target]) -> None:
        for target in targets:
            kind = target["boxes"].dtype
            if kind not in (torch.float32, torch.float64, torch.float16):
                raise TypeError(f"target boxes must of float type, instead got {kind}")
            if target["labels"].dtype is not torch.int64:
                kind = target["labels"].dtype
                raise TypeError(f"target labels must of int64 type, instead got {kind}")
            if self.has_keypoint() and target["keypoints"].dtype is not torch.float32:
                kind = target["keypoints"].dtype
                raise TypeError(f"target keypoints must of float type, instead got {kind}")

    def assign_targets_to_proposals(
        self, proposals: list[Tensor], gt_boxes: list[Tensor], gt_labels: list[Tensor]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """The place of each region's true box, and its label: 0 nothing, -1 unclear."""
        places, labels = [], []
        for boxes, true, true_labels in zip(proposals, gt_boxes, gt_labels, strict=True):
            if true.numel() == 0:
                places.append(torch.zeros(boxes.shape[0], dtype=torch.int64))
                labels.append(torch.zeros(boxes.shape[0], dtype=torch.int64))
                continue
            matches = self.proposal_matcher(box_iou(true, boxes))._array()
            clamped = matches.clip(0)
            values = true_labels._array()[clamped].astype("int64")
            values[matches == Matcher.BELOW_LOW_THRESHOLD] = 0
            values[matches == Matcher.BETWEEN_THRESHOLDS] = -1
            places.append(wrap(clamped))
            labels.append(wrap(values))
        return places, labels

    def select_training_samples(
        self, proposals: list[Tensor], targets: list[Target] | None
    ) -> tuple[list[Any], list[Any], list[Any], Any]:
        """Drawn regions, the places of their true boxes, their labels, the codes wanted."""
        self.check_targets(targets)
        assert targets is not None
        dtype = proposals[0].dtype
        true = [target["boxes"].to(dtype) for target in targets]
        # The true boxes are looked at too: early on nothing else overlaps them.
        regions = [torch.cat(pair) for pair in zip(proposals, true, strict=True)]
        known = [target["labels"] for target in targets]
        places, labels = self.assign_targets_to_proposals(regions, true, known)
        wanted = []
        masks = zip(*self.fg_bg_sampler(labels), strict=True)
        for i, (positive, negative) in enumerate(masks):
            drawn = torch.where(positive | negative)[0]
            regions[i], labels[i] = regions[i][drawn], labels[i][drawn]
            places[i] = places[i][drawn]
            boxes = true[i] if true[i].numel() else torch.zeros((1, 4), dtype=dtype)
            wanted.append(boxes[places[i]])
        return regions, places, labels, self.box_coder.encode(wanted, regions)

    def postprocess_detections(
        self,
        class_logits: Tensor,
        box_regression: Tensor,
        proposals: list[Tensor],
        image_shapes: Sizes,
    ) -> tuple[list[Any], list[Any], list[Any]]:
        """Boxes, scores and labels of each image, best first."""
        lengths = [len(boxes) for boxes in proposals]
        classes = class_logits.shape[-1]
        all_boxes = self.box_coder.decode(box_regression, proposals).split(lengths, 0)
        all_scores = F.softmax(class_logits, -1).split(lengths, 0)
        found: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        for boxes, scores, size in zip(all_boxes, all_scores, image_shapes, strict=True):
            # Each class has its own box; class 0 is nothing.
            boxes = clip_boxes_to_image(boxes, size)[:, 1:].reshape(-1, 4)
            labels = torch.arange(1, classes).repeat(len(scores))
            scores = scores[:, 1:].reshape(-1)
            likely = torch.where(scores > self.score_thresh)[0]
            boxes, scores, labels = boxes[likely], scores[likely], labels[likely]
            large = remove_small_boxes(boxes, min_size=1e-2)
            boxes, scores, labels = boxes[large], scores[large], labels[large]
            best = batched_nms(boxes, scores, labels, self.nms_thresh)[: self.detections_per_img]
            for kind, values in zip(found, (boxes, scores, labels), strict=True):
                kind.append(values[best])
        return found

    def _masks(
        self, features: Any, regions: list[Any], sizes: Sizes, places: Any, targets: Any,
        result: list[Target],
    ) -> dict[str, Any]:  # fmt: skip
        pooled = self.mask_roi_pool(features, regions, sizes)
        logits = self.mask_predictor(self.mask_head(pooled))
        if self.training:
            true = [target["masks"] for target in targets]
            labels = [target["labels"] for target in targets]
            return {"loss_mask": maskrcnn_loss(logits, regions, true, labels, places)}
        found = maskrcnn_inference(logits, [each["labels"] for each in result])
        for each, masks in zip(result, found, strict=True):
            each["masks"] = masks
        return {}

    def _keypoints(
        self, features: Any, regions: list[Any], sizes: Sizes, places: Any, targets: Any,
        result: list[Target],
    ) -> dict[str, Any]:  # fmt: skip
        pooled = self.keypoint_roi_pool(features, regions, sizes)
        logits = self.keypoint_predictor(self.keypoint_head(pooled))
        if self.training:
            true = [target["keypoints"] for target in targets]
            return {"loss_keypoint": keypointrcnn_loss(logits, regions, true, places)}
        found = zip(*keypointrcnn_inference(logits, regions), strict=True)
        for each, (points, scores) in zip(result, found, strict=True):
            each["keypoints"] = points
            each["keypoints_scores"] = scores
        return {}

    def forward(
        self,
        features: Mapping[str, Tensor],
        proposals: list[Tensor],
        image_shapes: Sizes,
        targets: list[Target] | None = None,
    ) -> tuple[list[Target], dict[str, Any]]:
        if targets is not None:
            self._check_dtypes(targets)
        labels: list[Any] = []
        places: list[Any] = []
        codes: Any = None
        if self.training:
            proposals, places, labels, codes = self.select_training_samples(proposals, targets)
        pooled = self.box_roi_pool(features, proposals, image_shapes)
        class_logits, regression = self.box_predictor(self.box_head(pooled))
        result: list[Target] = []
        losses: dict[str, Any] = {}
        if self.training:
            by_class, off = fastrcnn_loss(class_logits, regression, labels, codes)
            losses = {"loss_classifier": by_class, "loss_box_reg": off}
            holding = [torch.where(each > 0)[0] for each in labels]
            regions = [each[h] for each, h in zip(proposals, holding, strict=True)]
            places = [each[h] for each, h in zip(places, holding, strict=True)]
        else:
            found = self.postprocess_detections(class_logits, regression, proposals, image_shapes)
            for boxes, scores, kinds in zip(*found, strict=True):
                result.append({"boxes": boxes, "labels": kinds, "scores": scores})
            regions = [each["boxes"] for each in result]
        if self.has_mask():
            losses |= self._masks(features, regions, image_shapes, places, targets, result)
        if self.has_keypoint():
            losses |= self._keypoints(features, regions, image_shapes, places, targets, result)
        return result, losses
