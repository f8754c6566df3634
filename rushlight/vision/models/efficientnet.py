"""EfficientNet: MobileNet's blocks, scaled together (Tan and Le, 2019 and, V2, 2021)."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models._utils import _make_divisible
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.initial import fan_out
from rushlight.vision.models.published import published
from rushlight.vision.ops.blocks import Conv2dNormActivation, SqueezeExcitation
from rushlight.vision.ops.stochastic_depth import StochasticDepth

EfficientNet_B0_Weights = published("EfficientNet_B0_Weights", __name__)
EfficientNet_B1_Weights = published("EfficientNet_B1_Weights", __name__)
EfficientNet_B2_Weights = published("EfficientNet_B2_Weights", __name__)
EfficientNet_B3_Weights = published("EfficientNet_B3_Weights", __name__)
EfficientNet_B4_Weights = published("EfficientNet_B4_Weights", __name__)
EfficientNet_B5_Weights = published("EfficientNet_B5_Weights", __name__)
EfficientNet_B6_Weights = published("EfficientNet_B6_Weights", __name__)
EfficientNet_B7_Weights = published("EfficientNet_B7_Weights", __name__)
EfficientNet_V2_S_Weights = published("EfficientNet_V2_S_Weights", __name__)
EfficientNet_V2_M_Weights = published("EfficientNet_V2_M_Weights", __name__)
EfficientNet_V2_L_Weights = published("EfficientNet_V2_L_Weights", __name__)

Layer = Callable[..., nn.Module]

# Expansion, kernel, stride, input channels, output channels, blocks. Table 1 of the first paper,
# then of the second: fused stages before the others.
V1 = (
    (1, 3, 1, 32, 16, 1), (6, 3, 2, 16, 24, 2), (6, 5, 2, 24, 40, 2), (6, 3, 2, 40, 80, 3),
    (6, 5, 1, 80, 112, 3), (6, 5, 2, 112, 192, 4), (6, 3, 1, 192, 320, 1),
)  # fmt: skip
V2_S = (
    ((1, 3, 1, 24, 24, 2), (4, 3, 2, 24, 48, 4), (4, 3, 2, 48, 64, 4)),
    ((4, 3, 2, 64, 128, 6), (6, 3, 1, 128, 160, 9), (6, 3, 2, 160, 256, 15)),
)
V2_M = (
    ((1, 3, 1, 24, 24, 3), (4, 3, 2, 24, 48, 5), (4, 3, 2, 48, 80, 5)),
    ((4, 3, 2, 80, 160, 7), (6, 3, 1, 160, 176, 14), (6, 3, 2, 176, 304, 18),
     (6, 3, 1, 304, 512, 5)),
)  # fmt: skip
V2_L = (
    ((1, 3, 1, 32, 32, 4), (4, 3, 2, 32, 64, 7), (4, 3, 2, 64, 96, 7)),
    ((4, 3, 2, 96, 192, 10), (6, 3, 1, 192, 224, 19), (6, 3, 2, 224, 384, 25),
     (6, 3, 1, 384, 640, 7)),
)  # fmt: skip


@dataclass
class _MBConvConfig:
    """A stage: ``num_layers`` blocks, the first with the stride."""

    expand_ratio: float
    kernel: int
    stride: int
    input_channels: int
    out_channels: int
    num_layers: int
    block: Layer

    @staticmethod
    def adjust_channels(channels: int, width_mult: float, min_value: int | None = None) -> int:
        """Whole eighths."""
        return _make_divisible(channels * width_mult, 8, min_value)


class MBConvConfig(_MBConvConfig):
    """A stage of MBConv, wider and deeper by the multipliers."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        width_mult: float = 1.0,
        depth_mult: float = 1.0,
        block: Layer | None = None,
    ) -> None:
        super().__init__(
            expand_ratio,
            kernel,
            stride,
            self.adjust_channels(input_channels, width_mult),
            self.adjust_channels(out_channels, width_mult),
            self.adjust_depth(num_layers, depth_mult),
            MBConv if block is None else block,
        )

    @staticmethod
    def adjust_depth(num_layers: int, depth_mult: float) -> int:
        """Rounded up."""
        return math.ceil(num_layers * depth_mult)


class FusedMBConvConfig(_MBConvConfig):
    """A stage of FusedMBConv."""

    def __init__(
        self,
        expand_ratio: float,
        kernel: int,
        stride: int,
        input_channels: int,
        out_channels: int,
        num_layers: int,
        block: Layer | None = None,
    ) -> None:
        super().__init__(
            expand_ratio, kernel, stride, input_channels, out_channels, num_layers,
            FusedMBConv if block is None else block,
        )  # fmt: skip


class _Block(nn.Module):
    """What both blocks do: their layers, and the input added where the shapes agree."""

    def __init__(
        self, cnf: _MBConvConfig, stochastic_depth_prob: float, layers: Sequence[nn.Module]
    ) -> None:
        super().__init__()
        if not 1 <= cnf.stride <= 2:
            raise ValueError("illegal stride value")
        self.use_res_connect = cnf.stride == 1 and cnf.input_channels == cnf.out_channels
        self.block = nn.Sequential(*layers)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.out_channels = cnf.out_channels

    def forward(self, input: Tensor) -> Any:
        result = self.block(input)
        if self.use_res_connect:
            result = self.stochastic_depth(result)
            result += input
        return result


class MBConv(_Block):
    """Widen, filter each channel by itself, weigh the channels, narrow."""

    def __init__(
        self,
        cnf: MBConvConfig,
        stochastic_depth_prob: float,
        norm_layer: Layer,
        se_layer: Layer = SqueezeExcitation,
    ) -> None:
        block = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        wide = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        layers = []
        if wide != cnf.input_channels:
            layers.append(block(cnf.input_channels, wide, kernel_size=1))
        layers.append(block(wide, wide, kernel_size=cnf.kernel, stride=cnf.stride, groups=wide))
        squeezed = max(1, cnf.input_channels // 4)
        layers.append(se_layer(wide, squeezed, activation=partial(nn.SiLU, inplace=True)))
        layers.append(block(wide, cnf.out_channels, kernel_size=1, activation_layer=None))
        super().__init__(cnf, stochastic_depth_prob, layers)


class FusedMBConv(_Block):
    """Widen and filter in one full convolution, narrow."""

    def __init__(
        self, cnf: FusedMBConvConfig, stochastic_depth_prob: float, norm_layer: Layer
    ) -> None:
        block = partial(Conv2dNormActivation, norm_layer=norm_layer, activation_layer=nn.SiLU)
        wide = cnf.adjust_channels(cnf.input_channels, cnf.expand_ratio)
        narrow = wide == cnf.input_channels
        first = cnf.out_channels if narrow else wide
        layers = [block(cnf.input_channels, first, kernel_size=cnf.kernel, stride=cnf.stride)]
        if not narrow:
            layers.append(block(wide, cnf.out_channels, kernel_size=1, activation_layer=None))
        super().__init__(cnf, stochastic_depth_prob, layers)


def _uniform_by_outputs(weight: Any) -> None:
    bound = 1.0 / math.sqrt(weight.shape[0])
    nn.init.uniform_(weight, -bound, bound)


class EfficientNet(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes).

    ``stochastic_depth_prob``: of the deepest block, falling to 0 at the first; ``last_channel``:
    features before the scores, four times the last stage's if None.
    """

    def __init__(
        self,
        inverted_residual_setting: Sequence[_MBConvConfig],
        dropout: float,
        stochastic_depth_prob: float = 0.2,
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        last_channel: int | None = None,
    ) -> None:
        super().__init__()
        stages = inverted_residual_setting
        if not stages:
            raise ValueError("The inverted_residual_setting should not be empty")
        if not (isinstance(stages, Sequence) and all(isinstance(s, _MBConvConfig) for s in stages)):
            raise TypeError("The inverted_residual_setting should be List[MBConvConfig]")
        norm = nn.BatchNorm2d if norm_layer is None else norm_layer
        outer = partial(Conv2dNormActivation, norm_layer=norm, activation_layer=nn.SiLU)
        layers: list[nn.Module] = [outer(3, stages[0].input_channels, kernel_size=3, stride=2)]
        blocks = sum(stage.num_layers for stage in stages)
        place = 0
        for stage in stages:
            row = copy.copy(stage)
            members = []
            for _ in range(stage.num_layers):
                chance = stochastic_depth_prob * float(place) / blocks
                members.append(row.block(row, chance, norm))
                row = copy.copy(row)
                row.input_channels, row.stride = row.out_channels, 1
                place += 1
            layers.append(nn.Sequential(*members))
        narrow = stages[-1].out_channels
        wide = 4 * narrow if last_channel is None else last_channel
        layers.append(outer(narrow, wide, kernel_size=1))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout, inplace=True), nn.Linear(wide, num_classes)
        )
        fan_out(self, _uniform_by_outputs)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def _v1(
    width: float, depth: float, dropout: float, kwargs: dict[str, Any], norm: Layer | None = None
) -> EfficientNet:
    stages = [MBConvConfig(*row, width_mult=width, depth_mult=depth) for row in V1]
    chance = kwargs.pop("dropout", dropout)
    if norm is None:
        return EfficientNet(stages, chance, **kwargs)
    return EfficientNet(stages, chance, norm_layer=norm, **kwargs)


def _v2(rows: Any, dropout: float, kwargs: dict[str, Any]) -> EfficientNet:
    fused, plain = rows
    stages = [FusedMBConvConfig(*row) for row in fused] + [MBConvConfig(*row) for row in plain]
    return EfficientNet(
        stages,
        kwargs.pop("dropout", dropout),
        last_channel=1280,
        norm_layer=partial(nn.BatchNorm2d, eps=1e-03),
        **kwargs,
    )


_SLOW_NORM = partial(nn.BatchNorm2d, eps=0.001, momentum=0.01)


@constructor(EfficientNet_B0_Weights)
def efficientnet_b0(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B0, 5.3 million parameters."""
    return _v1(1.0, 1.0, 0.2, kwargs)


@constructor(EfficientNet_B1_Weights)
def efficientnet_b1(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B1, 7.8 million parameters."""
    return _v1(1.0, 1.1, 0.2, kwargs)


@constructor(EfficientNet_B2_Weights)
def efficientnet_b2(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B2, 9.1 million parameters."""
    return _v1(1.1, 1.2, 0.3, kwargs)


@constructor(EfficientNet_B3_Weights)
def efficientnet_b3(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B3, 12.2 million parameters."""
    return _v1(1.2, 1.4, 0.3, kwargs)


@constructor(EfficientNet_B4_Weights)
def efficientnet_b4(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B4, 19.3 million parameters."""
    return _v1(1.4, 1.8, 0.4, kwargs)


@constructor(EfficientNet_B5_Weights)
def efficientnet_b5(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B5, 30.4 million parameters."""
    return _v1(1.6, 2.2, 0.4, kwargs, _SLOW_NORM)


@constructor(EfficientNet_B6_Weights)
def efficientnet_b6(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B6, 43.0 million parameters."""
    return _v1(1.8, 2.6, 0.5, kwargs, _SLOW_NORM)


@constructor(EfficientNet_B7_Weights)
def efficientnet_b7(**kwargs: Any) -> EfficientNet:
    """EfficientNet-B7, 66.3 million parameters."""
    return _v1(2.0, 3.1, 0.5, kwargs, _SLOW_NORM)


@constructor(EfficientNet_V2_S_Weights)
def efficientnet_v2_s(**kwargs: Any) -> EfficientNet:
    """EfficientNetV2-S, 21.5 million parameters."""
    return _v2(V2_S, 0.2, kwargs)


@constructor(EfficientNet_V2_M_Weights)
def efficientnet_v2_m(**kwargs: Any) -> EfficientNet:
    """EfficientNetV2-M, 54.1 million parameters."""
    return _v2(V2_M, 0.3, kwargs)


@constructor(EfficientNet_V2_L_Weights)
def efficientnet_v2_l(**kwargs: Any) -> EfficientNet:
    """EfficientNetV2-L, 118.5 million parameters."""
    return _v2(V2_L, 0.4, kwargs)
