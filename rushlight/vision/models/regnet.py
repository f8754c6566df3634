"""RegNet: widths along a quantised line (Radosavovic and others, 2020)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models._utils import _make_divisible
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published
from rushlight.vision.ops.blocks import Conv2dNormActivation, SqueezeExcitation

Layer = Callable[..., nn.Module]

RegNet_Y_400MF_Weights = published("RegNet_Y_400MF_Weights", __name__)
RegNet_Y_800MF_Weights = published("RegNet_Y_800MF_Weights", __name__)
RegNet_Y_1_6GF_Weights = published("RegNet_Y_1_6GF_Weights", __name__)
RegNet_Y_3_2GF_Weights = published("RegNet_Y_3_2GF_Weights", __name__)
RegNet_Y_8GF_Weights = published("RegNet_Y_8GF_Weights", __name__)
RegNet_Y_16GF_Weights = published("RegNet_Y_16GF_Weights", __name__)
RegNet_Y_32GF_Weights = published("RegNet_Y_32GF_Weights", __name__)
RegNet_Y_128GF_Weights = published("RegNet_Y_128GF_Weights", __name__)
RegNet_X_400MF_Weights = published("RegNet_X_400MF_Weights", __name__)
RegNet_X_800MF_Weights = published("RegNet_X_800MF_Weights", __name__)
RegNet_X_1_6GF_Weights = published("RegNet_X_1_6GF_Weights", __name__)
RegNet_X_3_2GF_Weights = published("RegNet_X_3_2GF_Weights", __name__)
RegNet_X_8GF_Weights = published("RegNet_X_8GF_Weights", __name__)
RegNet_X_16GF_Weights = published("RegNet_X_16GF_Weights", __name__)
RegNet_X_32GF_Weights = published("RegNet_X_32GF_Weights", __name__)


class SimpleStemIN(Conv2dNormActivation):
    """One 3x3 convolution: half the image."""

    def __init__(
        self, width_in: int, width_out: int, norm_layer: Layer, activation_layer: Layer
    ) -> None:
        super().__init__(
            width_in, width_out, 3, 2, norm_layer=norm_layer, activation_layer=activation_layer
        )


class BottleneckTransform(nn.Sequential):
    """1x1, 3x3 in groups, a gate where ``se_ratio`` is given, 1x1."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None,
    ) -> None:
        inner = round(width_out * bottleneck_multiplier)
        block = partial(
            Conv2dNormActivation, norm_layer=norm_layer, activation_layer=activation_layer
        )
        layers: dict[str, nn.Module] = {
            "a": block(width_in, inner, kernel_size=1),
            "b": block(inner, inner, kernel_size=3, stride=stride, groups=inner // group_width),
        }
        if se_ratio:
            # Of the block's input, not of what is weighed.
            squeezed = round(se_ratio * width_in)
            layers["se"] = SqueezeExcitation(inner, squeezed, activation=activation_layer)
        layers["c"] = block(inner, width_out, kernel_size=1, activation_layer=None)
        super().__init__()
        for name, layer in layers.items():
            self.add_module(name, layer)


class ResBottleneckBlock(nn.Module):
    """The transform with a way around it."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int = 1,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
    ) -> None:
        super().__init__()
        self.proj = None
        if width_in != width_out or stride != 1:
            self.proj = Conv2dNormActivation(
                width_in, width_out, 1, stride, norm_layer=norm_layer, activation_layer=None
            )
        self.f = BottleneckTransform(
            width_in, width_out, stride, norm_layer, activation_layer, group_width,
            bottleneck_multiplier, se_ratio,
        )  # fmt: skip
        self.activation = activation_layer(inplace=True)

    def forward(self, x: Tensor) -> Any:
        way_around = x if self.proj is None else self.proj(x)
        return self.activation(way_around + self.f(x))


class AnyStage(nn.Sequential):
    """Blocks of one width, the first with the stride."""

    def __init__(
        self,
        width_in: int,
        width_out: int,
        stride: int,
        depth: int,
        block_constructor: Layer,
        norm_layer: Layer,
        activation_layer: Layer,
        group_width: int,
        bottleneck_multiplier: float,
        se_ratio: float | None = None,
        stage_index: int = 0,
    ) -> None:
        super().__init__()
        for place in range(depth):
            first = place == 0
            block = block_constructor(
                width_in if first else width_out, width_out, stride if first else 1, norm_layer,
                activation_layer, group_width, bottleneck_multiplier, se_ratio,
            )  # fmt: skip
            self.add_module(f"block{stage_index}-{place}", block)


class BlockParams:
    """Depth, width, group width, multiplier and stride of each stage."""

    def __init__(
        self,
        depths: Sequence[int],
        widths: Sequence[int],
        group_widths: Sequence[int],
        bottleneck_multipliers: Sequence[float],
        strides: Sequence[int],
        se_ratio: float | None = None,
    ) -> None:
        self.depths = depths
        self.widths = widths
        self.group_widths = group_widths
        self.bottleneck_multipliers = bottleneck_multipliers
        self.strides = strides
        self.se_ratio = se_ratio

    @classmethod
    def from_init_params(
        cls,
        depth: int,
        w_0: int,
        w_a: float,
        w_m: float,
        group_width: int,
        bottleneck_multiplier: float = 1.0,
        se_ratio: float | None = None,
        **kwargs: Any,
    ) -> BlockParams:
        """The stages of a RegNet, from the line its widths lie near.

        Block j would be ``w_0 + w_a * j`` wide; it gets the nearest ``w_0 * w_m ** k`` in steps of
        eight (equations 2 to 4 of the paper). Neighbours of one width are a stage.
        """
        if w_a < 0 or w_0 <= 0 or w_m <= 1 or w_0 % 8 != 0:
            raise ValueError("Invalid RegNet settings")
        line = np.arange(depth, dtype=np.float32) * np.float32(w_a) + np.float32(w_0)
        capacity = np.round(np.log(line / np.float32(w_0)) / np.float32(math.log(w_m)))
        exact = np.float32(w_0) * np.power(np.float32(w_m), capacity)
        wide = (np.round(exact / np.float32(8)) * 8).astype(int).tolist()
        stages = [(width, len(list(blocks))) for width, blocks in groupby(wide)]
        multipliers = [bottleneck_multiplier] * len(stages)
        widths, group_widths = cls._fit_groups(
            [width for width, _ in stages], multipliers, group_width
        )
        depths = [count for _, count in stages]
        return cls(depths, widths, group_widths, multipliers, [2] * len(stages), se_ratio)

    @staticmethod
    def _fit_groups(
        widths: Sequence[int], multipliers: Sequence[float], group_width: int
    ) -> tuple[list[int], list[int]]:
        """Widths that whole groups make up, and no group wider than its stage."""
        inner = [int(width * times) for width, times in zip(widths, multipliers, strict=True)]
        groups = [min(group_width, width) for width in inner]
        fitted = [_make_divisible(w, g) for w, g in zip(inner, groups, strict=True)]
        return [int(w / times) for w, times in zip(fitted, multipliers, strict=True)], groups

    def _get_expanded_params(self) -> Iterator[tuple[int, int, int, int, float]]:
        return zip(
            self.widths, self.strides, self.depths, self.group_widths,
            self.bottleneck_multipliers, strict=True,
        )  # fmt: skip


class RegNet(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes)."""

    def __init__(
        self,
        block_params: BlockParams,
        num_classes: int = 1000,
        stem_width: int = 32,
        stem_type: Layer | None = None,
        block_type: Layer | None = None,
        norm_layer: Layer | None = None,
        activation: Layer | None = None,
    ) -> None:
        super().__init__()
        norm = nn.BatchNorm2d if norm_layer is None else norm_layer
        act = nn.ReLU if activation is None else activation
        block = ResBottleneckBlock if block_type is None else block_type
        self.stem = (SimpleStemIN if stem_type is None else stem_type)(3, stem_width, norm, act)
        self.trunk_output = nn.Sequential()
        wide = stem_width
        for place, row in enumerate(block_params._get_expanded_params(), 1):
            width, stride, depth, group_width, times = row
            stage = AnyStage(
                wide, width, stride, depth, block, norm, act, group_width, times,
                block_params.se_ratio, stage_index=place,
            )  # fmt: skip
            self.trunk_output.add_module(f"block{place}", stage)
            wide = width
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(wide, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # All that a filter leads to, groups or not.
                fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels
                nn.init.normal_(module.weight, mean=0.0, std=math.sqrt(2.0 / fan_out))
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, mean=0.0, std=0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.avgpool(self.trunk_output(self.stem(x))).flatten(start_dim=1))


def _regnet(
    depth: int,
    w_0: int,
    w_a: float,
    w_m: float,
    group_width: int,
    se_ratio: float | None,
    kwargs: dict[str, Any],
) -> RegNet:
    """The caller's arguments go both to the stages and to the network, as in torchvision."""
    stages = BlockParams.from_init_params(
        depth, w_0, w_a, w_m, group_width, se_ratio=se_ratio, **kwargs
    )
    return RegNet(stages, **kwargs)


@constructor(RegNet_Y_400MF_Weights)
def regnet_y_400mf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 400 million operations, 4.3 million parameters."""
    return _regnet(16, 48, 27.89, 2.09, 8, 0.25, kwargs)


@constructor(RegNet_Y_800MF_Weights)
def regnet_y_800mf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 800 million operations, 6.4 million parameters."""
    return _regnet(14, 56, 38.84, 2.4, 16, 0.25, kwargs)


@constructor(RegNet_Y_1_6GF_Weights)
def regnet_y_1_6gf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 1.6 billion operations, 11.2 million parameters."""
    return _regnet(27, 48, 20.71, 2.65, 24, 0.25, kwargs)


@constructor(RegNet_Y_3_2GF_Weights)
def regnet_y_3_2gf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 3.2 billion operations, 19.4 million parameters."""
    return _regnet(21, 80, 42.63, 2.66, 24, 0.25, kwargs)


@constructor(RegNet_Y_8GF_Weights)
def regnet_y_8gf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 8 billion operations, 39.4 million parameters."""
    return _regnet(17, 192, 76.82, 2.19, 56, 0.25, kwargs)


@constructor(RegNet_Y_16GF_Weights)
def regnet_y_16gf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 16 billion operations, 83.6 million parameters."""
    return _regnet(18, 200, 106.23, 2.48, 112, 0.25, kwargs)


@constructor(RegNet_Y_32GF_Weights)
def regnet_y_32gf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 32 billion operations, 145.0 million parameters."""
    return _regnet(20, 232, 115.89, 2.53, 232, 0.25, kwargs)


@constructor(RegNet_Y_128GF_Weights)
def regnet_y_128gf(**kwargs: Any) -> RegNet:
    """RegNetY with gates: 128 billion operations, 644.8 million parameters."""
    return _regnet(27, 456, 160.83, 2.52, 264, 0.25, kwargs)


@constructor(RegNet_X_400MF_Weights)
def regnet_x_400mf(**kwargs: Any) -> RegNet:
    """RegNetX: 400 million operations, 5.5 million parameters."""
    return _regnet(22, 24, 24.48, 2.54, 16, None, kwargs)


@constructor(RegNet_X_800MF_Weights)
def regnet_x_800mf(**kwargs: Any) -> RegNet:
    """RegNetX: 800 million operations, 7.3 million parameters."""
    return _regnet(16, 56, 35.73, 2.28, 16, None, kwargs)


@constructor(RegNet_X_1_6GF_Weights)
def regnet_x_1_6gf(**kwargs: Any) -> RegNet:
    """RegNetX: 1.6 billion operations, 9.2 million parameters."""
    return _regnet(18, 80, 34.01, 2.25, 24, None, kwargs)


@constructor(RegNet_X_3_2GF_Weights)
def regnet_x_3_2gf(**kwargs: Any) -> RegNet:
    """RegNetX: 3.2 billion operations, 15.3 million parameters."""
    return _regnet(25, 88, 26.31, 2.25, 48, None, kwargs)


@constructor(RegNet_X_8GF_Weights)
def regnet_x_8gf(**kwargs: Any) -> RegNet:
    """RegNetX: 8 billion operations, 39.6 million parameters."""
    return _regnet(23, 80, 49.56, 2.88, 120, None, kwargs)


@constructor(RegNet_X_16GF_Weights)
def regnet_x_16gf(**kwargs: Any) -> RegNet:
    """RegNetX: 16 billion operations, 54.3 million parameters."""
    return _regnet(22, 216, 55.59, 2.1, 128, None, kwargs)


@constructor(RegNet_X_32GF_Weights)
def regnet_x_32gf(**kwargs: Any) -> RegNet:
    """RegNetX: 32 billion operations, 107.8 million parameters."""
    return _regnet(23, 320, 69.86, 2.0, 168, None, kwargs)
