"""What detectors without proposals share: matching anchors, and picking what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.models.detection.detector import Detector
from rushlight.vision.models.detection.rpn import rows_of
from rushlight.vision.models.detection.transform import Target
from rushlight.vision.ops.boxes import batched_nms, box_iou, clip_boxes_to_image


class RowsHead(nn.Module):
    """Convolutions, then one more that gives ``columns`` numbers an anchor."""

    def _rows(self, features: Sequence[Tensor], last: Any, columns: int, after: Any = None) -> Any:
        """Feature maps through ``last`` -> (N, all anchors, columns)."""
        maps = [last(each) for each in features]
        shaped = maps if after is None else [after(each) for each in maps]
        return torch.cat([rows_of(each, columns) for each in shaped], dim=1)


def no_match(count: int) -> Tensor:
    """Nothing to find in this image: every anchor is background."""
    return torch.full((count,), -1, dtype=torch.int64)


class SingleStage(Detector):
    """``transform``, ``backbone``, ``anchor_generator`` and a ``head`` of rows an anchor."""

    anchor_generator: Any
    head: Any
    box_coder: Any
    proposal_matcher: Any
    score_thresh: float
    nms_thresh: float
    detections_per_img: int
    topk_candidates: int

    def _match(self, anchors: list[Tensor], targets: list[Target]) -> list[Tensor]:
        """Of each image the place of each anchor's true box."""
        return [
            self.proposal_matcher(box_iou(target["boxes"], boxes))
            if target["boxes"].numel()
            else no_match(len(boxes))
            for boxes, target in zip(anchors, targets, strict=True)
        ]

    def _losses(
        self, targets: list[Target], outputs: Any, anchors: list[Tensor], lengths: list[int]
    ) -> dict[str, Any]:
        raise NotImplementedError(f"{type(self).__name__} has no losses")

    def _detections(
        self, outputs: Any, anchors: list[Tensor], sizes: Any, lengths: list[int]
    ) -> list[Target]:
        raise NotImplementedError(f"{type(self).__name__} finds nothing")

    def _best_of_levels(
        self,
        scores: Tensor,
        codes: Tensor,
        anchors: Tensor,
        size: tuple[int, int],
        lengths: list[int],
        decode: Callable[[Tensor, Tensor], Any],
    ) -> Target:
        """Scores (L, classes), codes (L, 4), anchors (L, 4) of one image -> what is in it."""
        classes = scores.shape[-1]
        found: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        parts = zip(
            scores.split(lengths), codes.split(lengths), anchors.split(lengths), strict=True
        )
        for level_scores, level_codes, level_anchors in parts:
            flat = level_scores.flatten()
            likely = torch.where(flat > self.score_thresh)[0]
            best, order = flat[likely].topk(min(self.topk_candidates, likely.shape[0]))
            places = likely[order]._array()
            rows = wrap(places // classes)
            boxes = decode(level_codes[rows], level_anchors[rows])
            found[0].append(clip_boxes_to_image(boxes, size))
            found[1].append(best)
            found[2].append(wrap(places % classes))
        return self._suppressed(*(torch.cat(each) for each in found))

    def _suppressed(self, boxes: Any, scores: Any, labels: Any) -> Target:
        best = batched_nms(boxes, scores, labels, self.nms_thresh)[: self.detections_per_img]
        return {"boxes": boxes[best], "scores": scores[best], "labels": labels[best]}

    def forward(self, images: list[Tensor], targets: list[Target] | None = None) -> Any:
        batch, targets, sizes = self._prepare(images, targets)
        features = list(self._features(batch).values())
        outputs = self.head(features)
        anchors = self.anchor_generator(batch, features)
        pixels = np.array([each.shape[-2] * each.shape[-1] for each in features])
        per_pixel = outputs["cls_logits"].shape[1] // int(pixels.sum())
        lengths = [int(each) * per_pixel for each in pixels]
        if self.training:
            assert targets is not None
            return self.eager_outputs(self._losses(targets, outputs, anchors, lengths), [])
        found = self._detections(outputs, anchors, batch.image_sizes, lengths)
        return self.eager_outputs({}, self.transform.postprocess(found, batch.image_sizes, sizes))
