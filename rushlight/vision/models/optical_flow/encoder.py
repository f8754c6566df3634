"""Features of an image at an eighth of its size (RAFT)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.ops.blocks import Conv2dNormActivation

Layer = Callable[..., nn.Module]


def _beside(wide: int, out: int, norm_layer: Layer | None, stride: int) -> nn.Module:
    return Conv2dNormActivation(
        wide, out, 1, stride, norm_layer=norm_layer, activation_layer=None, bias=True
    )


class ResidualBlock(nn.Module):
    """Two convolutions beside a path of their own: (N, C, H, W) -> (N, K, H', W')."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        norm_layer: Layer | None,
        stride: int = 1,
        always_project: bool = False,
    ) -> None:
        super().__init__()
        self.convnormrelu1 = Conv2dNormActivation(
            in_channels, out_channels, 3, stride, norm_layer=norm_layer, bias=True
        )
        self.convnormrelu2 = Conv2dNormActivation(
            out_channels, out_channels, 3, norm_layer=norm_layer, bias=True
        )
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or always_project:
            self.downsample = _beside(in_channels, out_channels, norm_layer, stride)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Any:
        return self.relu(self.downsample(x) + self.convnormrelu2(self.convnormrelu1(x)))


class BottleneckBlock(nn.Module):
    """As ResidualBlock, a quarter as wide between: (N, C, H, W) -> (N, K, H', W')."""

    def __init__(
        self, in_channels: int, out_channels: int, *, norm_layer: Layer | None, stride: int = 1
    ) -> None:
        super().__init__()
        narrow = out_channels // 4
        self.convnormrelu1 = Conv2dNormActivation(
            in_channels, narrow, 1, norm_layer=norm_layer, bias=True
        )
        self.convnormrelu2 = Conv2dNormActivation(
            narrow, narrow, 3, stride, norm_layer=norm_layer, bias=True
        )
        self.convnormrelu3 = Conv2dNormActivation(
            narrow, out_channels, 1, norm_layer=norm_layer, bias=True
        )
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1:
            self.downsample = _beside(in_channels, out_channels, norm_layer, stride)

    def forward(self, x: Tensor) -> Any:
        y = self.convnormrelu3(self.convnormrelu2(self.convnormrelu1(x)))
        return self.relu(self.downsample(x) + y)


class FeatureEncoder(nn.Module):
    """Images (N, 3, H, W) -> features (N, layers[-1], H / 8, W / 8)."""

    def __init__(
        self,
        *,
        block: Layer = ResidualBlock,
        layers: Sequence[int] = (64, 64, 96, 128, 256),
        strides: Sequence[int] = (2, 1, 2, 2),
        norm_layer: Layer | None = nn.BatchNorm2d,
    ) -> None:
        super().__init__()
        if len(layers) != 5:
            raise ValueError(
                f"FeatureEncoder: The expected number of layers is 5, instead got {len(layers)}"
            )
        self.convnormrelu = Conv2dNormActivation(
            3, layers[0], 7, strides[0], norm_layer=norm_layer, bias=True
        )
        for place in (1, 2, 3):
            wide, out = layers[place - 1], layers[place]
            pair = nn.Sequential(
                block(wide, out, norm_layer=norm_layer, stride=strides[place]),
                block(out, out, norm_layer=norm_layer, stride=1),
            )
            setattr(self, f"layer{place}", pair)
        self.conv = nn.Conv2d(layers[3], layers[4], 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.output_dim = layers[-1]
        self.downsample_factor = 2 ** sum(stride == 2 for stride in strides)

    def forward(self, x: Tensor) -> Any:
        x = self.layer3(self.layer2(self.layer1(self.convnormrelu(x))))
        return self.conv(x)
