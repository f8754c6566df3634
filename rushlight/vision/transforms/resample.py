"""Resize (..., H, W) arrays: nearest, bilinear and bicubic, with or without antialiasing.

Both directions are one matrix product each: row i of the matrix holds the weights with which the
input pixels enter output pixel i.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from rushlight.ops.interpolate_bytes import CUBIC, byte_matrix, smooth_weights
from rushlight.utils.data.arrays import Array
from rushlight.vision.transforms import taps
from rushlight.vision.transforms.products import along_height, along_width

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


def _fused(a: Array, b: Array, c: Array) -> Array:
    """a * b + c in float32, rounded once: the product is exact in float64."""
    return np.asarray((a.astype(np.float64) * b + c).astype(np.float32))


def _single_filter(mode: str, x: Array) -> Array:
    x = np.abs(x)
    one = np.float32(1)
    if mode == "bilinear":
        return np.maximum(one - x, np.float32(0))
    a = np.float32(-0.5)  # Keys (1981), with PyTorch's roundings
    inner = _fused(a + 2 * one, x, -(a + 3 * one)) * x
    near = _fused(inner, x, one)
    far = _fused(_fused(_fused(a, x, -5 * a), x, 8 * a), x, -4 * a)
    return np.where(x < 1, near, np.where(x < 2, far, np.float32(0)))


@functools.lru_cache(maxsize=128)
def _smooth_taps(size: int, target: int, mode: str) -> tuple[Array, Array]:
    """((taps, target) places, their weights): ``smooth_weights`` in float32, as images have them.

    The weights are rounded in PyTorch's order: pixels close to a half depend on their last digit.
    """
    single = np.float32
    scale = single(size) / single(target)
    stretch = max(scale, single(1))
    reach = single(1 if mode == "bilinear" else 2) * stretch
    centre = (np.arange(target, dtype=single) + single(0.5)) * scale
    first = np.maximum((centre - reach + single(0.5)).astype(np.int64), 0)
    last = np.minimum((centre + reach + single(0.5)).astype(np.int64), size)
    tap = np.arange(int((last - first).max()))[:, None]
    offset = tap.astype(single) + (first.astype(single) - centre) + single(0.5)
    inverse = single(1) / scale if scale >= 1 else single(1)
    raw = _single_filter(mode, (offset * inverse).astype(single))
    raw = np.where(tap < last - first, raw, single(0)).astype(single)
    total = np.zeros(target, single)
    for row in raw:
        total = total + row
    return np.minimum(first + tap, size - 1), (raw / total).astype(single)


def _smooth(values: Array, height: int, width: int, mode: str) -> Array:
    """float32 (..., H, W) resized with anti-aliasing: tap after tap, along the width first."""
    result = values
    for axis, count in ((-1, width), (-2, height)):
        size = result.shape[axis]
        if size == count:
            continue
        places, taps = _smooth_taps(size, count, mode)
        along = taps if axis == -1 else taps[:, :, None]
        total = result.take(places[0], axis) * along[0]
        for place, weight in zip(places[1:], along[1:], strict=True):
            total = _fused(result.take(place, axis), weight, total)
        result = total
    return result


@functools.lru_cache(maxsize=512)
def _shares(size: int, target: int, mode: str, antialias: bool) -> taps.Taps:
    return taps.taps_of(*byte_matrix(size, target, size / target, FILTERS[mode], antialias))


def _bytes(values: Array, height: int, width: int, mode: str, antialias: bool) -> Array:
    """With weights of sixteen bits, each axis rounded to bytes: as ``interpolate`` of bytes."""
    if values.shape[-1] != width:
        shares = _shares(values.shape[-1], width, mode, antialias)
        values = taps.along_width(values, shares)
    if values.shape[-2] != height:
        shares = _shares(values.shape[-2], height, mode, antialias)
        values = taps.along_height(values, shares)
    return values


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
    if antialias and work is np.float32 and mode != "lanczos":
        result = _smooth(values.astype(np.float32), height, width, mode)
        return _rounded(result, kind)
    down = weights(values.shape[-2], height, mode, antialias).astype(work)
    across = weights(values.shape[-1], width, mode, antialias).astype(work)
    result = along_height(along_width(values, across), down)
    return _rounded(result, kind)


def _rounded(values: Array, kind: np.dtype[Any]) -> Array:
    if kind.kind in "iu":
        limits = np.iinfo(kind)
        return np.clip(np.rint(values), limits.min, limits.max).astype(kind)
    return values.astype(kind, copy=False)
