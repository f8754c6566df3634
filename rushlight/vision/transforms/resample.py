"""Resize (..., H, W) arrays: nearest, bilinear and bicubic, with or without antialiasing.

Both directions are one matrix product each: row i of the matrix holds the weights with which the
input pixels enter output pixel i.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from rushlight.ops.interpolate_bytes import CUBIC, byte_matrix, smooth_weights
from rushlight.utils.data.arrays import Array

Floats = npt.NDArray[np.float64]
FILTERS = {"bilinear": "linear", "bicubic": "cubic", "lanczos": "lanczos"}


def _triangle(x: Floats) -> Floats:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: Floats) -> Floats:
    a, x = CUBIC, np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


@functools.lru_cache(maxsize=128)
def weights(size: int, target: int, mode: str, antialias: bool) -> Floats:
    """(target, size): how much of each input pixel each output pixel takes."""
    scale = size / target
    centres = (np.arange(target) + 0.5) * scale  # in input pixels
    if antialias:
        return smooth_weights(size, target, scale, FILTERS[mode])
    # Without, the filter spans one or two neighbours; the border pixel stands for what is outside.
    result = np.zeros((target, size))
    taps = (0, 1) if mode == "bilinear" else (-1, 0, 1, 2)
    position = centres - 0.5
    if mode == "bilinear":
        position = np.maximum(position, 0.0)
    first = np.floor(position).astype(np.int64)
    for tap in taps:
        distance = first + tap - position
        raw = _triangle(distance) if mode == "bilinear" else _cubic(distance)
        np.add.at(result, (np.arange(target), np.clip(first + tap, 0, size - 1)), raw)
    return result


def _nearest_places(size: int, target: int, shift: float) -> Array:
    places = (np.arange(target, dtype=np.float32) + np.float32(shift)) * np.float32(size / target)
    return np.minimum(places.astype(np.int64), size - 1)


def nearest(values: Array, height: int, width: int, shift: float = 0.0) -> Array:
    """The pixel under each output pixel's corner, as PyTorch's ``nearest``; with a ``shift`` of
    0.5 under its middle, as ``nearest-exact``. Places are float32, as there: they decide."""
    rows, columns = (
        _nearest_places(size, target, shift)
        for size, target in ((values.shape[-2], height), (values.shape[-1], width))
    )
    return values[..., rows[:, None], columns]


def _bytes(values: Array, height: int, width: int, mode: str, antialias: bool) -> Array:
    """With weights of sixteen bits, each axis rounded to bytes: as ``interpolate`` of bytes."""
    result = values.astype(np.float64)
    for axis, count in ((-1, width), (-2, height)):
        size = values.shape[axis]
        if size == count:
            continue
        matrix, digits = byte_matrix(size, count, size / count, FILTERS[mode], antialias)
        total = result @ matrix.T if axis == -1 else matrix @ result
        result = np.clip(np.floor((total + 2.0 ** (digits - 1)) * 2.0**-digits), 0, 255)
    return result.astype(np.uint8)


def resample(
    values: Array, height: int, width: int, mode: str, antialias: bool, whole: bool = False
) -> Array:
    """(..., H, W) -> (..., height, width), same dtype; whole numbers are rounded and clipped.

    ``whole``: bytes never leave whole numbers.
    """
    if values.shape[-2:] == (height, width):
        return values.copy()
    if mode == "nearest":
        return nearest(values, height, width)
    if mode == "nearest-exact":
        return nearest(values, height, width, 0.5)
    if mode not in FILTERS or (mode == "lanczos" and not whole):
        raise ValueError(
            f"resize: interpolation {mode!r} of tensors; nearest, nearest-exact, bilinear and "
            "bicubic are there (PIL images take every mode, transforms.v2 lanczos too)"
        )
    if values.dtype == np.uint8 and whole:
        return _bytes(values, height, width, mode, antialias)
    kind = values.dtype
    work = np.float64 if kind == np.float64 else np.float32
    down = weights(values.shape[-2], height, mode, antialias).astype(work)
    across = weights(values.shape[-1], width, mode, antialias).astype(work)
    result = down @ (values.astype(work, copy=False) @ across.T)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return np.clip(np.rint(result), limits.min, limits.max).astype(kind)
    return result.astype(kind, copy=False)
