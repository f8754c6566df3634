"""DropBlock: blocks of an image left out together (Ghiasi and others, 2018)."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor


def _drop_block(
    input: Any, p: float, block_size: int, inplace: bool, eps: float, training: bool, axes: int
) -> Any:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"drop probability has to be between 0 and 1, but got {p}.")
    if input.ndim != axes + 2:
        raise ValueError(f"input should be {axes + 2} dimensional. Got {input.ndim} dimensions.")
    if not training or p == 0.0:
        return input
    image = tuple(input.shape[2:])
    block = min(block_size, *image)
    if block % 2 == 0:
        raise ValueError(f"block size should be odd. Got {block} which is even.")
    middles = tuple(size - block + 1 for size in image)
    # So that p of the pixels are left out, though blocks overlap.
    chance = p * math.prod(image) / (block**axes * math.prod(middles))
    noise = torch.empty((*input.shape[:2], *middles), dtype=input.dtype, device=input.device)
    noise = F.pad(noise.bernoulli_(chance), [block // 2] * (2 * axes), value=0)
    pool = F.max_pool2d if axes == 2 else F.max_pool3d
    kept = 1 - pool(noise, kernel_size=block, stride=1, padding=block // 2)
    scale = kept.numel() / (eps + kept.sum())
    if inplace:
        return input.mul_(kept).mul_(scale)
    return input * kept * scale


def drop_block2d(
    input: Tensor,
    p: float,
    block_size: int,
    inplace: bool = False,
    eps: float = 1e-06,
    training: bool = True,
) -> Any:
    """(N, C, H, W) with squares of ``block_size`` (odd) zeroed, a share ``p`` of the pixels."""
    return _drop_block(input, p, block_size, inplace, eps, training, 2)


def drop_block3d(
    input: Tensor,
    p: float,
    block_size: int,
    inplace: bool = False,
    eps: float = 1e-06,
    training: bool = True,
) -> Any:
    """(N, C, D, H, W) with cubes of ``block_size`` (odd) zeroed, a share ``p`` of the voxels."""
    return _drop_block(input, p, block_size, inplace, eps, training, 3)


class DropBlock2d(nn.Module):
    """:func:`drop_block2d` as a layer, in training only."""

    def __init__(
        self, p: float, block_size: int, inplace: bool = False, eps: float = 1e-06
    ) -> None:
        super().__init__()
        self.p = p
        self.block_size = block_size
        self.inplace = inplace
        self.eps = eps

    def forward(self, input: Tensor) -> Any:
        return drop_block2d(input, self.p, self.block_size, self.inplace, self.eps, self.training)

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(p={self.p}, block_size={self.block_size}, "
            f"inplace={self.inplace})"
        )


class DropBlock3d(DropBlock2d):
    """:func:`drop_block3d` as a layer, in training only."""

    def forward(self, input: Tensor) -> Any:
        return drop_block3d(input, self.p, self.block_size, self.inplace, self.eps, self.training)
