"""How alike each pixel of one image is to the pixels around a place in another (RAFT)."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor


def grid_sample(
    img: Tensor, absolute_grid: Tensor, mode: str = "bilinear", align_corners: bool | None = None
) -> Any:
    """``F.grid_sample`` at places counted in pixels (column, row)."""
    height, width = img.shape[-2:]
    column, row = absolute_grid.split([1, 1], dim=-1)
    column = 2 * column / (width - 1) - 1
    if height > 1:  # one row alone is where it is
        row = 2 * row / (height - 1) - 1
    grid = torch.cat([column, row], dim=-1)
    return F.grid_sample(img, grid, mode=mode, align_corners=align_corners)


class CorrBlock(nn.Module):
    """Products of all pairs of pixels, coarser from level to level, looked up around places.

    ``build_pyramid`` first, then ``index_pyramid`` as often as wanted. It gives ``out_channels``
    numbers for each pixel: ``num_levels`` squares of 2 ``radius`` + 1 places to a side.
    """

    def __init__(self, *, num_levels: int = 4, radius: int = 4) -> None:
        super().__init__()
        self.num_levels = num_levels
        self.radius = radius
        self.corr_pyramid: list[Any] = []
        self.out_channels = num_levels * (2 * radius + 1) ** 2

    def build_pyramid(self, fmap1: Tensor, fmap2: Tensor) -> None:
        """Compare two images' features (N, C, H, W), pooling those of the second."""
        if fmap1.shape != fmap2.shape:
            raise ValueError(
                "CorrBlock: Input feature maps should have the same shape, instead got "
                f"{fmap1.shape} (fmap1.shape) != {fmap2.shape} (fmap2.shape)"
            )
        # The coarsest level needs two pixels a side: between one and itself there is no place.
        least = 2 * 2 ** (self.num_levels - 1)
        n, channels, height, width = fmap1.shape
        if min(height, width) < least:
            raise ValueError(
                "CorrBlock: Feature maps are too small to be down-sampled by the correlation "
                f"pyramid. H and W of feature maps should be at least {least}; got: "
                f"{(height, width)}. Remember that input images to the model are downsampled by 8, "
                f"so that means their dimensions should be at least 8 * {least} = {8 * least}."
            )
        alike: Any = torch.matmul(fmap1.flatten(2).transpose(1, 2), fmap2.flatten(2))
        level = (alike / math.sqrt(channels)).view(n * height * width, 1, height, width)
        self.corr_pyramid = [level]
        for _ in range(self.num_levels - 1):
            level = F.avg_pool2d(level, kernel_size=2, stride=2)
            self.corr_pyramid.append(level)

    def index_pyramid(self, centroids_coords: Tensor) -> Any:
        """Around places (N, 2, H, W), column and row, of the second image: (N, K, H, W)."""
        n, _, height, width = centroids_coords.shape
        near = torch.linspace(
            -self.radius, self.radius, 2 * self.radius + 1, device=centroids_coords.device
        )
        around = torch.stack(torch.meshgrid(near, near, indexing="ij"), dim=-1)
        centre: Any = centroids_coords.permute(0, 2, 3, 1).reshape(-1, 1, 1, 2)
        found = []
        for level in self.corr_pyramid:
            seen = grid_sample(level, centre + around, mode="bilinear", align_corners=True)
            found.append(seen.view(n, height, width, -1))
            centre = centre / 2
        return torch.cat(found, dim=-1).permute(0, 3, 1, 2).contiguous()
