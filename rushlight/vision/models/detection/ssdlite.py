"""SSDLite: SSD with depthwise convolutions, on MobileNet (Sandler and others, 2018)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.detection._utils import retrieve_out_channels
from rushlight.vision.models.detection.anchor_utils import DefaultBoxGenerator
from rushlight.vision.models.detection.backbone_utils import freeze_before
from rushlight.vision.models.detection.builders import Wanted, detector
from rushlight.vision.models.detection.ssd import (
    SSD,
    SSDHead,
    SSDScoringHead,
    need_as_many,
    warn_of_size,
)
from rushlight.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from rushlight.vision.models.published import published
from rushlight.vision.models.segmentation.model import strided_places
from rushlight.vision.ops.blocks import Conv2dNormActivation

SSDLite320_MobileNet_V3_Large_Weights = published("SSDLite320_MobileNet_V3_Large_Weights", __name__)
Norm = Callable[..., nn.Module]


def _normal_init(conv: nn.Module) -> None:
    for layer in conv.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.normal_(layer.weight, mean=0.0, std=0.03)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _prediction_block(
    in_channels: int, out_channels: int, kernel_size: int, norm_layer: Norm
) -> nn.Sequential:
    """A filter a channel, then the channels mixed."""
    depthwise = Conv2dNormActivation(
        in_channels, in_channels, kernel_size=kernel_size, groups=in_channels,
        norm_layer=norm_layer, activation_layer=nn.ReLU6,
    )  # fmt: skip
    return nn.Sequential(depthwise, nn.Conv2d(in_channels, out_channels, 1))


def _extra_block(in_channels: int, out_channels: int, norm_layer: Norm) -> nn.Sequential:
    """A feature map of half the size."""
    inner = out_channels // 2
    kind = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.ReLU6)
    return nn.Sequential(
        kind(in_channels, inner, kernel_size=1),
        kind(inner, inner, kernel_size=3, stride=2, groups=inner),
        kind(inner, out_channels, kernel_size=1),
    )


def _one_a_map(
    channels: Sequence[int], anchors: Sequence[int], columns: int, norm_layer: Norm
) -> nn.ModuleList:
    sizes = zip(channels, anchors, strict=False)
    made = nn.ModuleList([_prediction_block(c, columns * a, 3, norm_layer) for c, a in sizes])
    _normal_init(made)
    return made


class SSDLiteClassificationHead(SSDScoringHead):
    """Feature maps -> logits (N, L, num_classes)."""

    def __init__(
        self, in_channels: list[int], num_anchors: list[int], num_classes: int, norm_layer: Norm
    ) -> None:
        blocks = _one_a_map(in_channels, num_anchors, num_classes, norm_layer)
        super().__init__(blocks, num_classes)


class SSDLiteRegressionHead(SSDScoringHead):
    """Feature maps -> codes (N, L, 4)."""

    def __init__(self, in_channels: list[int], num_anchors: list[int], norm_layer: Norm) -> None:
        super().__init__(_one_a_map(in_channels, num_anchors, 4, norm_layer), 4)


class SSDLiteHead(SSDHead):
    """Both heads over the same feature maps."""

    def __init__(
        self, in_channels: list[int], num_anchors: list[int], num_classes: int, norm_layer: Norm
    ) -> None:
        nn.Module.__init__(self)
        self.classification_head = SSDLiteClassificationHead(
            in_channels, num_anchors, num_classes, norm_layer
        )
        self.regression_head = SSDLiteRegressionHead(in_channels, num_anchors, norm_layer)


class SSDLiteFeatureExtractorMobileNet(nn.Module):
    """MobileNet's layers and more -> {"0": finest ..., "5": coarsest}.

    The first map is taken in the middle of block ``c4_pos``, where it is widest.
    """

    def __init__(
        self,
        backbone: Any,
        c4_pos: int,
        norm_layer: Norm,
        width_mult: float = 1.0,
        min_depth: int = 16,
    ) -> None:
        super().__init__()
        middle = backbone[c4_pos]
        if middle.use_res_connect:
            raise ValueError("backbone[c4_pos].use_res_connect should be False")
        self.features = nn.Sequential(
            nn.Sequential(*backbone[:c4_pos], middle.block[0]),
            nn.Sequential(middle.block[1:], *backbone[c4_pos + 1 :]),
        )
        wide = [max(min_depth, int(depth * width_mult)) for depth in (512, 256, 256, 128)]
        before = [backbone[-1].out_channels, *wide]
        pairs = zip(before, wide, strict=False)
        self.extra = nn.ModuleList([_extra_block(*pair, norm_layer) for pair in pairs])
        _normal_init(self.extra)

    def forward(self, x: Tensor) -> dict[str, Any]:
        maps = []
        for block in (*self.features, *self.extra):
            x = block(x)
            maps.append(x)
        return {str(place): each for place, each in enumerate(maps)}


def _mobilenet_extractor(
    backbone: Any, trainable_layers: int, norm_layer: Norm
) -> SSDLiteFeatureExtractorMobileNet:
    features = backbone.features
    places = strided_places(features)
    if not 0 <= trainable_layers <= len(places):
        raise ValueError(
            f"trainable_layers should be in the range [0, {len(places)}], instead got "
            f"{trainable_layers}"
        )
    freeze_before(features, places, trainable_layers)
    return SSDLiteFeatureExtractorMobileNet(features, places[-2], norm_layer)


@detector(
    SSDLite320_MobileNet_V3_Large_Weights,
    MobileNet_V3_Large_Weights,
    backbone=MobileNet_V3_Large_Weights.IMAGENET1K_V1,
    layers=(6, 6),
)
def ssdlite320_mobilenet_v3_large(
    wanted: Wanted, norm_layer: Norm | None = None, **kwargs: Any
) -> SSD:
    """SSDLite of 320x320 images on MobileNetV3-Large, 3.4 million parameters."""
    warn_of_size(kwargs)
    norm = partial(nn.BatchNorm2d, eps=0.001, momentum=0.03) if norm_layer is None else norm_layer
    below = wanted.below
    backbone = mobilenet_v3_large(
        weights=below, progress=wanted.progress, norm_layer=norm, reduced_tail=below is None,
        **kwargs,
    )  # fmt: skip
    if below is None:
        _normal_init(backbone)
    body = _mobilenet_extractor(backbone, wanted.trainable, norm)
    size = (320, 320)
    anchors = DefaultBoxGenerator([[2, 3] for _ in range(6)], min_ratio=0.2, max_ratio=0.95)
    channels = retrieve_out_channels(body, size)
    need_as_many(channels, anchors)
    head = SSDLiteHead(channels, anchors.num_anchors_per_location(), wanted.classes, norm)
    defaults: dict[str, Any] = {
        "score_thresh": 0.001,
        "nms_thresh": 0.55,
        "detections_per_img": 300,
        "topk_candidates": 300,
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }
    return SSD(body, anchors, size, wanted.classes, head=head, **{**defaults, **kwargs})
