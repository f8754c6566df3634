"""Convolutions over three axes as convolutions over two, whose kernels are fast.

The taps along the depth become channels: a slice of the volume for each tap, side by side, is an
image of T times as many channels, and every output plane is a picture of its own. Only data moves;
the sum over taps is the one that the two-axis kernel does over channels. What is no volume, or has
no elements, is left to the primitives. Axes are channels-last.
"""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary, const, permute, reshape
from rushlight.ir.graph import Node

Shape = tuple[int, ...]


def _is_volume(x: Node) -> bool:
    return x.ndim == 5 and x.size > 0


def _flat_weight(w: Node) -> Node:
    """(K, C/groups, T, R, S) -> (K, T C/groups, R, S)."""
    k, channels, taps, *plane = w.shape
    return reshape(permute(w, (0, 2, 1, 3, 4)), (k, taps * channels, *plane))


def _planes(x: Node, start: int, count: int, step: int) -> Node:
    begin = tuple(start if axis == 1 else 0 for axis in range(x.ndim))
    shape = tuple(count if axis == 1 else size for axis, size in enumerate(x.shape))
    return build.slice(x, begin, shape, tuple(step if axis == 1 else 1 for axis in range(x.ndim)))


def conv(
    x: Node, w: Node, stride: Shape, padding: build.Pairs, dilation: Shape, groups: int
) -> Node:
    """x (N, D, H, W, C), w (K, C/groups, T, R, S) -> (N, D', H', W', K)."""
    if not _is_volume(x):
        return build.conv(x, w, stride, padding, dilation, groups)
    pictures = _pictures(x, w.shape[2], stride[0], padding[0], dilation[0], groups)
    out = build.conv(pictures, _flat_weight(w), stride[1:], padding[1:], dilation[1:], groups)
    n = x.shape[0]
    return reshape(out, (n, pictures.shape[0] // n, *out.shape[1:]))


def _pictures(
    x: Node, taps: int, stride: int, padding: tuple[int, int], dilation: int, groups: int
) -> Node:
    """x (N, D, H, W, C) -> (N D', H, W, T C): the planes that each output plane is made of."""
    lo, hi = padding
    x = build.pad(x, (0, lo, 0, 0, 0), (0, hi, 0, 0, 0), 0)
    n, depth, height, width, channels = x.shape
    count = (depth - dilation * (taps - 1) - 1) // stride + 1
    split = (n * count, height, width, groups, 1, channels // groups)
    parts = [reshape(_planes(x, tap * dilation, count, stride), split) for tap in range(taps)]
    return reshape(build.cat(parts, 4), (n * count, height, width, taps * channels))


def conv_weight_grad(
    g: Node, x: Node, shape: Shape, stride: Shape, padding: build.Pairs, dilation: Shape,
    groups: int,
) -> Node:  # fmt: skip
    """g (N, D', H', W', K), x (N, D, H, W, C) -> the gradient of the weight, of ``shape``."""
    if not _is_volume(x):
        return build.conv_weight_grad(g, x, shape, stride, padding, dilation, groups)
    k, channels, taps, *plane = shape
    pictures = _pictures(x, taps, stride[0], padding[0], dilation[0], groups)
    flat = build.conv_weight_grad(
        reshape(g, (pictures.shape[0], *g.shape[2:])), pictures, (k, taps * channels, *plane),
        stride[1:], padding[1:], dilation[1:], groups,
    )  # fmt: skip
    return permute(reshape(flat, (k, taps, channels, *plane)), (0, 2, 1, 3, 4))


def conv_input_grad(
    g: Node, w: Node, shape: Shape, stride: Shape, padding: build.Pairs, dilation: Shape,
    groups: int,
) -> Node:  # fmt: skip
    """g (N, D', H', W', K), w (K, C/groups, T, R, S) -> the gradient of x, of ``shape``."""
    if not _is_volume(g):
        return build.conv_input_grad(g, w, shape, stride, padding, dilation, groups)
    n, count = g.shape[:2]
    _, _, height, width, channels = shape
    taps = w.shape[2]
    pictures = reshape(g, (n * count, *g.shape[2:]))
    flat = (n * count, height, width, taps * channels)
    spread = build.conv_input_grad(
        pictures, _flat_weight(w), flat, stride[1:], padding[1:], dilation[1:], groups
    )
    split = (n * count, height, width, groups, taps, channels // groups)
    by_tap = reshape(spread, split)
    depth = (count - 1) * stride[0] + dilation[0] * (taps - 1) + 1
    total = zeros = const(0, (n, depth, height, width, channels), g.dtype)
    for tap in range(taps):
        one = build.slice(by_tap, (0, 0, 0, 0, tap, 0), (*split[:4], 1, split[5]), (1,) * 6)
        planes = reshape(one, (n, count, height, width, channels))
        start = (0, tap * dilation[0], 0, 0, 0)
        placed = build.slice_set(zeros, planes, start, (1, stride[0], 1, 1, 1))
        total = placed if total is zeros else binary("add", total, placed)
    return _planes(total, padding[0][0], shape[1], 1)
