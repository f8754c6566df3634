"""Vision Transformer: an image as a sentence of patches (Dosovitskiy and others, 2020)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import rushlight as torch
from rushlight import nn
from rushlight.tensor import Tensor
from rushlight.vision.models._api import WeightsEnum
from rushlight.vision.models._utils import _ovewrite_named_param
from rushlight.vision.models.construct import constructor, fit_to_weights
from rushlight.vision.models.published import published
from rushlight.vision.ops.blocks import MLP, Conv2dNormActivation

ViT_B_16_Weights = published("ViT_B_16_Weights", __name__)
ViT_B_32_Weights = published("ViT_B_32_Weights", __name__)
ViT_L_16_Weights = published("ViT_L_16_Weights", __name__)
ViT_L_32_Weights = published("ViT_L_32_Weights", __name__)
ViT_H_14_Weights = published("ViT_H_14_Weights", __name__)

Layer = Callable[..., nn.Module]
_NORM = partial(nn.LayerNorm, eps=1e-6)


class ConvStemConfig(NamedTuple):
    """One convolution of a stem that stands in for the patches (Xiao and others, 2021)."""

    out_channels: int
    kernel_size: int
    stride: int
    norm_layer: Layer = nn.BatchNorm2d
    activation_layer: Layer = nn.ReLU


def _check(holds: bool, message: str) -> None:
    """AssertionError, as torchvision's models raise."""
    if not holds:
        raise AssertionError(message)


class MLPBlock(MLP):
    """The perceptron of one encoder layer: (N, T, D) -> (N, T, D)."""

    _version = 2

    def __init__(self, in_dim: int, mlp_dim: int, dropout: float) -> None:
        super().__init__(in_dim, [mlp_dim, in_dim], activation_layer=nn.GELU, dropout=dropout)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                nn.init.normal_(module.bias, std=1e-6)

    def _load_from_state_dict(
        self,
        state_dict: MutableMapping[str, Any],
        prefix: str,
        local_metadata: Mapping[str, Any],
        *rest: Any,
    ) -> None:
        if (local_metadata.get("version") or 1) < 2:  # the layers had names, linear_1 and linear_2
            for old, new in (("linear_1", "0"), ("linear_2", "3")):
                for part in ("weight", "bias"):
                    if f"{prefix}{old}.{part}" in state_dict:
                        value = state_dict.pop(f"{prefix}{old}.{part}")
                        state_dict[f"{prefix}{new}.{part}"] = value
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class EncoderBlock(nn.Module):
    """Attention, then the perceptron, each added to its input: (N, T, D) -> (N, T, D)."""

    def __init__(
        self,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Layer = _NORM,
    ) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.ln_1 = norm_layer(hidden_dim)
        self.self_attention = nn.MultiheadAttention(
            hidden_dim, num_heads, dropout=attention_dropout, batch_first=True
        )
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = norm_layer(hidden_dim)
        self.mlp = MLPBlock(hidden_dim, mlp_dim, dropout)

    def forward(self, input: Tensor) -> Any:
        _check(
            input.dim() == 3,
            f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}",
        )
        x = self.ln_1(input)
        x, _ = self.self_attention(x, x, x, need_weights=False)
        x = self.dropout(x) + input
        return x + self.mlp(self.ln_2(x))


class Encoder(nn.Module):
    """Positions added, the encoder layers, a last norm: (N, T, D) -> (N, T, D)."""

    def __init__(
        self,
        seq_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float,
        attention_dropout: float,
        norm_layer: Layer = _NORM,
    ) -> None:
        super().__init__()
        self.pos_embedding = nn.Parameter(torch.empty(1, seq_length, hidden_dim).normal_(std=0.02))
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential()
        for place in range(num_layers):
            block = EncoderBlock(
                num_heads, hidden_dim, mlp_dim, dropout, attention_dropout, norm_layer
            )
            self.layers.add_module(f"encoder_layer_{place}", block)
        self.ln = norm_layer(hidden_dim)

    def forward(self, input: Tensor) -> Any:
        _check(
            input.dim() == 3,
            f"Expected (batch_size, seq_length, hidden_dim) got {input.shape}",
        )
        return self.ln(self.layers(self.dropout(input + self.pos_embedding)))


class VisionTransformer(nn.Module):
    """Images (N, 3, image_size, image_size) -> scores (N, num_classes).

    Raises AssertionError for an image of another size, or patches that do not fill one.
    """

    def __init__(
        self,
        image_size: int,
        patch_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        norm_layer: Layer = _NORM,
        conv_stem_configs: Sequence[ConvStemConfig] | None = None,
    ) -> None:
        super().__init__()
        _check(image_size % patch_size == 0, "Input shape indivisible by patch size!")
        self.image_size = image_size
        self.patch_size = patch_size
        self.hidden_dim = hidden_dim
        self.mlp_dim = mlp_dim
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.num_classes = num_classes
        self.representation_size = representation_size
        self.norm_layer = norm_layer
        if conv_stem_configs is None:
            self.conv_proj: Any = nn.Conv2d(3, hidden_dim, patch_size, stride=patch_size)
        else:
            self.conv_proj = _conv_stem(conv_stem_configs, hidden_dim)
        self.class_token = nn.Parameter(torch.zeros(1, 1, hidden_dim))
        self.seq_length = (image_size // patch_size) ** 2 + 1
        self.encoder = Encoder(
            self.seq_length, num_layers, num_heads, hidden_dim, mlp_dim, dropout,
            attention_dropout, norm_layer,
        )  # fmt: skip
        self.heads = nn.Sequential()
        if representation_size is None:
            self.heads.add_module("head", nn.Linear(hidden_dim, num_classes))
        else:
            self.heads.add_module("pre_logits", nn.Linear(hidden_dim, representation_size))
            self.heads.add_module("act", nn.Tanh())
            self.heads.add_module("head", nn.Linear(representation_size, num_classes))
        self._initialise()

    def _initialise(self) -> None:
        if isinstance(self.conv_proj, nn.Conv2d):
            patch = self.conv_proj
            fan_in = patch.in_channels * patch.kernel_size[0] * patch.kernel_size[1]
            nn.init.trunc_normal_(patch.weight, std=math.sqrt(1 / fan_in))
        else:
            patch = self.conv_proj.conv_last
            nn.init.normal_(patch.weight, mean=0.0, std=math.sqrt(2.0 / patch.out_channels))
        nn.init.zeros_(patch.bias)
        if self.representation_size is not None:
            before = self.heads.pre_logits
            nn.init.trunc_normal_(before.weight, std=math.sqrt(1 / before.in_features))
            nn.init.zeros_(before.bias)
        nn.init.zeros_(self.heads.head.weight)
        nn.init.zeros_(self.heads.head.bias)

    def _process_input(self, x: Tensor) -> Any:
        """(N, 3, H, W) -> patches (N, T, D)."""
        n, _, height, width = x.shape
        size = self.image_size
        _check(height == size, f"Wrong image height! Expected {size} but got {height}!")
        _check(width == size, f"Wrong image width! Expected {size} but got {width}!")
        patches = (size // self.patch_size) ** 2
        return self.conv_proj(x).reshape(n, self.hidden_dim, patches).permute(0, 2, 1)

    def forward(self, x: Tensor) -> Any:
        patches = self._process_input(x)
        token = self.class_token.expand(patches.shape[0], -1, -1)
        return self.heads(self.encoder(torch.cat([token, patches], dim=1))[:, 0])


def _conv_stem(rows: Sequence[ConvStemConfig], hidden_dim: int) -> nn.Sequential:
    stem = nn.Sequential()
    wide = 3
    for place, row in enumerate(rows):
        layer = Conv2dNormActivation(
            wide, row.out_channels, row.kernel_size, row.stride, norm_layer=row.norm_layer,
            activation_layer=row.activation_layer,
        )  # fmt: skip
        stem.add_module(f"conv_bn_relu_{place}", layer)
        wide = row.out_channels
    stem.add_module("conv_last", nn.Conv2d(wide, hidden_dim, kernel_size=1))
    return stem


def interpolate_embeddings(
    image_size: int,
    patch_size: int,
    model_state: MutableMapping[str, Any],
    interpolation_mode: str = "bicubic",
    reset_heads: bool = False,
) -> MutableMapping[str, Any]:
    """The state of a trained model, its positions stretched to images of another size.

    ``reset_heads``: without what makes the scores. Raises ValueError if the patches are no square.
    """
    positions = model_state["encoder.pos_embedding"]
    n, length, wide = positions.shape
    if n != 1:
        raise ValueError(f"Unexpected position embedding shape: {positions.shape}")
    side = image_size // patch_size
    if side * side + 1 == length:
        return model_state
    old = math.isqrt(length - 1)
    if old * old != length - 1:
        raise ValueError(
            f"seq_length is not a perfect square! Instead got seq_length_1d * seq_length_1d = "
            f"{old * old} and seq_length = {length - 1}"
        )
    grid = positions[:, 1:, :].permute(0, 2, 1).reshape(1, wide, old, old)
    stretched = nn.functional.interpolate(
        grid, size=side, mode=interpolation_mode, align_corners=True
    )
    patches = stretched.reshape(1, wide, side * side).permute(0, 2, 1)
    model_state["encoder.pos_embedding"] = torch.cat([positions[:, :1, :], patches], dim=1)
    if not reset_heads:
        return model_state
    return {key: value for key, value in model_state.items() if not key.startswith("heads")}


def _fit(weights: WeightsEnum, kwargs: dict[str, Any]) -> None:
    fit_to_weights(weights, kwargs)
    _ovewrite_named_param(kwargs, "image_size", weights.meta["min_size"][0])


def _vit(
    patch: int, layers: int, heads: int, wide: int, inner: int, kwargs: dict[str, Any]
) -> VisionTransformer:
    size = kwargs.pop("image_size", 224)
    return VisionTransformer(size, patch, layers, heads, wide, inner, **kwargs)


@constructor(ViT_B_16_Weights, fit=_fit)
def vit_b_16(**kwargs: Any) -> VisionTransformer:
    """ViT-Base, patches of 16x16, 86.6 million parameters."""
    return _vit(16, 12, 12, 768, 3072, kwargs)


@constructor(ViT_B_32_Weights, fit=_fit)
def vit_b_32(**kwargs: Any) -> VisionTransformer:
    """ViT-Base, patches of 32x32, 88.2 million parameters."""
    return _vit(32, 12, 12, 768, 3072, kwargs)


@constructor(ViT_L_16_Weights, fit=_fit)
def vit_l_16(**kwargs: Any) -> VisionTransformer:
    """ViT-Large, patches of 16x16, 304.3 million parameters."""
    return _vit(16, 24, 16, 1024, 4096, kwargs)


@constructor(ViT_L_32_Weights, fit=_fit)
def vit_l_32(**kwargs: Any) -> VisionTransformer:
    """ViT-Large, patches of 32x32, 306.5 million parameters."""
    return _vit(32, 24, 16, 1024, 4096, kwargs)


@constructor(ViT_H_14_Weights, fit=_fit)
def vit_h_14(**kwargs: Any) -> VisionTransformer:
    """ViT-Huge, patches of 14x14, 632.0 million parameters."""
    return _vit(14, 32, 16, 1280, 5120, kwargs)
