"""Pillow's resize of bytes, for many images at once: the same whole numbers.

Pillow resizes along one axis, rounds to bytes, then along the other, with weights in fixed point
(22 binary digits).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.vision.pillow import from_array
from rushlight.vision.transforms.operations import PIL_FILTERS
from rushlight.vision.transforms.taps import Taps, along_height, along_width, taps_of

DIGITS = 22
HALF = 0.5
# Pixels after which Pillow is taken at its word.
ASKED = 1024


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


@functools.lru_cache(maxsize=512)
def weights(size: int, target: int, mode: str) -> Taps:
    """The part of each output pixel that an input pixel makes up."""
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
    return taps_of(table, DIGITS)


def _resized(values: Array, height: int, width: int, mode: str, rows_first: bool) -> Array:
    across, down = weights(values.shape[-1], width, mode), weights(values.shape[-2], height, mode)
    if rows_first and values.shape[-1] != width:
        values = along_width(values, across)
    if values.shape[-2] != height:
        values = along_height(values, down)
    return values if values.shape[-1] == width else along_width(values, across)


@functools.lru_cache(maxsize=4096)
def rows_first(size: tuple[int, int], target: tuple[int, int], mode: str) -> bool | None:
    """Whether Pillow begins with the rows, which depends on its version and the sizes.

    Found out by asking it. None if neither order gives its bytes: then it must do the work.
    """
    # Few pixels may be the same in both orders by chance.
    count = -(-ASKED // (target[0] * target[1]))
    noise = np.random.default_rng(0).integers(0, 256, (count, *size), np.uint8)
    filter = PIL_FILTERS[mode]
    wanted = [np.asarray(from_array(each).resize(target[::-1], filter)) for each in noise]
    for first in (True, False):
        if np.array_equal(_resized(noise, *target, mode, first), wanted):
            return first
    return None


def resize_bytes(values: Array, height: int, width: int, mode: str) -> Array:
    """uint8 (..., H, W) -> (..., height, width), as Pillow resizes each channel."""
    size, target = (values.shape[-2], values.shape[-1]), (height, width)
    if size == target:
        return values
    first = rows_first(size, target, mode) if mode in FILTERS else None
    if first is None:
        planes = [from_array(each) for each in values.reshape(-1, *size)]
        made = [np.asarray(each.resize((width, height), PIL_FILTERS[mode])) for each in planes]
        return np.stack(made).reshape(*values.shape[:-2], *target)
    return _resized(values, height, width, mode, first)
