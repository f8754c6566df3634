"""Convolutions whose kernel covers an axis whole: along it there is one window, and no sliding.

Such an axis may as well be channels. Where every axis is covered, a convolution is one product of
matrices, and so is a transposed one of a single pixel. Networks for text, whose kernels are as wide
as an embedding, and the ends of discriminators and of LeNet are such; as convolutions they would
pay, in the gradient of the input, for every place that a window of that size can have.
"""

from __future__ import annotations

from math import prod

from rushlight.ir import build
from rushlight.ir.build import permute, reshape
from rushlight.ir.graph import Node
from rushlight.ops import conv_depth

Shape = tuple[int, ...]


def conv(
    x: Node, w: Node, stride: Shape, padding: build.Pairs, dilation: Shape, groups: int
) -> Node:
    """x (N, *S, C), w (K, C/groups, *taps) -> (N, *S', K)."""
    n, *sizes, channels = x.shape
    k, _, *taps = w.shape
    axes = range(len(sizes))
    free = [axis for axis in axes if padding[axis] == (0, 0) and sizes[axis] == taps[axis]]
    # One tap on one pixel stays as it is: kernels for 1 x 1 know it.
    covered = [axis for axis in free if taps[axis] > 1 and dilation[axis] == 1]
    if groups != 1 or not covered or 0 in (*x.shape, *w.shape):
        return conv_depth.conv(x, w, stride, padding, dilation, groups)
    left = [axis for axis in axes if axis not in covered]
    inner = prod(sizes[axis] for axis in covered) * channels
    if all(axis in free for axis in left):  # in the weight's order, as it has more elements
        rows = reshape(permute(x, (0, x.ndim - 1, *range(1, x.ndim - 1))), (n, inner))
        made = build.dot(rows, permute(reshape(w, (k, inner)), (1, 0)))
        return reshape(made, (n, *(1 for _ in axes), k))
    x = permute(x, (0, *(1 + axis for axis in (*left, *covered)), x.ndim - 1))
    w = permute(w, (0, *(2 + axis for axis in covered), 1, *(2 + axis for axis in left)))
    x = reshape(x, (n, *(1 if axis in covered else sizes[axis] for axis in axes), inner))
    w = reshape(w, (k, inner, *(1 if axis in covered else taps[axis] for axis in axes)))
    return conv_depth.conv(x, w, stride, padding, dilation, groups)


def of_one_pixel(x: Node, w: Node) -> Node:
    """A transposed convolution of x (N, C, *1) with w (C, K, *taps): (N, K, *taps)."""
    made = build.dot(reshape(x, x.shape[:2]), reshape(w, (w.shape[0], prod(w.shape[1:]))))
    return reshape(made, (x.shape[0], *w.shape[1:]))
