"""FCOS: no anchors, each pixel says how far the sides of its box are (Tian and others, 2019)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.models.detection.anchor_utils import AnchorGenerator
from rushlight.vision.models.detection.box_coder import BoxLinearCoder
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.detector import MEAN, STD, need_out_channels, need_type
from rushlight.vision.models.detection.faster_rcnn import on_resnet50
from rushlight.vision.models.detection.rpn import draw_narrow
from rushlight.vision.models.detection.single_stage import RowsHead, SingleStage, no_match
from rushlight.vision.models.detection.transform import GeneralizedRCNNTransform, Target
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import ResNet50_Weights
from rushlight.vision.ops.losses import generalized_box_iou_loss, sigmoid_focal_loss

FCOS_ResNet50_FPN_Weights = published("FCOS_ResNet50_FPN_Weights", __name__)
Norm = Callable[..., nn.Module]
# More than any box is large: of several boxes over a pixel the smallest is its own.
LARGEST_AREA = np.float32(1e8)


def _convolutions(channels: int, count: int, norm_layer: Norm | None) -> nn.Sequential:
    norm = partial(nn.GroupNorm, 32) if norm_layer is None else norm_layer
    layers: list[nn.Module] = []
    for _ in range(count):
        layers += [nn.Conv2d(channels, channels, 3, 1, 1), norm(channels), nn.ReLU()]
    return nn.Sequential(*layers)


class FCOSClassificationHead(RowsHead):
    """Feature maps -> logits (N, L, num_classes)."""

    def __init__(
        self,
        in_channels: int,
        num_anchors: int,
        num_classes: int,
        num_convs: int = 4,
        prior_probability: float = 0.01,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.num_anchors = num_anchors
        self.conv = _convolutions(in_channels, num_convs, norm_layer)
        draw_narrow(self.conv)
        self.cls_logits = nn.Conv2d(in_channels, num_anchors * num_classes, 3, 1, 1)
        nn.init.normal_(self.cls_logits.weight, std=0.01)
        prior = -math.log((1 - prior_probability) / prior_probability)
        nn.init.constant_(self.cls_logits.bias, prior)

    def forward(self, x: list[Tensor]) -> Any:
        return self._rows([self.conv(each) for each in x], self.cls_logits, self.num_classes)


class FCOSRegressionHead(RowsHead):
    """Feature maps -> sides (N, L, 4), at least 0, and how central the pixel is (N, L, 1)."""

    def __init__(
        self,
        in_channels: int,
        num_anchors: int,
        num_convs: int = 4,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self.conv = _convolutions(in_channels, num_convs, norm_layer)
        self.bbox_reg = nn.Conv2d(in_channels, num_anchors * 4, 3, 1, 1)
        self.bbox_ctrness = nn.Conv2d(in_channels, num_anchors * 1, 3, 1, 1)
        for each in (self.bbox_reg, self.bbox_ctrness, self.conv):
            draw_narrow(each)

    def forward(self, x: list[Tensor]) -> tuple[Any, Any]:
        hidden = [self.conv(each) for each in x]
        sides = self._rows(hidden, self.bbox_reg, 4, after=F.relu)
        return sides, self._rows(hidden, self.bbox_ctrness, 1)


def _centredness(sides: Any) -> Any:
    """1 in the middle of the box, 0 at its border: equation 3 of the paper."""
    across, down = sides[..., [0, 2]], sides[..., [1, 3]]
    shares = [pair.min(dim=-1)[0] / pair.max(dim=-1)[0] for pair in (across, down)]
    return torch.sqrt(shares[0] * shares[1])


class FCOSHead(nn.Module):
    """Both heads over the same feature maps."""

    def __init__(
        self, in_channels: int, num_anchors: int, num_classes: int, num_convs: int = 4
    ) -> None:
        super().__init__()
        self.box_coder = BoxLinearCoder(normalize_by_size=True)
        self.classification_head = FCOSClassificationHead(
            in_channels, num_anchors, num_classes, num_convs
        )
        self.regression_head = FCOSRegressionHead(in_channels, num_anchors, num_convs)

    def compute_loss(
        self,
        targets: list[Target],
        head_outputs: Mapping[str, Any],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Any]:
        """Losses of the classes, of the overlaps and of how central each pixel is."""
        logits = head_outputs["cls_logits"]
        count, rows, classes = logits.shape
        wanted = np.zeros((count, rows, classes), np.float32)
        kind = np.result_type(*(each["boxes"].detach()._array() for each in targets))
        boxes = np.zeros((count, rows, 4), kind)
        places = np.stack([each._array() for each in matched_idxs])
        for i, target in enumerate(targets):
            if len(target["labels"]) > 0:
                own = places[i].clip(0)
                boxes[i] = target["boxes"].detach()._array()[own]
                holding = np.flatnonzero(places[i] >= 0)
                wanted[i, holding, target["labels"]._array()[own[holding]]] = 1.0
        inside = np.flatnonzero(places.ravel() >= 0)
        chosen = wrap(inside)
        truth = wrap(boxes.reshape(-1, 4)[inside])
        known = torch.cat(anchors)[chosen]
        found = head_outputs["bbox_regression"].reshape(-1, 4)[chosen]
        central = head_outputs["bbox_ctrness"].flatten()[chosen]
        share = _centredness(self.box_coder.encode(known, truth))
        losses = {
            "classification": sigmoid_focal_loss(
                logits, wrap(wanted).to(logits.dtype), reduction="sum"
            ),
            "bbox_regression": generalized_box_iou_loss(
                self.box_coder.decode(found, known), truth, reduction="sum"
            ),
            "bbox_ctrness": F.binary_cross_entropy_with_logits(central, share, reduction="sum"),
        }
        return {name: loss / max(1, len(inside)) for name, loss in losses.items()}

    def forward(self, x: list[Tensor]) -> dict[str, Any]:
        logits = self.classification_head(x)
        sides, central = self.regression_head(x)
        return {"cls_logits": logits, "bbox_regression": sides, "bbox_ctrness": central}


def _nearest_boxes(anchors: Array, true: Array, lengths: list[int], radius: float) -> Array:
    """The place of the true box (T, 4) each pixel's anchor (L, 4) is to find, or -1: (L)."""
    middle = (anchors[:, :2] + anchors[:, 2:]) / 2
    side = anchors[:, 2] - anchors[:, 0]
    apart = np.abs(middle[:, None] - ((true[:, :2] + true[:, 2:]) / 2)[None]).max(axis=2)
    near = apart < np.float32(radius) * side[:, None]
    far = np.concatenate(
        (middle[:, None] - true[None, :, :2], true[None, :, 2:] - middle[:, None]), 2
    )
    # Each level has boxes of its own sizes, the first and the last whatever is left.
    low, high = side * 4, side * 8
    low[: lengths[0]] = 0
    high[-lengths[-1] :] = np.inf
    reach = far.max(axis=2)
    near &= (far.min(axis=2) > 0) & (reach > low[:, None]) & (reach < high[:, None])
    area = (true[:, 2] - true[:, 0]) * (true[:, 3] - true[:, 1])
    weight = near * (LARGEST_AREA - area[None])
    places = weight.argmax(axis=1)
    places[weight.max(axis=1) < np.float32(1e-5)] = -1
    return places


class FCOS(SingleStage):
    """Images [(3, H, W), ...] in [0, 1] -> [{"boxes", "scores", "labels"}, ...]; training: losses.

    ``anchor_generator`` has one box a pixel: the pixel's stride.
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
        center_sampling_radius: float = 1.5,
        score_thresh: float = 0.2,
        nms_thresh: float = 0.6,
        detections_per_img: int = 100,
        topk_candidates: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        channels = need_out_channels(backbone)
        self.backbone = backbone
        need_type("anchor_generator", anchor_generator, AnchorGenerator)
        if anchor_generator is None:
            sizes = ((8,), (16,), (32,), (64,), (128,))
            anchor_generator = AnchorGenerator(sizes, ((1.0,),) * len(sizes))
        self.anchor_generator = anchor_generator
        per_pixel = anchor_generator.num_anchors_per_location()[0]
        if per_pixel != 1:
            raise ValueError(
                f"anchor_generator.num_anchors_per_location()[0] should be 1 instead of {per_pixel}"
            )
        self.head = FCOSHead(channels, per_pixel, num_classes) if head is None else head
        self.box_coder = BoxLinearCoder(normalize_by_size=True)
        mean, std = image_mean or MEAN, image_std or STD
        self.transform = GeneralizedRCNNTransform(min_size, max_size, mean, std, **kwargs)
        self.center_sampling_radius = center_sampling_radius
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.topk_candidates = topk_candidates

    def _losses(
        self, targets: list[Target], outputs: Any, anchors: list[Tensor], lengths: list[int]
    ) -> dict[str, Any]:
        matched = []
        for boxes, target in zip(anchors, targets, strict=True):
            if target["boxes"].numel() == 0:
                matched.append(no_match(len(boxes)))
                continue
            true = target["boxes"].detach()._array()
            radius = self.center_sampling_radius
            matched.append(wrap(_nearest_boxes(boxes._array(), true, lengths, radius)))
        losses: dict[str, Any] = self.head.compute_loss(targets, outputs, anchors, matched)
        return losses

    def _detections(
        self, outputs: Any, anchors: list[Tensor], sizes: Any, lengths: list[int]
    ) -> list[Target]:
        likely = torch.sigmoid(outputs["cls_logits"]) * torch.sigmoid(outputs["bbox_ctrness"])
        rows = zip(torch.sqrt(likely), outputs["bbox_regression"], anchors, sizes, strict=True)
        return [self._best_of_levels(*row, lengths, self.box_coder.decode) for row in rows]


@detector(FCOS_ResNet50_FPN_Weights, ResNet50_Weights, backbone=ResNet50_Weights.IMAGENET1K_V1)
def fcos_resnet50_fpn(wanted: Wanted, **kwargs: Any) -> FCOS:
    """FCOS on ResNet-50 with a pyramid, 32.3 million parameters."""
    return FCOS(on_resnet50(wanted, above=(256, 256)), wanted.classes, **kwargs)
