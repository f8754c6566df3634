"""Brightness, contrast, saturation and hue, for PIL images and (mostly) tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import from_array, image_module, is_image
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.operations import get_dimensions, rgb_to_grayscale
from rushlight.vision.transforms.transform import Transform

Range = tuple[float, float] | None


def _enhance(name: str, img: Any, factor: float) -> Any:
    image_module()  # the clear error, if Pillow is not there
    import PIL.ImageEnhance

    return getattr(PIL.ImageEnhance, name)(img).enhance(factor)


def _blend(values: Array, other: Any, factor: float) -> Any:
    """``factor`` parts of the image, the rest of ``other``, within the dtype's range."""
    kind = values.dtype
    work = kind.type if kind.kind == "f" else np.float32
    mixed = work(factor) * values + work(1.0 - factor) * other
    largest = 1 if kind.kind == "f" else np.iinfo(kind).max
    return wrap(np.clip(mixed, 0, largest).astype(kind))


def _not_negative(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 is black, 1 the image itself, 2 twice as bright."""
    if is_image(img):
        return _enhance("Brightness", img, brightness_factor)
    _not_negative("brightness_factor", brightness_factor)
    get_dimensions(img)
    return _blend(detached_array(img), np.float32(0), brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 is gray all over, 1 the image itself, 2 twice the contrast."""
    if is_image(img):
        return _enhance("Contrast", img, contrast_factor)
    _not_negative("contrast_factor", contrast_factor)
    gray = rgb_to_grayscale(img) if get_dimensions(img)[0] == 3 else img
    values = detached_array(gray)
    work = values.dtype if values.dtype.kind == "f" else np.dtype(np.float32)
    mean = values.astype(work).mean(axis=(-3, -2, -1), keepdims=True, dtype=work)
    return _blend(detached_array(img), mean, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 is black and white, 1 the image itself, 2 twice the colour."""
    if is_image(img):
        return _enhance("Color", img, saturation_factor)
    _not_negative("saturation_factor", saturation_factor)
    if get_dimensions(img)[0] == 1:
        return img
    return _blend(detached_array(img), detached_array(rgb_to_grayscale(img)), saturation_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Turn the colours by ``hue_factor``, between -0.5 and 0.5 of the colour circle."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not is_image(img):
        raise NotImplementedError("adjust_hue: tensors; PIL images are there (ToPILImage first)")
    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    turned = np.array(hue, np.uint8) + np.uint8(int(hue_factor * 255) % 256)  # wraps round
    bands = (from_array(turned), saturation, value)
    return image_module().merge("HSV", bands).convert(img.mode)


ADJUSTMENTS: tuple[Callable[[Any, float], Any], ...] = (
    adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue,
)  # fmt: skip


def _range(
    value: float | Sequence[float], name: str, centre: float, low: float, high: float
) -> Range:
    """From where to where a factor is drawn; None if it is always the one that does nothing."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        first, last = centre - float(value), centre + float(value)
        first = max(first, 0.0) if centre == 1 else first
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        first, last = float(value[0]), float(value[1])
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not low <= first <= last <= high:
        raise ValueError(f"{name} values should be between {(low, high)}, but got {[first, last]}.")
    return None if first == last == centre else (first, last)


class ColorJitter(Transform):
    """Brightness, contrast, saturation and hue changed at random, in random order."""

    def __init__(
        self,
        brightness: float | Sequence[float] = 0,
        contrast: float | Sequence[float] = 0,
        saturation: float | Sequence[float] = 0,
        hue: float | Sequence[float] = 0,
    ) -> None:
        super().__init__()
        endless = float("inf")
        self.brightness = _range(brightness, "brightness", 1, 0, endless)
        self.contrast = _range(contrast, "contrast", 1, 0, endless)
        self.saturation = _range(saturation, "saturation", 1, 0, endless)
        self.hue = _range(hue, "hue", 0, -0.5, 0.5)

    @staticmethod
    def get_params(*ranges: Range) -> tuple[list[int], list[float | None]]:
        """(order, factors) for the four ranges; a None stays None and draws nothing."""
        order = draws.permutation(4)
        return order, [None if each is None else draws.uniform(*each) for each in ranges]

    def forward(self, img: Any) -> Any:
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        order, factors = self.get_params(*ranges)
        for place in order:
            factor = factors[place]
            if factor is not None:
                img = ADJUSTMENTS[place](img, factor)
        return img

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(brightness={self.brightness}, contrast={self.contrast}, "
            f"saturation={self.saturation}, hue={self.hue})"
        )
