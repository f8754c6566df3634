"""Boxes laid over an image in a grid: what detectors predict offsets from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.models.detection.image_list import ImageList

Floats = Sequence[float]


def _grid(down: Array, across: Array) -> Array:
    """Middles (y, x) of a grid, row by row, as (H * W, 2) of (x, y)."""
    y, x = np.meshgrid(down, across, indexing="ij")
    return np.stack((x.ravel(), y.ravel()), axis=1)


class AnchorGenerator(nn.Module):
    """At each pixel of feature map i a box of every size in ``sizes[i]`` and shape in
    ``aspect_ratios[i]`` (height over width).

    >>> AnchorGenerator(((32,), (64,)), ((0.5, 1.0, 2.0),) * 2).num_anchors_per_location()
    [3, 3]
    """

    def __init__(
        self,
        sizes: Sequence[Any] = ((128, 256, 512),),
        aspect_ratios: Sequence[Any] = ((0.5, 1.0, 2.0),),
    ) -> None:
        super().__init__()
        if not isinstance(sizes[0], (list, tuple)):
            sizes = tuple((size,) for size in sizes)
        if not isinstance(aspect_ratios[0], (list, tuple)):
            aspect_ratios = (aspect_ratios,) * len(sizes)
        self.sizes = sizes
        self.aspect_ratios = aspect_ratios
        self.cell_anchors = [
            self.generate_anchors(*each) for each in zip(sizes, aspect_ratios, strict=False)
        ]

    def generate_anchors(
        self, scales: Floats, aspect_ratios: Floats, dtype: Any = torch.float32, device: Any = "cpu"
    ) -> Tensor:
        """Boxes around (0, 0), of each shape every size: (A, 4), whole numbers."""
        high = np.sqrt(np.array(aspect_ratios, np.float32))
        sides = np.array(scales, np.float32)
        wide = ((1 / high)[:, None] * sides[None, :]).ravel()
        tall = (high[:, None] * sides[None, :]).ravel()
        boxes = np.round(np.stack((-wide, -tall, wide, tall), axis=1) / 2)
        return wrap(boxes.astype(np.float32)).to(dtype=dtype, device=device)

    def num_anchors_per_location(self) -> list[int]:
        return [len(s) * len(a) for s, a in zip(self.sizes, self.aspect_ratios, strict=False)]

    def grid_anchors(
        self, grid_sizes: Sequence[Sequence[int]], strides: Sequence[Sequence[Any]]
    ) -> list[Tensor]:
        """The boxes of each map: (H * W * A, 4), pixel by pixel."""
        if not len(grid_sizes) == len(strides) == len(self.cell_anchors):
            raise AssertionError(
                f"AnchorGenerator: there are {len(grid_sizes)} feature maps, but sizes and "
                f"aspect_ratios for {len(self.cell_anchors)}; give one tuple of each a feature map"
            )
        found = []
        for size, stride, cell in zip(grid_sizes, strides, self.cell_anchors, strict=True):
            down, across = (np.arange(n) * int(s) for n, s in zip(size, stride, strict=True))
            shifts = np.tile(_grid(down, across), 2)[:, None, :]
            base = cell._array()
            found.append(wrap((shifts.astype(base.dtype) + base[None]).reshape(-1, 4)))
        return found

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        """The boxes of all maps one after the other, for each image: [(L, 4), ...]."""
        grids = [tuple(each.shape[-2:]) for each in feature_maps]
        height, width = image_list.tensors.shape[-2:]
        strides = [(height // grid[0], width // grid[1]) for grid in grids]
        dtype = feature_maps[0].dtype
        self.cell_anchors = [cell.to(dtype=dtype) for cell in self.cell_anchors]
        together = torch.cat(self.grid_anchors(grids, strides))
        return [together for _ in image_list.image_sizes]


class DefaultBoxGenerator(nn.Module):
    """SSD's boxes: map k has two squares and, for each ratio, one box wide and one tall.

    ``scales`` are shares of the image, one a map and one more; ``steps`` pixels between boxes.
    """

    def __init__(
        self,
        aspect_ratios: list[list[int]],
        min_ratio: float = 0.15,
        max_ratio: float = 0.9,
        scales: list[float] | None = None,
        steps: list[int] | None = None,
        clip: bool = True,
    ) -> None:
        super().__init__()
        if steps is not None and len(aspect_ratios) != len(steps):
            raise ValueError("aspect_ratios and steps should have the same length")
        self.aspect_ratios = aspect_ratios
        self.steps = steps
        self.clip = clip
        count = len(aspect_ratios)
        if scales is not None:
            self.scales = scales
        elif count > 1:
            between = max_ratio - min_ratio
            self.scales = [min_ratio + between * k / (count - 1.0) for k in range(count)]
            self.scales.append(1.0)
        else:
            self.scales = [min_ratio, max_ratio]
        self._wh_pairs = [self._pairs(k) for k in range(count)]

    def _pairs(self, k: int) -> Tensor:
        here = self.scales[k]
        middle = math.sqrt(here * self.scales[k + 1])
        pairs = [[here, here], [middle, middle]]
        for ratio in self.aspect_ratios[k]:
            root = math.sqrt(ratio)
            pairs += [[here * root, here / root], [here / root, here * root]]
        return torch.tensor(pairs, dtype=torch.float32)

    def num_anchors_per_location(self) -> list[int]:
        return [2 + 2 * len(ratios) for ratios in self.aspect_ratios]

    def _middles_and_sides(self, k: int, grid: Sequence[int], image: Sequence[int]) -> Array:
        """Map k's boxes as (x, y, width, height), shares of the image."""
        steps = grid if self.steps is None else [side / self.steps[k] for side in image]
        down, across = (
            (np.arange(n, dtype=np.float32) + np.float32(0.5)) / np.float32(step)
            for n, step in zip(grid, steps, strict=True)
        )
        sides = self._wh_pairs[k]._array()
        if self.clip:
            sides = sides.clip(0, 1)
        middles = np.repeat(_grid(down, across), len(sides), axis=0)
        return np.concatenate((middles, np.tile(sides, (grid[0] * grid[1], 1))), axis=1)

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        """The boxes of all maps in pixels, for each image: [(L, 4), ...]."""
        image = tuple(image_list.tensors.shape[-2:])
        grids = [tuple(each.shape[-2:]) for each in feature_maps]
        rows = [self._middles_and_sides(k, grid, image) for k, grid in enumerate(grids)]
        boxes = wrap(np.concatenate(rows))
        # Middles are as exact as the maps, corners at least as exact as float32.
        middle, half = boxes[:, :2].to(feature_maps[0].dtype), 0.5 * boxes[:, 2:]
        size = torch.tensor(image[::-1])
        corners = torch.cat(((middle - half) * size, (middle + half) * size), 1)
        return [corners.clone() for _ in image_list.image_sizes]

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(aspect_ratios={self.aspect_ratios}, clip={self.clip}, "
            f"scales={self.scales}, steps={self.steps})"
        )
