"""Brightness, contrast, saturation and hue, for PIL images and (mostly) tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import from_array, image_module, is_image
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.convert import array_in_range, image_array
from rushlight.vision.transforms.operations import get_dimensions, rgb_to_grayscale
from rushlight.vision.transforms.transform import Chosen

Range = tuple[float, float] | None


def enhance(name: str, img: Any, factor: float) -> Any:
    """Pillow's ``ImageEnhance``; for the usual modes without its detours, the same pixels."""
    module = image_module()
    if img.mode in ("L", "RGB") and name in DULL:
        return module.blend(DULL[name](img).convert(img.mode), img, factor)
    import PIL.ImageEnhance

    return getattr(PIL.ImageEnhance, name)(img).enhance(factor)


def _black(img: Any) -> Any:
    return image_module().new(img.mode, img.size, 0)


def _even(img: Any) -> Any:
    """Gray all over, as bright as the image is on average."""
    total = int(np.frombuffer(img.convert("L").tobytes(), np.uint8).sum(dtype=np.int64))
    mean = total / (img.width * img.height) if total else 0.0
    return image_module().new("L", img.size, int(mean + 0.5))


# What an image is mixed with.
DULL: dict[str, Callable[[Any], Any]] = {
    "Brightness": _black,
    "Contrast": _even,
    "Color": lambda img: img.convert("L"),
}


def largest(kind: np.dtype[Any]) -> int:
    """The value of white in this dtype."""
    return 1 if kind.kind in "fb" else int(np.iinfo(kind).max)


def blend(values: Array, other: Any, factor: float) -> Any:
    """``factor`` parts of the image, the rest of ``other``, within the dtype's range."""
    kind = values.dtype
    work = kind.type if kind.kind == "f" else np.float32
    mixed = work(factor) * values + work(1.0 - factor) * other
    return wrap(np.clip(mixed, 0, largest(kind)).astype(kind))


def not_negative(name: str, factor: float) -> None:
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """0 is black, 1 the image itself, 2 twice as bright."""
    if is_image(img):
        return enhance("Brightness", img, brightness_factor)
    not_negative("brightness_factor", brightness_factor)
    get_dimensions(img)
    return blend(image_array(img, "adjust_brightness"), np.float32(0), brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """0 is gray all over, 1 the image itself, 2 twice the contrast."""
    if is_image(img):
        return enhance("Contrast", img, contrast_factor)
    not_negative("contrast_factor", contrast_factor)
    gray = rgb_to_grayscale(img) if get_dimensions(img)[0] == 3 else img
    values = image_array(gray, "adjust_contrast")
    work = values.dtype if values.dtype.kind == "f" else np.dtype(np.float32)
    mean = values.astype(work).mean(axis=(-3, -2, -1), keepdims=True, dtype=work)
    return blend(image_array(img, "adjust_contrast"), mean, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """0 is black and white, 1 the image itself, 2 twice the colour."""
    if is_image(img):
        return enhance("Color", img, saturation_factor)
    not_negative("saturation_factor", saturation_factor)
    if get_dimensions(img)[0] == 1:
        return img
    values = image_array(img, "adjust_saturation")
    gray = image_array(rgb_to_grayscale(img), "adjust_saturation")
    return blend(values, gray, saturation_factor)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """Turn the colours by ``hue_factor``, between -0.5 and 0.5 of the colour circle."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not is_image(img):
        return _turned(img, hue_factor)
    if img.mode in ("L", "1", "I", "F"):
        return img
    hue, saturation, value = img.convert("HSV").split()
    turned = np.array(hue, np.uint8) + np.uint8(int(hue_factor * 255) % 256)  # wraps round
    bands = (from_array(turned), saturation, value)
    return image_module().merge("HSV", bands).convert(img.mode)


def _turned(img: Any, hue_factor: float) -> Any:
    """``adjust_hue`` of a tensor, by way of hue, saturation and value in float32."""
    if not isinstance(img, Tensor):
        raise TypeError("Input img should be Tensor image")
    channels = get_dimensions(img)[0]
    if channels not in (1, 3):
        raise TypeError(
            f"Input image tensor permitted channel values are [1, 3], but found {channels}"
        )
    if channels == 1:
        return img
    values = image_array(img, "adjust_hue")
    hue, saturation, value = hsv_of(array_in_range(values, np.dtype(np.float32)))
    turned = rgb_of((hue + np.float32(hue_factor)) % np.float32(1.0), saturation, value)
    return wrap(array_in_range(turned, values.dtype))


def hsv_of(rgb: Array) -> tuple[Array, Array, Array]:
    """Hue, saturation and value (..., H, W), each in [0, 1], of (..., 3, H, W) floats."""
    one = np.float32(1.0)
    red, green, blue = (rgb[..., place, :, :] for place in range(3))
    high, low = rgb.max(axis=-3), rgb.min(axis=-3)
    gray = high == low
    span = high - low
    saturation = span / np.where(gray, one, high)
    divisor = np.where(gray, one, span)
    r, g, b = ((high - each) / divisor for each in (red, green, blue))
    is_red = high == red
    is_green = (high == green) & ~is_red
    hue = np.where(
        is_red, b - g, np.where(is_green, np.float32(2.0) + r - b, np.float32(4.0) + g - r)
    )
    return np.fmod(hue / np.float32(6.0) + one, one), saturation, high


def rgb_of(hue: Array, saturation: Array, value: Array) -> Array:
    """(..., 3, H, W) of hue, saturation and value."""
    one = np.float32(1.0)
    sector = np.floor(hue * np.float32(6.0))
    part = hue * np.float32(6.0) - sector
    low = np.clip(value * (one - saturation), 0, 1)
    falling = np.clip(value * (one - saturation * part), 0, 1)
    rising = np.clip(value * (one - saturation * (one - part)), 0, 1)
    place = sector.astype(np.int32) % 6
    red = np.choose(place, (value, falling, low, low, rising, value))
    green = np.choose(place, (rising, value, value, falling, low, low))
    blue = np.choose(place, (low, low, rising, value, value, falling))
    return np.stack([red, green, blue], axis=-3)


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


def drawn_adjustments(ranges: Sequence[Range]) -> tuple[list[int], list[float | None]]:
    """In which order, and how much of each; nothing is drawn for a None."""
    order = draws.permutation(4)
    return order, [None if each is None else draws.uniform(*each) for each in ranges]


class ColorJitter(Chosen):
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
    def get_params(
        brightness: Range, contrast: Range, saturation: Range, hue: Range
    ) -> tuple[Tensor, float | None, float | None, float | None, float | None]:
        """(order, factors) for the four ranges; a None stays None and draws nothing."""
        order, factors = drawn_adjustments((brightness, contrast, saturation, hue))
        first, second, third, fourth = factors
        return wrap(np.array(order)), first, second, third, fourth

    def choose(self, height: int, width: int) -> tuple[list[int], list[float | None]]:
        ranges = (self.brightness, self.contrast, self.saturation, self.hue)
        if type(self).get_params is ColorJitter.get_params:
            return drawn_adjustments(ranges)
        order, *factors = self.get_params(*ranges)  # of a subclass
        return [int(place) for place in order], factors

    def change(self, img: Any, choice: tuple[list[int], list[float | None]]) -> Any:
        order, factors = choice
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
