"""Transforms with chance: the choices are torchvision's for the same seed."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.warn import warn
from rushlight.vision.transforms import draws
from rushlight.vision.transforms import operations as F
from rushlight.vision.transforms.fixed import two_sizes
from rushlight.vision.transforms.operations import InterpolationMode, interpolation_mode
from rushlight.vision.transforms.transform import Transform

TRIES = 10  # for a random crop that fits, before the middle is taken


class RandomHorizontalFlip(Transform):
    """Left and right exchanged with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.hflip(img) if draws.chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomVerticalFlip(Transform):
    """Top and bottom exchanged with probability p."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        return F.vflip(img) if draws.chance(self.p) else img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomGrayscale(Transform):
    """Brightness only, with probability p; the number of channels stays."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        channels = F.get_dimensions(img)[0]
        if draws.chance(self.p):
            return F.rgb_to_grayscale(img, num_output_channels=channels)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class RandomCrop(Transform):
    """A part of the given size at a random place, after an optional border."""

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = two_sizes(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = padding_mode

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part. Raises ValueError if it cannot fit."""
        _, height, width = F.get_dimensions(img)
        wanted_height, wanted_width = output_size
        if height < wanted_height or width < wanted_width:
            raise ValueError(
                f"Required crop size {(wanted_height, wanted_width)} is larger than input image "
                f"size {(height, width)}"
            )
        if (height, width) == (wanted_height, wanted_width):
            return 0, 0, height, width
        top = draws.integer(height - wanted_height + 1)
        left = draws.integer(width - wanted_width + 1)
        return top, left, wanted_height, wanted_width

    def forward(self, img: Any) -> Any:
        if self.padding is not None:
            img = F.pad(img, self.padding, self.fill, self.padding_mode)
        if self.pad_if_needed:
            _, height, width = F.get_dimensions(img)
            if width < self.size[1]:
                img = F.pad(img, [self.size[1] - width, 0], self.fill, self.padding_mode)
            if height < self.size[0]:
                img = F.pad(img, [0, self.size[0] - height], self.fill, self.padding_mode)
        return F.crop(img, *self.get_params(img, self.size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


@functools.lru_cache(maxsize=16)
def _logarithms(low: np.floating[Any], high: np.floating[Any]) -> tuple[float, float]:
    # Logarithms and exponentials of a tensor's type: the rounding decides about a pixel now and
    # then.
    return float(np.log(low)), float(np.log(high))


def resized_part(
    size: tuple[int, int], scale: Sequence[float], ratio: Sequence[float]
) -> tuple[int, int, int, int]:
    """(top, left, height, width) of what RandomResizedCrop takes of an image (height, width)."""
    height, width = size
    low, high = _logarithms(draws.number(ratio[0]), draws.number(ratio[1]))
    for _ in range(TRIES):
        area = height * width * draws.uniform(scale[0], scale[1])
        aspect = float(np.exp(draws.number(draws.uniform(low, high))))
        part_width = round(math.sqrt(area * aspect))
        part_height = round(math.sqrt(area / aspect))
        if 0 < part_width <= width and 0 < part_height <= height:
            top = draws.integer(height - part_height + 1)
            left = draws.integer(width - part_width + 1)
            return top, left, part_height, part_width
    part_height, part_width = height, width
    if width / height < min(ratio):
        part_height = round(width / min(ratio))
    elif width / height > max(ratio):
        part_width = round(height * max(ratio))
    return (height - part_height) // 2, (width - part_width) // 2, part_height, part_width


class RandomResizedCrop(Transform):
    """A part of random area and aspect ratio, resized: how Inception was trained."""

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Sequence[float] = (0.08, 1.0),
        ratio: Sequence[float] = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(scale, Sequence):
            raise TypeError("Scale should be a sequence")
        if not isinstance(ratio, Sequence):
            raise TypeError("Ratio should be a sequence")
        if scale[0] > scale[1] or ratio[0] > ratio[1]:
            warn("Scale and ratio should be of kind (min, max)")
        self.size = two_sizes(size)
        self.scale = scale
        self.ratio = ratio
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float]
    ) -> tuple[int, int, int, int]:
        """(top, left, height, width) of a random part; the middle if ten tries do not fit."""
        _, height, width = F.get_dimensions(img)
        return resized_part((height, width), scale, ratio)

    def forward(self, img: Any) -> Any:
        part = self.get_params(img, self.scale, self.ratio)
        return F.resized_crop(img, *part, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(size={self.size}, "
            f"scale={tuple(round(each, 4) for each in self.scale)}, "
            f"ratio={tuple(round(each, 4) for each in self.ratio)}, "
            f"interpolation={self.interpolation.value}, antialias={self.antialias})"
        )


class RandomSizedCrop(RandomResizedCrop):
    """What RandomResizedCrop was called in 2017."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        warn(
            "transforms.RandomSizedCrop is now transforms.RandomResizedCrop",
            DeprecationWarning,
        )
        super().__init__(*args, **kwargs)
