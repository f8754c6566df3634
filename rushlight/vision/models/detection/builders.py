"""From a function that makes a detector to one that takes ``weights``, as torchvision's do."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rushlight import nn
from rushlight.vision.models._api import WeightsEnum, register_model
from rushlight.vision.models._utils import _ovewrite_value_param, handle_legacy_interface
from rushlight.vision.models.construct import fill, first_weights, with_own
from rushlight.vision.models.detection._utils import overwrite_eps
from rushlight.vision.models.detection.backbone_utils import _validate_trainable_layers
from rushlight.vision.ops.blocks import FrozenBatchNorm2d

COCO_CLASSES = 91


@dataclass
class Wanted:
    """What a builder was asked for, worked out."""

    weights: WeightsEnum | None
    below: WeightsEnum | None  # the backbone's weights
    classes: int
    trainable: int  # how many of the backbone's layers are trained
    progress: bool

    @property
    def norm(self) -> Callable[..., nn.Module]:
        """Norms are fixed where they come from a trained net: the batches are small."""
        trained = self.weights is not None or self.below is not None
        return FrozenBatchNorm2d if trained else nn.BatchNorm2d


def detector(
    enum: type[WeightsEnum],
    backbone_enum: type[WeightsEnum],
    *,
    backbone: WeightsEnum | None,
    layers: tuple[int, int] = (5, 3),
    classes: int = COCO_CLASSES,
    first_eps: float | None = None,
    legacy: Any = None,
    own_after: str | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: a function of a ``Wanted`` and ``**kwargs`` becomes a registered builder.

    ``backbone``: its weights where nobody says; ``layers``: how many it has, and how many of a
    trained one are trained; ``first_eps``: the frozen norms' epsilon with the weights COCO_V1;
    ``own_after``: behind which argument those come that only this detector has.
    """

    def decorate(build: Callable[..., Any]) -> Callable[..., Any]:
        def builder(
            *,
            weights: Any = None,
            progress: bool = True,
            num_classes: int | None = None,
            weights_backbone: Any = backbone,
            trainable_backbone_layers: int | None = None,
            **kwargs: Any,
        ) -> Any:
            chosen = enum.verify(weights)
            below = backbone_enum.verify(weights_backbone)
            if chosen is not None:
                below = None
                count = len(chosen.meta["categories"])
                num_classes = _ovewrite_value_param("num_classes", num_classes, count)
            trained = chosen is not None or below is not None
            trainable = _validate_trainable_layers(trained, trainable_backbone_layers, *layers)
            known = classes if num_classes is None else num_classes
            model = build(Wanted(chosen, below, known, trainable, progress), **kwargs)
            if chosen is not None:
                fill(model, chosen, progress)
                if first_eps is not None and chosen.name == "COCO_V1":
                    overwrite_eps(model, first_eps)
            return model

        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            setattr(builder, name, getattr(build, name))
        builder.__annotations__["weights"] = enum | None
        builder.__annotations__["weights_backbone"] = backbone_enum | None
        shown = with_own(inspect.signature(builder), build, own_after)
        builder.__signature__ = shown  # type: ignore[attr-defined]
        was = backbone if backbone is not None else first_weights(backbone_enum)
        older = handle_legacy_interface(
            weights=("pretrained", enum["COCO_V1"] if legacy is None else legacy),
            weights_backbone=("pretrained_backbone", was),
        )
        return register_model()(older(builder))

    return decorate
