"""Resize (..., H, W) arrays: nearest, bilinear and bicubic, with or without antialiasing.

Both directions are one matrix product each: row i of the matrix holds the weights with which the
input pixels enter output pixel i.
"""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from rushlight.utils.data.arrays import Array

Floats = npt.NDArray[np.float64]


def _triangle(x: Floats) -> Floats:
    return np.maximum(0.0, 1.0 - np.abs(x))


def _cubic(x: Floats, a: float) -> Floats:
    x = np.abs(x)
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


@functools.lru_cache(maxsize=128)
def weights(size: int, target: int, mode: str, antialias: bool) -> Floats:
    """(target, size): how much of each input pixel each output pixel takes."""
    scale = size / target
    centres = (np.arange(target) + 0.5) * scale  # in input pixels
    if antialias:
        # The filter grows with the reduction; what lies outside of the image is left out.
        reach = max(scale, 1.0)
        distance = (np.arange(size) + 0.5 - centres[:, None]) / reach
        raw = _triangle(distance) if mode == "bilinear" else _cubic(distance, -0.5)
        return raw / raw.sum(axis=1, keepdims=True)
    # Without, the filter spans one or two neighbours; the border pixel stands for what is outside.
    result = np.zeros((target, size))
    taps = (0, 1) if mode == "bilinear" else (-1, 0, 1, 2)
    position = centres - 0.5
    if mode == "bilinear":
        position = np.maximum(position, 0.0)
    first = np.floor(position).astype(np.int64)
    for tap in taps:
        distance = first + tap - position
        raw = _triangle(distance) if mode == "bilinear" else _cubic(distance, -0.75)
        np.add.at(result, (np.arange(target), np.clip(first + tap, 0, size - 1)), raw)
    return result


def nearest(values: Array, height: int, width: int, shift: float = 0.0) -> Array:
    """The pixel under each output pixel's corner, as PyTorch's ``nearest``; with a ``shift`` of
    0.5 under its middle, as ``nearest-exact``."""
    rows, columns = (
        np.minimum(((np.arange(target) + shift) * (size / target)).astype(np.int64), size - 1)
        for size, target in ((values.shape[-2], height), (values.shape[-1], width))
    )
    return values[..., rows[:, None], columns]


def resample(values: Array, height: int, width: int, mode: str, antialias: bool) -> Array:
    """(..., H, W) -> (..., height, width), same dtype; whole numbers are rounded and clipped."""
    if values.shape[-2:] == (height, width):
        return values.copy()
    if mode == "nearest":
        return nearest(values, height, width)
    if mode == "nearest-exact":
        return nearest(values, height, width, 0.5)
    if mode not in ("bilinear", "bicubic"):
        raise NotImplementedError(
            f"resize: interpolation {mode!r} of tensors; nearest, nearest-exact, bilinear and "
            "bicubic are there (PIL images take every mode)"
        )
    kind = values.dtype
    work = np.float64 if kind == np.float64 else np.float32
    down = weights(values.shape[-2], height, mode, antialias).astype(work)
    across = weights(values.shape[-1], width, mode, antialias).astype(work)
    result = down @ (values.astype(work, copy=False) @ across.T)
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return np.clip(np.rint(result), limits.min, limits.max).astype(kind)
    return result.astype(kind, copy=False)
