"""What v2 does to images otherwise than ``transforms.functional``: more dtypes, fewer roundings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.dtype import uint8
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array
from rushlight.utils.data.arrays import wrap as wrap_array
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms import geometry, operations
from rushlight.vision.transforms.colour import largest, not_negative
from rushlight.vision.transforms.convert import detached_array, image_array, image_in_range
from rushlight.vision.transforms.operations import (
    GRAY_WEIGHTS,
    InterpolationMode,
    borders,
    interpolation_mode,
)
from rushlight.vision.transforms.resample import resample
from rushlight.vision.transforms.tone import smoothed

SMOOTH = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC, InterpolationMode.LANCZOS)


def resize_target(
    height: int, width: int, size: int | Sequence[int] | None, max_size: int | None
) -> tuple[int, int]:
    """(height, width) of ``resize``; without a size the longer edge becomes ``max_size``."""
    if size is not None:
        return operations.resize_target(height, width, size, max_size)
    if max_size is None:
        raise ValueError("max_size must be an integer when size is None.")
    shorter = int(max_size * min(height, width) / max(height, width))
    return (max_size, shorter) if width <= height else (shorter, max_size)


def resize(
    image: Any,
    size: int | Sequence[int] | None,
    interpolation: Any = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """To (height, width), the shorter edge to one number, or the longer to ``max_size``.

    Bytes are resampled in whole numbers. Raises ValueError for "lanczos" without ``antialias``.
    """
    mode = interpolation_mode(interpolation)
    _, height, width = F.get_dimensions(image)
    target = resize_target(height, width, size, max_size)
    if is_image(image):
        return F.resize(image, list(target), mode)
    if mode is InterpolationMode.LANCZOS and not antialias:
        raise ValueError("InterpolationMode.LANCZOS requires antialias=True")
    if target == (height, width):
        return image
    smooth = bool(antialias) and mode in SMOOTH
    return wrap_array(resample(image_array(image, "resize"), *target, mode.value, smooth, True))


def resized_crop(
    image: Any, top: int, left: int, height: int, width: int, size: Any,
    interpolation: Any = InterpolationMode.BILINEAR, antialias: bool | None = True,
) -> Any:  # fmt: skip
    """``crop``, then ``resize``."""
    part = F.crop(image, top, left, height, width)
    return resize(part, size, interpolation, antialias=antialias)


def pad(image: Any, padding: Any, fill: Any = None, padding_mode: str = "constant") -> Any:
    """``transforms.functional.pad``; ``fill`` may have a number for each channel."""
    if isinstance(fill, (tuple, list)) and len(fill) == 1:
        fill = fill[0]
    if is_image(image) or not isinstance(fill, (tuple, list)):
        return F.pad(image, padding, 0 if fill is None else fill, padding_mode)
    if padding_mode != "constant":
        raise ValueError(f"Padding mode '{padding_mode}' is not supported if fill is not scalar")
    result = detached_array(F.pad(image, padding, 0))
    if len(fill) != result.shape[-3]:
        raise RuntimeError(
            f"pad: fill has {len(fill)} numbers, the image {result.shape[-3]} channels"
        )
    colour = np.array(fill).astype(result.dtype).reshape(-1, 1, 1)
    left, top, right, bottom = (max(each, 0) for each in borders(padding))
    height, width = result.shape[-2:]
    result[..., :top, :] = colour
    result[..., :left] = colour
    result[..., height - bottom :, :] = colour
    result[..., width - right :] = colour
    return wrap_array(result)


def colours_of(image: Tensor) -> int:
    """1 or 3. Raises TypeError for an image of other channels."""
    channels = F.get_dimensions(image)[0]
    if channels not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are 1 or 3, but found {channels}"
        )
    return channels


def _work(values: Array) -> Any:
    return values.dtype.type if values.dtype.kind == "f" else np.float32


def _fused(a: Array, factor: float, b: Array) -> Array:
    """a * factor + b, rounded once: a product of two float32 is exact in float64."""
    wide = np.asarray(a, np.float64) * np.float64(b.dtype.type(factor)) + b
    return np.asarray(wide.astype(b.dtype))


def _mixed(values: Array, other: Array, factor: float) -> Any:
    """``factor`` parts of an image, the rest of ``other``."""
    work = _work(values)
    own = values * work(factor)
    mixed = _fused(other, 1.0 - factor, own.astype(work))
    return wrap_array(np.clip(mixed, 0, largest(values.dtype)).astype(values.dtype))


def _gray(values: Array) -> Array:
    """(..., 3, H, W) -> (..., 1, H, W), not rounded; one channel as it is."""
    work = _work(values)
    if values.shape[-3] == 1:
        return values.astype(work)
    red, green, blue = (values[..., k : k + 1, :, :] for k in range(3))
    gray = (red * work(GRAY_WEIGHTS[0])).astype(work)
    return _fused(blue, GRAY_WEIGHTS[2], _fused(green, GRAY_WEIGHTS[1], gray))


def adjust_saturation(image: Any, saturation_factor: float) -> Any:
    """``transforms.functional.adjust_saturation``; greys of bytes are rounded down."""
    if is_image(image):
        return F.adjust_saturation(image, saturation_factor)
    not_negative("saturation_factor", saturation_factor)
    if colours_of(image) == 1:
        return image
    values = image_array(image, "adjust_saturation")
    gray = _gray(values)
    return _mixed(values, gray if values.dtype.kind == "f" else np.floor(gray), saturation_factor)


def adjust_contrast(image: Any, contrast_factor: float) -> Any:
    """``transforms.functional.adjust_contrast``; greys of bytes are rounded down."""
    if is_image(image):
        return F.adjust_contrast(image, contrast_factor)
    not_negative("contrast_factor", contrast_factor)
    colours_of(image)
    values = image_array(image, "adjust_contrast")
    gray = _gray(values)
    gray = gray if values.dtype.kind == "f" else np.floor(gray)
    mean = gray.mean(axis=(-3, -2, -1), keepdims=True, dtype=gray.dtype)
    return _mixed(values, mean, contrast_factor)


def adjust_sharpness(image: Any, sharpness_factor: float) -> Any:
    """``transforms.functional.adjust_sharpness``, the difference to the blurred image added."""
    if is_image(image):
        return F.adjust_sharpness(image, sharpness_factor)
    colours_of(image)
    not_negative("sharpness_factor", sharpness_factor)
    values = image_array(image, "adjust_sharpness")
    if min(values.shape[-2:]) <= 2:
        return image
    inner = values[..., 1:-1, 1:-1].astype(_work(values))
    result = values.astype(inner.dtype)
    difference = smoothed(values) - inner
    result[..., 1:-1, 1:-1] = _fused(difference, 1.0 - sharpness_factor, inner)
    return wrap_array(np.clip(result, 0, largest(values.dtype)).astype(values.dtype))


def rgb_to_grayscale(image: Any, num_output_channels: int = 1) -> Any:
    """``transforms.functional.rgb_to_grayscale``; of a gray image another copy."""
    if is_image(image):
        return F.rgb_to_grayscale(image, num_output_channels)
    if num_output_channels not in (1, 3):
        raise ValueError(f"num_output_channels must be 1 or 3, got {num_output_channels}.")
    values = image_array(image, "rgb_to_grayscale")
    if colours_of(image) == 1:
        gray = values
    elif values.dtype.itemsize == 2 and values.dtype.kind == "f":
        return F.rgb_to_grayscale(image, num_output_channels)
    else:
        gray = _gray(values).astype(values.dtype)
    return wrap_array(np.repeat(gray, num_output_channels, axis=-3))


def equalize(image: Any) -> Any:
    """``transforms.functional.equalize``; other dtypes by way of bytes."""
    if not is_image(image) and not image.numel():
        return image
    if is_image(image) or image.dtype == uint8:
        return F.equalize(image)
    even = F.equalize(image_in_range(image, uint8))
    return image_in_range(even, image.dtype, by_inverse=True)


def posterize(image: Any, bits: int) -> Any:
    """The highest ``bits`` of each value; of floats in [0, 1] as many steps."""
    if is_image(image) or image.dtype == uint8:
        return F.posterize(image, bits)
    values = image_array(image, "posterize")
    if values.dtype.kind == "f":
        steps = 1 << bits
        cut = np.clip(np.floor(values * values.dtype.type(steps)), 0, steps - 1)
        return wrap_array((cut * values.dtype.type(1 / steps)).astype(values.dtype))
    unused = values.dtype.itemsize * 8 - (values.dtype.kind == "i") - bits
    if unused <= 0:
        return image
    return wrap_array(values & values.dtype.type(((1 << bits) - 1) << unused))


def autocontrast(image: Any) -> Any:
    """``transforms.functional.autocontrast``; divided by the range, not times its inverse."""
    if is_image(image):
        return F.autocontrast(image)
    values = detached_array(F.autocontrast(image) if image.ndim < 3 else image)
    kind = values.dtype
    floats = values if kind.kind == "f" else values.astype(np.float32)
    bound = largest(kind)
    low = floats.min(axis=(-2, -1), keepdims=True)
    high = floats.max(axis=(-2, -1), keepdims=True)
    step = (high - low) * floats.dtype.type(1.0 / bound)
    flat = low == high
    low, step = np.where(flat, 0, low), np.where(flat, 1, step)
    return wrap_array(np.clip((floats - low) / step, 0, bound).astype(kind))


def perspective(
    image: Any, startpoints: Any, endpoints: Any, interpolation: Any = InterpolationMode.BILINEAR,
    fill: Any = None, coefficients: Sequence[float] | None = None,
) -> Any:  # fmt: skip
    """``transforms.functional.perspective``, or what ``coefficients`` of it say."""
    if coefficients is None:
        if startpoints is None or endpoints is None:
            raise ValueError("Either the startpoints/endpoints or coefficients must have non `None` values.")  # fmt: skip  # noqa: E501
        coefficients = geometry.perspective_coefficients(startpoints, endpoints)
    elif startpoints is not None and endpoints is not None:
        raise ValueError("The startpoints/endpoints and the coefficients shouldn't be defined concurrently.")  # fmt: skip  # noqa: E501
    if len(coefficients) != 8:
        raise ValueError("Argument coefficients should have 8 float values")
    return geometry.perspective_by(image, coefficients, interpolation, fill)


def resized_mask(
    mask: Tensor, size: Any, interpolation: Any = InterpolationMode.NEAREST,
    max_size: int | None = None,
) -> Tensor:  # fmt: skip
    """The nearest pixels, or the nearest exactly if so asked; other ways are not for masks."""
    mode = interpolation_mode(interpolation)
    if mode is not InterpolationMode.NEAREST_EXACT:
        mode = InterpolationMode.NEAREST
    made: Tensor = resize(mask, size, mode, max_size)
    return made


def padded_mask(
    mask: Tensor, padding: Any, fill: float | None = None, padding_mode: str = "constant"
) -> Tensor:
    """One number fills; a mask has no colours."""
    if isinstance(fill, (tuple, list)):
        raise ValueError("Non-scalar fill value is not supported")
    made: Tensor = pad(mask, padding, fill, padding_mode)
    return made
