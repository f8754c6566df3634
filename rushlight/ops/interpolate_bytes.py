"""Images of bytes resampled along an axis in whole numbers, as PyTorch does it.

The weights are kept in 16 bits: as many binary digits behind the point as the largest of them
leaves room for. Sums of four such weights times bytes stay below 2**24: float32 holds them.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from rushlight.base.dtype import float32, float64, int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host

_LIMIT = 1 << 15
_DIGITS = 22  # at most
# How far each filter of anti-aliasing reaches; the parameter of the cubic one (Keys 1981), and of
# the one without anti-aliasing.
REACH = {"linear": 1.0, "cubic": 2.0, "lanczos": 3.0}
SMOOTH_CUBIC = -0.5
CUBIC = -0.75


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
    whole, digits = _whole(weights)
    return places, whole, digits


def _whole(weights: Array) -> tuple[Array, int]:
    """(weights as whole numbers, how many binary digits they were moved by)."""
    digits, largest = 0, float(weights.max())
    while digits < _DIGITS and math.floor(0.5 + largest * 2.0 ** (digits + 1)) < _LIMIT:
        digits += 1
    return np.trunc(weights * 2.0**digits + np.where(weights < 0, -0.5, 0.5)), digits


def _filter(kind: str, x: Array) -> Array:
    x = np.abs(x)
    if kind == "linear":
        return np.asarray(np.maximum(1.0 - x, 0.0))
    if kind == "lanczos":
        return np.where(x < 3.0, np.sinc(x) * np.sinc(x / 3.0), 0.0)
    a = SMOOTH_CUBIC
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def smooth_weights(size: int, count: int, step: float, kind: str) -> Array:
    """(count, size) float64: what ``antialias`` weighs with, for the host."""
    stretch = max(step, 1.0)
    reach = REACH[kind] * stretch
    centre = (np.arange(count)[:, None] + 0.5) * step
    place = np.arange(size)
    # Towards zero, as a cast does.
    first = np.maximum(np.trunc(centre - reach + 0.5), 0)
    last = np.minimum(np.trunc(centre + reach + 0.5), size)
    inside = (place >= first) & (place < last)
    raw = np.where(inside, _filter(kind, (place - centre + 0.5) / stretch), 0.0)
    return np.asarray(raw / raw.sum(axis=1, keepdims=True))


@functools.lru_cache(maxsize=128)
def byte_matrix(size: int, count: int, step: float, kind: str, smooth: bool) -> tuple[Array, int]:
    """((count, size) whole weights as float64, binary digits): ``smooth`` with anti-aliasing."""
    if smooth:
        return _whole(smooth_weights(size, count, step, kind))
    places, whole, digits = _taps(size, count, step, False, None if kind == "linear" else CUBIC)
    matrix = np.zeros((count, size))
    for place, weight in zip(places, whole, strict=True):
        np.add.at(matrix, (np.arange(count), place), weight)
    return matrix, digits


@host("byte_matrix")
def _host_matrix(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    return byte_matrix(*params)[0]


def smooth_bytes_along(x: Node, axis: int, count: int, step: float, kind: str) -> Node:
    """(N, C, H, W) bytes (as float64) resampled along axis 2 or 3 with anti-aliasing.

    A stretched filter has weights that are small beside their sum: only float64 holds the sums.
    """
    size = x.shape[axis]
    given = (size, count, step, kind, True)
    digits = byte_matrix(*given)[1]
    matrix = build.host("byte_matrix", (build.iota((1,), 0),), (count, size), float64, given)
    turned = x if axis == 3 else build.permute(x, (0, 1, 3, 2))
    rows = reshape(turned, (math.prod(turned.shape[:3]), size))
    out = _to_byte(build.dot(rows, build.permute(matrix, (1, 0))), digits)
    out = reshape(out, (*turned.shape[:3], count))
    return out if axis == 3 else build.permute(out, (0, 1, 3, 2))


def _to_byte(total: Node, digits: int) -> Node:
    shape, dtype = total.shape, total.dtype
    raised = binary("add", total, const(2.0 ** (digits - 1), shape, dtype))
    rounded = unary("floor", binary("mul", raised, const(2.0**-digits, shape, dtype)))
    low, high = (const(each, shape, dtype) for each in (0, 255))
    return binary("minimum", binary("maximum", rounded, low), high)


@host("byte_taps", results=2)
def _host_taps(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> tuple[Array, Array]:
    places, weights, _ = _taps(*params)
    return places, weights.astype(np.float32)


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
    return _to_byte(total, digits)
