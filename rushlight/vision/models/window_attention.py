"""Attention inside windows of an image that are shifted from layer to layer (Swin, 2021)."""

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
    height: int, width: int, window: tuple[int, int], shift: tuple[int, int]
) -> Any:
    """(windows, pixels, pixels): -100 where two pixels of a window were no neighbours, else 0.

    After the cyclic shift a window at the border holds pixels from opposite sides of the image.
    """
    region = np.zeros((height, width), np.float32)
    for axis, (size, step, far) in enumerate(zip((height, width), window, shift, strict=True)):
        place = np.arange(size)
        part = (place >= size - step).astype(np.float32)
        part += (place >= size - far) if far else 0
        region += (3.0 if axis == 0 else 1.0) * (part[:, None] if axis == 0 else part[None, :])
    rows, columns = height // window[0], width // window[1]
    cut = region.reshape(rows, window[0], columns, window[1]).transpose(0, 2, 1, 3)
    pixels = cut.reshape(rows * columns, window[0] * window[1])
    return np.where(pixels[:, None, :] != pixels[:, :, None], np.float32(-100.0), np.float32(0.0))


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
    """Attention of each window to itself: (N, H, W, C) -> (N, H, W, C).

    The image is padded to whole windows; ``shift_size`` moves it first, back at the end. With
    ``logit_scale`` the scores are cosines (version 2), and the key's part of ``qkv_bias`` counts
    as zero. ``relative_position_bias`` (1, heads, pixels, pixels) is added to the scores.
    """
    n, height, width, channels = input.shape
    down, across = window_size
    below, right = -height % down, -width % across
    x: Any = F.pad(input, (0, 0, 0, right, 0, below))
    tall, wide = height + below, width + right
    # One window as large as the image has nothing to shift.
    shift = (0 if down >= tall else shift_size[0], 0 if across >= wide else shift_size[1])
    if sum(shift) > 0:
        x = torch.roll(x, shifts=(-shift[0], -shift[1]), dims=(1, 2))
    rows, columns = tall // down, wide // across
    windows, pixels = rows * columns, down * across
    x = x.view(n, rows, down, columns, across, channels)
    x = x.permute(0, 1, 3, 2, 4, 5).reshape(n * windows, pixels, channels)

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
        mask = torch.from_numpy(_window_of_pixel(tall, wide, (down, across), shift))
        mask = mask.to(dtype=x.dtype, device=x.device)
        scores = scores.view(n, windows, num_heads, pixels, pixels)
        scores = (scores + mask.unsqueeze(1)).view(-1, num_heads, pixels, pixels)
    shares = F.dropout(F.softmax(scores, dim=-1), p=attention_dropout, training=training)
    x = shares.matmul(value).transpose(1, 2).reshape(n * windows, pixels, channels)
    x = F.dropout(F.linear(x, proj_weight, proj_bias), p=dropout, training=training)

    x = x.view(n, rows, columns, down, across, channels)
    x = x.permute(0, 1, 3, 2, 4, 5).reshape(n, tall, wide, channels)
    if sum(shift) > 0:
        x = torch.roll(x, shifts=shift, dims=(1, 2))
    return x[:, :height, :width, :].contiguous()


def relative_index(window_size: Sequence[int]) -> Tensor:
    """For each pair of a window's pixels, the row of the table for how they lie to each other."""
    down, across = window_size
    row, column = (each.ravel() for each in np.mgrid[:down, :across])
    apart = (row[:, None] - row[None, :] + down - 1) * (2 * across - 1)
    apart += column[:, None] - column[None, :] + across - 1
    return torch.tensor(apart.ravel().astype(np.int64))


class ShiftedWindowAttention(nn.Module):
    """:func:`shifted_window_attention` with its weights: (N, H, W, C) -> (N, H, W, C)."""

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
        if len(window_size) != 2 or len(shift_size) != 2:
            raise ValueError("window_size and shift_size must be of length 2")
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
        ways = (2 * self.window_size[0] - 1) * (2 * self.window_size[1] - 1)
        self.relative_position_bias_table = nn.Parameter(torch.zeros(ways, self.num_heads))
        nn.init.trunc_normal_(self.relative_position_bias_table, std=0.02)

    def define_relative_position_index(self) -> None:
        """Which row of the table each pair of pixels takes."""
        self.register_buffer("relative_position_index", relative_index(self.window_size))

    def _spread(self, table: Tensor) -> Any:
        """The table's rows by pairs of pixels: (1, heads, pixels, pixels)."""
        pixels = self.window_size[0] * self.window_size[1]
        pairs = table[self.relative_position_index].view(pixels, pixels, -1)
        return pairs.permute(2, 0, 1).contiguous().unsqueeze(0)

    def get_relative_position_bias(self) -> Any:
        """What is added to the scores."""
        return self._spread(self.relative_position_bias_table)

    def _logit_scale(self) -> Any:
        return None

    def forward(self, x: Tensor) -> Any:
        return shifted_window_attention(
            x,
            self.qkv.weight,
            self.proj.weight,
            self.get_relative_position_bias(),
            self.window_size,
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
        return 16 * torch.sigmoid(self._spread(made))

    def _logit_scale(self) -> Any:
        return self.logit_scale
