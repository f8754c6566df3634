"""LR-ASPP: MobileNetV3's light head (Howard and others, 2019)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models._utils import IntermediateLayerGetter
from rushlight.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from rushlight.vision.models.published import published
from rushlight.vision.models.segmentation.model import full_size, segmenter, strided_places

LRASPP_MobileNet_V3_Large_Weights = published("LRASPP_MobileNet_V3_Large_Weights", __name__)


class LRASPPHead(nn.Module):
    """{"low": fine features, "high": coarse ones} -> (N, num_classes, H, W) of the fine."""

    def __init__(
        self, low_channels: int, high_channels: int, num_classes: int, inter_channels: int
    ) -> None:
        super().__init__()
        self.cbr = nn.Sequential(
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.BatchNorm2d(inter_channels),
            nn.ReLU(inplace=True),
        )
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(high_channels, inter_channels, 1, bias=False),
            nn.Sigmoid(),
        )
        self.low_classifier = nn.Conv2d(low_channels, num_classes, 1)
        self.high_classifier = nn.Conv2d(inter_channels, num_classes, 1)

    def forward(self, input: Mapping[str, Tensor]) -> Any:
        low, high = input["low"], input["high"]
        weighed = self.cbr(high) * self.scale(high)
        weighed = F.interpolate(weighed, size=low.shape[-2:], mode="bilinear", align_corners=False)
        return self.low_classifier(low) + self.high_classifier(weighed)


class LRASPP(nn.Module):
    """Images (N, 3, H, W) -> {"out": (N, num_classes, H, W)}."""

    def __init__(
        self,
        backbone: nn.Module,
        low_channels: int,
        high_channels: int,
        num_classes: int,
        inter_channels: int = 128,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = LRASPPHead(low_channels, high_channels, num_classes, inter_channels)

    def forward(self, input: Tensor) -> dict[str, Any]:
        return {"out": full_size(self.classifier(self.backbone(input)), input)}


@segmenter(LRASPP_MobileNet_V3_Large_Weights, MobileNet_V3_Large_Weights, aux_in_file=False)
def lraspp_mobilenet_v3_large(below: Any, classes: int, aux: bool | None) -> LRASPP:
    """LR-ASPP on MobileNetV3-Large, 3.2 million parameters."""
    if aux:
        raise NotImplementedError("This model does not use auxiliary loss")
    features = mobilenet_v3_large(weights=below, dilated=True).features
    places = strided_places(features)
    low, high = places[-4], places[-1]
    body = IntermediateLayerGetter(features, return_layers={str(low): "low", str(high): "high"})
    return LRASPP(body, features[low].out_channels, features[high].out_channels, classes)
