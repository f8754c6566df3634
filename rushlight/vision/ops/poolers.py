"""Regions of a pyramid, each from the level its size asks for (Lin and others, 2016)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.ops.boxes import box_area
from rushlight.vision.ops.regions import describe
from rushlight.vision.ops.roi_align import roi_align


class LevelMapper:
    """Boxes -> places of levels: equation 1 of the paper."""

    def __init__(
        self,
        k_min: int,
        k_max: int,
        canonical_scale: int = 224,
        canonical_level: int = 4,
        eps: float = 1e-6,
    ) -> None:
        self.k_min = k_min
        self.k_max = k_max
        self.s0 = canonical_scale
        self.lvl0 = canonical_level
        self.eps = eps

    def __call__(self, boxlists: Sequence[Tensor]) -> Any:
        side = torch.sqrt(torch.cat([box_area(boxes) for boxes in boxlists]))
        level = torch.floor(self.lvl0 + torch.log2(side / self.s0) + self.eps)
        return torch.clamp(level, min=self.k_min, max=self.k_max).to(torch.int64) - self.k_min


def _scale(feature: Tensor, image: tuple[int, int]) -> float:
    """The power of two nearest to how much smaller the feature map is."""
    return float(2.0 ** round(math.log2(feature.shape[-2] / image[0])))


class MultiScaleRoIAlign(nn.Module):
    """``roi_align`` of boxes (a list of (L, 4), one an image) from a dict of feature maps."""

    def __init__(
        self,
        featmap_names: Sequence[str],
        output_size: int | Sequence[int],
        sampling_ratio: int,
        *,
        canonical_scale: int = 224,
        canonical_level: int = 4,
    ) -> None:
        super().__init__()
        self.featmap_names = featmap_names
        self.sampling_ratio = sampling_ratio
        both = (output_size, output_size) if isinstance(output_size, int) else output_size
        self.output_size = tuple(both)
        self.scales: list[float] | None = None
        self.map_levels: LevelMapper | None = None
        self.canonical_scale = canonical_scale
        self.canonical_level = canonical_level

    def _set_up(self, features: list[Tensor], image_shapes: Sequence[tuple[int, int]]) -> None:
        if not image_shapes:
            raise ValueError("images list should not be empty")
        largest = (max(each[0] for each in image_shapes), max(each[1] for each in image_shapes))
        self.scales = [_scale(feature, largest) for feature in features]
        self.map_levels = LevelMapper(
            int(-math.log2(self.scales[0])),
            int(-math.log2(self.scales[-1])),
            canonical_scale=self.canonical_scale,
            canonical_level=self.canonical_level,
        )

    def forward(
        self,
        x: Mapping[str, Tensor],
        boxes: list[Tensor],
        image_shapes: Sequence[tuple[int, int]],
    ) -> Any:
        features = [value for name, value in x.items() if name in self.featmap_names]
        if self.scales is None or self.map_levels is None:
            self._set_up(features, image_shapes)
        assert self.scales is not None and self.map_levels is not None
        align = {"output_size": self.output_size, "sampling_ratio": self.sampling_ratio}
        if len(features) == 1:
            return roi_align(features[0], boxes, spatial_scale=self.scales[0], **align)
        numbered = [torch.cat([torch.full_like(b[:, :1], i), b], 1) for i, b in enumerate(boxes)]
        rows = torch.cat(numbered, 0)
        levels = self.map_levels(boxes)._array()
        pooled, order = [], []
        for level, (feature, scale) in enumerate(zip(features, self.scales, strict=True)):
            members = np.flatnonzero(levels == level)
            order.append(members)
            pooled.append(roi_align(feature, rows[wrap(members)], spatial_scale=scale, **align))
        # A level between two of the maps has none: zeros, as torchvision leaves them.
        members = np.flatnonzero(levels >= len(features))
        order.append(members)
        channels = features[0].shape[1]
        pooled.append(features[0].new_zeros((len(members), channels, *self.output_size)))
        back = np.argsort(np.concatenate(order), kind="stable")
        return torch.cat(pooled, 0)[wrap(back)]

    def __repr__(self) -> str:
        return describe(self, ("featmap_names", "output_size", "sampling_ratio"))
