"""RoIPool: bins of whole pixels, their largest or their mean (Girshick, 2015; Dai, 2016)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.ops.regions import (
    Table,
    bounds,
    describe,
    nothing,
    pair,
    region_rows,
    rounded,
    spans,
)


def roi_pool(
    input: Tensor, boxes: Any, output_size: int | tuple[int, int], spatial_scale: float = 1.0
) -> Any:
    """The largest value of each bin of regions of (N, C, H, W): -> (K, C, PH, PW).

    ``boxes`` as ``roi_align``'s, rounded to whole pixels; an empty bin gives 0.
    """
    high, wide = pair(output_size)
    rows = region_rows(input, boxes, "roi_pool")
    table = Table(input, (high, wide), by_position=False)
    if not len(rows):
        return nothing(input, table.channels, (high, wide))
    left, top, right, bottom = rounded(rows[:, 1:] * rows.dtype.type(spatial_scale)).T
    y_first, y_end = bounds(top, np.maximum(bottom - top + 1, 1), high, table.height)
    x_first, x_end = bounds(left, np.maximum(right - left + 1, 1), wide, table.width)
    empty = (y_end <= y_first)[:, :, None] | (x_end <= x_first)[:, None, :]
    y, _ = spans(np.minimum(y_first, table.height - 1), y_end)
    x, _ = spans(np.minimum(x_first, table.width - 1), x_end)
    return table.largest(table.places(rows[:, 0].astype(np.int64), y, x), empty)


def ps_roi_pool(
    input: Tensor, boxes: Any, output_size: int | tuple[int, int], spatial_scale: float = 1.0
) -> Any:
    """Means of bins that read channels of their own: (N, C * PH * PW, H, W) -> (K, C, PH, PW).

    R-FCN (Dai and others, 2016). The last row and column are never read, as in torchvision, whose
    gradient reaches them all the same; here it is the gradient of what was computed.
    """
    high, wide = pair(output_size)
    rows = region_rows(input, boxes, "ps_roi_pool")
    table = Table(input, (high, wide), by_position=True)
    if not len(rows):
        return nothing(input, table.channels, (high, wide))
    left, top, right, bottom = rounded(rows[:, 1:] * rows.dtype.type(spatial_scale)).T
    y_first, y_end = bounds(top, np.maximum(bottom - top, 1), high, table.height - 1)
    x_first, x_end = bounds(left, np.maximum(right - left, 1), wide, table.width - 1)
    area = np.maximum(y_end - y_first, 0)[:, :, None] * np.maximum(x_end - x_first, 0)[:, None, :]
    y, y_there = spans(y_first, y_end)
    x, x_there = spans(x_first, x_end)
    there = y_there[:, :, None, :, None] & x_there[:, None, :, None, :]
    weights = there / np.maximum(area, 1)[:, :, :, None, None]
    places = table.places(rows[:, 0].astype(np.int64), y, x)
    return table.weighted(places, weights.astype(rows.dtype))


class RoIPool(nn.Module):
    """:func:`roi_pool` as a layer."""

    def __init__(self, output_size: int | tuple[int, int], spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Any) -> Any:
        return roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return describe(self, ("output_size", "spatial_scale"))


class PSRoIPool(nn.Module):
    """:func:`ps_roi_pool` as a layer."""

    def __init__(self, output_size: int | tuple[int, int], spatial_scale: float) -> None:
        super().__init__()
        self.output_size = output_size
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Any) -> Any:
        return ps_roi_pool(input, rois, self.output_size, self.spatial_scale)

    def __repr__(self) -> str:
        return describe(self, ("output_size", "spatial_scale"))
