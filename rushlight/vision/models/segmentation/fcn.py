"""FCN: a convolutional head on a dilated ResNet (Long and others, 2014)."""

from __future__ import annotations

from typing import Any

from rushlight import nn
from rushlight.vision.models.published import published
from rushlight.vision.models.resnet import (
    ResNet50_Weights,
    ResNet101_Weights,
    resnet50,
    resnet101,
)
from rushlight.vision.models.segmentation.model import (
    SimpleSegmentationModel,
    segmenter,
    with_dilation,
)

FCN_ResNet50_Weights = published("FCN_ResNet50_Weights", __name__)
FCN_ResNet101_Weights = published("FCN_ResNet101_Weights", __name__)


class FCN(SimpleSegmentationModel):
    """Images (N, 3, H, W) -> {"out": (N, classes, H, W)}."""


class FCNHead(nn.Sequential):
    """(N, in_channels, H, W) -> (N, channels, H, W)."""

    def __init__(self, in_channels: int, channels: int) -> None:
        inner = in_channels // 4
        super().__init__(
            nn.Conv2d(in_channels, inner, 3, padding=1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(),
            nn.Dropout(0.1),
            nn.Conv2d(inner, channels, 1),
        )


def _fcn(backbone: Any, classes: int, aux: bool | None) -> FCN:
    body = with_dilation(backbone, aux)
    # The second head is drawn first.
    second = FCNHead(1024, classes) if aux else None
    return FCN(body, FCNHead(2048, classes), second)


@segmenter(FCN_ResNet50_Weights, ResNet50_Weights)
def fcn_resnet50(below: Any, classes: int, aux: bool | None) -> FCN:
    """FCN on ResNet-50, 35.3 million parameters with its second head."""
    backbone = resnet50(weights=below, replace_stride_with_dilation=[False, True, True])
    return _fcn(backbone, classes, aux)


@segmenter(FCN_ResNet101_Weights, ResNet101_Weights)
def fcn_resnet101(below: Any, classes: int, aux: bool | None) -> FCN:
    """FCN on ResNet-101, 54.3 million parameters with its second head."""
    backbone = resnet101(weights=below, replace_stride_with_dilation=[False, True, True])
    return _fcn(backbone, classes, aux)
