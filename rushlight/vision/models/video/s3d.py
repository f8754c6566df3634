"""S3D: Inception over clips, space and time in turn (Xie and others, 2018)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published
from rushlight.vision.ops.blocks import Conv3dNormActivation

__all__ = ["S3D"]

S3D_Weights = published("S3D_Weights", __name__)

Layer = Callable[..., nn.Module]
# Channels of a mixed block: what comes in, then those of its branches (one pixel; two with a
# reduction first; one behind a pooling). A number alone pools, halving time and space.
MIXED: tuple[tuple[int, ...] | int, ...] = (
    (192, 64, 96, 128, 16, 32, 32), (256, 128, 128, 192, 32, 96, 64), 3,
    (480, 192, 96, 208, 16, 48, 64), (512, 160, 112, 224, 24, 64, 64),
    (512, 128, 128, 256, 24, 64, 64), (512, 112, 144, 288, 32, 64, 64),
    (528, 256, 160, 320, 32, 128, 128), 2,
    (832, 256, 160, 320, 32, 128, 128), (832, 384, 192, 384, 48, 128, 128),
)  # fmt: skip


class TemporalSeparableConv(nn.Sequential):
    """A convolution over each frame, then one over time."""

    def __init__(
        self, in_planes: int, out_planes: int, kernel_size: int, stride: int, padding: int,
        norm_layer: Layer,
    ) -> None:  # fmt: skip
        super().__init__(
            Conv3dNormActivation(
                in_planes, out_planes, (1, kernel_size, kernel_size), (1, stride, stride),
                (0, padding, padding), norm_layer=norm_layer, bias=False,
            ),
            Conv3dNormActivation(
                out_planes, out_planes, (kernel_size, 1, 1), (stride, 1, 1), (padding, 0, 0),
                norm_layer=norm_layer, bias=False,
            ),
        )  # fmt: skip


class SepInceptionBlock3D(nn.Module):
    """Four branches side by side."""

    def __init__(
        self, in_planes: int, b0_out: int, b1_mid: int, b1_out: int, b2_mid: int, b2_out: int,
        b3_out: int, norm_layer: Layer,
    ) -> None:  # fmt: skip
        super().__init__()
        pixel = partial(Conv3dNormActivation, kernel_size=1, norm_layer=norm_layer)
        self.branch0 = pixel(in_planes, b0_out)
        self.branch1 = nn.Sequential(
            pixel(in_planes, b1_mid), TemporalSeparableConv(b1_mid, b1_out, 3, 1, 1, norm_layer)
        )
        self.branch2 = nn.Sequential(
            pixel(in_planes, b2_mid), TemporalSeparableConv(b2_mid, b2_out, 3, 1, 1, norm_layer)
        )
        self.branch3 = nn.Sequential(
            nn.MaxPool3d((3, 3, 3), stride=1, padding=1), pixel(in_planes, b3_out)
        )

    def forward(self, x: Tensor) -> Any:
        branches = (self.branch0, self.branch1, self.branch2, self.branch3)
        return torch.cat([branch(x) for branch in branches], 1)


def _frame_pool() -> nn.Module:
    return nn.MaxPool3d((1, 3, 3), stride=(1, 2, 2), padding=(0, 1, 1))


def _mixed(row: tuple[int, ...] | int, norm_layer: Layer) -> nn.Module:
    if isinstance(row, int):
        return nn.MaxPool3d((row,) * 3, stride=(2,) * 3, padding=(row // 2 if row == 3 else 0,) * 3)
    return SepInceptionBlock3D(*row, norm_layer=norm_layer)


class S3D(nn.Module):
    """Clips (N, 3, T, H, W) of at least 14 frames of 224 x 224 -> scores (N, num_classes)."""

    def __init__(
        self, num_classes: int = 400, dropout: float = 0.2, norm_layer: Layer | None = None
    ) -> None:
        super().__init__()
        norm = norm_layer or partial(nn.BatchNorm3d, eps=0.001, momentum=0.001)
        self.features = nn.Sequential(
            TemporalSeparableConv(3, 64, 7, 2, 3, norm),
            _frame_pool(),
            Conv3dNormActivation(64, 64, 1, norm_layer=norm),
            TemporalSeparableConv(64, 192, 3, 1, 1, norm),
            _frame_pool(),
            *(_mixed(row, norm) for row in MIXED),
        )
        self.avgpool = nn.AvgPool3d((2, 7, 7), stride=1)
        self.classifier = nn.Sequential(nn.Dropout(dropout), nn.Conv3d(1024, num_classes, 1))

    def forward(self, x: Tensor) -> Any:
        x = self.classifier(self.avgpool(self.features(x)))
        return torch.mean(x, dim=(2, 3, 4))


@constructor(S3D_Weights)
def s3d(**kwargs: Any) -> S3D:
    """Separable Inception: 8.3 million parameters."""
    return S3D(**kwargs)
