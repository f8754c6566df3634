"""MaxViT: convolution, attention in windows, attention over a grid (Tu and others, 2022)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.construct import (
    _ovewrite_named_param,
    constructor,
    fit_to_weights,
)
from rushlight.vision.models.published import published
from rushlight.vision.models.window_attention import relative_index
from rushlight.vision.ops.blocks import Conv2dNormActivation, SqueezeExcitation
from rushlight.vision.ops.stochastic_depth import StochasticDepth

__all__ = ["MaxVit"]

MaxVit_T_Weights = published("MaxVit_T_Weights", __name__)

Layer = Callable[..., nn.Module]
Size = tuple[int, int]


def _halved(size: Sequence[int]) -> Size:
    """What a convolution of 3 x 3 and stride 2 leaves."""
    return (size[0] - 1) // 2 + 1, (size[1] - 1) // 2 + 1


class MBConv(nn.Module):
    """Norm, widen, filter, weigh, narrow: (N, C, H, W) -> (N, K, H / stride, W / stride)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        expansion_ratio: float,
        squeeze_ratio: float,
        stride: int,
        activation_layer: Layer,
        norm_layer: Layer,
        p_stochastic_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.proj: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            narrower = [nn.AvgPool2d(3, stride=stride, padding=1)] if stride == 2 else []
            self.proj = nn.Sequential(*narrower, nn.Conv2d(in_channels, out_channels, 1))
        self.stochastic_depth: nn.Module = (
            StochasticDepth(p_stochastic_dropout, "row") if p_stochastic_dropout else nn.Identity()
        )
        wide = int(out_channels * expansion_ratio)
        conv = partial(
            Conv2dNormActivation, activation_layer=activation_layer, norm_layer=norm_layer,
            inplace=None,
        )  # fmt: skip
        self.layers = nn.Sequential()
        self.layers.add_module("pre_norm", norm_layer(in_channels))
        self.layers.add_module("conv_a", conv(in_channels, wide, 1))
        self.layers.add_module("conv_b", conv(wide, wide, 3, stride=stride, groups=wide))
        gate = SqueezeExcitation(wide, int(out_channels * squeeze_ratio), activation=nn.SiLU)
        self.layers.add_module("squeeze_excitation", gate)
        self.layers.add_module("conv_c", nn.Conv2d(wide, out_channels, 1))

    def forward(self, x: Tensor) -> Any:
        return self.proj(x) + self.stochastic_depth(self.layers(x))


class RelativePositionalMultiHeadAttention(nn.Module):
    """Attention within each group: (N, groups, pixels, C) -> the same.

    Scores are divided by the root of all channels, not of a head's.
    """

    def __init__(self, feat_dim: int, head_dim: int, max_seq_len: int) -> None:
        super().__init__()
        if feat_dim % head_dim != 0:
            raise ValueError(f"feat_dim: {feat_dim} must be divisible by head_dim: {head_dim}")
        self.n_heads = feat_dim // head_dim
        self.head_dim = head_dim
        self.size = math.isqrt(max_seq_len)
        self.max_seq_len = max_seq_len
        self.to_qkv = nn.Linear(feat_dim, feat_dim * 3)
        self.scale_factor = feat_dim**-0.5
        self.merge = nn.Linear(feat_dim, feat_dim)
        ways = (2 * self.size - 1) ** 2
        self.relative_position_bias_table = nn.Parameter(torch.empty(ways, self.n_heads))
        index = relative_index((self.size, self.size))
        self.register_buffer("relative_position_index", index)
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def get_relative_positional_bias(self) -> Any:
        """(1, heads, pixels, pixels): what is added to the scores."""
        rows: Any = self.relative_position_bias_table[self.relative_position_index.view(-1)]
        return rows.view(self.max_seq_len, self.max_seq_len, -1).permute(2, 0, 1).unsqueeze(0)

    def forward(self, x: Tensor) -> Any:
        n, groups, pixels, channels = x.shape
        split = (n, groups, pixels, self.n_heads, self.head_dim)
        parts: Any = self.to_qkv(x).chunk(3, dim=-1)
        query, key, value = (each.reshape(split).transpose(2, 3) for each in parts)
        scores = query @ (key * self.scale_factor).transpose(-1, -2)
        weights = F.softmax(scores + self.get_relative_positional_bias(), dim=-1)
        mixed = (weights @ value).transpose(2, 3).reshape(n, groups, pixels, channels)
        return self.merge(mixed)


class SwapAxes(nn.Module):
    """Two axes exchanged."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.a = a
        self.b = b

    def forward(self, x: Tensor) -> Any:
        return x.transpose(self.a, self.b)


class WindowPartition(nn.Module):
    """Windows of p x p pixels: (N, C, H, W) -> (N, H / p * W / p, p * p, C)."""

    def forward(self, x: Tensor, p: int) -> Any:
        n, channels, height, width = x.shape
        parts: Any = x.reshape(n, channels, height // p, p, width // p, p)
        return parts.permute(0, 2, 4, 3, 5, 1).reshape(n, -1, p * p, channels)


class WindowDepartition(nn.Module):
    """The image again: (N, rows * columns, p * p, C) -> (N, C, rows * p, columns * p)."""

    def forward(self, x: Tensor, p: int, h_partitions: int, w_partitions: int) -> Any:
        n, channels = x.shape[0], x.shape[-1]
        parts: Any = x.reshape(n, h_partitions, w_partitions, p, p, channels)
        return parts.permute(0, 5, 1, 3, 2, 4).reshape(n, channels, h_partitions * p, -1)


class PartitionAttentionLayer(nn.Module):
    """Attention and a perceptron over parts of an image: (N, C, H, W) -> (N, C, H, W).

    "window": neighbours belong together. "grid": pixels as far apart as the image allows.
    """

    def __init__(
        self,
        in_channels: int,
        head_dim: int,
        partition_size: int,
        partition_type: str,
        grid_size: Size,
        mlp_ratio: int,
        activation_layer: Layer,
        norm_layer: Layer,
        attention_dropout: float,
        mlp_dropout: float,
        p_stochastic_dropout: float,
    ) -> None:
        super().__init__()
        if partition_type not in ("grid", "window"):
            raise ValueError("partition_type must be either 'grid' or 'window'")
        self.n_heads = in_channels // head_dim
        self.head_dim = head_dim
        self.n_partitions = grid_size[0] // partition_size
        self.partition_type = partition_type
        self.grid_size = grid_size
        self.p = partition_size if partition_type == "window" else self.n_partitions
        self.partition_op = WindowPartition()
        self.departition_op = WindowDepartition()
        grid = partition_type == "grid"
        self.partition_swap: nn.Module = SwapAxes(-2, -3) if grid else nn.Identity()
        self.departition_swap: nn.Module = SwapAxes(-2, -3) if grid else nn.Identity()
        self.attn_layer = nn.Sequential(
            norm_layer(in_channels),
            RelativePositionalMultiHeadAttention(in_channels, head_dim, partition_size**2),
            nn.Dropout(attention_dropout),
        )
        self.mlp_layer = nn.Sequential(
            nn.LayerNorm(in_channels),
            nn.Linear(in_channels, in_channels * mlp_ratio),
            activation_layer(),
            nn.Linear(in_channels * mlp_ratio, in_channels),
            nn.Dropout(mlp_dropout),
        )
        self.stochastic_dropout = StochasticDepth(p_stochastic_dropout, "row")

    def forward(self, x: Tensor) -> Any:
        p = self.p
        if self.grid_size[0] % p or self.grid_size[1] % p:
            raise AssertionError(
                f"Grid size must be divisible by partition size. Got grid size of {self.grid_size} "
                f"and partition size of {p}"
            )
        rows, columns = self.grid_size[0] // p, self.grid_size[1] // p
        parts = self.partition_swap(self.partition_op(x, p))
        parts = parts + self.stochastic_dropout(self.attn_layer(parts))
        parts = parts + self.stochastic_dropout(self.mlp_layer(parts))
        return self.departition_op(self.departition_swap(parts), p, rows, columns)


class MaxVitLayer(nn.Module):
    """MBConv, then attention in windows, then over a grid."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        squeeze_ratio: float,
        expansion_ratio: float,
        stride: int,
        norm_layer: Layer,
        activation_layer: Layer,
        head_dim: int,
        mlp_ratio: int,
        mlp_dropout: float,
        attention_dropout: float,
        p_stochastic_dropout: float,
        partition_size: int,
        grid_size: Size,
    ) -> None:
        super().__init__()
        convolution = MBConv(
            in_channels, out_channels, expansion_ratio, squeeze_ratio, stride, activation_layer,
            norm_layer, p_stochastic_dropout,
        )  # fmt: skip
        self.layers = nn.Sequential()
        self.layers.add_module("MBconv", convolution)
        for kind in ("window", "grid"):
            attention = PartitionAttentionLayer(
                out_channels, head_dim, partition_size, kind, grid_size, mlp_ratio,
                activation_layer, nn.LayerNorm, attention_dropout, mlp_dropout,
                p_stochastic_dropout,
            )  # fmt: skip
            self.layers.add_module(f"{kind}_attention", attention)

    def forward(self, x: Tensor) -> Any:
        return self.layers(x)


class MaxVitBlock(nn.Module):
    """Layers of one size, the first of which halves the image."""

    def __init__(
        self, in_channels: int, out_channels: int, input_grid_size: Size, n_layers: int,
        p_stochastic: Sequence[float], **layer: Any,
    ) -> None:  # fmt: skip
        super().__init__()
        if len(p_stochastic) != n_layers:
            raise ValueError(
                f"p_stochastic must have length n_layers={n_layers}, got "
                f"p_stochastic={p_stochastic}."
            )
        self.grid_size = _halved(input_grid_size)
        made = [
            MaxVitLayer(
                out_channels if place else in_channels, out_channels, stride=1 if place else 2,
                grid_size=self.grid_size, p_stochastic_dropout=chance, **layer,
            )
            for place, chance in enumerate(p_stochastic)
        ]  # fmt: skip
        self.layers = nn.ModuleList(made)

    def forward(self, x: Tensor) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class MaxVit(nn.Module):
    """Images (N, 3, *input_size) -> scores (N, num_classes).

    Raises ValueError where ``partition_size`` does not divide the image of a block.
    """

    def __init__(
        self,
        input_size: Size,
        stem_channels: int,
        partition_size: int,
        block_channels: Sequence[int],
        block_layers: Sequence[int],
        head_dim: int,
        stochastic_depth_prob: float,
        norm_layer: Layer | None = None,
        activation_layer: Layer = nn.GELU,
        squeeze_ratio: float = 0.25,
        expansion_ratio: float = 4,
        mlp_ratio: int = 4,
        mlp_dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
    ) -> None:
        super().__init__()
        norm = norm_layer or partial(nn.BatchNorm2d, eps=1e-3, momentum=0.01)
        sizes = [_halved(input_size)]
        for _ in block_channels:
            sizes.append(_halved(sizes[-1]))
        for place, size in enumerate(sizes[1:]):
            if size[0] % partition_size or size[1] % partition_size:
                raise ValueError(
                    f"Input size {size} of block {place} is not divisible by partition size "
                    f"{partition_size}. Consider changing the partition size or the input size.\n"
                    "Current configuration yields the following block input sizes: "
                    f"{sizes[1:]}."
                )
        self.stem = nn.Sequential(
            Conv2dNormActivation(
                3, stem_channels, 3, stride=2, norm_layer=norm, activation_layer=activation_layer,
                bias=False, inplace=None,
            ),
            Conv2dNormActivation(
                stem_channels, stem_channels, 3, norm_layer=None, activation_layer=None, bias=True
            ),
        )  # fmt: skip
        self.partition_size = partition_size
        chances = np.linspace(0, stochastic_depth_prob, sum(block_layers)).tolist()
        widths = [stem_channels, *block_channels]
        self.blocks = nn.ModuleList()
        for place, count in enumerate(block_layers):
            first = sum(block_layers[:place])
            block = MaxVitBlock(
                widths[place], widths[place + 1], sizes[place], count,
                chances[first : first + count], squeeze_ratio=squeeze_ratio,
                expansion_ratio=expansion_ratio, norm_layer=norm,
                activation_layer=activation_layer, head_dim=head_dim, mlp_ratio=mlp_ratio,
                mlp_dropout=mlp_dropout, attention_dropout=attention_dropout,
                partition_size=partition_size,
            )  # fmt: skip
            self.blocks.append(block)
        last = block_channels[-1]
        self.classifier = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.LayerNorm(last),
            nn.Linear(last, last),
            nn.Tanh(),
            nn.Linear(last, num_classes, bias=False),
        )
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.Linear)):
                nn.init.normal_(module.weight, std=0.02)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def forward(self, x: Tensor) -> Any:
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(x)


def _fit(weights: Any, kwargs: dict[str, Any]) -> None:
    fit_to_weights(weights, kwargs)
    _ovewrite_named_param(kwargs, "input_size", weights.meta["min_size"])


@constructor(MaxVit_T_Weights, fit=_fit)
def maxvit_t(input_size: Size = (224, 224), **kwargs: Any) -> MaxVit:
    """MaxViT-T, 30.9 million parameters."""
    shape: dict[str, Any] = {
        "stem_channels": 64, "block_channels": [64, 128, 256, 512], "block_layers": [2, 2, 5, 2],
        "head_dim": 32, "stochastic_depth_prob": 0.2, "partition_size": 7,
    }  # fmt: skip
    return MaxVit(input_size, **shape, **kwargs)
