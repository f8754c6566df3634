"""Images of bytes resampled along an axis in whole numbers, as PyTorch does it.

The weights are kept in 16 bits: as many binary digits behind the point as the largest of them
leaves room for. Sums of four such weights times bytes stay below 2**24: float32 holds them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.base.dtype import float32, int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host

_LIMIT = 1 << 15
_DIGITS = 22  # at most


def _cubic_weights(t: Array, a: float) -> list[Array]:
    """Keys's convolution kernel at the four neighbours of a point t behind the second."""

    def near(x: Array) -> Array:
        return np.asarray(((a + 2) * x - (a + 3)) * x * x + 1)

    def far(x: Array) -> Array:
        return np.asarray(((a * x - 5 * a) * x + 8 * a) * x - 4 * a)

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _taps(
    size: int, count: int, step: float, align_corners: bool, a: float | None
) -> tuple[Array, Array, int]:
    """(places, whole weights, binary digits): two rows each, or four with the kernel's ``a``."""
    at = np.arange(count, dtype=np.float64)
    at = at * step if align_corners else (at + 0.5) * step - 0.5
    if a is None:
        at = np.maximum(at, 0.0)
    below = np.floor(at)
    t = at - below
    first = 0 if a is None else -1
    weights = np.stack([1 - t, t] if a is None else _cubic_weights(t, a))
    offsets = np.arange(first, first + len(weights))[:, None]
    places = np.clip(below.astype(np.int64) + offsets, 0, size - 1)
    for row in range(len(weights) - 1):  # beyond the border: all at the border's place
        same = places[row] == places[row + 1]
        weights[row + 1] += np.where(same, weights[row], 0.0)
        weights[row] = np.where(same, 0.0, weights[row])
    digits, largest = 0, float(weights.max())
    while digits < _DIGITS and math.floor(0.5 + largest * 2.0 ** (digits + 1)) < _LIMIT:
        digits += 1
    whole = np.trunc(weights * 2.0**digits + np.where(weights < 0, -0.5, 0.5))
    return places, whole.astype(np.float32), digits


@host("byte_taps", results=2)
def _host_taps(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    places, weights, _ = _taps(*params)
    return places, weights


def bytes_along(
    x: Node, axis: int, count: int, step: float, align_corners: bool, a: float | None
) -> Node:
    """Bytes (as float32) resampled to ``count`` along an axis; ``a``: of the cubic kernel."""
    size = x.shape[axis]
    if size == count:
        return x
    given = (size, count, step, align_corners, a)
    digits = _taps(*given)[2]
    taps = 2 if a is None else 4
    asked = build.iota((1,), 0)
    places = build.host("byte_taps", (asked,), (taps, count), int64, (0, *given))
    weights = build.host("byte_taps", (asked,), (taps, count), float32, (1, *given))
    across = tuple(count if k == axis else 1 for k in range(x.ndim))
    total = None
    for row in range(taps):
        place, weight = (
            reshape(build.slice(each, (row, 0), (1, count), (1, 1)), (count,))
            for each in (places, weights)
        )
        tap = build.take(x, place, axis)
        part = binary("mul", tap, build.expand(reshape(weight, across), tap.shape))
        total = part if total is None else binary("add", total, part)
    assert total is not None
    shape = total.shape
    raised = binary("add", total, const(2.0 ** (digits - 1), shape, float32))
    rounded = unary("floor", binary("mul", raised, const(2.0**-digits, shape, float32)))
    low, high = (const(each, shape, float32) for each in (0, 255))
    return binary("minimum", binary("maximum", rounded, low), high)
