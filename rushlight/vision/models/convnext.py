"""ConvNeXt: convolutions arranged like a transformer (Liu and others, 2022)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published
from rushlight.vision.ops.blocks import Conv2dNormActivation, Permute
from rushlight.vision.ops.stochastic_depth import StochasticDepth

ConvNeXt_Tiny_Weights = published("ConvNeXt_Tiny_Weights", __name__)
ConvNeXt_Small_Weights = published("ConvNeXt_Small_Weights", __name__)
ConvNeXt_Base_Weights = published("ConvNeXt_Base_Weights", __name__)
ConvNeXt_Large_Weights = published("ConvNeXt_Large_Weights", __name__)

Layer = Callable[..., nn.Module]


class LayerNorm2d(nn.LayerNorm):
    """Layer norm over the channels of each pixel: (N, C, H, W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Any:
        last = x.permute(0, 2, 3, 1)
        normed = F.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps)
        return normed.permute(0, 3, 1, 2)


class CNBlock(nn.Module):
    """A wide filter of each channel, then a perceptron of each pixel, added to the input."""

    def __init__(
        self,
        dim: int,
        layer_scale: float,
        stochastic_depth_prob: float,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        norm = partial(nn.LayerNorm, eps=1e-6) if norm_layer is None else norm_layer
        self.block = nn.Sequential(
            nn.Conv2d(dim, dim, kernel_size=7, padding=3, groups=dim, bias=True),
            Permute([0, 2, 3, 1]),
            norm(dim),
            nn.Linear(dim, 4 * dim),
            nn.GELU(),
            nn.Linear(4 * dim, dim),
            Permute([0, 3, 1, 2]),
        )
        self.layer_scale = nn.Parameter(torch.ones(dim, 1, 1) * layer_scale)
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")

    def forward(self, input: Tensor) -> Any:
        result = self.stochastic_depth(self.layer_scale * self.block(input))
        result += input
        return result


class CNBlockConfig:
    """A stage: its channels, those it ends with (None: it is the last), its blocks."""

    def __init__(self, input_channels: int, out_channels: int | None, num_layers: int) -> None:
        self.input_channels = input_channels
        self.out_channels = out_channels
        self.num_layers = num_layers

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}({values})"


class ConvNeXt(nn.Module):
    """Images (N, 3, H, W), at least 32x32 -> scores (N, num_classes)."""

    def __init__(
        self,
        block_setting: Sequence[CNBlockConfig],
        stochastic_depth_prob: float = 0.0,
        layer_scale: float = 1e-6,
        num_classes: int = 1000,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        if not block_setting:
            raise ValueError("The block_setting should not be empty")
        if not (
            isinstance(block_setting, Sequence)
            and all(isinstance(each, CNBlockConfig) for each in block_setting)
        ):
            raise TypeError("The block_setting should be List[CNBlockConfig]")
        make = CNBlock if block is None else block
        norm = partial(LayerNorm2d, eps=1e-6) if norm_layer is None else norm_layer
        first = block_setting[0].input_channels
        layers: list[nn.Module] = [
            Conv2dNormActivation(
                3, first, kernel_size=4, stride=4, padding=0, norm_layer=norm,
                activation_layer=None, bias=True,
            )
        ]  # fmt: skip
        blocks = sum(stage.num_layers for stage in block_setting)
        place = 0
        for stage in block_setting:
            members = []
            for _ in range(stage.num_layers):
                # The deeper, the likelier to be left out.
                chance = stochastic_depth_prob * place / (blocks - 1.0)
                members.append(make(stage.input_channels, layer_scale, chance))
                place += 1
            layers.append(nn.Sequential(*members))
            if stage.out_channels is not None:
                half = nn.Conv2d(stage.input_channels, stage.out_channels, 2, stride=2)
                layers.append(nn.Sequential(norm(stage.input_channels), half))
        self.features = nn.Sequential(*layers)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        wide = block_setting[-1].out_channels or block_setting[-1].input_channels
        self.classifier = nn.Sequential(norm(wide), nn.Flatten(1), nn.Linear(wide, num_classes))
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.trunc_normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.avgpool(self.features(x)))


def _convnext(
    widths: Sequence[int], depths: Sequence[int], chance: float, kwargs: dict[str, Any]
) -> ConvNeXt:
    after = [*widths[1:], None]
    stages = [CNBlockConfig(*row) for row in zip(widths, after, depths, strict=True)]
    return ConvNeXt(
        stages, stochastic_depth_prob=kwargs.pop("stochastic_depth_prob", chance), **kwargs
    )


@constructor(ConvNeXt_Tiny_Weights)
def convnext_tiny(**kwargs: Any) -> ConvNeXt:
    """ConvNeXt-Tiny, 28.6 million parameters."""
    return _convnext((96, 192, 384, 768), (3, 3, 9, 3), 0.1, kwargs)


@constructor(ConvNeXt_Small_Weights)
def convnext_small(**kwargs: Any) -> ConvNeXt:
    """ConvNeXt-Small, 50.2 million parameters."""
    return _convnext((96, 192, 384, 768), (3, 3, 27, 3), 0.4, kwargs)


@constructor(ConvNeXt_Base_Weights)
def convnext_base(**kwargs: Any) -> ConvNeXt:
    """ConvNeXt-Base, 88.6 million parameters."""
    return _convnext((128, 256, 512, 1024), (3, 3, 27, 3), 0.5, kwargs)


@constructor(ConvNeXt_Large_Weights)
def convnext_large(**kwargs: Any) -> ConvNeXt:
    """ConvNeXt-Large, 197.8 million parameters."""
    return _convnext((192, 384, 768, 1536), (3, 3, 27, 3), 0.5, kwargs)
