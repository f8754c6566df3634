"""Attention over patches of a clip that pools its queries, keys and values (MViT)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.vision.ops.blocks import MLP
from rushlight.vision.ops.stochastic_depth import StochasticDepth

Layer = Callable[..., nn.Module]
Size = Sequence[int]  # frames, rows, columns


@dataclass
class MSBlockConfig:
    """One block: heads, channels, and how it pools; ``[]`` as kernel and stride pools nothing."""

    num_heads: int
    input_channels: int
    output_channels: int
    kernel_q: list[int]
    kernel_kv: list[int]
    stride_q: list[int]
    stride_kv: list[int]


class Pool(nn.Module):
    """``pool`` over the patches, past the class's token: (N, H, 1 + pixels, C) -> alike.

    Without heads, (N, 1 + pixels, C), too. Gives the patches and their frames, rows and columns.
    """

    def __init__(
        self,
        pool: nn.Module,
        norm: nn.Module | None,
        activation: nn.Module | None = None,
        norm_before_pool: bool = False,
    ) -> None:
        super().__init__()
        self.pool = pool
        layers = [each for each in (norm, activation) if each is not None]
        self.norm_act = nn.Sequential(*layers) if layers else None
        self.norm_before_pool = norm_before_pool

    def forward(self, x: Any, thw: Size) -> tuple[Any, Size]:
        if x.dim() == 3:
            pooled, size = self.forward(x.unsqueeze(1), thw)
            return pooled.squeeze(1), size
        if x.dim() != 4:
            raise ValueError(f"Pool: Unsupported input dimension {x.shape}")
        token, patches = x[:, :, :1], x[:, :, 1:]
        n, heads, _, channels = patches.shape
        patches = patches.transpose(2, 3).reshape(n * heads, channels, *thw)
        if self.norm_before_pool and self.norm_act is not None:
            patches = self.norm_act(patches)
        patches = self.pool(patches)
        size = tuple(patches.shape[2:])
        patches = patches.reshape(n, heads, channels, -1).transpose(2, 3)
        x = torch.cat((token, patches), dim=2)
        if not self.norm_before_pool and self.norm_act is not None:
            x = self.norm_act(x)
        return x, size


def _apart(queries: int, keys: int) -> Any:
    """How far key k lies from query q along an axis, counted from 0: (queries, keys)."""
    # The finer of the two counts the steps.
    step_q, step_k = (np.float32(max(ratio, 1.0)) for ratio in (keys / queries, queries / keys))
    place_q = np.arange(queries, dtype=np.float32)[:, None]
    place_k = np.arange(keys, dtype=np.float32)[None, :]
    return (place_q * step_q - (place_k + np.float32(1 - keys)) * step_k).astype(np.int64)


def _along(queries: int, keys: int, table: Any) -> Any:
    """The table's rows for each query and key along an axis: (queries, keys, C)."""
    rows = 2 * max(queries, keys) - 1
    if table.shape[0] != rows:
        table = F.interpolate(table.permute(1, 0)[None], size=rows, mode="linear")[0].permute(1, 0)
    return table[torch.from_numpy(_apart(queries, keys)).to(table.device)]


class MultiscaleAttention(nn.Module):
    """Attention with pooled queries, keys and values: (N, 1 + pixels, C) -> (N, 1 + pixels', C').

    ``input_size`` is the frames, rows and columns that ``rel_pos_embed`` makes its tables for.
    """

    def __init__(
        self,
        input_size: Size,
        embed_dim: int,
        output_dim: int,
        num_heads: int,
        kernel_q: Size,
        kernel_kv: Size,
        stride_q: Size,
        stride_kv: Size,
        residual_pool: bool,
        residual_with_cls_embed: bool,
        rel_pos_embed: bool,
        dropout: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.embed_dim = embed_dim
        self.output_dim = output_dim
        self.num_heads = num_heads
        self.head_dim = output_dim // num_heads
        self.scaler = 1.0 / math.sqrt(self.head_dim)
        self.residual_pool = residual_pool
        self.residual_with_cls_embed = residual_with_cls_embed
        self.qkv = nn.Linear(embed_dim, 3 * output_dim)
        self.project = nn.Sequential(nn.Linear(output_dim, output_dim))
        if dropout > 0.0:
            self.project.append(nn.Dropout(dropout, inplace=True))
        self.pool_q = self._pool(kernel_q, stride_q, norm_layer)
        self.pool_k = self._pool(kernel_kv, stride_kv, norm_layer)
        self.pool_v = self._pool(kernel_kv, stride_kv, norm_layer)
        self.rel_pos_h: nn.Parameter | None = None
        self.rel_pos_w: nn.Parameter | None = None
        self.rel_pos_t: nn.Parameter | None = None
        if rel_pos_embed:
            frames, side = input_size[0], max(input_size[1:])
            finest = max(
                side // step[1] if len(step) > 0 else side for step in (stride_q, stride_kv)
            )
            self.rel_pos_h = self._table(2 * finest - 1)
            self.rel_pos_w = self._table(2 * finest - 1)
            self.rel_pos_t = self._table(2 * frames - 1)

    def _pool(self, kernel: Size, stride: Size, norm_layer: Layer) -> Pool | None:
        if math.prod(kernel) <= 1 and math.prod(stride) <= 1:
            return None
        wide = self.head_dim
        taps: Any = tuple(kernel)
        conv = nn.Conv3d(
            wide, wide, taps, stride=tuple(stride), padding=tuple(size // 2 for size in taps),
            groups=wide, bias=False,
        )  # fmt: skip
        return Pool(conv, norm_layer(wide))

    def _table(self, rows: int) -> nn.Parameter:
        table = nn.Parameter(torch.zeros(rows, self.head_dim))
        nn.init.trunc_normal_(table, std=0.02)
        return table

    def _by_place(self, query: Any, size_q: Size, size_k: Size) -> Any:
        """What is added to the scores for how query and key lie: (N, H, 1 + pixels', 1 + keys)."""
        n, heads, _, channels = query.shape
        patches = query[:, :, 1:].reshape(n, heads, *size_q, channels)
        tables = (self.rel_pos_t, self.rel_pos_h, self.rel_pos_w)
        along = [_along(*each) for each in zip(size_q, size_k, tables, strict=True)]
        time = torch.einsum("nathwc,tkc->nathwk", patches, along[0])[..., :, None, None]
        row = torch.einsum("nathwc,hkc->nathwk", patches, along[1])[..., None, :, None]
        column = torch.einsum("nathwc,wkc->nathwk", patches, along[2])[..., None, None, :]
        found = (row + column + time).reshape(n, heads, math.prod(size_q), math.prod(size_k))
        return F.pad(found, (1, 0, 1, 0))  # the class's token is nowhere

    def forward(self, x: Any, thw: Size) -> tuple[Any, Size]:
        n, patches, _ = x.shape
        parts = self.qkv(x).reshape(n, patches, 3, self.num_heads, self.head_dim)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        size = thw
        if self.pool_k is not None and self.pool_v is not None:
            key, size = self.pool_k(key, thw)
            value, _ = self.pool_v(value, thw)
        if self.pool_q is not None:
            query, thw = self.pool_q(query, thw)
        scores = torch.matmul(self.scaler * query, key.transpose(2, 3))
        if self.rel_pos_t is not None:
            scores = scores + self._by_place(query, thw, size)
        found: Any = torch.matmul(scores.softmax(dim=-1), value)
        if self.residual_pool and self.residual_with_cls_embed:
            found = found + query
        elif self.residual_pool:
            found = torch.cat((found[:, :, :1], found[:, :, 1:] + query[:, :, 1:]), dim=2)
        found = found.transpose(1, 2).reshape(n, -1, self.output_dim)
        return self.project(found), thw


class MultiscaleBlock(nn.Module):
    """Pooled attention, then a perceptron: (N, 1 + pixels, C) -> (N, 1 + pixels', C')."""

    def __init__(
        self,
        input_size: Size,
        cnf: MSBlockConfig,
        residual_pool: bool,
        residual_with_cls_embed: bool,
        rel_pos_embed: bool,
        proj_after_attn: bool,
        dropout: float = 0.0,
        stochastic_depth_prob: float = 0.0,
        norm_layer: Layer = nn.LayerNorm,
    ) -> None:
        super().__init__()
        self.proj_after_attn = proj_after_attn
        self.pool_skip: Pool | None = None
        if math.prod(cnf.stride_q) > 1:
            kernel: Any = [step + 1 if step > 1 else step for step in cnf.stride_q]
            edge: Any = [size // 2 for size in kernel]
            stride: Any = list(cnf.stride_q)
            self.pool_skip = Pool(nn.MaxPool3d(kernel, stride=stride, padding=edge), None)
        wide = cnf.output_channels if proj_after_attn else cnf.input_channels
        self.norm1 = norm_layer(cnf.input_channels)
        self.norm2 = norm_layer(wide)
        self.needs_transposal = isinstance(self.norm1, nn.BatchNorm1d)
        self.attn = MultiscaleAttention(
            input_size,
            cnf.input_channels,
            wide,
            cnf.num_heads,
            kernel_q=cnf.kernel_q,
            kernel_kv=cnf.kernel_kv,
            stride_q=cnf.stride_q,
            stride_kv=cnf.stride_kv,
            rel_pos_embed=rel_pos_embed,
            residual_pool=residual_pool,
            residual_with_cls_embed=residual_with_cls_embed,
            dropout=dropout,
            norm_layer=norm_layer,
        )
        self.mlp = MLP(
            wide, [4 * wide, cnf.output_channels], activation_layer=nn.GELU, dropout=dropout
        )
        self.stochastic_depth = StochasticDepth(stochastic_depth_prob, "row")
        self.project: nn.Linear | None = None
        if cnf.input_channels != cnf.output_channels:
            self.project = nn.Linear(cnf.input_channels, cnf.output_channels)

    def _normed(self, norm: nn.Module, x: Any) -> Any:
        return norm(x.transpose(1, 2)).transpose(1, 2) if self.needs_transposal else norm(x)

    def forward(self, x: Any, thw: Size) -> tuple[Any, Size]:
        normed = self._normed(self.norm1, x)
        found, size = self.attn(normed, thw)
        if self.project is not None and self.proj_after_attn:
            x = self.project(normed)
        if self.pool_skip is not None:
            x, _ = self.pool_skip(x, thw)
        x = x + self.stochastic_depth(found)
        normed = self._normed(self.norm2, x)
        if self.project is not None and not self.proj_after_attn:
            x = self.project(normed)
        return x + self.stochastic_depth(self.mlp(normed)), size
