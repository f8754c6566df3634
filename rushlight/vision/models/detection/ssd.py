"""SSD: boxes of six sizes of feature maps, in one pass (Liu and others, 2015)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.base.warn import warn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.detection._utils import retrieve_out_channels
from rushlight.vision.models.detection.anchor_utils import DefaultBoxGenerator
from rushlight.vision.models.detection.backbone_utils import freeze_before
from rushlight.vision.models.detection.box_coder import BoxCoder
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.detector import MEAN, STD
from rushlight.vision.models.detection.matcher import SSDMatcher
from rushlight.vision.models.detection.rpn import rows_of
from rushlight.vision.models.detection.single_stage import SingleStage
from rushlight.vision.models.detection.transform import GeneralizedRCNNTransform, Target
from rushlight.vision.models.published import published
from rushlight.vision.models.vgg import VGG16_Weights, vgg16
from rushlight.vision.ops.boxes import clip_boxes_to_image

SSD300_VGG16_Weights = published("SSD300_VGG16_Weights", __name__)


def _xavier_init(conv: nn.Module) -> None:
    for layer in conv.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


class SSDScoringHead(nn.Module):
    """Each feature map through its own module -> (N, all boxes, num_columns)."""

    def __init__(self, module_list: nn.ModuleList, num_columns: int) -> None:
        super().__init__()
        self.module_list = module_list
        self.num_columns = num_columns

    def forward(self, x: list[Tensor]) -> Any:
        maps = [module(each) for module, each in zip(self.module_list, x, strict=False)]
        return torch.cat([rows_of(each, self.num_columns) for each in maps], dim=1)


def _one_a_map(channels: Sequence[int], anchors: Sequence[int], columns: int) -> nn.ModuleList:
    sizes = zip(channels, anchors, strict=False)
    made = nn.ModuleList([nn.Conv2d(c, columns * a, 3, padding=1) for c, a in sizes])
    _xavier_init(made)
    return made


class SSDClassificationHead(SSDScoringHead):
    """Feature maps -> logits (N, L, num_classes)."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], num_classes: int) -> None:
        super().__init__(_one_a_map(in_channels, num_anchors, num_classes), num_classes)


class SSDRegressionHead(SSDScoringHead):
    """Feature maps -> codes (N, L, 4)."""

    def __init__(self, in_channels: list[int], num_anchors: list[int]) -> None:
        super().__init__(_one_a_map(in_channels, num_anchors, 4), 4)


class SSDHead(nn.Module):
    """Both heads over the same feature maps."""

    classification_head: SSDScoringHead
    regression_head: SSDScoringHead

    def __init__(self, in_channels: list[int], num_anchors: list[int], num_classes: int) -> None:
        super().__init__()
        self.classification_head = SSDClassificationHead(in_channels, num_anchors, num_classes)
        self.regression_head = SSDRegressionHead(in_channels, num_anchors)

    def forward(self, x: list[Tensor]) -> dict[str, Any]:
        return {
            "bbox_regression": self.regression_head(x),
            "cls_logits": self.classification_head(x),
        }


class SSD(SingleStage):
    """Images [(3, H, W), ...] in [0, 1] -> [{"boxes", "scores", "labels"}, ...]; training: losses.

    All images are resized to ``size`` (width, height).
    """

    def __init__(
        self,
        backbone: nn.Module,
        anchor_generator: DefaultBoxGenerator,
        size: tuple[int, int],
        num_classes: int,
        image_mean: Sequence[float] | None = None,
        image_std: Sequence[float] | None = None,
        head: nn.Module | None = None,
        score_thresh: float = 0.01,
        nms_thresh: float = 0.45,
        detections_per_img: int = 200,
        iou_thresh: float = 0.5,
        topk_candidates: int = 400,
        positive_fraction: float = 0.25,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.anchor_generator = anchor_generator
        self.box_coder = BoxCoder(weights=(10.0, 10.0, 5.0, 5.0))
        if head is None:
            channels: Any = getattr(backbone, "out_channels", None)
            if channels is None:
                channels = retrieve_out_channels(backbone, size)
            need_as_many(channels, anchor_generator)
            head = SSDHead(channels, anchor_generator.num_anchors_per_location(), num_classes)
        self.head = head
        self.proposal_matcher = SSDMatcher(iou_thresh)
        self.transform = GeneralizedRCNNTransform(
            min(size), max(size), image_mean or MEAN, image_std or STD,
            size_divisible=1, fixed_size=size, **kwargs,
        )  # fmt: skip
        self.score_thresh = score_thresh
        self.nms_thresh = nms_thresh
        self.detections_per_img = detections_per_img
        self.topk_candidates = topk_candidates
        self.neg_to_pos_ratio = (1.0 - positive_fraction) / positive_fraction

    def _losses(
        self, targets: list[Target], outputs: Any, anchors: list[Tensor], lengths: list[int]
    ) -> dict[str, Any]:
        return self.compute_loss(targets, outputs, anchors, self._match(anchors, targets))

    def compute_loss(
        self,
        targets: list[Target],
        head_outputs: Mapping[str, Any],
        anchors: list[Tensor],
        matched_idxs: list[Tensor],
    ) -> dict[str, Any]:
        """Of the codes, and of the classes of the true boxes and of the worst others."""
        logits = head_outputs["cls_logits"]
        found, box_losses, classes = 0, [], []
        rows = zip(targets, head_outputs["bbox_regression"], anchors, matched_idxs, strict=True)
        for target, codes, boxes, matched in rows:
            holding = torch.where(matched >= 0)[0]
            own = matched[holding]
            found += holding.numel()
            wanted = self.box_coder.encode_single(target["boxes"][own], boxes[holding])
            box_losses.append(F.smooth_l1_loss(codes[holding], wanted, reduction="sum"))
            truth = torch.zeros((len(matched),), dtype=target["labels"].dtype)
            truth[holding] = target["labels"][own]
            classes.append(truth)
        truths = torch.stack(classes)
        flat = logits.reshape(-1, logits.shape[-1])
        loss = F.cross_entropy(flat, truths.view(-1), reduction="none").view(truths.shape)
        positive = truths > 0
        # As many of the others as there are true ones, times the ratio: those judged worst.
        allowed = self.neg_to_pos_ratio * positive.sum(1, keepdim=True)
        others = loss.detach().masked_fill(positive, -float("inf"))
        rank = others.sort(1, descending=True)[1].sort(1)[1]
        counted = (loss * (positive | (rank < allowed))).sum()
        count = max(1, found)
        return {
            "bbox_regression": torch.stack(box_losses).sum() / count,
            "classification": counted / count,
        }

    def _detections(
        self, outputs: Any, anchors: list[Tensor], sizes: Any, lengths: list[int]
    ) -> list[Target]:
        scores = F.softmax(outputs["cls_logits"], dim=-1)
        rows = zip(outputs["bbox_regression"], scores, anchors, sizes, strict=True)
        return [self._best_of_classes(*row) for row in rows]

    def _best_of_classes(
        self, codes: Tensor, scores: Tensor, anchors: Tensor, size: tuple[int, int]
    ) -> Target:
        boxes = clip_boxes_to_image(self.box_coder.decode_single(codes, anchors), size)
        kept: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
        for label in range(1, scores.shape[-1]):
            chance = scores[:, label]
            likely = torch.where(chance > self.score_thresh)[0]
            best, order = chance[likely].topk(min(self.topk_candidates, likely.shape[0]))
            values = (boxes[likely[order]], best, torch.full_like(best, label, dtype=torch.int64))
            for kind, value in zip(kept, values, strict=True):
                kind.append(value)
        return self._suppressed(*(torch.cat(each) for each in kept))


def need_as_many(channels: Sequence[int], anchors: DefaultBoxGenerator) -> None:
    """ValueError unless the backbone has a feature map for each row of shapes."""
    if len(channels) != len(anchors.aspect_ratios):
        raise ValueError(
            f"The length of the output channels from the backbone ({len(channels)}) do not match "
            f"the length of the anchor generator aspect ratios ({len(anchors.aspect_ratios)})"
        )


def _extra(channels: int, inner: int, outer: int, **how: Any) -> nn.Sequential:
    """One smaller feature map."""
    return nn.Sequential(
        nn.Conv2d(channels, inner, kernel_size=1),
        nn.ReLU(inplace=True),
        nn.Conv2d(inner, outer, **how),
        nn.ReLU(inplace=True),
    )


class SSDFeatureExtractorVGG(nn.Module):
    """VGG-16's layers and more -> {"0": finest ..., "5": coarsest}; one more if ``highres``."""

    def __init__(self, backbone: Any, highres: bool) -> None:
        super().__init__()
        pools = [i for i, layer in enumerate(backbone) if isinstance(layer, nn.MaxPool2d)]
        third, fourth = pools[2], pools[3]
        backbone[third].ceil_mode = True
        self.scale_weight = nn.Parameter(torch.ones(512) * 20)
        self.features = nn.Sequential(*backbone[:fourth])
        extra = nn.ModuleList(
            [
                _extra(1024, 256, 512, kernel_size=3, padding=1, stride=2),
                _extra(512, 128, 256, kernel_size=3, padding=1, stride=2),
                _extra(256, 128, 256, kernel_size=3),
                _extra(256, 128, 256, kernel_size=3),
            ]
        )
        if highres:
            extra.append(_extra(256, 128, 256, kernel_size=4))
        _xavier_init(extra)
        # The linear layers of VGG as convolutions.
        linear = nn.Sequential(
            nn.MaxPool2d(kernel_size=3, stride=1, padding=1, ceil_mode=False),
            nn.Conv2d(512, 1024, kernel_size=3, padding=6, dilation=6),
            nn.ReLU(inplace=True),
            nn.Conv2d(1024, 1024, kernel_size=1),
            nn.ReLU(inplace=True),
        )
        _xavier_init(linear)
        extra.insert(0, nn.Sequential(*backbone[fourth:-1], linear))
        self.extra = extra

    def forward(self, x: Tensor) -> dict[str, Any]:
        x = self.features(x)
        maps = [self.scale_weight.view(1, -1, 1, 1) * F.normalize(x)]
        for block in self.extra:
            x = block(x)
            maps.append(x)
        return {str(place): each for place, each in enumerate(maps)}


def _vgg_extractor(backbone: Any, highres: bool, trainable_layers: int) -> SSDFeatureExtractorVGG:
    layers = backbone.features
    pools = [i for i, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d)]
    places = [0, *pools[:-1]]
    if not 0 <= trainable_layers <= len(places):
        raise AssertionError(
            f"trainable_layers should be in the range [0, {len(places)}]. Instead got "
            f"{trainable_layers}"
        )
    freeze_before(layers, places, trainable_layers)
    return SSDFeatureExtractorVGG(layers, highres)


def warn_of_size(kwargs: Mapping[str, Any]) -> None:
    if "size" in kwargs:
        warn("The size of the model is already fixed; ignoring the parameter.")


@detector(
    SSD300_VGG16_Weights,
    VGG16_Weights,
    backbone=VGG16_Weights.IMAGENET1K_FEATURES,
    layers=(5, 4),
)
def ssd300_vgg16(wanted: Wanted, **kwargs: Any) -> SSD:
    """SSD of 300x300 images on VGG-16, 35.6 million parameters."""
    warn_of_size(kwargs)
    backbone = _vgg_extractor(
        vgg16(weights=wanted.below, progress=wanted.progress), False, wanted.trainable
    )
    anchors = DefaultBoxGenerator(
        [[2], [2, 3], [2, 3], [2, 3], [2], [2]],
        scales=[0.07, 0.15, 0.33, 0.51, 0.69, 0.87, 1.05],
        steps=[8, 16, 32, 64, 100, 300],
    )
    # The weights below come from Caffe: values up to 255, the mean taken off.
    caffe: dict[str, Any] = {
        "image_mean": [0.48235, 0.45882, 0.40784],
        "image_std": [1.0 / 255.0] * 3,
    }
    return SSD(backbone, anchors, (300, 300), wanted.classes, **{**caffe, **kwargs})
