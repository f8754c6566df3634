"""AlexNet in one tower: Krizhevsky, "One weird trick for parallelizing CNNs", 2014."""

from __future__ import annotations

from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published

AlexNet_Weights = published("AlexNet_Weights", __name__)


class AlexNet(nn.Module):
    """Images (N, 3, H, W), at least 63x63 -> scores (N, num_classes)."""

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(64, 192, kernel_size=5, padding=2),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
            nn.Conv2d(192, 384, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(384, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(256, 256, kernel_size=3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(kernel_size=3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(p=dropout),
            nn.Linear(256 * 36, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


@constructor(AlexNet_Weights)
def alexnet(**kwargs: Any) -> AlexNet:
    """AlexNet, 61.1 million parameters."""
    return AlexNet(**kwargs)
