"""Convolutions of float16 with PyTorch's roundings.

Where the processor has no arithmetic for float16, PyTorch multiplies matrices whose elements are
halves: what a tap contributes to a pixel is rounded before it is added to what earlier taps left
there, and so is the weight's gradient after each image. Beside eleven bits that is seen. Wider
numbers, and convolutions of more taps or images than would be unrolled here, take the kernels,
which round once. Axes are channels-last, as in the primitives.
"""

from __future__ import annotations

from itertools import product
from math import prod

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float16
from rushlight.ir import build
from rushlight.ir.build import binary, cast, const, permute, reshape
from rushlight.ir.graph import Node
from rushlight.ops import conv_depth, conv_whole
from rushlight.ops.formula import plus, times
from rushlight.ops.promote import compute_dtype
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Grads, composite

Shape = tuple[int, ...]
_TAPS = 128  # added one by one at most
_IMAGES = 16


def follows(x: Node, w: Node, dtypes: tuple[DType, ...] = (float16,)) -> bool:
    """Whether x and w, of one of ``dtypes``, are what this file is about."""
    return x.dtype in dtypes and 0 not in (*x.shape, *w.shape) and prod(w.shape[2:]) <= _TAPS


@composite(torch=False, name="_half_conv", grad_name="Convolution")
def half_conv(
    x: Node, w: Node, stride: Shape, padding: build.Pairs, dilation: Shape, groups: int
) -> Node:
    """x (N, *S, C), w (K, C/groups, *taps) -> (N, *S', K), in float32."""
    wide = compute_dtype(x.dtype)
    return conv_whole.conv(cast(x, wide), cast(w, wide), stride, padding, dilation, groups)


@half_conv.vjp
def _(
    g: Node, out: Node, x: Node, w: Node, stride: Shape, padding: build.Pairs, dilation: Shape,
    groups: int,
) -> Grads:  # fmt: skip
    window = (stride, padding, dilation, groups)
    return spread(cast(g, x.dtype), w, x.shape, *window), _weight_grad(g, x, w, *window)


@half_conv.samples
def _(rng: Rng) -> Samples:
    x = floats(rng, 2, 7, 6, 4)
    yield (x, floats(rng, 6, 4, 3, 2), (2, 1), ((1, 1), (0, 1)), (1, 2), 1), {}
    yield (x, floats(rng, 4, 1, 3, 3), (1, 2), ((0, 0), (0, 0)), (1, 1), 4), {}
    yield (x, floats(rng, 6, 2, 2, 1), (1, 1), ((0, 0), (0, 0)), (2, 1), 2), {}
    volume, window = floats(rng, 2, 4, 5, 4, 2), ((2, 1, 1), ((1, 1), (0, 0), (0, 1)), (1, 2, 1), 1)
    yield (volume, floats(rng, 3, 2, 2, 3, 2), *window), {}


@composite(torch=False, name="_half_conv_transpose", grad_name="Convolution")
def half_conv_transpose(
    g: Node, w: Node, shape: Shape, stride: Shape, padding: build.Pairs, dilation: Shape,
    groups: int,
) -> Node:  # fmt: skip
    """g (N, *S', K), w (K, C/groups, *taps) -> what g adds to an image of ``shape``."""
    return spread(g, w, shape, stride, padding, dilation, groups)


@half_conv_transpose.vjp
def _(
    h: Node, out: Node, g: Node, w: Node, shape: Shape, stride: Shape, padding: build.Pairs,
    dilation: Shape, groups: int,
) -> Grads:  # fmt: skip
    window = (stride, padding, dilation, groups)
    return cast(half_conv(h, w, *window), g.dtype), _weight_grad(g, h, w, *window)


@half_conv_transpose.samples
def _(rng: Rng) -> Samples:
    g, window = floats(rng, 2, 3, 4, 4), ((2, 1), ((1, 0), (0, 0)), (1, 2))
    yield (g, floats(rng, 4, 3, 2, 2), (2, 5, 6, 3), *window, 1), {}
    yield (g, floats(rng, 4, 2, 2, 2), (2, 5, 6, 8), *window, 4), {}


def spread(
    g: Node, w: Node, shape: Shape, stride: Shape, padding: build.Pairs, dilation: Shape,
    groups: int,
) -> Node:  # fmt: skip
    """The sums of what each tap of w (K, C/groups, *taps) makes of g (N, *S', K), one tap after
    another, each rounded to g's dtype: (N, *S, C)."""
    n, *counts, k = g.shape
    channels, taps = w.shape[1], w.shape[2:]
    rank, places = len(taps), prod(counts)
    rows = permute(reshape(g, (n * places, groups, k // groups)), (1, 0, 2))
    wide = (groups, n * places, channels)
    by_tap = permute(w, (*range(2, rank + 2), 0, 1))  # (*taps, K, C/groups)
    whole = tuple(size + sum(pair) for size, pair in zip(shape[1:-1], padding, strict=True))
    total = zeros = const(0, (n, *whole, shape[-1]), g.dtype)
    for tap in product(*map(range, taps)):
        one = build.slice(by_tap, (*tap, 0, 0), (*(1 for _ in tap), k, channels), (1,) * (rank + 2))
        factors = reshape(one, (groups, k // groups, channels))
        if k == groups:  # a channel by itself: no sum
            column = times(build.broadcast(rows, wide), build.broadcast(factors, wide))
        else:
            column = build.dot(rows, factors)
        placed = reshape(permute(column, (1, 0, 2)), (n, *counts, shape[-1]))
        start = tuple(at * gap for at, gap in zip(tap, dilation, strict=True))
        there = build.slice_set(zeros, placed, (0, *start, 0), (1, *stride, 1))
        total = there if total is zeros else plus(total, there)
    return build.slice(total, (0, *(lo for lo, _ in padding), 0), shape, (1,) * len(shape))


def _weight_grad(
    g: Node, x: Node, w: Node, stride: Shape, padding: build.Pairs, dilation: Shape, groups: int
) -> Node:
    """Of w (K, C/groups, *taps): the sum over images, rounded after each of a few."""
    wide = compute_dtype(w.dtype)
    g, x = cast(g, wide), cast(x, wide)
    grad = conv_depth.conv_weight_grad
    n = x.shape[0]
    if n > _IMAGES:
        return cast(grad(g, x, w.shape, stride, padding, dilation, groups), w.dtype)
    total: Node | None = None
    for image in range(n):
        found = grad(_one(g, image), _one(x, image), w.shape, stride, padding, dilation, groups)
        if total is not None:
            found = binary("add", cast(total, wide), found)
        total = cast(found, w.dtype)
    assert total is not None
    return total


def _one(x: Node, image: int) -> Node:
    rest = (0,) * (x.ndim - 1)
    return build.slice(x, (image, *rest), (1, *x.shape[1:]), (1,) * x.ndim)
