"""Channels dealt out over pixels, and back: pixel_shuffle, pixel_unshuffle."""

from __future__ import annotations

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import reshape
from rushlight.ir.graph import Node
from rushlight.ops.samples import Rng, Samples, floats, raises
from rushlight.ops.table import composite


def _check(who: str, input: Node, name: str, factor: int) -> None:
    if input.ndim < 3:
        raise RuntimeError(
            f"{who} expects input to have at least 3 dimensions, but got input with {input.ndim} "
            "dimension(s)"
        )
    if factor <= 0:
        raise RuntimeError(f"{who} expects a positive {name}, but got {factor}")


@composite(method=False, functional=True, grad_name="PixelShuffle")
def pixel_shuffle(input: Node, upscale_factor: int) -> Node:
    """(.., C r r, H, W) -> (.., C, H r, W r)."""
    _check("pixel_shuffle", input, "upscale_factor", upscale_factor)
    r = upscale_factor
    *lead, channels, height, width = input.shape
    if channels % (r * r):
        raise RuntimeError(
            f"pixel_shuffle expects its input's 'channel' dimension to be divisible by the square "
            f"of upscale_factor, but input.size(-3)={channels} is not divisible by {r * r}"
        )
    n = len(lead)
    split = reshape(input, (*lead, channels // (r * r), r, r, height, width))
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return reshape(build.permute(split, order), (*lead, channels // (r * r), height * r, width * r))


@pixel_shuffle.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 8, 3, 4), 2), {}
    yield (floats(rng, 9, 2, 2), 3), {}


pixel_shuffle.bad_inputs(raises(((np.ones((1, 6, 2, 2)), 2), {}, RuntimeError, "divisible")))


@composite(method=False, functional=True, grad_name="PixelUnshuffle")
def pixel_unshuffle(input: Node, downscale_factor: int) -> Node:
    """(.., C, H r, W r) -> (.., C r r, H, W)."""
    _check("pixel_unshuffle", input, "downscale_factor", downscale_factor)
    r = downscale_factor
    *lead, channels, height, width = input.shape
    for name, axis, size in (("height", -2, height), ("width", -1, width)):
        if size % r:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but "
                f"input.size({axis})={size} is not divisible by {r}"
            )
    n = len(lead)
    split = reshape(input, (*lead, channels, height // r, r, width // r, r))
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return reshape(build.permute(split, order), (*lead, channels * r * r, height // r, width // r))


@pixel_unshuffle.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 2, 2, 6, 4), 2), {}
    yield (floats(rng, 1, 6, 6), 3), {}


pixel_unshuffle.bad_inputs(raises(((np.ones((1, 1, 5, 4)), 2), {}, RuntimeError, "divisible")))
