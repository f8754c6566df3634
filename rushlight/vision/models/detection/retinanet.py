"""RetinaNet: every anchor judged at once, easy ones weighed down (Lin and others, 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.models.detection.anchor_utils import AnchorGenerator
from rushlight.vision.models.detection.backbone_utils import _resnet_fpn_extractor
from rushlight.vision.models.detection.box_coder import BoxCoder, _box_loss
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.detector import MEAN, STD, need_out_channels, need_type
from rushlight.vision.models.detection.faster_rcnn import RATIOS, on_resnet50
from rushlight.vision.models.detection.matcher import Matcher
from rushlight.vision.models.detection.old_names import rename_layers
from rushlight.vision.models.detection.rpn import draw_narrow
from rushlight.vision.models.detection.single_stage import RowsHead, SingleStage
from rushlight.vision.models.detection.transform import GeneralizedRCNNTransform, Target
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import ResNet50_Weights, resnet50
from rushlight.vision.ops.blocks import Conv2dNormActivation
from rushlight.vision.ops.feature_pyramid_network import LastLevelP6P7
from rushlight.vision.ops.losses import sigmoid_focal_loss

RetinaNet_ResNet50_FPN_Weights = published("RetinaNet_ResNet50_FPN_Weights", __name__)
RetinaNet_ResNet50_FPN_V2_Weights = published("RetinaNet_ResNet50_FPN_V2_Weights", __name__)
Norm = Callable[..., nn.Module]


def _default_anchorgen() -> AnchorGenerator:
    """Three sizes a level, a third of an octave apart, three shapes each."""
    sizes = tuple(
        (x, int(x * 2 ** (1.0 / 3)), int(x * 2 ** (2.0 / 3))) for x in (32, 64, 128, 256, 512)
    )
    return AnchorGenerator(sizes, (RATIOS,) * len(sizes))


class _FourConvolutions(RowsHead):
    """What both heads begin with."""

    _version = 2

    def __init__(self, in_channels: int, norm_layer: Norm | None) -> None:
        super().__init__()
        blocks = [
            Conv2dNormActivation(in_channels, in_channels, norm_layer=norm_layer) for _ in range(4)
        ]
        self.conv = nn.Sequential(*blocks)

    def _load_from_state_dict(
        self,
        state_dict: MutableMapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        *rest: Any,
    ) -> None:
        old = {f"conv.{2 * place}": f"conv.{place}.0" for place in range(4)}
        rename_layers(state_dict, prefix, local_metadata, old)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class RetinaNetClassificationHead(_FourConvolutions):
    """Feature maps -> logits (N, L, num_classes), at first ``prior_probability`` for everything."""

    def __init__(
        self,
        in_channels: int,
        num_anchors: int,
        num_classes: int,
        prior_probability: float = 0.01,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__(in_channels, norm_layer)
        draw_narrow(self.conv)
        self.cls_logits = nn.Conv2d(in_channels, num_anchors * num_classes, 3, 1, 1)
        nn.init.normal_(self.cls_logits.weight, std=0.01)
        prior = -math.log((1 - prior_probability) / prior_probability)
        nn.init.constant_(self.cls_logits.bias, prior)
        self.num_classes = num_classes
        self.num_anchors = num_anchors

    def compute_loss(
        self, targets: list[Target], head_outputs: Mapping[str, Any], matched_idxs: list[Tensor]
    ) -> Any:
        losses = []
        rows = zip(targets, head_outputs["cls_logits"], matched_idxs, strict=True)
        for target, logits, matched in rows:
            places = matched._array()
            holding = np.flatnonzero(places >= 0)
            wanted = np.zeros(tuple(logits.shape), np.float32)
            wanted[holding, target["labels"]._array()[places[holding]]] = 1.0
            clear = np.flatnonzero(places != Matcher.BETWEEN_THRESHOLDS)
            judged = logits[wrap(clear)]
            truth = wrap(wanted[clear]).to(judged.dtype)
            loss = sigmoid_focal_loss(judged, truth, reduction="sum")
            losses.append(loss / max(1, len(holding)))
        return sum(losses[1:], losses[0]) / len(targets)

    def forward(self, x: list[Tensor]) -> Any:
        return self._rows([self.conv(each) for each in x], self.cls_logits, self.num_classes)


class RetinaNetRegressionHead(_FourConvolutions):
    """Feature maps -> codes (N, L, 4)."""

    def __init__(self, in_channels: int, num_anchors: int, norm_layer: Norm | None = None) -> None:
        super().__init__(in_channels, norm_layer)
        self.bbox_reg = nn.Conv2d(in_channels, num_anchors * 4, 3, 1, 1)
        draw_narrow(self.bbox_reg)
        draw_narrow(self.conv)
        self.box_coder = BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
        self._loss_type = "l1"

    def compute_loss(
        self,
        targets: list[Target],
        head_outputs: Mapping[str, Any],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> Any:
        losses = []
        rows = zip(targets, head_outputs["bbox_regression"], anchors, matched_idxs, strict=True)
        for target, codes, boxes, matched in rows:
            holding = torch.where(matched >= 0)[0]
            true = target["boxes"][matched[holding]]
            loss = _box_loss(self._loss_type, self.box_coder, boxes[holding], true, codes[holding])
            losses.append(loss / max(1, holding.numel()))
        return sum(losses[1:], losses[0]) / max(1, len(targets))

    def forward(self, x: list[Tensor]) -> Any:
        return self._rows([self.conv(each) for each in x], self.bbox_reg, 4)


class RetinaNetHead(nn.Module):
    """Both heads, side by side."""

    def __init__(
        self,
        in_channels: int,
        num_anchors: int,
        num_classes: int,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self.classification_head = RetinaNetClassificationHead(
            in_channels, num_anchors, num_classes, norm_layer=norm_layer
        )
        self.regression_head = RetinaNetRegressionHead(
            in_channels, num_anchors, norm_layer=norm_layer
        )

    def compute_loss(
        self,
        targets: list[Target],
        head_outputs: Mapping[str, Any],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Any]:
        return {
            "classification": self.classification_head.compute_loss(
                targets, head_outputs, matched_idxs
            ),
            "bbox_regression": self.regression_head.compute_loss(
                targets, head_outputs, anchors, matched_idxs
            ),
        }

    def forward(self, x: list[Tensor]) -> dict[str, Any]:
        return {
            "cls_logits": self.classification_head(x),
            "bbox_regression": self.regression_head(x),
        }


class RetinaNet(SingleStage):
    """Images [(3, H, W), ...] in [0, 1] -> [{"boxes", "scores", "labels"}, ...]; training: losses.

    ``backbone`` gives a dict of feature maps, all of ``out_channels``.
    """

    def __init__(
        self,
        backbone: nn.Module,
        num_classes: int,
        min_size: int | Sequence[int] = 800,
        max_size: int = 1333,
        image_mean: Sequence[float] | None = None,
        image_std: Sequence[float] | None = None,
        anchor_generator: AnchorGenerator | None = None,
        head: nn.Module | None = None,
        proposal_matcher: Matcher | None = None,
        score_thresh: float = 0.05,
        nms_thresh: float = 0.5,
        detections_per_img: int = 300,
        fg_iou_thresh: float = 0.5,
        bg_iou_thresh: float = 0.4,
        topk_candidates: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        channels = need_out_channels(backbone)
        self.backbone = backbone
        need_type("anchor_generator", anchor_generator, AnchorGenerator)
        anchors = _default_anchorgen() if anchor_generator is None else anchor_generator
        self.anchor_generator = anchors
        if head is None:
            head = RetinaNetHead(channels, anchors.num_anchors_per_location()[0], num_classes)
        self.head = head
        if proposal_matcher is None:
            proposal_matcher = Matcher(fg_iou_thresh, bg_iou_thresh, allow_low_quality_matches=True)
        self.proposal_matcher = proposal_matcher
        self.box_coder = BoxCoder(weights=(1.0, 1.0, 1.0, 1.0))
        mean, std = image_mean or MEAN, image_std or STD
        self.transform = GeneralizedRCNNTransform(min_size, max_size, mean, std, **kwargs)
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.topk_candidates = topk_candidates

    def _losses(
        self, targets: list[Target], outputs: Any, anchors: list[Tensor], lengths: list[int]
    ) -> dict[str, Any]:
        losses: dict[str, Any] = self.head.compute_loss(
            targets, outputs, anchors, self._match(anchors, targets)
        )
        return losses

    def _detections(
        self, outputs: Any, anchors: list[Tensor], sizes: Any, lengths: list[int]
    ) -> list[Target]:
        scores = torch.sigmoid(outputs["cls_logits"])
        decode = self.box_coder.decode_single
        rows = zip(scores, outputs["bbox_regression"], anchors, sizes, strict=True)
        return [self._best_of_levels(*row, lengths, decode) for row in rows]


@detector(
    RetinaNet_ResNet50_FPN_Weights,
    ResNet50_Weights,
    backbone=ResNet50_Weights.IMAGENET1K_V1,
    first_eps=0.0,
)
def retinanet_resnet50_fpn(wanted: Wanted, **kwargs: Any) -> RetinaNet:
    """RetinaNet on ResNet-50 with a pyramid, 34.0 million parameters."""
    pyramid = on_resnet50(wanted, above=(256, 256))
    return RetinaNet(pyramid, wanted.classes, **kwargs)


@detector(RetinaNet_ResNet50_FPN_V2_Weights, ResNet50_Weights, backbone=None)
def retinanet_resnet50_fpn_v2(wanted: Wanted, **kwargs: Any) -> RetinaNet:
    """RetinaNet on ResNet-50, the improved recipe, 38.2 million parameters."""
    backbone = resnet50(weights=wanted.below, progress=wanted.progress)
    pyramid = _resnet_fpn_extractor(
        backbone, wanted.trainable, returned_layers=[2, 3, 4], extra_blocks=LastLevelP6P7(2048, 256)
    )
    anchors = _default_anchorgen()
    head = RetinaNetHead(
        pyramid.out_channels,
        anchors.num_anchors_per_location()[0],
        wanted.classes,
        norm_layer=partial(nn.GroupNorm, 32),
    )
    head.regression_head._loss_type = "giou"
    return RetinaNet(pyramid, wanted.classes, anchor_generator=anchors, head=head, **kwargs)
