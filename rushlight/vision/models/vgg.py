"""VGG: 3x3 convolutions only, in stages (Simonyan and Zisserman, 2014)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models.construct import constructor, fit_to_weights
from rushlight.vision.models.initial import fan_out, narrow_normal
from rushlight.vision.models.published import published

VGG11_Weights = published("VGG11_Weights", __name__)
VGG11_BN_Weights = published("VGG11_BN_Weights", __name__)
VGG13_Weights = published("VGG13_Weights", __name__)
VGG13_BN_Weights = published("VGG13_BN_Weights", __name__)
VGG16_Weights = published("VGG16_Weights", __name__)
VGG16_BN_Weights = published("VGG16_BN_Weights", __name__)
VGG19_Weights = published("VGG19_Weights", __name__)
VGG19_BN_Weights = published("VGG19_BN_Weights", __name__)

# Channels of each convolution; "M" halves the image. The letters are the paper's.
cfgs: dict[str, list[str | int]] = {
    "A": [64, "M", 128, "M", *[256] * 2, "M", *[512] * 2, "M", *[512] * 2, "M"],
    "B": [*[64] * 2, "M", *[128] * 2, "M", *[256] * 2, "M", *[512] * 2, "M", *[512] * 2, "M"],
    "D": [*[64] * 2, "M", *[128] * 2, "M", *[256] * 3, "M", *[512] * 3, "M", *[512] * 3, "M"],
    "E": [*[64] * 2, "M", *[128] * 2, "M", *[256] * 4, "M", *[512] * 4, "M", *[512] * 4, "M"],
}


class VGG(nn.Module):
    """Images (N, 3, H, W), at least 32x32 -> scores (N, num_classes)."""

    def __init__(
        self,
        features: nn.Module,
        num_classes: int = 1000,
        init_weights: bool = True,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            nn.Linear(512 * 49, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(p=dropout),
            nn.Linear(4096, num_classes),
        )
        if init_weights:
            fan_out(self, narrow_normal)

    def forward(self, x: Tensor) -> Any:
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def make_layers(cfg: Sequence[str | int], batch_norm: bool = False) -> Any:
    """The convolutions that ``cfg`` lists, as one Sequential."""
    layers: list[nn.Module] = []
    wide = 3
    for entry in cfg:
        if entry == "M":
            layers.append(nn.MaxPool2d(kernel_size=2, stride=2))
            continue
        layers.append(nn.Conv2d(wide, int(entry), kernel_size=3, padding=1))
        wide = int(entry)
        if batch_norm:
            layers.append(nn.BatchNorm2d(wide))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _fit(weights: WeightsEnum, kwargs: dict[str, Any]) -> None:
    kwargs["init_weights"] = False
    fit_to_weights(weights, kwargs)


@constructor(VGG11_Weights, fit=_fit)
def vgg11(**kwargs: Any) -> VGG:
    """VGG-11, 132.9 million parameters."""
    return VGG(make_layers(cfgs["A"]), **kwargs)


@constructor(VGG11_BN_Weights, fit=_fit)
def vgg11_bn(**kwargs: Any) -> VGG:
    """VGG-11 with batch norm, 132.9 million parameters."""
    return VGG(make_layers(cfgs["A"], batch_norm=True), **kwargs)


@constructor(VGG13_Weights, fit=_fit)
def vgg13(**kwargs: Any) -> VGG:
    """VGG-13, 133.0 million parameters."""
    return VGG(make_layers(cfgs["B"]), **kwargs)


@constructor(VGG13_BN_Weights, fit=_fit)
def vgg13_bn(**kwargs: Any) -> VGG:
    """VGG-13 with batch norm, 133.1 million parameters."""
    return VGG(make_layers(cfgs["B"], batch_norm=True), **kwargs)


@constructor(VGG16_Weights, fit=_fit)
def vgg16(**kwargs: Any) -> VGG:
    """VGG-16, 138.4 million parameters."""
    return VGG(make_layers(cfgs["D"]), **kwargs)


@constructor(VGG16_BN_Weights, fit=_fit)
def vgg16_bn(**kwargs: Any) -> VGG:
    """VGG-16 with batch norm, 138.4 million parameters."""
    return VGG(make_layers(cfgs["D"], batch_norm=True), **kwargs)


@constructor(VGG19_Weights, fit=_fit)
def vgg19(**kwargs: Any) -> VGG:
    """VGG-19, 143.7 million parameters."""
    return VGG(make_layers(cfgs["E"]), **kwargs)


@constructor(VGG19_BN_Weights, fit=_fit)
def vgg19_bn(**kwargs: Any) -> VGG:
    """VGG-19 with batch norm, 143.7 million parameters."""
    return VGG(make_layers(cfgs["E"], batch_norm=True), **kwargs)
