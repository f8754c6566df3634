"""SqueezeNet: narrow 1x1 layers before wide ones (Iandola and others, 2016)."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published

SqueezeNet1_0_Weights = published("SqueezeNet1_0_Weights", __name__)
SqueezeNet1_1_Weights = published("SqueezeNet1_1_Weights", __name__)

# The first convolution's channels and kernel; then input, squeezed and expanded channels of each
# Fire, None where the image is halved.
VERSIONS: dict[str, tuple[int, int, tuple[tuple[int, int, int] | None, ...]]] = {
    "1_0": (96, 7, (
        None, (96, 16, 64), (128, 16, 64), (128, 32, 128), None, (256, 32, 128), (256, 48, 192),
        (384, 48, 192), (384, 64, 256), None, (512, 64, 256),
    )),
    "1_1": (64, 3, (
        None, (64, 16, 64), (128, 16, 64), None, (128, 32, 128), (256, 32, 128), None,
        (256, 48, 192), (384, 48, 192), (384, 64, 256), (512, 64, 256),
    )),
}  # fmt: skip


class Fire(nn.Module):
    """Squeeze to few channels, expand by 1x1 and by 3x3: (N, C, H, W) -> (N, K1 + K3, H, W)."""

    def __init__(
        self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int
    ) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = nn.Conv2d(inplanes, squeeze_planes, kernel_size=1)
        self.squeeze_activation = nn.ReLU(inplace=True)
        self.expand1x1 = nn.Conv2d(squeeze_planes, expand1x1_planes, kernel_size=1)
        self.expand1x1_activation = nn.ReLU(inplace=True)
        self.expand3x3 = nn.Conv2d(squeeze_planes, expand3x3_planes, kernel_size=3, padding=1)
        self.expand3x3_activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Any:
        x = self.squeeze_activation(self.squeeze(x))
        near = self.expand1x1_activation(self.expand1x1(x))
        wide = self.expand3x3_activation(self.expand3x3(x))
        return torch.cat([near, wide], 1)


class SqueezeNet(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes)."""

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.num_classes = num_classes
        if version not in VERSIONS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        channels, kernel, rows = VERSIONS[version]
        layers = [nn.Conv2d(3, channels, kernel_size=kernel, stride=2), nn.ReLU(inplace=True)]
        for row in rows:
            if row is None:
                layers.append(nn.MaxPool2d(kernel_size=3, stride=2, ceil_mode=True))
            else:
                layers.append(Fire(*row, row[-1]))
        self.features = nn.Sequential(*layers)
        scores = nn.Conv2d(512, num_classes, kernel_size=1)
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout), scores, nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                if module is scores:
                    nn.init.normal_(module.weight, mean=0.0, std=0.01)
                else:
                    nn.init.kaiming_uniform_(module.weight)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.features(x)).flatten(1)


@constructor(SqueezeNet1_0_Weights)
def squeezenet1_0(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.0, 1.2 million parameters."""
    return SqueezeNet("1_0", **kwargs)


@constructor(SqueezeNet1_1_Weights)
def squeezenet1_1(**kwargs: Any) -> SqueezeNet:
    """SqueezeNet 1.1, 1.2 million parameters, 2.4 times fewer operations."""
    return SqueezeNet("1_1", **kwargs)
