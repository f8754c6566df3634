"""Colours turned on their circle, in the roundings of v2: products by inverses, sums regrouped."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.utils.data.arrays import wrap as wrap_array
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import functional as F
from rushlight.vision.transforms.convert import array_in_range, image_array
from rushlight.vision.transforms.operations import get_dimensions

ONE = np.float32(1)
# Which of (value, lowest, falling, rising) red, green and blue are in each sixth of the circle.
SELECTED = np.array([[0, 2, 1, 1, 3, 0], [3, 0, 0, 2, 1, 1], [1, 1, 3, 0, 0, 2]])


def adjust_hue(image: Any, hue_factor: float) -> Any:
    """Turn the colours by ``hue_factor``, between -0.5 and 0.5 of the colour circle.

    Raises ValueError for another factor, TypeError for an image without one or three channels.
    """
    if is_image(image):
        return F.adjust_hue(image, hue_factor)
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    channels = get_dimensions(image)[0]
    if channels not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are 1 or 3, but found {channels}"
        )
    if channels == 1 or not image.numel():
        return image
    values = image_array(image, "adjust_hue")
    floats = array_in_range(values, np.dtype(np.float32), by_inverse=True)
    return wrap_array(array_in_range(_turned(floats, hue_factor), values.dtype))


def _turned(rgb: Array, factor: float) -> Array:
    """(..., 3, H, W) float32 -> the same, by way of hue, saturation and value."""
    red, green, blue = (rgb[..., place, :, :] for place in range(3))
    value = np.maximum(np.maximum(red, green), blue)
    low = np.minimum(np.minimum(red, green), blue)
    gray = value == low
    span = value - low
    saturation = span / np.where(gray, ONE, value)
    divisor = np.where(gray, ONE, span)
    r, g, b = ((value - each) / divisor for each in (red, green, blue))
    between = np.where(value == green, r + np.float32(2) - b, g + np.float32(4) - r)
    hue = np.where(value == red, b - g, between) * np.float32(1 / 6) + ONE
    hue -= hue >= ONE  # it is below two
    hue += np.float32(factor)
    hue -= np.floor(hue)
    return _colours(hue * np.float32(6), saturation, value)


def _colours(sixths: Array, saturation: Array, value: Array) -> Array:
    """(..., 3, H, W) of the hue in sixths of the circle, saturation and value."""
    sector = np.floor(sixths)
    part = saturation * (sixths - sector)
    gray = ONE - saturation
    levels = np.stack([value, gray * value, (ONE - part) * value, (part + gray) * value])
    np.clip(levels[1:], 0, 1, out=levels[1:])
    count = value.size
    places = (SELECTED * count)[:, sector.astype(np.intp).reshape(-1) % 6] + np.arange(count)
    colours = levels.reshape(-1)[places].reshape(3, *value.shape)
    return np.ascontiguousarray(np.moveaxis(colours, 0, -3))
