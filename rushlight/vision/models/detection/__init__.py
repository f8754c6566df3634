"""torchvision.models.detection: not there. What asks for a detector is told so by its name."""

from __future__ import annotations

from typing import Any, NoReturn

from rushlight.vision.models._api import Builder

NAMES = (
    "fasterrcnn_mobilenet_v3_large_320_fpn", "fasterrcnn_mobilenet_v3_large_fpn",
    "fasterrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn_v2", "fcos_resnet50_fpn",
    "keypointrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn", "maskrcnn_resnet50_fpn_v2",
    "retinanet_resnet50_fpn", "retinanet_resnet50_fpn_v2", "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large",
)  # fmt: skip


def _missing(name: str) -> Builder:
    def builder(*_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(
            f"torchvision.models.detection.{name}: detectors are not there; rushlight.vision.ops "
            "has what they are made of (nms, roi_align, FeaturePyramidNetwork ...)"
        )

    builder.__name__ = builder.__qualname__ = name
    return builder


globals().update({name: _missing(name) for name in NAMES})
