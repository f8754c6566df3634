"""Transposed convolutions: input gradients of convolutions. Axes are PyTorch's (N, C, *spatial)."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import bfloat16, float16
from rushlight.base.errors import ShapeError
from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops import conv_depth, conv_whole
from rushlight.ops.conv import (
    Window,
    per_axis,
    require_elements,
    require_fitting,
    to_first,
    to_last,
    with_bias,
)
from rushlight.ops.conv_halves import follows, half_conv_transpose
from rushlight.ops.promote import compute_dtype
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite

Shape = tuple[int, ...]


def _window(
    who: str, rank: int, stride: Any, padding: Any, output_padding: Any, dilation: Any
) -> tuple[Shape, Shape, Shape, Shape]:
    """The four of each axis. RuntimeError where they are no window."""
    strides = per_axis(who, "stride", stride, rank)
    gaps = per_axis(who, "dilation", dilation, rank)
    pads = per_axis(who, "padding", padding, rank)
    extra = per_axis(who, "output_padding", output_padding, rank)
    for name, values in (("stride", strides), ("dilation", gaps)):
        if any(each <= 0 for each in values):
            raise RuntimeError(f"{name} should be greater than zero, but got {list(values)}")
    for name, values in (("padding", pads), ("output_padding", extra)):
        if any(each < 0 for each in values):
            raise RuntimeError(f"negative {name} is not supported")
    for more, step, gap in zip(extra, strides, gaps, strict=True):
        if more >= step and more >= gap:
            raise RuntimeError(
                "output padding must be smaller than either stride or dilation, but got "
                f"output_padding: {list(extra)}, stride: {list(strides)}, dilation: {list(gaps)}"
            )
    return strides, pads, extra, gaps


def _conv_transpose(
    rank: int, input: Node, weight: Node, bias: Node | None, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Node:  # fmt: skip
    who = f"conv_transpose{rank}d"
    require_fitting(who, input, weight, bias, rank, groups)
    batched = input.ndim == rank + 2
    x = input if batched else reshape(input, (1, *input.shape))
    if x.shape[1] != weight.shape[0]:
        raise ShapeError(
            f"Given transposed=1, weight of size {list(weight.shape)}, expected input"
            f"{list(input.shape)} to have {weight.shape[0]} channels, but got {x.shape[1]} "
            "channels instead"
        )
    strides, pads, extra, gaps = _window(who, rank, stride, padding, output_padding, dilation)
    sizes = tuple(
        (size - 1) * step - 2 * pad + gap * (tap - 1) + more + 1
        for size, step, pad, gap, tap, more in zip(
            x.shape[2:], strides, pads, gaps, weight.shape[2:], extra, strict=True
        )
    )
    require_elements(x)
    channels = weight.shape[1] * groups
    # It is the input gradient of the convolution that has this weight; where output_padding adds
    # rows that no window reaches, the padding on the far side shrinks.
    pairs = tuple((pad, pad - more) for pad, more in zip(pads, extra, strict=True))
    grown = tuple(max(0, -hi) for _, hi in pairs)
    inner = tuple(size - more for size, more in zip(sizes, grown, strict=True))
    cut = tuple((lo, max(hi, 0)) for lo, hi in pairs)
    shape = (x.shape[0], *inner, channels)
    window = (shape, strides, cut, gaps, groups)
    # Where PyTorch's fast kernels do not go, for which bfloat16 is no other than float16.
    large = any(more >= step for more, step in zip(extra, strides, strict=True))
    if follows(x, weight, (float16, bfloat16) if large else (float16,)):
        out = _finished(half_conv_transpose(to_last(x), weight, *window), grown, bias)
        return out if batched else reshape(out, out.shape[1:])
    # Half precision is rounded once, after the sum of planes and the bias.
    dtype = input.dtype
    wide = dtype if bias is None and rank < 3 else compute_dtype(dtype)
    x, weight = build.cast(x, wide), build.cast(weight, wide)
    if set(x.shape[2:]) == {1} and inner == weight.shape[2:] != x.shape[2:] and groups == 1:
        out = to_last(conv_whole.of_one_pixel(x, weight))
    else:
        out = conv_depth.conv_input_grad(to_last(x), weight, *window)
    out = _finished(out, grown, None if bias is None else build.cast(bias, wide))
    out = build.cast(out, dtype)
    return out if batched else reshape(out, out.shape[1:])


def _finished(out: Node, grown: tuple[int, ...], bias: Node | None) -> Node:
    """(N, *S, K) with rows that no window reaches and the bias: (N, K, *S)."""
    if any(grown):
        out = build.pad(out, (0,) * out.ndim, (0, *grown, 0), 0)
    return to_first(with_bias(out, bias))


@composite(functional=True, grad_name="Convolution")
def conv_transpose1d(
    input: Node, weight: Node, bias: Node | None = None, stride: Window = 1, padding: Window = 0,
    output_padding: Window = 0, groups: int = 1, dilation: Window = 1,
) -> Node:  # fmt: skip
    """(N, C, L) x (C, K/groups, R) -> (N, K, L'): the transpose of conv1d."""
    return _conv_transpose(
        1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@conv_transpose1d.samples
def _(rng: Rng) -> Samples:
    x, w, b = floats(rng, 2, 4, 5), floats(rng, 4, 3, 3), floats(rng, 3)
    yield (x, w, b), {}
    yield (x, w, b), {"stride": 2, "padding": 1, "output_padding": 1}
    yield (x, w), {"groups": 2, "dilation": 2}
    yield (floats(rng, 4, 5), w, b), {"stride": 3, "output_padding": 2}


@composite(functional=True, grad_name="Convolution")
def conv_transpose2d(
    input: Node, weight: Node, bias: Node | None = None, stride: Window = 1, padding: Window = 0,
    output_padding: Window = 0, groups: int = 1, dilation: Window = 1,
) -> Node:  # fmt: skip
    """(N, C, H, W) x (C, K/groups, R, S) -> (N, K, H', W'): the transpose of conv2d."""
    return _conv_transpose(
        2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@conv_transpose2d.samples
def _(rng: Rng) -> Samples:
    x, w, b = floats(rng, 2, 4, 3, 4), floats(rng, 4, 3, 3, 2), floats(rng, 3)
    yield (x, w, b), {}
    yield (x, w, b), {"stride": 2, "padding": 1, "output_padding": 1}
    yield (x, w), {"groups": 2, "dilation": (2, 1), "stride": (1, 2)}
    yield (floats(rng, 4, 3, 4), w, b), {"stride": (3, 2), "output_padding": (2, 0)}
    yield (floats(rng, 2, 4, 1, 1), w, b), {}
    yield (floats(rng, 2, 4, 1, 1), w, b), {"stride": 2, "output_padding": 1}


@conv_transpose2d.bad_inputs
def _(rng: Rng) -> BadInputs:
    x, w = np.ones((1, 4, 5, 5)), np.ones((4, 3, 3, 3))
    yield (x[:, :3], w), {}, RuntimeError, "channels"
    yield (x, w), {"stride": 2, "output_padding": 2}, RuntimeError, "output padding must be smaller"


@composite(functional=True, grad_name="Convolution")
def conv_transpose3d(
    input: Node, weight: Node, bias: Node | None = None, stride: Window = 1, padding: Window = 0,
    output_padding: Window = 0, groups: int = 1, dilation: Window = 1,
) -> Node:  # fmt: skip
    """(N, C, D, H, W) x (C, K/groups, T, R, S) -> (N, K, D', H', W'): the transpose of conv3d."""
    return _conv_transpose(
        3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


@conv_transpose3d.samples
def _(rng: Rng) -> Samples:
    x, w, b = floats(rng, 2, 4, 3, 2, 4), floats(rng, 4, 3, 3, 2, 1), floats(rng, 3)
    yield (x, w, b), {}
    yield (x, w, b), {"stride": 2, "padding": (1, 0, 0), "output_padding": 1}
    yield (x, w), {"groups": 2, "dilation": (2, 1, 1), "stride": (1, 2, 1)}
    yield (floats(rng, 4, 3, 2, 4), w, b), {"stride": (3, 2, 2), "output_padding": (2, 0, 1)}
