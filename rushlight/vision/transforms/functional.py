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
from rushlight.vision.transforms.geometry import affine, elastic_transform, perspective, rotate
from rushlight.vision.transforms.normalize import normalize
from rushlight.vision.transforms.operations import (
    InterpolationMode,
    center_crop,
    crop,
    erase,
    five_crop,
    get_dimensions,
    get_image_num_channels,
    get_image_size,
    hflip,
    pad,
    resize,
    resized_crop,
    rgb_to_grayscale,
    ten_crop,
    to_grayscale,
    vflip,
)
from rushlight.vision.transforms.operations import (
    _interpolation_modes_from_int as _interpolation_modes_from_int,
)
from rushlight.vision.transforms.tone import (
    adjust_gamma,
    adjust_sharpness,
    autocontrast,
    equalize,
    gaussian_blur,
    invert,
    posterize,
    solarize,
)

__all__ = [
    "InterpolationMode",
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "adjust_sharpness",
    "affine",
    "autocontrast",
    "center_crop",
    "convert_image_dtype",
    "crop",
    "elastic_transform",
    "equalize",
    "erase",
    "five_crop",
    "gaussian_blur",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "invert",
    "normalize",
    "pad",
    "perspective",
    "pil_to_tensor",
    "posterize",
    "resize",
    "resized_crop",
    "rgb_to_grayscale",
    "rotate",
    "solarize",
    "ten_crop",
    "to_grayscale",
    "to_pil_image",
    "to_tensor",
    "vflip",
]
