"""Swin over clips: attention in windows of time and space, shifted from layer to layer.

Liu and others, "Video Swin Transformer", 2021.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import constructor
from rushlight.vision.models.published import published
from rushlight.vision.models.swin_transformer import (
    PatchMerging,
    SwinTransformerBlock,
    stages,
    start_narrow,
)
from rushlight.vision.models.window_attention import (
    ShiftedWindowAttention,
    relative_index,
    shifted_window_attention,
    spread,
)

__all__ = ["SwinTransformer3d"]

Swin3D_T_Weights = published("Swin3D_T_Weights", __name__)
Swin3D_S_Weights = published("Swin3D_S_Weights", __name__)
Swin3D_B_Weights = published("Swin3D_B_Weights", __name__)

Layer = Callable[..., nn.Module]
shifted_window_attention_3d = shifted_window_attention


class ShiftedWindowAttention3d(ShiftedWindowAttention):
    """Attention of each window to itself: (N, T, H, W, C) -> (N, T, H, W, C)."""

    _axes = 3

    def define_relative_position_index(self) -> None:
        """Which row of the table each pair of pixels takes: (pixels, pixels)."""
        self.register_buffer("relative_position_index", relative_index(self.window_size))

    def get_relative_position_bias(self, window_size: Sequence[int]) -> Any:
        """What is added to the scores of windows that are ``window_size`` or smaller."""
        # A smaller window takes the corner of the index, as the published weights were trained.
        pixels = window_size[0] * window_size[1] * window_size[2]
        return spread(
            self.relative_position_bias_table, self.relative_position_index[:pixels, :pixels]
        )

    def _windowed(self, x: Tensor) -> tuple[Sequence[int], Any]:
        window = [min(pair) for pair in zip(x.shape[1:4], self.window_size, strict=True)]
        return window, self.get_relative_position_bias(window)


class PatchEmbed3d(nn.Module):
    """Patches as pixels: (N, C, T, H, W) -> (N, T', H', W', embed_dim), padded to whole patches."""

    def __init__(
        self,
        patch_size: Sequence[int],
        in_channels: int = 3,
        embed_dim: int = 96,
        norm_layer: Layer | None = None,
    ) -> None:
        super().__init__()
        self.tuple_patch_size = (patch_size[0], patch_size[1], patch_size[2])
        self.proj = nn.Conv3d(in_channels, embed_dim, self.tuple_patch_size, self.tuple_patch_size)
        self.norm = nn.Identity() if norm_layer is None else norm_layer(embed_dim)

    def forward(self, x: Tensor) -> Any:
        beyond = [
            -size % step for size, step in zip(x.shape[2:], self.tuple_patch_size, strict=True)
        ]
        x = F.pad(x, (0, beyond[2], 0, beyond[1], 0, beyond[0]))
        return self.norm(self.proj(x).permute(0, 2, 3, 4, 1))


class SwinTransformer3d(nn.Module):
    """Clips (N, 3, T, H, W) -> scores (N, num_classes).

    ``depths`` and ``num_heads`` of each stage, whose channels double from ``embed_dim``;
    ``stochastic_depth_prob`` of the deepest block, falling to 0 at the first.
    """

    def __init__(
        self,
        patch_size: Sequence[int],
        embed_dim: int,
        depths: Sequence[int],
        num_heads: Sequence[int],
        window_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.1,
        num_classes: int = 400,
        norm_layer: Layer | None = None,
        block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
        patch_embed: Layer | None = None,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        make = SwinTransformerBlock if block is None else block
        embed = PatchEmbed3d if patch_embed is None else patch_embed
        norm = partial(nn.LayerNorm, eps=1e-5) if norm_layer is None else norm_layer
        self.patch_embed = embed(patch_size=patch_size, embed_dim=embed_dim, norm_layer=norm)
        self.pos_drop = nn.Dropout(p=dropout)
        layers = stages(
            embed_dim, depths, num_heads, window_size, stochastic_depth_prob, downsample_layer,
            partial(
                make, mlp_ratio=mlp_ratio, dropout=dropout, attention_dropout=attention_dropout,
                norm_layer=norm, attn_layer=ShiftedWindowAttention3d,
            ),
            norm,
        )  # fmt: skip
        wide = embed_dim * 2 ** (len(depths) - 1)
        self.features = nn.Sequential(*layers)
        self.num_features = wide
        self.norm = norm(wide)
        self.avgpool = nn.AdaptiveAvgPool3d(1)
        self.head = nn.Linear(wide, num_classes)
        start_narrow(self)

    def forward(self, x: Tensor) -> Any:
        x = self.norm(self.features(self.pos_drop(self.patch_embed(x))))
        return self.head(torch.flatten(self.avgpool(x.permute(0, 4, 1, 2, 3)), 1))


def _swin3d(wide: int, depth: int, heads: int, kwargs: dict[str, Any]) -> SwinTransformer3d:
    """Windows of 8 x 7 x 7, ``depth`` blocks in the third stage."""
    numbers = [heads * 2**stage for stage in range(4)]
    return SwinTransformer3d(
        [2, 4, 4], wide, [2, 2, depth, 2], numbers, [8, 7, 7], stochastic_depth_prob=0.1, **kwargs
    )


@constructor(Swin3D_T_Weights)
def swin3d_t(**kwargs: Any) -> SwinTransformer3d:
    """Video Swin-Tiny, 28.2 million parameters."""
    return _swin3d(96, 6, 3, kwargs)


@constructor(Swin3D_S_Weights)
def swin3d_s(**kwargs: Any) -> SwinTransformer3d:
    """Video Swin-Small, 49.8 million parameters."""
    return _swin3d(96, 18, 3, kwargs)


@constructor(Swin3D_B_Weights)
def swin3d_b(**kwargs: Any) -> SwinTransformer3d:
    """Video Swin-Base, 88.0 million parameters."""
    return _swin3d(128, 18, 4, kwargs)
