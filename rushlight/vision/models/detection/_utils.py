"""torchvision's name for what its detectors share: programs import from here."""

from __future__ import annotations

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models.detection.box_coder import (
    BoxCoder,
    BoxLinearCoder,
    _box_loss,
    encode_boxes,
)
from rushlight.vision.models.detection.matcher import (
    BalancedPositiveNegativeSampler,
    Matcher,
    SSDMatcher,
)
from rushlight.vision.ops.blocks import FrozenBatchNorm2d

__all__ = [
    "BalancedPositiveNegativeSampler",
    "BoxCoder",
    "BoxLinearCoder",
    "Matcher",
    "SSDMatcher",
    "_box_loss",
    "encode_boxes",
    "overwrite_eps",
    "retrieve_out_channels",
]


def overwrite_eps(model: nn.Module, eps: float) -> None:
    """Give all frozen norms this epsilon: the first published weights were trained with 0."""
    for module in model.modules():
        if isinstance(module, FrozenBatchNorm2d):
            module.eps = eps


def retrieve_out_channels(model: nn.Module, size: tuple[int, int]) -> list[int]:
    """How many channels each feature map of an image of ``size`` has; the mode stays."""
    training = model.training
    model.eval()
    with torch.no_grad():
        features = model(torch.zeros((1, 3, size[1], size[0])))
    model.train(training)
    maps = [features] if isinstance(features, Tensor) else features.values()
    return [each.shape[1] for each in maps]
