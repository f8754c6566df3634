"""Pillow's resize of bytes, for many images at once: the same whole numbers.

Pillow resizes along one axis, rounds to bytes, then along the other, with weights in fixed point
(22 binary digits). Sums of bytes times such weights stay below 2**53, so a matrix product in
float64 is exact.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rushlight.utils.data.arrays import Array
from rushlight.vision.pillow import from_array
from rushlight.vision.transforms.operations import PIL_FILTERS
from rushlight.vision.transforms.products import along_height, along_width

DIGITS = 22
HALF = 0.5


def _triangle(x: float) -> float:
    x = abs(x)
    return 1.0 - x if x < 1.0 else 0.0


def _cubic(x: float) -> float:
    a, x = -0.5, abs(x)
    if x < 1.0:
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    return (((x - 5.0) * x + 8.0) * x - 4.0) * a if x < 2.0 else 0.0


# The filter and how far it reaches.
FILTERS: dict[str, tuple[Callable[[float], float], float]] = {
    "bilinear": (_triangle, 1.0),
    "bicubic": (_cubic, 2.0),
}


@functools.lru_cache(maxsize=64)
def weights(size: int, target: int, mode: str) -> npt.NDArray[np.float64]:
    """(target, size): the part of each output pixel that an input pixel makes up."""
    kernel, reach = FILTERS[mode]
    scale = size / target
    stretch = max(scale, 1.0)
    support = reach * stretch
    table = np.zeros((target, size))
    for place in range(target):
        centre = (place + 0.5) * scale
        first = max(int(centre - support + 0.5), 0)
        last = min(int(centre + support + 0.5), size)
        raw = [kernel((each - centre + 0.5) * (1.0 / stretch)) for each in range(first, last)]
        total = sum(raw)
        for each, value in enumerate(raw):
            exact = (value / total if total else value) * (1 << DIGITS)
            table[place, first + each] = math.trunc(exact + math.copysign(HALF, exact))
    return table * 2.0**-DIGITS


def _rounded(sums: Array) -> Array:
    sums += HALF
    np.clip(sums, 0, 255, out=sums)
    return sums.astype(np.uint8)


def _resized(values: Array, height: int, width: int, mode: str, rows_first: bool) -> Array:
    across, down = weights(values.shape[-1], width, mode), weights(values.shape[-2], height, mode)
    if rows_first and values.shape[-1] != width:
        values = _rounded(along_width(values, across))
    if values.shape[-2] != height:
        values = _rounded(along_height(values, down))
    return values if values.shape[-1] == width else _rounded(along_width(values, across))


@functools.lru_cache(maxsize=64)
def rows_first(size: tuple[int, int], target: tuple[int, int], mode: str) -> bool | None:
    """Whether Pillow begins with the rows, which depends on its version and the sizes.

    Found out by asking it. None if neither order gives its bytes: then it must do the work.
    """
    noise = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    image = from_array(noise).resize((target[1], target[0]), PIL_FILTERS[mode])
    wanted = np.asarray(image)
    for first in (True, False):
        if np.array_equal(_resized(noise, *target, mode, first), wanted):
            return first
    return None


def resize_bytes(values: Array, height: int, width: int, mode: str) -> Array:
    """uint8 (..., H, W) -> (..., height, width), as Pillow resizes each channel."""
    first = rows_first((values.shape[-2], values.shape[-1]), (height, width), mode)
    assert first is not None, "the caller asks rows_first before"
    return _resized(values, height, width, mode, first)
