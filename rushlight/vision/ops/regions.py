"""What the pools of regions share: regions as rows, and sums over pixels of a feature map.

A region's bin is a weighted sum of pixels, or their largest. Which pixels and weights is found on
the host, as it depends on the values of the regions; the features are read by recorded ops, and
their gradient flows. The regions themselves get none, as in torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

import rushlight as torch
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap

Array = npt.NDArray[Any]


def pair(size: Any) -> tuple[int, int]:
    """(height, width) from either."""
    return (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))


def region_rows(input: Tensor, boxes: Any, who: str) -> Array:
    """Regions (K, 5), the image's number first; from such a tensor or a list of (L, 4) an image."""
    if isinstance(boxes, (list, tuple)):
        for each in boxes:
            if each.shape[1] != 4:
                raise AssertionError(
                    "The shape of the tensor in the boxes list is not correct as List[Tensor[L, 4]]"
                )
        numbered = [torch.cat([torch.full_like(b[:, :1], i), b], 1) for i, b in enumerate(boxes)]
        rows: Any = numbered[0] if len(numbered) == 1 else torch.cat(numbered, 0)
    elif isinstance(boxes, Tensor):
        rows = boxes
        if rows.shape[1] != 5:
            raise AssertionError("The boxes tensor shape is not correct as Tensor[K, 5]")
    else:
        raise AssertionError("boxes is expected to be a Tensor[L, 5] or a List[Tensor[K, 4]]")
    if rows.dtype is not input.dtype:
        raise RuntimeError(
            f"{who}: input and rois must have the same dtype, got {input.dtype} and {rows.dtype}"
        )
    values: Array = rows.detach()._array()
    images = values[:, 0].astype(np.int64)
    if len(images) and (images.min() < 0 or images.max() >= input.shape[0]):
        raise RuntimeError(
            f"{who}: a region is of image {images.max()}, but input holds {input.shape[0]}"
        )
    return values


def rounded(values: Array) -> Array:
    """To whole numbers, halves away from zero."""
    return (np.sign(values) * np.floor(np.abs(values) + 0.5)).astype(np.int64)


def bounds(start: Array, size: Array, bins: int, limit: int) -> tuple[Array, Array]:
    """(K, bins) first pixel and the one behind the last of each bin, inside 0 ... ``limit``."""
    step = size.astype(np.float32)[:, None] / np.float32(bins)
    place = np.arange(bins, dtype=np.float32)
    first = np.floor(place * step).astype(np.int64) + start[:, None]
    end = np.ceil((place + 1) * step).astype(np.int64) + start[:, None]
    return first.clip(0, limit), end.clip(0, limit)


def spans(first: Array, end: Array) -> tuple[Array, Array]:
    """(K, bins, longest) pixels of each bin, the first again where there are no more; which are."""
    longest = max(int((end - first).max(initial=0)), 1)
    pixels = first[..., None] + np.arange(longest)
    there = pixels < end[..., None]
    return np.where(there, pixels, first[..., None]), there


class Table:
    """A feature map as rows to read: (N, C, H, W), or (N, C * bins, H, W) by position."""

    def __init__(self, input: Any, output_size: tuple[int, int], by_position: bool) -> None:
        n, channels, self.height, self.width = input.shape
        self.bins = output_size
        count = output_size[0] * output_size[1]
        self.by_position = by_position
        if by_position:
            if channels % count:
                raise RuntimeError(
                    "input channels must be a multiple of pooling height * pooling width, got "
                    f"{channels} and {output_size[0]} * {output_size[1]}"
                )
            self.channels = channels // count
            split = input.reshape(n, self.channels, count, self.height, self.width)
            rows = split.permute(0, 2, 3, 4, 1)
        else:
            self.channels = channels
            rows = input.permute(0, 2, 3, 1)
        self.rows = rows.reshape(-1, self.channels)

    def places(self, images: Array, y: Array, x: Array) -> Array:
        """Rows of pixels y (K, PH, A), x (K, PW, B) of ``images`` (K): (K, PH, PW, A, B)."""
        high, wide = self.bins
        plane = images[:, None, None]
        if self.by_position:
            plane = plane * (high * wide) + np.arange(high * wide).reshape(high, wide)
        down = plane[..., None] * self.height + y[:, :, None, :]
        return down[..., :, None] * self.width + x[:, None, :, None, :]

    def _gathered(self, places: Array) -> Any:
        """(bins of all regions, pixels of each, C)."""
        regions, high, wide = places.shape[:3]
        flat = np.ascontiguousarray(places.reshape(regions * high * wide, -1))
        return F.embedding(wrap(flat), self.rows)

    def _laid_out(self, result: Any, regions: int) -> Any:
        return result.reshape(regions, *self.bins, self.channels).permute(0, 3, 1, 2).contiguous()

    def weighted(self, places: Array, weights: Array) -> Any:
        """(K, C, PH, PW): sums of the pixels times their weights."""
        gathered = self._gathered(places)
        flat = np.ascontiguousarray(weights.reshape(len(gathered), -1, 1))
        return self._laid_out((gathered * wrap(flat)).sum(1), len(places))

    def largest(self, places: Array, empty: Array) -> Any:
        """(K, C, PH, PW): the largest pixel of each bin, 0 of an empty one."""
        found = self._gathered(places).max(1)[0]
        hidden = wrap(np.ascontiguousarray(empty.reshape(-1, 1)))
        return self._laid_out(found.masked_fill(hidden, 0.0), len(places))


def nothing(input: Any, channels: int, output_size: tuple[int, int]) -> Any:
    """What no regions give: (0, C, PH, PW)."""
    return input.new_zeros((0, channels, *output_size))


def describe(layer: Any, names: Sequence[str]) -> str:
    """A layer's printed form."""
    values = ", ".join(f"{name}={getattr(layer, name)}" for name in names)
    return f"{type(layer).__name__}({values})"
