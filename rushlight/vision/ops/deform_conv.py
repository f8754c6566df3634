"""Deformable convolution: taps that move by learned offsets (Dai, 2017; masks: Zhu, 2018)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import wrap
from rushlight.vision.ops.regions import pair


def _taps(
    kernel: tuple[int, int],
    out: tuple[int, int],
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
) -> Any:
    """Where each tap of each output lies without offsets: (2, R * S, H', W'), rows first."""
    rows, columns = (
        np.arange(size)[None, :] * step - pad + np.arange(taps)[:, None] * wide
        for size, step, pad, taps, wide in zip(out, stride, padding, kernel, dilation, strict=True)
    )
    shape = (*kernel, *out)
    y = np.broadcast_to(rows[:, None, :, None], shape)
    x = np.broadcast_to(columns[None, :, None, :], shape)
    return np.stack([y, x]).reshape(2, kernel[0] * kernel[1], *out)


def deform_conv2d(
    input: Tensor,
    offset: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    mask: Tensor | None = None,
) -> Any:
    """``conv2d`` whose taps read between pixels: (N, C, H, W) -> (N, K, H', W').

    ``offset`` (N, 2 * G * R * S, H', W'): for each of G groups of channels and each tap, how far
    it moves down and across. ``mask`` (N, G * R * S, H', W') weighs the taps. Outside of the image
    is 0. Gradients flow to all of them. Raises RuntimeError for shapes that do not fit.

    >>> import rushlight as torch
    >>> x, weight = torch.rand(1, 2, 5, 5), torch.rand(3, 2, 3, 3)
    >>> still = torch.zeros(1, 18, 3, 3)
    >>> torch.allclose(deform_conv2d(x, still, weight), torch.nn.functional.conv2d(x, weight))
    True
    """
    source: Any = input
    n, channels, height, width = source.shape
    filters, in_group, *kernel_list = weight.shape
    kernel = (kernel_list[0], kernel_list[1])
    taps = kernel[0] * kernel[1]
    stride, padding, dilation = pair(stride), pair(padding), pair(dilation)
    if offset.shape[1] // (2 * taps) == 0 or offset.shape[1] % (2 * taps):
        raise RuntimeError(
            "the shape of the offset tensor at dimension 1 is not valid. It should be a multiple "
            "of 2 * weight.size[2] * weight.size[3].\n"
            f"Got offset.shape[1]={offset.shape[1]}, while 2 * weight.size[2] * weight.size[3]="
            f"{2 * taps}"
        )
    groups, offset_groups = channels // in_group, offset.shape[1] // (2 * taps)
    high, wide = (
        (size + 2 * pad - (d * (k - 1) + 1)) // step + 1
        for size, pad, d, k, step in zip(
            (height, width), padding, dilation, kernel, stride, strict=True
        )
    )
    _check(source, offset, mask, (n, offset_groups, taps, high, wide), groups, filters, in_group)
    still = _taps(kernel, (high, wide), stride, padding, dilation).astype(source.dtype.np)
    moved = offset.reshape(n * offset_groups, taps, 2, high, wide)
    y = moved[:, :, 0] + wrap(np.ascontiguousarray(still[0]))
    x = moved[:, :, 1] + wrap(np.ascontiguousarray(still[1]))
    # Pixels -> -1 ... 1 from the first pixel's edge to the last's.
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    read = F.grid_sample(
        source.reshape(n * offset_groups, channels // offset_groups, height, width),
        grid.reshape(n * offset_groups, taps * high, wide, 2),
        mode="bilinear",
        padding_mode="zeros",
        align_corners=False,
    )
    read = read.reshape(n, offset_groups, channels // offset_groups, taps, high * wide)
    if mask is not None:
        read = read * mask.reshape(n, offset_groups, 1, taps, high * wide)
    columns = read.reshape(n, groups, in_group * taps, high * wide)
    result = weight.reshape(1, groups, filters // groups, in_group * taps) @ columns
    result = result.reshape(n, filters, high, wide)
    return result if bias is None else result + bias.reshape(1, -1, 1, 1)


def _check(
    input: Any,
    offset: Any,
    mask: Any,
    expected: tuple[int, int, int, int, int],
    groups: int,
    filters: int,
    in_group: int,
) -> None:
    n, offset_groups, taps, high, wide = expected
    channels = input.shape[1]
    if groups * in_group != channels or filters % groups:
        raise RuntimeError(
            f"deform_conv2d: weight has {filters} filters over {in_group} channels, input has "
            f"{channels}: the channels must be a multiple of those, the filters of the groups"
        )
    if channels % offset_groups:
        raise RuntimeError(
            f"deform_conv2d: {channels} channels do not divide into {offset_groups} offset groups"
        )
    wanted = (n, 2 * offset_groups * taps, high, wide)
    if tuple(offset.shape) != wanted:
        raise RuntimeError(f"deform_conv2d: offset must be {wanted}, got {tuple(offset.shape)}")
    wanted = (n, offset_groups * taps, high, wide)
    if mask is not None and tuple(mask.shape) != wanted:
        raise RuntimeError(f"deform_conv2d: mask must be {wanted}, got {tuple(mask.shape)}")


class DeformConv2d(nn.Module):
    """:func:`deform_conv2d` with its weight; the offsets are an input."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair(kernel_size)
        self.stride = pair(stride)
        self.padding = pair(padding)
        self.dilation = pair(dilation)
        self.groups = groups
        self.weight = nn.Parameter(
            torch.empty(out_channels, in_channels // groups, *self.kernel_size)
        )
        self.bias = nn.Parameter(torch.empty(out_channels)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """As nn.Conv2d's."""
        nn.init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(math.prod(self.weight.shape[1:]))
            nn.init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor, offset: Tensor, mask: Tensor | None = None) -> Any:
        return deform_conv2d(
            input,
            offset,
            self.weight,
            self.bias,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            mask=mask,
        )

    def __repr__(self) -> str:
        shown = {"kernel_size": self.kernel_size, "stride": self.stride}
        usual = {"padding": (0, 0), "dilation": (1, 1), "groups": 1}
        shown |= {k: getattr(self, k) for k, v in usual.items() if getattr(self, k) != v}
        if self.bias is None:
            shown["bias"] = False
        rest = "".join(f", {name}={value}" for name, value in shown.items())
        return f"{type(self).__name__}({self.in_channels}, {self.out_channels}{rest})"
