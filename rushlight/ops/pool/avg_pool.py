"""The mean of each window."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.conv import per_axis, to_first, to_last
from rushlight.ops.pool.window import Window, bad_windows, checked_window, mean_windows, with_batch
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite


def _avg_pool(
    rank: int, input: Node, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None,
) -> Node:  # fmt: skip
    who = f"avg_pool{rank}d"
    x, batched = with_batch(who, input, rank, filled=True)
    window = checked_window(who, x, rank, kernel_size, stride, padding, 1, ceil_mode)
    taps, steps, pairs, _ = window
    if divisor_override == 0:
        raise RuntimeError("divisor must be not zero")
    total = build.pool(to_last(x), "sum", *window)
    pads = per_axis(who, "padding", padding, rank)
    if (divisor_override is None and not (count_include_pad or not any(pads))) or any(
        hi > pad for (_, hi), pad in zip(pairs, pads, strict=True)
    ):
        out = binary("div", total, _counts(x, total, taps, steps, pads, count_include_pad))
        if divisor_override is not None:
            out = binary("div", total, const(divisor_override, total.shape, total.dtype))
    else:
        divisor = math.prod(taps) if divisor_override is None else divisor_override
        out = binary("div", total, const(divisor, total.shape, total.dtype))
    out = to_first(out)
    return out if batched else reshape(out, out.shape[1:])


def _counts(x: Node, total: Node, taps: Any, steps: Any, pads: Any, include_pad: bool) -> Node:
    """How many elements each window averages over: the padding counts only if included, what
    ceil_mode adds beyond it never. A product of one factor per axis, computed from indices."""
    out: Node | None = None
    shape, dtype = total.shape, total.dtype
    for axis, (size, tap, step, pad) in enumerate(zip(x.shape[2:], taps, steps, pads, strict=True)):
        place = build.iota(shape, axis + 1)
        start = binary("mul", place, const(step, shape, place.dtype))
        low = const(0 if include_pad else pad, shape, place.dtype)
        high = const(size + 2 * pad if include_pad else size + pad, shape, place.dtype)
        end = binary("minimum", binary("add", start, const(tap, shape, place.dtype)), high)
        count = build.cast(binary("sub", end, binary("maximum", start, low)), dtype)
        out = count if out is None else binary("mul", out, count)
    assert out is not None
    return out


@composite(functional=True, grad_name="AvgPool2D")
def avg_pool1d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    ceil_mode: bool = False, count_include_pad: bool = True,
) -> Node:  # fmt: skip
    """The mean of each window of the last axis."""
    return _avg_pool(1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


avg_pool1d.samples(mean_windows(1))


@composite(torch=False, functional=True, grad_name="AvgPool2D")
def avg_pool2d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Node:  # fmt: skip
    """The mean of each window of the last two axes."""
    return _avg_pool(
        2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


@avg_pool2d.samples
def _(rng: Rng) -> Samples:
    yield from mean_windows(2)(rng)
    for ceil_mode in (False, True):
        yield (
            (floats(rng, 2, 3, 7, 6), 3, 2, 1),
            {"ceil_mode": ceil_mode, "count_include_pad": False, "divisor_override": 5},
        )


@avg_pool2d.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield from bad_windows()
    yield (
        (np.ones((1, 1, 4, 4)), 2),
        {"divisor_override": 0},
        RuntimeError,
        "divisor must be not zero",
    )


@composite(torch=False, functional=True, grad_name="AvgPool3D")
def avg_pool3d(
    input: Node, kernel_size: Window, stride: Window | None = None, padding: Window = 0,
    ceil_mode: bool = False, count_include_pad: bool = True, divisor_override: int | None = None,
) -> Node:  # fmt: skip
    """The mean of each window of the last three axes."""
    return _avg_pool(
        3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


avg_pool3d.samples(mean_windows(3))
