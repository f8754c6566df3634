"""Detectors of two stages: regions that may hold something, then what each holds."""

from __future__ import annotations

from typing import Any

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.detection.detector import Detector
from rushlight.vision.models.detection.transform import Target


class GeneralizedRCNN(Detector):
    """``transform``, ``backbone``, ``rpn`` and ``roi_heads``, one after the other."""

    def __init__(
        self, backbone: nn.Module, rpn: nn.Module, roi_heads: nn.Module, transform: nn.Module
    ) -> None:
        super().__init__()
        self.transform = transform
        self.backbone = backbone
        self.rpn = rpn
        self.roi_heads = roi_heads

    def forward(self, images: list[Tensor], targets: list[Target] | None = None) -> Any:
        batch, targets, sizes = self._prepare(images, targets)
        features = self._features(batch)
        proposals, region_losses = self.rpn(batch, features, targets)
        found, losses = self.roi_heads(features, proposals, batch.image_sizes, targets)
        found = self.transform.postprocess(found, batch.image_sizes, sizes)
        return self.eager_outputs({**losses, **region_losses}, found)
