"""Residual networks over clips: in space and time at once, one after the other, or mixed.

Tran and others, "A closer look at spatiotemporal convolutions for action recognition", 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.initial import fan_out, narrow_normal
from rushlight.vision.models.published import published

__all__ = ["VideoResNet"]

R3D_18_Weights = published("R3D_18_Weights", __name__)
MC3_18_Weights = published("MC3_18_Weights", __name__)
R2Plus1D_18_Weights = published("R2Plus1D_18_Weights", __name__)


class Conv3DSimple(nn.Conv3d):
    """3 x 3 x 3."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int | None = None, stride: int = 1,
        padding: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(in_planes, out_planes, 3, stride=stride, padding=padding, bias=False)

    @staticmethod
    def get_downsample_stride(stride: int) -> tuple[int, int, int]:
        """The stride of the path beside it."""
        return stride, stride, stride


class Conv3DNoTemporal(nn.Conv3d):
    """3 x 3 on each frame alone."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int | None = None, stride: int = 1,
        padding: int = 1,
    ) -> None:  # fmt: skip
        super().__init__(
            in_planes, out_planes, (1, 3, 3), stride=(1, stride, stride),
            padding=(0, padding, padding), bias=False,
        )  # fmt: skip

    @staticmethod
    def get_downsample_stride(stride: int) -> tuple[int, int, int]:
        """The stride of the path beside it."""
        return 1, stride, stride


def _apart(
    channels: int, middle: int, out: int, taps: int, steps: tuple[int, int], edges: tuple[int, int]
) -> list[nn.Module]:
    """A convolution over ``taps`` x ``taps`` of a frame, then one over three frames."""
    (across, along), (wide, long) = steps, edges
    return [
        nn.Conv3d(
            channels, middle, (1, taps, taps), stride=(1, across, across), padding=(0, wide, wide),
            bias=False,
        ),
        nn.BatchNorm3d(middle),
        nn.ReLU(inplace=True),
        nn.Conv3d(
            middle, out, (3, 1, 1), stride=(along, 1, 1), padding=(long, 0, 0), bias=False
        ),
    ]  # fmt: skip


class Conv2Plus1D(nn.Sequential):
    """In space, then in time: with ``midplanes`` between them."""

    def __init__(
        self, in_planes: int, out_planes: int, midplanes: int, stride: int = 1, padding: int = 1
    ) -> None:
        steps, edges = (stride, stride), (padding, padding)
        super().__init__(*_apart(in_planes, midplanes, out_planes, 3, steps, edges))

    @staticmethod
    def get_downsample_stride(stride: int) -> tuple[int, int, int]:
        """The stride of the path beside it."""
        return stride, stride, stride


def _as_many(inplanes: int, planes: int) -> int:
    """Channels in between that make two convolutions as large as one of 3 x 3 x 3."""
    return (inplanes * planes * 27) // (inplanes * 9 + 3 * planes)


class BasicBlock(nn.Module):
    """Two convolutions and what came in: (N, C, T, H, W) -> (N, planes, T', H', W')."""

    expansion = 1

    def __init__(
        self, inplanes: int, planes: int, conv_builder: Callable[..., nn.Module], stride: int = 1,
        downsample: nn.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        middle = _as_many(inplanes, planes)
        self.conv1 = nn.Sequential(
            conv_builder(inplanes, planes, middle, stride),
            nn.BatchNorm3d(planes),
            nn.ReLU(inplace=True),
        )
        self.conv2 = nn.Sequential(conv_builder(planes, planes, middle), nn.BatchNorm3d(planes))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Any:
        beside = x if self.downsample is None else self.downsample(x)
        return self.relu(self.conv2(self.conv1(x)) + beside)


class Bottleneck(nn.Module):
    """As BasicBlock between two convolutions of one pixel, four times as wide outside."""

    expansion = 4

    def __init__(
        self, inplanes: int, planes: int, conv_builder: Callable[..., nn.Module], stride: int = 1,
        downsample: nn.Module | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        middle, wide = _as_many(inplanes, planes), planes * self.expansion
        self.conv1 = nn.Sequential(
            nn.Conv3d(inplanes, planes, 1, bias=False),
            nn.BatchNorm3d(planes),
            nn.ReLU(inplace=True),
        )
        self.conv2 = nn.Sequential(
            conv_builder(planes, planes, middle, stride),
            nn.BatchNorm3d(planes),
            nn.ReLU(inplace=True),
        )
        self.conv3 = nn.Sequential(nn.Conv3d(planes, wide, 1, bias=False), nn.BatchNorm3d(wide))
        self.relu = nn.ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Any:
        beside = x if self.downsample is None else self.downsample(x)
        return self.relu(self.conv3(self.conv2(self.conv1(x))) + beside)


class BasicStem(nn.Sequential):
    """A convolution of 3 x 7 x 7."""

    def __init__(self) -> None:
        super().__init__(
            nn.Conv3d(3, 64, (3, 7, 7), stride=(1, 2, 2), padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
        )


class R2Plus1dStem(nn.Sequential):
    """7 x 7 of a frame, then three frames."""

    def __init__(self) -> None:
        super().__init__(
            *_apart(3, 45, 64, 7, (2, 1), (3, 1)), nn.BatchNorm3d(64), nn.ReLU(inplace=True)
        )


class VideoResNet(nn.Module):
    """Clips (N, 3, T, H, W) -> scores (N, num_classes).

    ``conv_makers``: the convolution of each of the four stages of ``layers`` blocks.
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        conv_makers: Sequence[Any],
        layers: Sequence[int],
        stem: Callable[..., nn.Module],
        num_classes: int = 400,
        zero_init_residual: bool = False,
    ) -> None:
        super().__init__()
        self.inplanes = 64
        self.stem = stem()
        planes, strides = (64, 128, 256, 512), (1, 2, 2, 2)
        stages = zip(conv_makers, planes, layers, strides, strict=True)
        for place, stage in enumerate(stages, start=1):
            setattr(self, f"layer{place}", self._stage(block, *stage))
        self.avgpool = nn.AdaptiveAvgPool3d((1, 1, 1))
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        fan_out(self, narrow_normal)
        if zero_init_residual:
            for module in self.modules():
                if isinstance(module, Bottleneck):
                    nn.init.zeros_(module.conv3[1].weight)

    def _stage(
        self, block: type[BasicBlock] | type[Bottleneck], conv: Any, planes: int, blocks: int,
        stride: int,
    ) -> nn.Sequential:  # fmt: skip
        wide, beside = planes * block.expansion, None
        if stride != 1 or self.inplanes != wide:
            beside = nn.Sequential(
                nn.Conv3d(
                    self.inplanes, wide, 1, stride=conv.get_downsample_stride(stride), bias=False
                ),
                nn.BatchNorm3d(wide),
            )
        made: list[nn.Module] = [block(self.inplanes, planes, conv, stride, beside)]
        self.inplanes = wide
        made += [block(wide, planes, conv) for _ in range(1, blocks)]
        return nn.Sequential(*made)

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x)
        for place in range(1, 5):
            x = getattr(self, f"layer{place}")(x)
        return self.fc(self.avgpool(x).flatten(1))


@constructor(R3D_18_Weights)
def r3d_18(**kwargs: Any) -> VideoResNet:
    """18 layers, space and time at once: 33.4 million parameters."""
    return VideoResNet(BasicBlock, [Conv3DSimple] * 4, [2, 2, 2, 2], BasicStem, **kwargs)


@constructor(MC3_18_Weights)
def mc3_18(**kwargs: Any) -> VideoResNet:
    """18 layers, time only in the first stage: 11.7 million parameters."""
    makers = [Conv3DSimple, *[Conv3DNoTemporal] * 3]
    return VideoResNet(BasicBlock, makers, [2, 2, 2, 2], BasicStem, **kwargs)


@constructor(R2Plus1D_18_Weights)
def r2plus1d_18(**kwargs: Any) -> VideoResNet:
    """18 layers, space and time in turn: 31.5 million parameters."""
    return VideoResNet(BasicBlock, [Conv2Plus1D] * 4, [2, 2, 2, 2], R2Plus1dStem, **kwargs)
