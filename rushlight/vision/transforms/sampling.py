"""Images sampled at the places of a grid, on NumPy: what moves pixels in the transforms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array


def _pick(values: Array, row: Array, column: Array) -> tuple[Array, Array]:
    """The pixels (..., H', W') at whole places, and which of these are inside; outside is zero."""
    height, width = values.shape[-2:]
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    # What is outside looks at the first pixel.
    places = (row * inside).astype(np.intp) * width + (column * inside).astype(np.intp)
    pixels = values.reshape(*values.shape[:-2], height * width).take(places, axis=-1)
    return np.where(inside, pixels, values.dtype.type(0)), inside


def sample(
    values: Array, grid: Array, mode: str, fill: float | Sequence[float] | None = None
) -> Array:
    """(..., C, H, W) at ``grid`` (H', W', 2), places (x, y) in [-1, 1] -> (..., C, H', W').

    ``mode`` is nearest or bilinear. Outside of the image is ``fill``, zero if None; whole numbers
    are rounded.
    """
    kind = values.dtype
    work: Any = kind.type if kind in (np.float32, np.float64) else np.float32
    height, width = values.shape[-2:]
    half = work(0.5)
    x = ((grid[..., 0].astype(work) + work(1)) * work(width) - work(1)) * half
    y = ((grid[..., 1].astype(work) + work(1)) * work(height) - work(1)) * half
    # Where a place is no number the sample is outside.
    x, y = (np.where(np.isfinite(each), each, work(-10)) for each in (x, y))
    if mode == "nearest":
        result, share = _pick(values, np.rint(y), np.rint(x))
    else:
        source = values.astype(work, copy=False)
        left, top = np.floor(x), np.floor(y)
        result, share = work(0), work(0)
        for down in (0, 1):
            for across in (0, 1):
                weight = np.abs(x - (left + work(1 - across))) * np.abs(y - (top + work(1 - down)))
                pixels, inside = _pick(source, top + down, left + across)
                result = result + pixels * weight
                share = share + np.where(inside, weight, work(0))
    if fill is not None:
        colour = np.asarray(fill, work).reshape(-1, 1, 1)
        if mode == "nearest":
            result = np.where(share, result, colour)
        else:
            result = result * share + (work(1) - share) * colour
    if kind.kind in "iub":
        result = np.rint(result)
    return np.ascontiguousarray(result.astype(kind, copy=False))
