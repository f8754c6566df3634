"""MViT: a transformer over clips whose attention pools, coarser and wider from stage to stage.

Fan and others, "Multiscale vision transformers", 2021; Li and others, "MViTv2", 2022.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models.construct import _ovewrite_named_param, constructor, fit_to_weights
from rushlight.vision.models.published import published
from rushlight.vision.models.video.pooled_attention import (
    MSBlockConfig,
    MultiscaleAttention,
    MultiscaleBlock,
    Pool,
)

__all__ = ["MSBlockConfig", "MViT", "MultiscaleAttention", "MultiscaleBlock", "Pool"]

MViT_V1_B_Weights = published("MViT_V1_B_Weights", __name__)
MViT_V2_S_Weights = published("MViT_V2_S_Weights", __name__)

Layer = Callable[..., nn.Module]


class PositionalEncoding(nn.Module):
    """The class's token in front, and unless places are relative, where each patch is.

    (N, pixels, C) -> (N, 1 + pixels, C).
    """

    def __init__(
        self,
        embed_size: int,
        spatial_size: tuple[int, int],
        temporal_size: int,
        rel_pos_embed: bool,
    ) -> None:
        super().__init__()
        self.spatial_size = spatial_size
        self.temporal_size = temporal_size
        self.class_token = nn.Parameter(torch.zeros(embed_size))
        self.spatial_pos: nn.Parameter | None = None
        self.temporal_pos: nn.Parameter | None = None
        self.class_pos: nn.Parameter | None = None
        if not rel_pos_embed:
            pixels = spatial_size[0] * spatial_size[1]
            self.spatial_pos = nn.Parameter(torch.zeros(pixels, embed_size))
            self.temporal_pos = nn.Parameter(torch.zeros(temporal_size, embed_size))
            self.class_pos = nn.Parameter(torch.zeros(embed_size))

    def forward(self, x: Tensor) -> Any:
        token: Any = self.class_token.expand(x.shape[0], 1, -1)
        x = torch.cat((token, x), dim=1)
        if self.spatial_pos is None or self.temporal_pos is None or self.class_pos is None:
            return x
        places: Any = self.temporal_pos[:, None] + self.spatial_pos  # (T, H W, C)
        return x + torch.cat((self.class_pos[None], places.flatten(0, 1)))


class MViT(nn.Module):
    """Clips (N, 3, T, H, W) of exactly ``temporal_size`` and ``spatial_size`` -> (N, num_classes).

    ``residual_pool`` adds the pooled query to what attention found, ``residual_with_cls_embed``
    for the class's token too; ``rel_pos_embed`` adds to the scores how two patches lie to each
    other; ``proj_after_attn`` widens in the attention, else in the perceptron. Without a time axis
    a clip (N, 3, H, W) is one frame.
    """

    def __init__(
        self,
        spatial_size: tuple[int, int],
        temporal_size: int,
        block_setting: Sequence[MSBlockConfig],
        residual_pool: bool,
        residual_with_cls_embed: bool,
        rel_pos_embed: bool,
        proj_after_attn: bool,
        dropout: float = 0.5,
        attention_dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        num_classes: int = 400,
        block: Layer | None = None,
        norm_layer: Layer | None = None,
        patch_embed_kernel: tuple[int, int, int] = (3, 7, 7),
        patch_embed_stride: tuple[int, int, int] = (2, 4, 4),
        patch_embed_padding: tuple[int, int, int] = (1, 3, 3),
    ) -> None:
        super().__init__()
        if len(block_setting) == 0:
            raise ValueError("MViT: block_setting is empty; it needs a block at least")
        make = MultiscaleBlock if block is None else block
        norm = partial(nn.LayerNorm, eps=1e-6) if norm_layer is None else norm_layer
        first, last = block_setting[0].input_channels, block_setting[-1].output_channels
        self.conv_proj = nn.Conv3d(
            3, first, patch_embed_kernel, patch_embed_stride, patch_embed_padding
        )
        size = _divided((temporal_size, *spatial_size), patch_embed_stride)
        self.pos_encoding = PositionalEncoding(first, (size[1], size[2]), size[0], rel_pos_embed)
        self.blocks = nn.ModuleList()
        for place, setting in enumerate(block_setting):
            self.blocks.append(
                make(
                    input_size=size,
                    cnf=setting,
                    residual_pool=residual_pool,
                    residual_with_cls_embed=residual_with_cls_embed,
                    rel_pos_embed=rel_pos_embed,
                    proj_after_attn=proj_after_attn,
                    dropout=attention_dropout,
                    stochastic_depth_prob=stochastic_depth_prob
                    * place
                    / (len(block_setting) - 1.0),
                    norm_layer=norm,
                )
            )
            if len(setting.stride_q) > 0:
                size = _divided(size, setting.stride_q)
        self.norm = norm(last)
        self.head = nn.Sequential(nn.Dropout(dropout, inplace=True), nn.Linear(last, num_classes))
        for module in self.modules():
            if isinstance(module, PositionalEncoding):
                for weights in module.parameters():
                    nn.init.trunc_normal_(weights, std=0.02)
            elif isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=0.02)
                nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Any:
        if x.dim() == 4:
            x = x.unsqueeze(2)
        elif x.dim() != 5:
            raise ValueError(
                f"MViT: Unsupported input dimension {x.shape}; needs clips (N, 3, T, H, W) or "
                "frames (N, 3, H, W)"
            )
        x = self.pos_encoding(self.conv_proj(x).flatten(2).transpose(1, 2))
        size = (self.pos_encoding.temporal_size, *self.pos_encoding.spatial_size)
        for block in self.blocks:
            x, size = block(x, size)
        return self.head(self.norm(x)[:, 0])


def _divided(size: Iterable[int], stride: Iterable[int]) -> list[int]:
    return [each // step for each, step in zip(size, stride, strict=True)]


# What a step of the key and value pooling is in each of the 16 blocks.
_STRIDES = [8, 4, 4, *[2] * 11, 1, 1]
_HEADS = [1, 2, 2, *[4] * 11, 8, 8]
_HALVING = (1, 3, 14)  # blocks whose query is pooled to half its rows and columns


def _settings(
    inputs: list[int], outputs: list[int], idle: Callable[[int], list[int]]
) -> list[MSBlockConfig]:
    """16 blocks; ``idle(1)`` and ``idle(3)``: stride and kernel of queries that stay as large."""
    return [
        MSBlockConfig(
            _HEADS[place],
            inputs[place],
            outputs[place],
            kernel_q=[3, 3, 3] if place in _HALVING else idle(3),
            kernel_kv=[3, 3, 3],
            stride_q=[1, 2, 2] if place in _HALVING else idle(1),
            stride_kv=[1, _STRIDES[place], _STRIDES[place]],
        )
        for place in range(16)
    ]


def _fit(weights: WeightsEnum, kwargs: dict[str, Any]) -> None:
    fit_to_weights(weights, kwargs)
    _ovewrite_named_param(kwargs, "spatial_size", weights.meta["min_size"])
    _ovewrite_named_param(kwargs, "temporal_size", weights.meta["min_temporal_size"])


def _mvit(settings: list[MSBlockConfig], kwargs: dict[str, Any], **options: Any) -> MViT:
    defaults = {"spatial_size": (224, 224), "temporal_size": 16, "stochastic_depth_prob": 0.2}
    return MViT(block_setting=settings, **options, **{**defaults, **kwargs})


@constructor(MViT_V1_B_Weights, fit=_fit)
def mvit_v1_b(**kwargs: Any) -> MViT:
    """MViT-Base, 36.6 million parameters."""
    settings = _settings(
        [96, 192, 192, *[384] * 11, 768, 768],
        [192, 192, *[384] * 11, 768, 768, 768],
        lambda size: [],
    )
    given = {"rel_pos_embed": False, "proj_after_attn": False, **kwargs}
    return _mvit(settings, given, residual_pool=False, residual_with_cls_embed=False)


@constructor(MViT_V2_S_Weights, fit=_fit)
def mvit_v2_s(**kwargs: Any) -> MViT:
    """MViT V2-Small, 34.5 million parameters."""
    settings = _settings(
        [96, 96, 192, 192, *[384] * 11, 768],
        [96, 192, 192, *[384] * 11, 768, 768],
        lambda size: [size] * 3,
    )
    return _mvit(
        settings, kwargs, residual_pool=True, residual_with_cls_embed=False, rel_pos_embed=True,
        proj_after_attn=True,
    )  # fmt: skip
