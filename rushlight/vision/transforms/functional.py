"""torchvision.transforms.functional: the operations behind the transforms, by name."""

from rushlight.vision.transforms.colour import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
)
from rushlight.vision.transforms.convert import (
    convert_image_dtype,
    pil_to_tensor,
    to_pil_image,
    to_tensor,
)
from rushlight.vision.transforms.normalize import normalize
from rushlight.vision.transforms.operations import (
    InterpolationMode,
    center_crop,
    crop,
    get_dimensions,
    get_image_size,
    hflip,
    pad,
    resize,
    resized_crop,
    rgb_to_grayscale,
    rotate,
    to_grayscale,
    vflip,
)

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_hue",
    "adjust_saturation",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "get_dimensions",
    "get_image_size",
    "hflip",
    "normalize",
    "pad",
    "pil_to_tensor",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]
