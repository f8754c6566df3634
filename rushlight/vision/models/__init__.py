"""torchvision.models: networks whose parameters have torchvision's names."""

from rushlight.vision.models import mobilenetv2, resnet
from rushlight.vision.models.mobilenetv2 import MobileNetV2, mobilenet_v2
from rushlight.vision.models.resnet import (
    ResNet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
)

__all__ = [
    "MobileNetV2",
    "ResNet",
    "mobilenet_v2",
    "mobilenetv2",
    "resnet",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
]
