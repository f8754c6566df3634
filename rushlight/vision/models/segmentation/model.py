"""What segmentation models are: a backbone whose features a head turns into scores a pixel."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models._api import WeightsEnum, register_model
from rushlight.vision.models._utils import IntermediateLayerGetter
from rushlight.vision.models.construct import (
    _ovewrite_value_param,
    fill,
    first_weights,
    handle_legacy_interface,
)

PASCAL_CLASSES = 21


class SimpleSegmentationModel(nn.Module):
    """Images (N, 3, H, W) -> {"out": scores (N, classes, H, W)}, "aux" too with a second head.

    The backbone gives a dict: "out", what the head reads, and "aux".
    """

    def __init__(
        self, backbone: nn.Module, classifier: nn.Module, aux_classifier: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.classifier = classifier
        self.aux_classifier = aux_classifier

    def forward(self, x: Tensor) -> dict[str, Any]:
        features = self.backbone(x)
        heads = {"out": self.classifier}
        if self.aux_classifier is not None:
            heads["aux"] = self.aux_classifier
        return {name: full_size(head(features[name]), x) for name, head in heads.items()}


def full_size(scores: Any, image: Tensor) -> Any:
    """Scores stretched to the size of the image."""
    return F.interpolate(scores, size=image.shape[-2:], mode="bilinear", align_corners=False)


def with_dilation(backbone: Any, aux: bool | None) -> IntermediateLayerGetter:
    """A ResNet's last layer as "out", the one before as "aux"."""
    layers = {"layer4": "out"}
    if aux:
        layers["layer3"] = "aux"
    return IntermediateLayerGetter(backbone, return_layers=layers)


def strided_places(features: Any) -> list[int]:
    """Where a MobileNetV3 halves the image, and its last layer."""
    inside = [place for place, block in enumerate(features) if getattr(block, "_is_cn", False)]
    return [0, *inside, len(features) - 1]


def segmenter(
    enum: type[WeightsEnum], backbone_enum: type[WeightsEnum], *, aux_in_file: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function of backbone weights, classes, aux becomes a registered builder.

    Without ``weights`` the backbone's published ones are loaded, unless ``weights_backbone=None``.
    """

    def decorate(build: Callable[..., Any]) -> Callable[..., Any]:
        def builder(
            *,
            weights: Any = None,
            progress: bool = True,
            num_classes: int | None = None,
            aux_loss: bool | None = None,
            weights_backbone: Any = first_weights(backbone_enum),  # noqa: B008
            **kwargs: Any,
        ) -> Any:
            chosen = enum.verify(weights)
            below = backbone_enum.verify(weights_backbone)
            if chosen is not None:
                below = None
                categories = len(chosen.meta["categories"])
                num_classes = _ovewrite_value_param("num_classes", num_classes, categories)
                if aux_in_file:
                    aux_loss = _ovewrite_value_param("aux_loss", aux_loss, True)
            classes = PASCAL_CLASSES if num_classes is None else num_classes
            model = build(below, classes, aux_loss)
            if chosen is not None:
                fill(model, chosen, progress)
            return model

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(builder, name, getattr(build, name))
        builder.__annotations__["weights"] = enum | None
        if not aux_in_file:  # taken, to be refused
            signature = inspect.signature(builder)
            named = [each for each in signature.parameters.values() if each.name != "aux_loss"]
            builder.__signature__ = signature.replace(parameters=named)  # type: ignore[attr-defined]
        builder.__annotations__["weights_backbone"] = backbone_enum | None
        legacy = handle_legacy_interface(
            weights=("pretrained", first_weights(enum)),
            weights_backbone=("pretrained_backbone", first_weights(backbone_enum)),
        )
        return register_model()(legacy(builder))

    return decorate
