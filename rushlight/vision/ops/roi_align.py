"""RoIAlign: bins of a region as means of bilinear samples (He and others, 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.ops.regions import Array, Table, describe, nothing, pair, region_rows

# Regions are read some at a time: their pixels lie in memory all at once, and every number of
# regions would be a program to compile.
MOST_REGIONS = 64
MOST_PIXELS = 1 << 25


def _samples_a_bin(size: Array, bins: int, ratio: int) -> Array:
    """How many samples along one axis, for each region (K)."""
    if ratio > 0:
        return np.full(len(size), ratio)
    return np.ceil(size / np.asarray(bins, size.dtype)).astype(np.int64)


def _samples(
    start: Array, size: Array, bins: int, each: Array, most: int, limit: int
) -> tuple[Array, Array]:
    """Along one axis: pixels (K, bins, 2 * most) and their weights, ``each`` samples a bin (K).

    Each sample lies between two pixels; beyond one pixel outside of the map it counts as nothing.
    """
    step = size / np.asarray(bins, size.dtype)
    place = np.arange(most)
    apart = np.maximum(each, 1)[:, None].astype(size.dtype)
    inside = (place + 0.5).astype(size.dtype) * step[:, None] / apart
    edge = start[:, None] + np.arange(bins).astype(size.dtype) * step[:, None]
    at = edge[:, :, None] + inside[:, None, :]
    counts = (at >= -1) & (at <= limit) & (place < each[:, None])[:, None, :]
    at = np.where(counts, at, 0).clip(0, None)
    low = at.astype(np.int64)
    last = low >= limit - 1
    low = np.where(last, limit - 1, low)
    share = np.where(last, 0, at - low).astype(size.dtype)
    pixels = np.concatenate([low, np.where(last, low, low + 1)], axis=-1)
    weights = np.concatenate([1 - share, share], axis=-1) * np.concatenate([counts] * 2, axis=-1)
    return pixels, weights.astype(size.dtype)


def _pieces(down: Array, across: Array, values: int) -> list[tuple[Array, int, int, int]]:
    """Regions read together, of how many at most, and samples there is room for.

    ``values``: what one sample in each bin takes. Room comes in powers of two where it differs.
    A large region in the same piece would make room for its many samples in all bins of all.
    """
    room = [np.maximum(each, 1) for each in (down, across)]
    if any(len(np.unique(each)) > 1 for each in room):
        room = [2 ** np.ceil(np.log2(each)).astype(np.int64) for each in room]
    pieces = []
    for high, wide in np.unique(np.stack(room), axis=1).T.tolist():
        members = np.flatnonzero((room[0] == high) & (room[1] == wide))
        # A sample lies between four pixels.
        most = max(min(MOST_REGIONS, MOST_PIXELS // (4 * high * wide * values)), 1)
        for first in range(0, len(members), most):
            pieces.append((members[first : first + most], most, high, wide))
    return pieces


def _align(
    input: Any,
    boxes: Any,
    output_size: Any,
    spatial_scale: float,
    sampling_ratio: int,
    *,
    half_pixel: bool,
    least: float | None,
    by_position: bool,
    who: str,
) -> Any:
    high, wide = pair(output_size)
    rows = region_rows(input, boxes, who)
    table = Table(input, (high, wide), by_position)
    if not len(rows):
        return nothing(input, table.channels, (high, wide))
    # Half precision is too coarse for coordinates.
    exact = rows.dtype if rows.dtype in (np.float32, np.float64) else np.dtype(np.float32)
    corners = rows[:, 1:].astype(exact) * exact.type(spatial_scale) - exact.type(
        0.5 if half_pixel else 0.0
    )
    left, top, right, bottom = corners.T
    width, height = right - left, bottom - top
    if least is not None:
        width, height = np.maximum(width, least), np.maximum(height, least)
    images = rows[:, 0].astype(np.int64)
    down = _samples_a_bin(height, high, sampling_ratio)
    across = _samples_a_bin(width, wide, sampling_ratio)
    parts, order = [], []
    for members, most, most_down, most_across in _pieces(
        down, across, high * wide * max(table.channels, 1)
    ):
        order.append(members)
        # A piece that is not full reads its regions again.
        at = np.resize(members, most) if len(rows) > most else members
        y, y_weights = _samples(top[at], height[at], high, down[at], most_down, table.height)
        x, x_weights = _samples(left[at], width[at], wide, across[at], most_across, table.width)
        weights = y_weights[:, :, None, :, None] * x_weights[:, None, :, None, :]
        weights /= np.maximum(down[at] * across[at], 1).astype(exact)[:, None, None, None, None]
        part = table.weighted(table.places(images[at], y, x), weights.astype(rows.dtype))
        parts.append(part[: len(members)] if len(at) > len(members) else part)
    if len(parts) == 1:
        return parts[0]
    together = np.concatenate(order)
    result = torch.cat(parts, 0)
    if np.array_equal(together, np.arange(len(rows))):
        return result
    return result[wrap(np.argsort(together, kind="stable"))]


def roi_align(
    input: Tensor,
    boxes: Any,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
    aligned: bool = False,
) -> Any:
    """Regions of features (N, C, H, W) at one size: -> (K, C, PH, PW).

    ``boxes``: (K, 5), the image's number before the corners, or a list of (L, 4), one an image;
    ``spatial_scale`` takes them to pixels of ``input``. A bin is the mean of ``sampling_ratio`` **
    2 samples, of as many as it has pixels if not positive. ``aligned``: pixels' middles lie at
    halves. Gradients flow to ``input``, none to ``boxes``.

    >>> import rushlight as torch
    >>> image = torch.arange(16.0).reshape(1, 1, 4, 4)
    >>> roi_align(image, [torch.tensor([[0.0, 0, 4, 4]])], 2, aligned=True)
    tensor([[[[ 2.5000,  4.5000],
              [10.5000, 12.5000]]]])
    """
    return _align(
        input, boxes, output_size, spatial_scale, sampling_ratio, half_pixel=aligned,
        least=None if aligned else 1.0, by_position=False, who="roi_align",
    )  # fmt: skip


def ps_roi_align(
    input: Tensor,
    boxes: Any,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = -1,
) -> Any:
    """``roi_align`` by position: (N, C * PH * PW, H, W) -> (K, C, PH, PW), channels a bin.

    Light-Head R-CNN (Li and others, 2017).
    """
    return _align(
        input, boxes, output_size, spatial_scale, sampling_ratio, half_pixel=True, least=None,
        by_position=True, who="ps_roi_align",
    )  # fmt: skip


class RoIAlign(nn.Module):
    """:func:`roi_align` as a layer."""

    def __init__(
        self,
        output_size: int | tuple[int, int],
        spatial_scale: float,
        sampling_ratio: int,
        aligned: bool = False,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.aligned = aligned

    def forward(self, input: Tensor, rois: Any) -> Any:
        return roi_align(
            input, rois, self.output_size, self.spatial_scale, self.sampling_ratio, self.aligned
        )

    def __repr__(self) -> str:
        return describe(self, ("output_size", "spatial_scale", "sampling_ratio", "aligned"))


class PSRoIAlign(nn.Module):
    """:func:`ps_roi_align` as a layer."""

    def __init__(
        self, output_size: int | tuple[int, int], spatial_scale: float, sampling_ratio: int
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio

    def forward(self, input: Tensor, rois: Any) -> Any:
        return ps_roi_align(input, rois, self.output_size, self.spatial_scale, self.sampling_ratio)

    def __repr__(self) -> str:
        return describe(self, ("output_size", "spatial_scale", "sampling_ratio"))
