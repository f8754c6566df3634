"""What GoogLeNet and Inception v3 share: a convolution with norm, an input scaled anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.transforms._presets import MEAN, STD

Block = Callable[..., nn.Module]


class BasicConv2d(nn.Module):
    """Convolution, batch norm, relu; keywords as nn.Conv2d's."""

    def __init__(self, in_channels: int, out_channels: int, **kwargs: Any) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, bias=False, **kwargs)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Any:
        return F.relu(self.bn(self.conv(x)), inplace=True)


def from_imagenet_scale(x: Tensor) -> Any:
    """Images normalised by ImageNet's mean and deviation -> by 0.5 and 0.5, as TensorFlow does."""
    channels = [
        x[:, place].unsqueeze(1) * (std / 0.5) + (mean - 0.5) / 0.5
        for place, (mean, std) in enumerate(zip(MEAN, STD, strict=True))
    ]
    return torch.cat(channels, 1)


def start_truncated(model: nn.Module, deviation: float) -> None:
    """Weights normal, cut at 2; a layer's own ``stddev`` goes first. Norms 1 and 0."""
    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            std = float(getattr(module, "stddev", deviation))
            nn.init.trunc_normal_(module.weight, mean=0.0, std=std, a=-2, b=2)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
