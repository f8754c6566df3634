"""Resampling with anti-aliasing: each axis is a product with a matrix of filter weights.

Where the result is smaller than the source the filter is stretched over all elements that one
element of the result covers, as Pillow does it.
"""

from __future__ import annotations

import math

from rushlight.base.dtype import float64, int64, uint8
from rushlight.ir import build
from rushlight.ir.build import binary, const, dot, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import increased, plus, scaled, squared, times
from rushlight.ops.interpolate_bytes import REACH, SMOOTH_CUBIC, smooth_bytes_along
from rushlight.ops.promote import compute_dtype
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import composite


def _below(x: Node, value: float) -> Node:
    return binary("lt", x, const(value, x.shape, x.dtype))


def _sinc(x: Node) -> Node:
    """sin(pi x) / (pi x), 1 at 0."""
    ones = const(1, x.shape, x.dtype)
    zero = binary("eq", x, const(0, x.shape, x.dtype))
    angle = scaled(build.where(zero, ones, x), math.pi)
    return build.where(zero, ones, binary("div", unary("sin", angle), angle))


def _filter(kind: str, x: Node) -> Node:
    x = unary("abs", x)
    nothing = const(0, x.shape, x.dtype)
    if kind == "linear":
        inside = binary("sub", const(1, x.shape, x.dtype), x)
        return build.where(_below(x, 1.0), inside, nothing)
    if kind == "lanczos":
        near = binary("mul", _sinc(x), _sinc(scaled(x, 1 / 3)))
        return build.where(_below(x, 3.0), near, nothing)
    square = squared(x)
    near = times(increased(scaled(x, SMOOTH_CUBIC + 2), -(SMOOTH_CUBIC + 3)), square)
    near = increased(near, 1)
    far = increased(scaled(square, -5 * SMOOTH_CUBIC), -4 * SMOOTH_CUBIC)
    far = plus(far, times(x, increased(scaled(square, SMOOTH_CUBIC), 8 * SMOOTH_CUBIC)))
    return build.where(_below(x, 1.0), near, build.where(_below(x, 2.0), far, nothing))


def _weights(size: int, count: int, step: float, kind: str) -> Node:
    """(size, count) float64: the share of each source element in each element of the result."""
    shape = (size, count)
    stretch = max(step, 1.0)
    reach = REACH[kind] * stretch
    centre = scaled(increased(build.cast(build.iota(shape, 1), float64), 0.5), step)
    place = build.iota(shape, 0)
    first = build.cast(increased(centre, 0.5 - reach), int64)
    last = build.cast(increased(centre, 0.5 + reach), int64)
    inside = binary("and", binary("le", first, place), binary("lt", place, last))
    offset = binary("sub", increased(build.cast(place, float64), 0.5), centre)
    raw = _filter(kind, scaled(offset, 1 / stretch))
    raw = build.where(inside, raw, const(0, shape, float64))
    total = build.expand(reshape(build.reduce(raw, "sum", (0,)), (1, count)), shape)
    return binary("div", raw, total)


@composite(torch=False, name="_antialias", grad_name="UpsampleAa")
def antialias(
    input: Node, size: tuple[int, ...], scales: tuple[float | None, ...], kind: str,
    align_corners: bool,
) -> Node:  # fmt: skip
    """(N, C, H, W) -> (N, C, *size) by the "linear", "cubic" or "lanczos" filter."""
    if any(each <= 0 for each in (*size, *input.shape[2:])):
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input "
            f"{list(input.shape[2:])} and output {list(size)}"
        )
    bytes_ = input.dtype is uint8
    x = build.cast(input, float64 if bytes_ else compute_dtype(input.dtype))
    for axis in (3, 2):
        here, count, scale = x.shape[axis], size[axis - 2], scales[axis - 2]
        if align_corners:
            step = (here - 1) / (count - 1) if count > 1 else 0.0
        else:
            step = 1.0 / scale if scale is not None and scale > 0 else here / count
        if here == count and step == 1.0 and kind != "lanczos":
            continue
        if bytes_:
            x = smooth_bytes_along(x, axis, count, step, kind)
            continue
        weights = build.cast(_weights(here, count, step, kind), x.dtype)
        turned = x if axis == 3 else build.permute(x, (0, 1, 3, 2))
        rows = (turned.shape[0] * turned.shape[1] * turned.shape[2], here)
        out = reshape(dot(reshape(turned, rows), weights), (*turned.shape[:3], count))
        x = out if axis == 3 else build.permute(out, (0, 1, 3, 2))
    return build.cast(x, input.dtype)


@antialias.samples
def _(rng: Rng) -> Samples:
    for kind in REACH:
        yield (floats(rng, 2, 3, 7, 6), (3, 4), (None, None), kind, False), {}
        yield (floats(rng, 1, 2, 5, 9), (8, 4), (None, None), kind, True), {}
        yield (floats(rng, 1, 1, 7, 6), (3, 3), (0.5, 0.5), kind, False), {}
