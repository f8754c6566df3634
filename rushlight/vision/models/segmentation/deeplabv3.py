"""DeepLabV3: filters of several dilations side by side (Chen and others, 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models._utils import IntermediateLayerGetter
from rushlight.vision.models.mobilenetv3 import MobileNet_V3_Large_Weights, mobilenet_v3_large
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import (
    ResNet50_Weights,
    ResNet101_Weights,
    resnet50,
    resnet101,
)
from rushlight.vision.models.segmentation.fcn import FCNHead
from rushlight.vision.models.segmentation.model import (
    SimpleSegmentationModel,
    segmenter,
    strided_places,
    with_dilation,
)

DeepLabV3_ResNet50_Weights = published("DeepLabV3_ResNet50_Weights", __name__)
DeepLabV3_ResNet101_Weights = published("DeepLabV3_ResNet101_Weights", __name__)
DeepLabV3_MobileNet_V3_Large_Weights = published("DeepLabV3_MobileNet_V3_Large_Weights", __name__)


class DeepLabV3(SimpleSegmentationModel):
    """Images (N, 3, H, W) -> {"out": (N, classes, H, W)}."""


def _filtered(wide: int, channels: int, kernel: int = 1, **options: Any) -> list[nn.Module]:
    return [
        nn.Conv2d(wide, channels, kernel, bias=False, **options),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
    ]


class ASPPConv(nn.Sequential):
    """A 3x3 filter of one dilation."""

    def __init__(self, in_channels: int, out_channels: int, dilation: int) -> None:
        super().__init__(
            *_filtered(in_channels, out_channels, 3, padding=dilation, dilation=dilation)
        )


class ASPPPooling(nn.Sequential):
    """What the whole image holds, at each pixel."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(nn.AdaptiveAvgPool2d(1), *_filtered(in_channels, out_channels))

    def forward(self, x: Tensor) -> Any:
        size = x.shape[-2:]
        return F.interpolate(super().forward(x), size=size, mode="bilinear", align_corners=False)


class ASPP(nn.Module):
    """1x1, a 3x3 filter for each rate, pooling; then one layer over all of them."""

    def __init__(
        self, in_channels: int, atrous_rates: Sequence[int], out_channels: int = 256
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            [
                nn.Sequential(*_filtered(in_channels, out_channels)),
                *[ASPPConv(in_channels, out_channels, rate) for rate in atrous_rates],
                ASPPPooling(in_channels, out_channels),
            ]
        )
        together = len(self.convs) * out_channels
        self.project = nn.Sequential(*_filtered(together, out_channels), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Any:
        return self.project(torch.cat([conv(x) for conv in self.convs], dim=1))


class DeepLabHead(nn.Sequential):
    """(N, in_channels, H, W) -> (N, num_classes, H, W)."""

    def __init__(
        self, in_channels: int, num_classes: int, atrous_rates: Sequence[int] = (12, 24, 36)
    ) -> None:
        super().__init__(
            ASPP(in_channels, atrous_rates),
            *_filtered(256, 256, 3, padding=1),
            nn.Conv2d(256, num_classes, 1),
        )


def _on_resnet(backbone: Any, classes: int, aux: bool | None) -> DeepLabV3:
    body = with_dilation(backbone, aux)
    second = FCNHead(1024, classes) if aux else None
    return DeepLabV3(body, DeepLabHead(2048, classes), second)


@segmenter(DeepLabV3_ResNet50_Weights, ResNet50_Weights)
def deeplabv3_resnet50(below: Any, classes: int, aux: bool | None) -> DeepLabV3:
    """DeepLabV3 on ResNet-50, 42.0 million parameters with its second head."""
    backbone = resnet50(weights=below, replace_stride_with_dilation=[False, True, True])
    return _on_resnet(backbone, classes, aux)


@segmenter(DeepLabV3_ResNet101_Weights, ResNet101_Weights)
def deeplabv3_resnet101(below: Any, classes: int, aux: bool | None) -> DeepLabV3:
    """DeepLabV3 on ResNet-101, 61.0 million parameters with its second head."""
    backbone = resnet101(weights=below, replace_stride_with_dilation=[False, True, True])
    return _on_resnet(backbone, classes, aux)


@segmenter(DeepLabV3_MobileNet_V3_Large_Weights, MobileNet_V3_Large_Weights)
def deeplabv3_mobilenet_v3_large(below: Any, classes: int, aux: bool | None) -> DeepLabV3:
    """DeepLabV3 on MobileNetV3-Large, 11.0 million parameters with its second head."""
    features = mobilenet_v3_large(weights=below, dilated=True).features
    places = strided_places(features)
    last, middle = places[-1], places[-4]
    layers = {str(last): "out"}
    if aux:
        layers[str(middle)] = "aux"
    body = IntermediateLayerGetter(features, return_layers=layers)
    second = FCNHead(features[middle].out_channels, classes) if aux else None
    return DeepLabV3(body, DeepLabHead(features[last].out_channels, classes), second)
