"""torchvision.transforms: images prepared for training."""

from rushlight.vision.transforms import autoaugment, functional, transforms
from rushlight.vision.transforms.autoaugment import (
    AugMix,
    AutoAugment,
    AutoAugmentPolicy,
    RandAugment,
    TrivialAugmentWide,
)
from rushlight.vision.transforms.transforms import *  # noqa: F403

__all__ = [
    *transforms.__all__,
    "AugMix",
    "AutoAugment",
    "AutoAugmentPolicy",
    "RandAugment",
    "TrivialAugmentWide",
    "autoaugment",
    "functional",
    "transforms",
]
