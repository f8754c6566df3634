"""Transforms that change every pixel by its value, each with a probability."""

from __future__ import annotations

from typing import Any

from rushlight.vision.transforms import draws, tone
from rushlight.vision.transforms.transform import Transform


class _Sometimes(Transform):
    """``change`` with probability p. The draw is compared as a Python number."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def change(self, img: Any) -> Any:
        """What happens to the image."""
        raise NotImplementedError(f"{type(self).__name__} has no change")

    def forward(self, img: Any) -> Any:
        return self.change(img) if draws.uniform() < self.p else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomInvert(_Sometimes):
    """Colours inverted."""

    def change(self, img: Any) -> Any:
        return tone.invert(img)


class RandomAutocontrast(_Sometimes):
    """Contrast stretched to the whole range."""

    def change(self, img: Any) -> Any:
        return tone.autocontrast(img)


class RandomEqualize(_Sometimes):
    """The histogram made flat."""

    def change(self, img: Any) -> Any:
        return tone.equalize(img)


class RandomPosterize(_Sometimes):
    """Only ``bits`` binary digits of each byte."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def change(self, img: Any) -> Any:
        return tone.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(_Sometimes):
    """Pixels of at least ``threshold`` inverted."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def change(self, img: Any) -> Any:
        return tone.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(_Sometimes):
    """Sharper or blurred."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def change(self, img: Any) -> Any:
        return tone.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"
