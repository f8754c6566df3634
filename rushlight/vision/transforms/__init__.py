"""torchvision.transforms: images prepared for training."""

from rushlight.vision.transforms import autoaugment, functional, transforms
from rushlight.vision.transforms.autoaugment import (
    AugMix,
    AutoAugment,
    AutoAugmentPolicy,
    RandAugment,
    TrivialAugmentWide,
)
from rushlight.vision.transforms.chance import (
    RandomCrop,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomSizedCrop,
    RandomVerticalFlip,
)
from rushlight.vision.transforms.chance_tone import (
    RandomAdjustSharpness,
    RandomAutocontrast,
    RandomEqualize,
    RandomInvert,
    RandomPosterize,
    RandomSolarize,
)
from rushlight.vision.transforms.colour import ColorJitter
from rushlight.vision.transforms.erase import RandomErasing
from rushlight.vision.transforms.fixed import (
    CenterCrop,
    ConvertImageDtype,
    FiveCrop,
    Grayscale,
    Pad,
    PILToTensor,
    Resize,
    Scale,
    TenCrop,
    ToPILImage,
)
from rushlight.vision.transforms.linear import LinearTransformation
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
from rushlight.vision.transforms.warp import (
    ElasticTransform,
    GaussianBlur,
    RandomAffine,
    RandomPerspective,
    RandomRotation,
)

__all__ = [
    "AugMix",
    "AutoAugment",
    "AutoAugmentPolicy",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "ConvertImageDtype",
    "ElasticTransform",
    "FiveCrop",
    "GaussianBlur",
    "Grayscale",
    "InterpolationMode",
    "Lambda",
    "LinearTransformation",
    "Normalize",
    "PILToTensor",
    "Pad",
    "RandAugment",
    "RandomAdjustSharpness",
    "RandomAffine",
    "RandomApply",
    "RandomAutocontrast",
    "RandomChoice",
    "RandomCrop",
    "RandomEqualize",
    "RandomErasing",
    "RandomGrayscale",
    "RandomHorizontalFlip",
    "RandomInvert",
    "RandomOrder",
    "RandomPerspective",
    "RandomPosterize",
    "RandomResizedCrop",
    "RandomRotation",
    "RandomSizedCrop",
    "RandomSolarize",
    "RandomVerticalFlip",
    "Resize",
    "Scale",
    "TenCrop",
    "ToPILImage",
    "ToTensor",
    "TrivialAugmentWide",
    "autoaugment",
    "functional",
    "transforms",
]
