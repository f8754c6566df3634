"""DenseNet: each layer sees what all layers before it made (Huang and others, 2016)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published

DenseNet121_Weights = published("DenseNet121_Weights", __name__)
DenseNet161_Weights = published("DenseNet161_Weights", __name__)
DenseNet169_Weights = published("DenseNet169_Weights", __name__)
DenseNet201_Weights = published("DenseNet201_Weights", __name__)

# Published files call a layer's parts norm.1, conv.2; here they are norm1, conv2.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


class _DenseLayer(nn.Module):
    """All features so far -> ``growth_rate`` new ones."""

    def __init__(
        self,
        num_input_features: int,
        growth_rate: int,
        bn_size: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        if memory_efficient:
            raise NotImplementedError(
                "DenseNet: memory_efficient=True (checkpointing) is not there; leave it False"
            )
        narrow = bn_size * growth_rate
        self.norm1 = nn.BatchNorm2d(num_input_features)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(num_input_features, narrow, kernel_size=1, bias=False)
        self.norm2 = nn.BatchNorm2d(narrow)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(narrow, growth_rate, kernel_size=3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)
        self.memory_efficient = memory_efficient

    def forward(self, input: Tensor | Sequence[Tensor]) -> Any:
        before = [input] if isinstance(input, Tensor) else list(input)
        narrow = self.conv1(self.relu1(self.norm1(torch.cat(before, 1))))
        new = self.conv2(self.relu2(self.norm2(narrow)))
        if self.drop_rate > 0:
            new = F.dropout(new, p=self.drop_rate, training=self.training)
        return new


class _DenseBlock(nn.ModuleDict):
    _version = 2

    def __init__(
        self,
        num_layers: int,
        num_input_features: int,
        bn_size: int,
        growth_rate: int,
        drop_rate: float,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        for place in range(num_layers):
            wide = num_input_features + place * growth_rate
            layer = _DenseLayer(wide, growth_rate, bn_size, drop_rate, memory_efficient)
            self.add_module(f"denselayer{place + 1}", layer)

    def forward(self, init_features: Tensor) -> Any:
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return torch.cat(features, 1)


class _Transition(nn.Sequential):
    """Half the image, fewer channels."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(num_input_features)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(num_input_features, num_output_features, kernel_size=1, bias=False)
        self.pool = nn.AvgPool2d(kernel_size=2, stride=2)


class DenseNet(nn.Module):
    """Images (N, 3, H, W), at least 29x29 -> scores (N, num_classes).

    ``growth_rate``: features a layer adds; ``block_config``: layers of each block; ``bn_size``:
    width of a layer's 1x1 convolution in growth rates.
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        add = self.features.add_module
        add("conv0", nn.Conv2d(3, num_init_features, 7, stride=2, padding=3, bias=False))
        add("norm0", nn.BatchNorm2d(num_init_features))
        add("relu0", nn.ReLU(inplace=True))
        add("pool0", nn.MaxPool2d(kernel_size=3, stride=2, padding=1))
        wide = num_init_features
        for place, layers in enumerate(block_config, 1):
            block = _DenseBlock(layers, wide, bn_size, growth_rate, drop_rate, memory_efficient)
            add(f"denseblock{place}", block)
            wide += layers * growth_rate
            if place < len(block_config):
                add(f"transition{place}", _Transition(wide, wide // 2))
                wide //= 2
        add("norm5", nn.BatchNorm2d(wide))
        self.classifier = nn.Linear(wide, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
            elif isinstance(module, nn.BatchNorm2d):
                nn.init.ones_(module.weight)
                nn.init.zeros_(module.bias)
            elif isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Any:
        features = F.relu(self.features(x), inplace=True)
        return self.classifier(F.adaptive_avg_pool2d(features, (1, 1)).flatten(1))


def _load(model: nn.Module, weights: WeightsEnum, progress: bool) -> None:
    state = weights.get_state_dict(progress=progress, check_hash=True)
    model.load_state_dict({_OLD_NAME.sub(r"\1\2", name): value for name, value in state.items()})


@constructor(DenseNet121_Weights, load=_load)
def densenet121(**kwargs: Any) -> DenseNet:
    """DenseNet-121, 8.0 million parameters."""
    return DenseNet(32, (6, 12, 24, 16), 64, **kwargs)


@constructor(DenseNet161_Weights, load=_load)
def densenet161(**kwargs: Any) -> DenseNet:
    """DenseNet-161, 28.7 million parameters."""
    return DenseNet(48, (6, 12, 36, 24), 96, **kwargs)


@constructor(DenseNet169_Weights, load=_load)
def densenet169(**kwargs: Any) -> DenseNet:
    """DenseNet-169, 14.1 million parameters."""
    return DenseNet(32, (6, 12, 32, 32), 64, **kwargs)


@constructor(DenseNet201_Weights, load=_load)
def densenet201(**kwargs: Any) -> DenseNet:
    """DenseNet-201, 20.0 million parameters."""
    return DenseNet(32, (6, 12, 48, 32), 64, **kwargs)
