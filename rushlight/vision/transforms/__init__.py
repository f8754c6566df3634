"""torchvision.transforms: images prepared for training."""

from rushlight.vision.transforms import functional
from rushlight.vision.transforms.chance import (
    RandomCrop,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomRotation,
    RandomSizedCrop,
    RandomVerticalFlip,
)
from rushlight.vision.transforms.colour import ColorJitter
from rushlight.vision.transforms.erase import RandomErasing
from rushlight.vision.transforms.fixed import (
    CenterCrop,
    ConvertImageDtype,
    Grayscale,
    Pad,
    PILToTensor,
    Resize,
    Scale,
    ToPILImage,
)
from rushlight.vision.transforms.operations import InterpolationMode
from rushlight.vision.transforms.transform import (
    Compose,
    Lambda,
    Normalize,
    RandomApply,
    RandomChoice,
    RandomOrder,
    ToTensor,
)

__all__ = [
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandomApply",
    "RandomChoice",
    "RandomCrop",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomOrder",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSizedCrop",
    "RandomVerticalFlip",
    "Resize",
    "Scale",
    "ToPILImage",
    "ToTensor",
    "functional",
]
