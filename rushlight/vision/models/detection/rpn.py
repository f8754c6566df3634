"""Region proposals: which anchors may hold something (Ren and others, 2015)."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.models.detection.anchor_utils import AnchorGenerator
from rushlight.vision.models.detection.box_coder import BoxCoder
from rushlight.vision.models.detection.image_list import ImageList
from rushlight.vision.models.detection.matcher import BalancedPositiveNegativeSampler, Matcher
from rushlight.vision.models.detection.old_names import rename_layers
from rushlight.vision.models.detection.transform import Target
from rushlight.vision.ops.blocks import Conv2dNormActivation
from rushlight.vision.ops.boxes import (
    batched_nms,
    box_iou,
    clip_boxes_to_image,
    remove_small_boxes,
)

__all__ = ["AnchorGenerator", "RPNHead", "RegionProposalNetwork"]


def rows_of(layer: Tensor, columns: int) -> Any:
    """(N, A * columns, H, W) -> (N, H * W * A, columns)."""
    count, _, height, width = layer.shape
    split = layer.view(count, -1, columns, height, width)
    return split.permute(0, 3, 4, 1, 2).reshape(count, -1, columns)


def draw_narrow(module: nn.Module) -> None:
    """Convolutions normal with standard deviation 0.01, biases 0, in the order of the modules."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, std=0.01)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class RPNHead(nn.Module):
    """Of each feature map (N, C, H, W): scores (N, A, H, W) and codes (N, 4 * A, H, W)."""

    _version = 2

    def __init__(self, in_channels: int, num_anchors: int, conv_depth: int = 1) -> None:
        super().__init__()
        convolutions = [
            Conv2dNormActivation(in_channels, in_channels, kernel_size=3, norm_layer=None)
            for _ in range(conv_depth)
        ]
        self.conv = nn.Sequential(*convolutions)
        self.cls_logits = nn.Conv2d(in_channels, num_anchors, kernel_size=1, stride=1)
        self.bbox_pred = nn.Conv2d(in_channels, num_anchors * 4, kernel_size=1, stride=1)
        draw_narrow(self)

    def _load_from_state_dict(
        self,
        state_dict: MutableMapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        *rest: Any,
    ) -> None:
        rename_layers(state_dict, prefix, local_metadata, {"conv": "conv.0.0"})
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def forward(self, x: list[Tensor]) -> tuple[list[Any], list[Any]]:
        hidden = [self.conv(feature) for feature in x]
        return [self.cls_logits(h) for h in hidden], [self.bbox_pred(h) for h in hidden]


class RegionProposalNetwork(nn.Module):
    """Boxes of each image that may hold something, best first; in training two losses too.

    ``pre_nms_top_n`` and ``post_nms_top_n``: how many boxes of a feature map, and in all, are kept;
    dicts with "training" and "testing".
    """

    def __init__(
        self,
        anchor_generator: AnchorGenerator,
        head: nn.Module,
        fg_iou_thresh: float,
        bg_iou_thresh: float,
        batch_size_per_image: int,
        positive_fraction: float,
        pre_nms_top_n: Mapping[str, int],
        post_nms_top_n: Mapping[str, int],
        nms_thresh: float,
        score_thresh: float = 0.0,
    ) -> None:
        super().__init__()
        self.anchor_generator = anchor_generator
        self.head = head
        self.box_coder = BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
        self.box_similarity = box_iou
        self.proposal_matcher = Matcher(
            fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=True
        )
        self.fg_bg_sampler = BalancedPositiveNegativeSampler(
            batch_size_per_image, positive_fraction
        )
        self._pre_nms_top_n = pre_nms_top_n
        self._post_nms_top_n = post_nms_top_n
        self.nms_thresh = nms_thresh
        self.score_thresh = score_thresh
        self.min_size = 1e-3

    def pre_nms_top_n(self) -> int:
        return self._pre_nms_top_n["training" if self.training else "testing"]

    def post_nms_top_n(self) -> int:
        return self._post_nms_top_n["training" if self.training else "testing"]

    def assign_targets_to_anchors(
        self, anchors: list[Tensor], targets: list[Target]
    ) -> tuple[list[Tensor], list[Tensor]]:
        """Of each image labels (L) float32, 1, 0 or -1 (not trained on), and true boxes (L, 4)."""
        labels, wanted = [], []
        for boxes, target in zip(anchors, targets, strict=True):
            true = target["boxes"]
            if true.numel() == 0:
                labels.append(torch.zeros(boxes.shape[0]))
                wanted.append(torch.zeros(boxes.shape))
                continue
            matches = self.proposal_matcher(self.box_similarity(true, boxes))._array()
            values = (matches >= 0).astype("float32")
            values[matches == Matcher.BETWEEN_THRESHOLDS] = -1.0
            labels.append(wrap(values))
            wanted.append(true[wrap(matches.clip(0))])
        return labels, wanted

    def _best_of_levels(self, objectness: Tensor, lengths: list[int]) -> Any:
        """Places (N, kept) of the anchors with the best scores (N, L) of each feature map."""
        found, offset = [], 0
        for scores in objectness.split(lengths, 1):
            kept = min(self.pre_nms_top_n(), scores.shape[1])
            found.append(scores.topk(kept, dim=1)[1] + offset)
            offset += scores.shape[1]
        return torch.cat(found, dim=1)

    def filter_proposals(
        self,
        proposals: Tensor,
        objectness: Tensor,
        image_shapes: list[tuple[int, int]],
        num_anchors_per_level: list[int],
    ) -> tuple[list[Any], list[Any]]:
        """Boxes (N, L, 4) with scores -> those of each image to look at, and their scores."""
        count = proposals.shape[0]
        scores = objectness.detach().reshape(count, -1)
        lengths = num_anchors_per_level
        levels = torch.cat([torch.full((n,), level) for level, n in enumerate(lengths)])
        places = self._best_of_levels(scores, lengths)
        chances = torch.sigmoid(scores.gather(1, places))
        boxes, kept_scores = [], []
        for i, size in enumerate(image_shapes):
            here = places[i]
            inside = clip_boxes_to_image(proposals[i][here], size)
            large = remove_small_boxes(inside, self.min_size)
            inside, chance, level = inside[large], chances[i][large], levels[here][large]
            likely = torch.where(chance >= self.score_thresh)[0]
            inside, chance, level = inside[likely], chance[likely], level[likely]
            best = batched_nms(inside, chance, level, self.nms_thresh)[: self.post_nms_top_n()]
            boxes.append(inside[best])
            kept_scores.append(chance[best])
        return boxes, kept_scores

    def compute_loss(
        self,
        objectness: Tensor,
        pred_bbox_deltas: Tensor,
        labels: list[Tensor],
        regression_targets: Any,
    ) -> tuple[Any, Any]:
        """Losses of the drawn anchors: of the score, and of the codes of the positive ones."""
        positive, negative = (torch.cat(masks) for masks in self.fg_bg_sampler(labels))
        yes, no = torch.where(positive)[0], torch.where(negative)[0]
        drawn = torch.cat([yes, no])
        wanted = torch.cat(list(regression_targets))
        codes = F.smooth_l1_loss(pred_bbox_deltas[yes], wanted[yes], beta=1 / 9, reduction="sum")
        scores = F.binary_cross_entropy_with_logits(
            objectness.flatten()[drawn], torch.cat(labels)[drawn]
        )
        return scores, codes / drawn.numel()

    def forward(
        self,
        images: ImageList,
        features: Mapping[str, Tensor],
        targets: list[Target] | None = None,
    ) -> tuple[list[Any], dict[str, Any]]:
        levels = list(features.values())
        score_maps, code_maps = self.head(levels)
        anchors = self.anchor_generator(images, levels)
        lengths = [each[0].numel() for each in score_maps]
        objectness = torch.cat([rows_of(each, 1) for each in score_maps], dim=1).flatten(0, -2)
        codes = torch.cat([rows_of(each, 4) for each in code_maps], dim=1).reshape(-1, 4)
        proposals = self.box_coder.decode(codes.detach(), anchors).view(len(anchors), -1, 4)
        boxes, _ = self.filter_proposals(proposals, objectness, images.image_sizes, lengths)
        if not self.training:
            return boxes, {}
        if targets is None:
            raise ValueError("targets should not be None")
        labels, wanted = self.assign_targets_to_anchors(anchors, targets)
        regression = self.box_coder.encode(wanted, anchors)
        scores, places = self.compute_loss(objectness, codes, labels, regression)
        return boxes, {"loss_objectness": scores, "loss_rpn_box_reg": places}
