"""Classifiers as the lower part of a detector: their layers' features in a pyramid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rushlight import nn
from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.vision.models import mobilenet, resnet
from rushlight.vision.models._api import get_model_weights
from rushlight.vision.models._utils import IntermediateLayerGetter, handle_legacy_interface
from rushlight.vision.models.segmentation.model import strided_places
from rushlight.vision.ops.blocks import FrozenBatchNorm2d
from rushlight.vision.ops.feature_pyramid_network import (
    ExtraFPNBlock,
    FeaturePyramidNetwork,
    LastLevelMaxPool,
)

Norm = Callable[..., nn.Module]
OUT_CHANNELS = 256


class BackboneWithFPN(nn.Module):
    """Images -> {"0": (N, out_channels, H, W), ...}, finest first.

    ``return_layers``: children of the backbone and names of their features; ``in_channels_list``:
    how many channels each gives.
    """

    def __init__(
        self,
        backbone: nn.Module,
        return_layers: Mapping[str, str],
        in_channels_list: Sequence[int],
        out_channels: int,
        extra_blocks: ExtraFPNBlock | None = None,
        norm_layer: Norm | None = None,
    ) -> None:
        super().__init__()
        self.body = IntermediateLayerGetter(backbone, return_layers=return_layers)
        self.fpn = FeaturePyramidNetwork(
            in_channels_list=in_channels_list,
            out_channels=out_channels,
            extra_blocks=LastLevelMaxPool() if extra_blocks is None else extra_blocks,
            norm_layer=norm_layer,
        )
        self.out_channels = out_channels

    def forward(self, x: Tensor) -> Any:
        return self.fpn(self.body(x))


def _resnet_fpn_extractor(
    backbone: Any,
    trainable_layers: int,
    returned_layers: Sequence[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
    norm_layer: Norm | None = None,
) -> BackboneWithFPN:
    """The last ``trainable_layers`` of a ResNet (5: all) are trained, the others fixed."""
    if not 0 <= trainable_layers <= 5:
        raise ValueError(f"Trainable layers should be in the range [0,5], got {trainable_layers}")
    trained = ["layer4", "layer3", "layer2", "layer1", "conv1"][:trainable_layers]
    if trainable_layers == 5:
        trained.append("bn1")
    for name, parameter in backbone.named_parameters():
        if not name.startswith(tuple(trained)):
            parameter.requires_grad_(False)
    layers = [1, 2, 3, 4] if returned_layers is None else returned_layers
    if min(layers) <= 0 or max(layers) >= 5:
        raise ValueError(f"Each returned layer should be in the range [1,4]. Got {layers}")
    names = {f"layer{layer}": str(place) for place, layer in enumerate(layers)}
    first = backbone.inplanes // 8
    channels = [first * 2 ** (layer - 1) for layer in layers]
    return BackboneWithFPN(backbone, names, channels, OUT_CHANNELS, extra_blocks, norm_layer)


def freeze_before(layers: Any, places: Sequence[int], trainable: int) -> None:
    """Fix what is below the last ``trainable`` stages, which begin at ``places``."""
    end = len(layers) if trainable == 0 else places[len(places) - trainable]
    for layer in layers[:end]:
        for parameter in layer.parameters():
            parameter.requires_grad_(False)


def _mobilenet_extractor(
    backbone: Any,
    fpn: bool,
    trainable_layers: int,
    returned_layers: Sequence[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
    norm_layer: Norm | None = None,
) -> nn.Module:
    features = backbone.features
    places = strided_places(features)
    stages = len(places)
    if not 0 <= trainable_layers <= stages:
        raise ValueError(
            f"Trainable layers should be in the range [0,{stages}], got {trainable_layers} "
        )
    freeze_before(features, places, trainable_layers)
    if not fpn:
        whole = nn.Sequential(features, nn.Conv2d(features[-1].out_channels, OUT_CHANNELS, 1))
        whole.out_channels = OUT_CHANNELS  # type: ignore[assignment]
        return whole
    layers = [stages - 2, stages - 1] if returned_layers is None else returned_layers
    if min(layers) < 0 or max(layers) >= stages:
        raise ValueError(
            f"Each returned layer should be in the range [0,{stages - 1}], got {layers} "
        )
    names = {str(places[layer]): str(place) for place, layer in enumerate(layers)}
    channels = [features[places[layer]].out_channels for layer in layers]
    return BackboneWithFPN(features, names, channels, OUT_CHANNELS, extra_blocks, norm_layer)


def _first_of(module: Any) -> Callable[[Mapping[str, Any]], Any]:
    """What ``pretrained=True`` means for the backbone that is named."""

    def found(given: Mapping[str, Any]) -> Any:
        return get_model_weights(getattr(module, given["backbone_name"]))["IMAGENET1K_V1"]

    return found


@handle_legacy_interface(weights=("pretrained", _first_of(resnet)))
def resnet_fpn_backbone(
    *,
    backbone_name: str,
    weights: Any,
    norm_layer: Norm = FrozenBatchNorm2d,
    trainable_layers: int = 3,
    returned_layers: Sequence[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> BackboneWithFPN:
    """A ResNet by its name with a pyramid over its layers (all four if not said)."""
    backbone = getattr(resnet, backbone_name)(weights=weights, norm_layer=norm_layer)
    return _resnet_fpn_extractor(backbone, trainable_layers, returned_layers, extra_blocks)


@handle_legacy_interface(weights=("pretrained", _first_of(mobilenet)))
def mobilenet_backbone(
    *,
    backbone_name: str,
    weights: Any,
    fpn: bool,
    norm_layer: Norm = FrozenBatchNorm2d,
    trainable_layers: int = 2,
    returned_layers: Sequence[int] | None = None,
    extra_blocks: ExtraFPNBlock | None = None,
) -> nn.Module:
    """A MobileNet by its name, with a pyramid or with one convolution over it."""
    backbone = getattr(mobilenet, backbone_name)(weights=weights, norm_layer=norm_layer)
    return _mobilenet_extractor(backbone, fpn, trainable_layers, returned_layers, extra_blocks)


def _validate_trainable_layers(
    is_trained: bool, trainable_backbone_layers: int | None, max_value: int, default_value: int
) -> int:
    """How many layers are trained: all where nothing is trained yet."""
    if not is_trained:
        if trainable_backbone_layers is not None:
            warn(
                "Changing trainable_backbone_layers has no effect if neither pretrained nor "
                "pretrained_backbone have been set to True, falling back to "
                f"trainable_backbone_layers={max_value} so that all layers are trainable"
            )
        return max_value
    if trainable_backbone_layers is None:
        return default_value
    if not 0 <= trainable_backbone_layers <= max_value:
        raise ValueError(
            f"Trainable backbone layers should be in the range [0,{max_value}], got "
            f"{trainable_backbone_layers} "
        )
    return trainable_backbone_layers
