"""torchvision.transforms.v2.functional: one function for images, masks and bounding boxes.

A function's image form is that of ``transforms.functional``; what moves pixels also moves masks
(by the nearest pixel) and boxes; what changes colours leaves these as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.dtype import float32
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap as wrap_array
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms.convert import (
    detached_array,
    image_in_range,
    pil_to_tensor,
    to_pil_image,
    to_tensor,
)
from rushlight.vision.transforms.operations import (
    InterpolationMode,
    get_image_size,
)
from rushlight.vision.transforms.v2 import boxes, hue, images, pixels, points
from rushlight.vision.transforms.v2.kernels import kernels, renamed
from rushlight.vision.transforms.v2.parts import is_pure_tensor
from rushlight.vision.transforms.v2.registry import kernel_for, register_kernel
from rushlight.vision.transforms.v2.valid import (
    box_format,
    clamp_bounding_boxes,
    clamp_keypoints,
    sanitize_bounding_boxes,
    sanitize_keypoints,
)
from rushlight.vision.tv_tensors import (
    ANNOTATIONS,
    BoundingBoxes,
    BoundingBoxFormat,
    Image,
    KeyPoints,
    Mask,
    Video,
    wrap,
)

Kernel = Callable[..., Any]
# What is done to masks otherwise than to images.
MASKED: dict[str, Kernel] = {"resize": images.resized_mask, "pad": images.padded_mask}


def _mode(options: dict[str, Any]) -> dict[str, Any]:
    """Interpolation may be a word."""
    if isinstance(options.get("interpolation"), str):
        options["interpolation"] = InterpolationMode(options["interpolation"])
    return options


def _on_image(kernel: Kernel, inpt: Any, *args: Any, **options: Any) -> Any:
    if isinstance(inpt, (Image, Video)):
        given = kernel(Tensor.detach(inpt), *args, **_mode(options))
        if isinstance(given, tuple):
            return tuple(wrap(each, like=inpt) for each in given)
        return wrap(given, like=inpt)
    if is_image(inpt) or (isinstance(inpt, Tensor) and not isinstance(inpt, ANNOTATIONS)):
        return kernel(inpt, *args, **_mode(options))
    raise TypeError(
        f"Functional {kernel.__name__} supports images, videos, PIL images and plain tensors, but "
        f"got {type(inpt)} instead."
    )


def _colour(name: str, kernel: Kernel | None = None) -> Kernel:
    """A function that masks, boxes and points pass through."""
    kernel = kernel or getattr(images, name, None) or getattr(F, name)
    assert kernel is not None
    on_image: Kernel = kernel

    def function(inpt: Any, *args: Any, **options: Any) -> Any:
        own = kernel_for(name, inpt)
        if own is not None:
            return own(inpt, *args, **options)
        if isinstance(inpt, ANNOTATIONS):
            return inpt
        return _on_image(on_image, inpt, *args, **options)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = on_image.__doc__
    function.__signature__ = renamed(on_image, "inpt")  # type: ignore[attr-defined]
    return function


def _geometry(name: str, v1: str | None = None, mask_fill: bool = False) -> Kernel:
    """A function that moves pixels, and masks and boxes with them."""
    kernel: Kernel = getattr(images, name, None) or getattr(F, v1 or name)
    on_boxes: Kernel = getattr(boxes, name)
    on_points: Kernel = getattr(points, name)
    samples = name in ("resize", "resized_crop", "rotate", "affine", "perspective",
                       "elastic_transform")  # fmt: skip

    def function(inpt: Any, *args: Any, **options: Any) -> Any:
        own = kernel_for(name, inpt)
        if own is not None:
            return own(inpt, *args, **options)
        if isinstance(inpt, BoundingBoxes):
            return on_boxes(inpt, *args, **options)
        if isinstance(inpt, KeyPoints):
            return on_points(inpt, *args, **options)
        if not isinstance(inpt, Mask):
            return _on_image(kernel, inpt, *args, **options)
        if name in MASKED:
            options.pop("antialias", None)
        elif samples:
            options["interpolation"] = InterpolationMode.NEAREST
            options.pop("antialias", None)
        values = Tensor.detach(inpt)
        single = values.ndim == 2
        on_mask = MASKED.get(name, kernel)
        given = on_mask(values.unsqueeze(0) if single else values, *args, **_mode(options))
        return wrap(given.squeeze(0) if single else given, like=inpt)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"``transforms.functional.{v1 or name}``, of masks and boxes too."
    function.__signature__ = renamed(kernel, "inpt")  # type: ignore[attr-defined]
    return function


horizontal_flip = hflip = _geometry("horizontal_flip", "hflip")
vertical_flip = vflip = _geometry("vertical_flip", "vflip")
resize = _geometry("resize")
crop = _geometry("crop")
pad = _geometry("pad")
center_crop = _geometry("center_crop")
resized_crop = _geometry("resized_crop")
rotate = _geometry("rotate")
affine = _geometry("affine")
perspective = _geometry("perspective")
elastic = elastic_transform = _geometry("elastic_transform")
five_crop = _colour("five_crop")
ten_crop = _colour("ten_crop")
adjust_brightness = _colour("adjust_brightness")
adjust_contrast = _colour("adjust_contrast")
adjust_saturation = _colour("adjust_saturation")
adjust_hue = _colour("adjust_hue", hue.adjust_hue)
adjust_gamma = _colour("adjust_gamma")
autocontrast = _colour("autocontrast")
adjust_sharpness = _colour("adjust_sharpness")
equalize = _colour("equalize")
invert = _colour("invert")
posterize = _colour("posterize")
solarize = _colour("solarize")
gaussian_blur = _colour("gaussian_blur")
normalize = _colour("normalize")
rgb_to_grayscale = _colour("rgb_to_grayscale")
to_grayscale = rgb_to_grayscale
permute_channels = _colour("permute_channels", pixels.permute_channels)
grayscale_to_rgb = _colour("grayscale_to_rgb", pixels.grayscale_to_rgb)
gaussian_noise = _colour("gaussian_noise", pixels.gaussian_noise)
jpeg = _colour("jpeg", pixels.jpeg)
uniform_temporal_subsample = _colour(
    "uniform_temporal_subsample", pixels.uniform_temporal_subsample
)


def erase(inpt: Any, i: int, j: int, h: int, w: int, v: Tensor, inplace: bool = False) -> Any:
    """``transforms.functional.erase``, of PIL images too; masks, boxes and points stay."""
    if is_image(inpt):
        return to_pil_image(F.erase(pil_to_tensor(inpt), i, j, h, w, v), inpt.mode)
    if isinstance(inpt, ANNOTATIONS):
        return inpt
    return _on_image(F.erase, inpt, i, j, h, w, v, inplace)


def to_image(inpt: Any) -> Image:
    """A PIL image, an (H, W, C) array or a tensor as an Image."""
    if isinstance(inpt, np.ndarray):
        pixels = inpt if inpt.ndim == 3 else inpt[:, :, None]
        return Image(wrap_array(np.ascontiguousarray(pixels.transpose(2, 0, 1))))
    if is_image(inpt):
        return Image(pil_to_tensor(inpt))
    if isinstance(inpt, Tensor):
        return Image(inpt)
    raise TypeError(
        "Input can either be a pure Tensor, a numpy array, or a PIL image, but got "
        f"{type(inpt)} instead."
    )


def to_dtype(inpt: Any, dtype: Dtype = float32, scale: bool = False) -> Any:
    """Another dtype; ``scale`` moves an image's range with it."""
    if scale and not isinstance(inpt, ANNOTATIONS):
        if isinstance(inpt, (Image, Video)):
            made = image_in_range(Tensor.detach(inpt), dtype, by_inverse=True)
            return wrap(made, like=inpt)
        return image_in_range(inpt, dtype, by_inverse=True)
    return inpt.to(dtype)


def convert_image_dtype(image: Any, dtype: Dtype = float32) -> Any:
    """``to_dtype`` with ``scale``."""
    return to_dtype(image, dtype, scale=True)


def to_pure_tensor(inpt: Tensor) -> Tensor:
    """A plain tensor."""
    return Tensor.detach(inpt)


def get_dimensions(inpt: Any) -> list[int]:
    """[channels, height, width] of an image."""
    return F.get_dimensions(inpt)


def get_size(inpt: Any) -> list[int]:
    """[height, width], of boxes and points their image's."""
    if isinstance(inpt, (BoundingBoxes, KeyPoints)):
        return list(inpt.canvas_size)
    return F.get_dimensions(inpt)[1:]


def get_num_channels(inpt: Any) -> int:
    """How many channels an image has."""
    return F.get_dimensions(inpt)[0]


get_image_num_channels = get_num_channels


def get_num_frames(inpt: Tensor) -> int:
    """T of a video (..., T, C, H, W)."""
    return inpt.shape[-4]


def convert_bounding_box_format(
    inpt: Any, old_format: Any = None, new_format: BoundingBoxFormat | str | None = None,
    inplace: bool = False,
) -> Any:  # fmt: skip
    """Boxes in another format; ``old_format`` only for plain tensors.

    ``inplace`` allows to overwrite ``inpt``, which is never done here.
    """
    if new_format is None:
        raise TypeError("convert_bounding_box_format() missing 1 required argument: 'new_format'")
    if not (isinstance(inpt, BoundingBoxes) or is_pure_tensor(inpt)):
        raise TypeError(
            "Input can either be a plain tensor or a bounding box tv_tensor, but got "
            f"{type(inpt)} instead."
        )
    known = inpt.format if isinstance(inpt, BoundingBoxes) else old_format
    if isinstance(inpt, BoundingBoxes) and old_format is not None:
        raise ValueError("For bounding box tv_tensor inputs, `old_format` must not be passed.")
    if known is None:
        raise ValueError("For pure tensor inputs, `old_format` has to be passed.")
    target = box_format(new_format)
    values = boxes.converted(detached_array(inpt), box_format(known), target)
    made = wrap_array(np.ascontiguousarray(values))
    return wrap(made, like=inpt, format=target) if isinstance(inpt, BoundingBoxes) else made


_KERNELS = kernels(globals())


def __getattr__(name: str) -> Any:
    if name in _KERNELS:
        return _KERNELS[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_KERNELS})


__all__ = [
    "InterpolationMode", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue",
    "adjust_saturation", "adjust_sharpness", "affine", "autocontrast", "center_crop",
    "clamp_bounding_boxes", "clamp_keypoints", "convert_bounding_box_format", "convert_image_dtype",
    "crop", "elastic", "elastic_transform", "equalize", "erase", "five_crop", "gaussian_blur",
    "gaussian_noise", "get_dimensions", "get_image_num_channels", "get_image_size",
    "get_num_channels", "get_num_frames", "get_size", "grayscale_to_rgb", "hflip",
    "horizontal_flip", "invert", "is_pure_tensor", "jpeg", "normalize", "pad", "permute_channels",
    "perspective", "pil_to_tensor", "posterize", "register_kernel", "resize", "resized_crop",
    "rgb_to_grayscale", "rotate", "sanitize_bounding_boxes", "sanitize_keypoints", "solarize",
    "ten_crop", "to_dtype", "to_grayscale", "to_image", "to_pil_image", "to_pure_tensor",
    "to_tensor", "uniform_temporal_subsample", "vertical_flip", "vflip",
]  # fmt: skip
