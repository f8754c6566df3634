"""MobileNetV2: depthwise convolutions between narrow layers (Sandler and others, 2018)."""

from __future__ import annotations

from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.weights import no_weights

# expansion, channels, blocks, stride of the first
STAGES = (
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
    (6, 320, 1, 1),
)  # fmt: skip


def _whole_eighths(channels: float, divisor: int = 8) -> int:
    """The nearest multiple of ``divisor``, but not under nine tenths of ``channels``."""
    rounded = max(divisor, int(channels + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * channels else rounded


def _conv_norm_relu(
    channels_in: int, channels: int, kernel: int = 3, stride: int = 1, groups: int = 1
) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(channels_in, channels, kernel, stride, (kernel - 1) // 2, groups=groups,
                  bias=False),
        nn.BatchNorm2d(channels),
        nn.ReLU6(inplace=True),
    )  # fmt: skip


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow; added to the input where shapes agree."""

    def __init__(self, inp: int, oup: int, stride: int, expand_ratio: int) -> None:
        super().__init__()
        hidden = round(inp * expand_ratio)
        self.use_res_connect = stride == 1 and inp == oup
        layers = [_conv_norm_relu(inp, hidden, kernel=1)] if expand_ratio != 1 else []
        layers += [
            _conv_norm_relu(hidden, hidden, stride=stride, groups=hidden),
            nn.Conv2d(hidden, oup, 1, 1, 0, bias=False),
            nn.BatchNorm2d(oup),
        ]
        self.conv = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return x + out if self.use_res_connect else out


class MobileNetV2(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes)."""

    def __init__(
        self, num_classes: int = 1000, width_mult: float = 1.0, dropout: float = 0.2
    ) -> None:
        super().__init__()
        channels = _whole_eighths(32 * width_mult)
        self.last_channel = _whole_eighths(1280 * max(1.0, width_mult))
        features = [_conv_norm_relu(3, channels, stride=2)]
        for expansion, wide, blocks, first_stride in STAGES:
            target = _whole_eighths(wide * width_mult)
            for place in range(blocks):
                stride = first_stride if place == 0 else 1
                features.append(InvertedResidual(channels, target, stride, expansion))
                channels = target
        features.append(_conv_norm_relu(channels, self.last_channel, kernel=1))
        self.features = nn.Sequential(*features)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), nn.Linear(self.last_channel, num_classes)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, 0, 0.01)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        x = nn.functional.adaptive_avg_pool2d(x, (1, 1)).flatten(1)
        scores: Tensor = self.classifier(x)
        return scores


def mobilenet_v2(
    pretrained: bool | None = None, *, weights: Any = None, progress: bool = True, **kwargs: Any
) -> MobileNetV2:
    """MobileNetV2, 3.5 million parameters."""
    no_weights("mobilenet_v2", weights, pretrained)
    return MobileNetV2(**kwargs)
