"""Attention in windows of an image or clip, shifted from layer to layer (Swin, 2021)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor


@lru_cache(maxsize=64)
def _window_of_pixel(
    sizes: tuple[int, ...], window: tuple[int, ...], shift: tuple[int, ...]
) -> Any:
    """(windows, pixels, pixels): -100 where two pixels of a window were no neighbours, else 0.

    After the cyclic shift a window at the border holds pixels from opposite sides of the image.
    """
    region = np.zeros(sizes, np.int64)
    for axis, (size, step, far) in enumerate(zip(sizes, window, shift, strict=True)):
        place = np.arange(size)
        part = (place >= size - step).astype(np.int64) + ((place >= size - far) if far else 0)
        region = 3 * region + part.reshape(
            [-1 if each == axis else 1 for each in range(len(sizes))]
        )
    pixels = _cut(torch.from_numpy(region)[None, ..., None], window)[..., 0].numpy()
    return np.where(pixels[:, None, :] != pixels[:, :, None], np.float32(-100.0), np.float32(0.0))


def _cut(x: Any, window: Sequence[int]) -> Any:
    """(N, *S, C) in windows: (N * windows, pixels of a window, C)."""
    n, *sizes, channels = x.shape
    axes = len(window)
    pairs = [
        part for size, step in zip(sizes, window, strict=True) for part in (size // step, step)
    ]
    order = (0, *range(1, 2 * axes, 2), *range(2, 2 * axes + 1, 2), 2 * axes + 1)
    return x.view(n, *pairs, channels).permute(order).reshape(-1, math.prod(window), channels)


def _join(x: Any, sizes: Sequence[int], window: Sequence[int]) -> Any:
    """What ``_cut`` took apart, an image of ``sizes`` again: (N, *S, C)."""
    axes = len(window)
    counts = [size // step for size, step in zip(sizes, window, strict=True)]
    order = [place for axis in range(axes) for place in (1 + axis, 1 + axes + axis)]
    x = x.view(-1, *counts, *window, x.shape[-1]).permute(0, *order, 2 * axes + 1)
    return x.reshape(-1, *sizes, x.shape[-1])


def shifted_window_attention(
    input: Tensor,
    qkv_weight: Tensor,
    proj_weight: Tensor,
    relative_position_bias: Tensor,
    window_size: Sequence[int],
    num_heads: int,
    shift_size: Sequence[int],
    attention_dropout: float = 0.0,
    dropout: float = 0.0,
    qkv_bias: Tensor | None = None,
    proj_bias: Tensor | None = None,
    logit_scale: Tensor | None = None,
    training: bool = True,
) -> Any:
    """Attention of each window to itself: (N, *S, C) -> (N, *S, C), of images or clips.

    The image is padded to whole windows; ``shift_size`` moves it first, back at the end. With
    ``logit_scale`` the scores are cosines (version 2), and the key's part of ``qkv_bias`` counts
    as zero. ``relative_position_bias`` (1, heads, pixels, pixels) is added to the scores.
    """
    n, *sizes, channels = input.shape
    beyond = [-size % step for size, step in zip(sizes, window_size, strict=True)]
    x: Any = F.pad(input, (0, 0, *(part for each in reversed(beyond) for part in (0, each))))
    padded = tuple(size + more for size, more in zip(sizes, beyond, strict=True))
    # One window as large as the image has nothing to shift.
    shift = tuple(
        0 if step >= size else far
        for size, step, far in zip(padded, window_size, shift_size, strict=True)
    )
    axes = tuple(range(1, len(sizes) + 1))
    if sum(shift) > 0:
        x = torch.roll(x, shifts=tuple(-far for far in shift), dims=axes)
    x = _cut(x, window_size)
    windows, pixels = x.shape[0] // n, x.shape[1]

    if logit_scale is not None and qkv_bias is not None:
        qkv_bias = qkv_bias.clone()
        third = qkv_bias.numel() // 3
        qkv_bias[third : 2 * third].zero_()
    each = channels // num_heads
    qkv = F.linear(x, qkv_weight, qkv_bias).reshape(n * windows, pixels, 3, num_heads, each)
    query, key, value = qkv.permute(2, 0, 3, 1, 4)
    if logit_scale is not None:
        scores = F.normalize(query, dim=-1) @ F.normalize(key, dim=-1).transpose(-2, -1)
        scores = scores * torch.clamp(logit_scale, max=math.log(100.0)).exp()
    else:
        scores = (query * each**-0.5).matmul(key.transpose(-2, -1))
    scores = scores + relative_position_bias
    if sum(shift) > 0:
        mask = torch.from_numpy(_window_of_pixel(padded, tuple(window_size), shift))
        mask = mask.to(dtype=x.dtype, device=x.device)
        scores = scores.view(n, windows, num_heads, pixels, pixels)
        scores = (scores + mask.unsqueeze(1)).view(-1, num_heads, pixels, pixels)
    shares = F.dropout(F.softmax(scores, dim=-1), p=attention_dropout, training=training)
    x = shares.matmul(value).transpose(1, 2).reshape(n * windows, pixels, channels)
    x = F.dropout(F.linear(x, proj_weight, proj_bias), p=dropout, training=training)

    x = _join(x, padded, window_size)
    if sum(shift) > 0:
        x = torch.roll(x, shifts=shift, dims=axes)
    return x[(slice(None), *(slice(size) for size in sizes))].contiguous()


def relative_index(window_size: Sequence[int]) -> Tensor:
    """The row of the table for how two pixels of a window lie to each other: (pixels, pixels)."""
    places = np.indices(window_size).reshape(len(window_size), -1)
    ways = tuple(2 * size - 1 for size in window_size)
    apart = places[:, :, None] - places[:, None, :] + (np.array(window_size) - 1)[:, None, None]
    rows = np.ravel_multi_index(tuple(apart), ways)
    return torch.tensor(rows.astype(np.int64))


def initial_table(window_size: Sequence[int], num_heads: int) -> nn.Parameter:
    """One number a head for each way two pixels of a window lie to each other."""
    ways = math.prod(2 * size - 1 for size in window_size)
    table = nn.Parameter(torch.zeros(ways, num_heads))
    nn.init.trunc_normal_(table, std=0.02)
    return table


def spread(table: Tensor, index: Tensor) -> Any:
    """The table's rows by pairs of pixels: (1, heads, pixels, pixels)."""
    pixels = math.isqrt(index.numel())
    pairs: Any = table[index.flatten()]
    return pairs.view(pixels, pixels, -1).permute(2, 0, 1).contiguous().unsqueeze(0)


class ShiftedWindowAttention(nn.Module):
    """:func:`shifted_window_attention` with its weights: (N, H, W, C) -> (N, H, W, C)."""

    _axes = 2

    def __init__(
        self,
        dim: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        if len(window_size) != self._axes or len(shift_size) != self._axes:
            raise ValueError(
                f"{type(self).__name__}: window_size and shift_size must be of length "
                f"{self._axes}, but got {window_size} and {shift_size}"
            )
        self.window_size = window_size
        self.shift_size = shift_size
        self.num_heads = num_heads
        self.attention_dropout = attention_dropout
        self.dropout = dropout
        self.qkv = nn.Linear(dim, dim * 3, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim, bias=proj_bias)
        self.define_relative_position_bias_table()
        self.define_relative_position_index()

    def define_relative_position_bias_table(self) -> None:
        """One number a head for each way two pixels of a window lie to each other."""
        self.relative_position_bias_table = initial_table(self.window_size, self.num_heads)

    def define_relative_position_index(self) -> None:
        """Which row of the table each pair of pixels takes."""
        index = relative_index(self.window_size).flatten()
        self.register_buffer("relative_position_index", index)

    def get_relative_position_bias(self) -> Any:
        """What is added to the scores."""
        return spread(self.relative_position_bias_table, self.relative_position_index)

    def _logit_scale(self) -> Any:
        return None

    def _windowed(self, x: Tensor) -> tuple[Sequence[int], Any]:
        """The size of windows of ``x``, and what is added to the scores in one."""
        return self.window_size, self.get_relative_position_bias()

    def forward(self, x: Tensor) -> Any:
        window, bias = self._windowed(x)
        return shifted_window_attention(
            x,
            self.qkv.weight,
            self.proj.weight,
            bias,
            window,
            self.num_heads,
            shift_size=self.shift_size,
            attention_dropout=self.attention_dropout,
            dropout=self.dropout,
            qkv_bias=self.qkv.bias,
            proj_bias=self.proj.bias,
            logit_scale=self._logit_scale(),
            training=self.training,
        )


class ShiftedWindowAttentionV2(ShiftedWindowAttention):
    """Cosine scores, and a small network that makes the table (Liu and others, 2021, "V2")."""

    def __init__(
        self,
        dim: int,
        window_size: Sequence[int],
        shift_size: Sequence[int],
        num_heads: int,
        qkv_bias: bool = True,
        proj_bias: bool = True,
        attention_dropout: float = 0.0,
        dropout: float = 0.0,
    ) -> None:
        super().__init__(
            dim, window_size, shift_size, num_heads, qkv_bias, proj_bias, attention_dropout,
            dropout,
        )  # fmt: skip
        self.logit_scale = nn.Parameter(torch.log(10 * torch.ones((num_heads, 1, 1))))
        self.cpb_mlp = nn.Sequential(
            nn.Linear(2, 512), nn.ReLU(inplace=True), nn.Linear(512, num_heads, bias=False)
        )
        if qkv_bias:
            third = self.qkv.bias.numel() // 3
            self.qkv.bias[third : 2 * third].data.zero_()

    def define_relative_position_bias_table(self) -> None:
        """Distances of pixels on a logarithmic scale, from -1 to 1: what the network reads."""
        down, across = self.window_size
        axes = [
            torch.arange(-(size - 1), size, dtype=torch.float32) / (size - 1) * 8
            for size in (down, across)
        ]
        grid = torch.stack(torch.meshgrid(*axes, indexing="ij"))
        table = grid.permute(1, 2, 0).contiguous().unsqueeze(0)
        table = torch.sign(table) * torch.log2(torch.abs(table) + 1.0) / 3.0
        self.register_buffer("relative_coords_table", table)

    def get_relative_position_bias(self) -> Any:
        """What is added to the scores."""
        made = self.cpb_mlp(self.relative_coords_table).view(-1, self.num_heads)
        return 16 * torch.sigmoid(spread(made, self.relative_position_index))

    def _logit_scale(self) -> Any:
        return self.logit_scale
