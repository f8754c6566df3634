"""Swin: a transformer over windows, coarser from stage to stage (Liu and others, 2021)."""

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
from rushlight.vision.models.window_attention import (
    ShiftedWindowAttention,
    ShiftedWindowAttentionV2,
    shifted_window_attention,
)
from rushlight.vision.ops.blocks import MLP, Permute
from rushlight.vision.ops.stochastic_depth import StochasticDepth

__all__ = [
    "ShiftedWindowAttention",
    "ShiftedWindowAttentionV2",
    "SwinTransformer",
    "shifted_window_attention",
]

Swin_T_Weights = published("Swin_T_Weights", __name__)
Swin_S_Weights = published("Swin_S_Weights", __name__)
Swin_B_Weights = published("Swin_B_Weights", __name__)
Swin_V2_T_Weights = published("Swin_V2_T_Weights", __name__)
Swin_V2_S_Weights = published("Swin_V2_S_Weights", __name__)
Swin_V2_B_Weights = published("Swin_V2_B_Weights", __name__)

Layer = Callable[..., nn.Module]


def _squares_of_four(x: Tensor) -> Any:
    """Four neighbours as one pixel: (*, H, W, C) -> (*, ceil(H / 2), ceil(W / 2), 4 C)."""
    height, width = x.shape[-3], x.shape[-2]
    x = F.pad(x, (0, 0, 0, width % 2, 0, height % 2))
    corners = [x[..., row::2, column::2, :] for column in (0, 1) for row in (0, 1)]
    return torch.cat(corners, -1)


class PatchMerging(nn.Module):
    """Half the image, twice the channels: (*, H, W, C) -> (*, H / 2, W / 2, 2 C)."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(4 * dim)

    def forward(self, x: Tensor) -> Any:
        return self.reduction(self.norm(_squares_of_four(x)))


class PatchMergingV2(nn.Module):
    """As PatchMerging, the norm last."""

    def __init__(self, dim: int, norm_layer: Layer = nn.LayerNorm) -> None:
        super().__init__()
        self.dim = dim
        self.reduction = nn.Linear(4 * dim, 2 * dim, bias=False)
        self.norm = norm_layer(2 * dim)

    def forward(self, x: Tensor) -> Any:
        return self.norm(self.reduction(_squares_of_four(x)))


class SwinTransformerBlock(nn.Module):
    """Attention in windows, then a perceptron: (N, H, W, C) -> (N, H, W, C)."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer = ShiftedWindowAttention,
    ) -> None:
        super().__init__()
        self.norm1 = norm_layer(dim)
        self.attn = attn_layer(
            dim, window_size, shift_size, num_heads, attention_dropout=attention_dropout,
            dropout=dropout,
        )  # fmt: skip
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.norm2 = norm_layer(dim)
        self.mlp = MLP(dim, [int(dim * mlp_ratio), dim], activation_layer=nn.GELU, dropout=dropout)
        for module in self.mlp.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.normal_(module.bias, std=1e-6)

    def forward(self, x: Tensor) -> Any:
        x = x + self.stochastic_depth(self.attn(self.norm1(x)))
        return x + self.stochastic_depth(self.mlp(self.norm2(x)))


class SwinTransformerBlockV2(SwinTransformerBlock):
    """As SwinTransformerBlock, the norms behind what they follow."""

    def __init__(
        self,
        dim: int,
        num_heads: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        mlp_ratio: float = 4.0,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
        attn_layer: Layer = ShiftedWindowAttentionV2,
    ) -> None:
        super().__init__(
            dim, num_heads, window_size, shift_size, mlp_ratio, dropout, attention_dropout,
            stochastic_depth_prob, norm_layer, attn_layer,
        )  # fmt: skip

    def forward(self, x: Tensor) -> Any:
        x = x + self.stochastic_depth(self.norm1(self.attn(x)))
        return x + self.stochastic_depth(self.norm2(self.mlp(x)))


def stages(
    embed_dim: int,
    depths: Sequence[int],
    num_heads: Sequence[int],
    window_size: Sequence[int],
    stochastic_depth_prob: float,
    downsample_layer: Layer,
    make: Layer,
    norm: Layer,
) -> list[nn.Module]:
    """Blocks by ``make``, every second one with its windows shifted; a stage has twice the channels
    of the one before and half its sides."""
    layers: list[nn.Module] = []
    blocks, place, wide = sum(depths), 0, embed_dim
    for stage, depth in enumerate(depths):
        if stage > 0:
            layers.append(downsample_layer(wide, norm))
            wide *= 2
        members = []
        for layer in range(depth):
            members.append(
                make(
                    wide,
                    num_heads[stage],
                    window_size=window_size,
                    shift_size=[size // 2 if layer % 2 else 0 for size in window_size],
                    stochastic_depth_prob=stochastic_depth_prob * float(place) / (blocks - 1),
                )
            )
            place += 1
        layers.append(nn.Sequential(*members))
    return layers


def start_narrow(model: nn.Module) -> None:
    """First values of a Swin's linear layers."""
    for module in model.modules():
        if isinstance(module, nn.Linear):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


class SwinTransformer(nn.Module):
    """Images (N, 3, H, W) -> scores (N, num_classes).

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
        num_classes: int = 1000,
        norm_layer: Layer | None = None,
        block: Layer | None = None,
        downsample_layer: Layer = PatchMerging,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        make = SwinTransformerBlock if block is None else block
        norm = partial(nn.LayerNorm, eps=1e-5) if norm_layer is None else norm_layer
        patch = (patch_size[0], patch_size[1])
        layers: list[nn.Module] = [
            nn.Sequential(
                nn.Conv2d(3, embed_dim, kernel_size=patch, stride=patch),
                Permute([0, 2, 3, 1]),
                norm(embed_dim),
            )
        ]
        layers += stages(
            embed_dim, depths, num_heads, window_size, stochastic_depth_prob, downsample_layer,
            partial(
                make, mlp_ratio=mlp_ratio, dropout=dropout, attention_dropout=attention_dropout,
                norm_layer=norm,
            ),
            norm,
        )  # fmt: skip
        wide = embed_dim * 2 ** (len(depths) - 1)
        self.features = nn.Sequential(*layers)
        self.norm = norm(wide)
        self.permute = Permute([0, 3, 1, 2])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten(1)
        self.head = nn.Linear(wide, num_classes)
        start_narrow(self)

    def forward(self, x: Tensor) -> Any:
        x = self.permute(self.norm(self.features(x)))
        return self.head(self.flatten(self.avgpool(x)))


def _swin(
    wide: int, depth: int, heads: int, chance: float, kwargs: dict[str, Any]
) -> SwinTransformer:
    """Version 1: windows of 7x7, ``depth`` blocks in the third stage."""
    numbers = [heads * 2**stage for stage in range(4)]
    return SwinTransformer(
        [4, 4], wide, [2, 2, depth, 2], numbers, [7, 7], stochastic_depth_prob=chance, **kwargs
    )


def _swin_v2(
    wide: int, depth: int, heads: int, chance: float, kwargs: dict[str, Any]
) -> SwinTransformer:
    """Version 2: windows of 8x8."""
    numbers = [heads * 2**stage for stage in range(4)]
    return SwinTransformer(
        [4, 4],
        wide,
        [2, 2, depth, 2],
        numbers,
        [8, 8],
        stochastic_depth_prob=chance,
        block=SwinTransformerBlockV2,
        downsample_layer=PatchMergingV2,
        **kwargs,
    )


@constructor(Swin_T_Weights)
def swin_t(**kwargs: Any) -> SwinTransformer:
    """Swin-Tiny, 28.3 million parameters."""
    return _swin(96, 6, 3, 0.2, kwargs)


@constructor(Swin_S_Weights)
def swin_s(**kwargs: Any) -> SwinTransformer:
    """Swin-Small, 49.6 million parameters."""
    return _swin(96, 18, 3, 0.3, kwargs)


@constructor(Swin_B_Weights)
def swin_b(**kwargs: Any) -> SwinTransformer:
    """Swin-Base, 87.8 million parameters."""
    return _swin(128, 18, 4, 0.5, kwargs)


@constructor(Swin_V2_T_Weights)
def swin_v2_t(**kwargs: Any) -> SwinTransformer:
    """Swin V2-Tiny, 28.4 million parameters."""
    return _swin_v2(96, 6, 3, 0.2, kwargs)


@constructor(Swin_V2_S_Weights)
def swin_v2_s(**kwargs: Any) -> SwinTransformer:
    """Swin V2-Small, 49.7 million parameters."""
    return _swin_v2(96, 18, 3, 0.3, kwargs)


@constructor(Swin_V2_B_Weights)
def swin_v2_b(**kwargs: Any) -> SwinTransformer:
    """Swin V2-Base, 87.9 million parameters."""
    return _swin_v2(128, 18, 4, 0.5, kwargs)
