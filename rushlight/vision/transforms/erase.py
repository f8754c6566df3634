"""RandomErasing: a rectangle of a tensor image is overwritten (Zhong and others, 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.chance import TRIES
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.operations import get_dimensions
from rushlight.vision.transforms.transform import Transform

Rectangle = tuple[int, int, int, int, Array]


def rectangle(
    size: tuple[int, int, int], scale: Sequence[float], ratio: Sequence[float],
    value: Sequence[float] | None,
) -> Rectangle | None:  # fmt: skip
    """(top, left, height, width, contents) in an image (C, H, W); None if ten tries do not fit."""
    channels, height, width = size
    low, high = (float(each) for each in np.log([draws.number(part) for part in ratio]))
    for _ in range(TRIES):
        area = height * width * draws.uniform(scale[0], scale[1])
        aspect = float(np.exp(draws.number(draws.uniform(low, high))))
        rows, columns = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if not (rows < height and columns < width):
            continue
        if value is None:
            contents = draws.normals(channels, rows, columns)
        else:
            contents = np.array(value, np.float32).reshape(-1, 1, 1)
        top, left = draws.integer(height - rows + 1), draws.integer(width - columns + 1)
        return top, left, rows, columns, contents
    return None


class RandomErasing(Transform):
    """With probability p, a random rectangle becomes ``value`` or (``"random"``) noise."""

    def __init__(
        self,
        p: float = 0.5,
        scale: Sequence[float] = (0.02, 0.33),
        ratio: Sequence[float] = (0.3, 3.3),
        value: float | str | Sequence[float] = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.scale = scale
        self.ratio = ratio
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Any, scale: Sequence[float], ratio: Sequence[float], value: list[float] | None = None
    ) -> Rectangle | None:
        """(top, left, height, width, contents); None if no rectangle was found in ten tries."""
        channels, height, width = get_dimensions(img)
        return rectangle((channels, height, width), scale, ratio, value)

    def values(self) -> list[float] | None:
        """What is written, one for all channels or one for each; None for noise."""
        if isinstance(self.value, str):
            return None
        if isinstance(self.value, (int, float)):
            return [float(self.value)]
        return [float(each) for each in self.value]

    def forward(self, img: Any) -> Any:
        if not draws.chance(self.p):
            return img
        value = self.values()
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        found = self.get_params(img, self.scale, self.ratio, value)
        if found is None:
            return img
        top, left, rows, columns, contents = found
        part = (..., slice(top, top + rows), slice(left, left + columns))
        if self.inplace:
            img[part] = wrap(contents.astype(detached_array(img).dtype))
            return img
        values = detached_array(img).copy()
        values[part] = contents
        return wrap(values)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, "
            f"value={self.value}, inplace={self.inplace})"
        )
