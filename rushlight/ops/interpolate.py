"""Resampling of the spatial axes of (N, C, *), one axis after another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, float64, int64, uint8
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops import derive
from rushlight.ops.cubic import cubic_weights
from rushlight.ops.formula import increased, scaled, scaled_plus
from rushlight.ops.interpolate_bytes import CUBIC, bytes_along
from rushlight.ops.promote import compute_dtype
from rushlight.ops.table import Grads, composite


def _step(size: int, count: int, scale: float | None, align_corners: bool) -> float:
    """How far the source moves for one step of the result."""
    if align_corners:
        return (size - 1) / (count - 1) if count > 1 else 0.0
    return 1.0 / scale if scale is not None and scale > 0 else size / count


def _clamped(index: Node, size: int) -> Node:
    low = binary("maximum", index, const(0, index.shape, int64))
    return binary("minimum", low, const(size - 1, index.shape, int64))


def _along(values: Node, axis: int, like: Node) -> Node:
    """A vector spread along one axis of ``like``."""
    shape = tuple(values.size if k == axis else 1 for k in range(like.ndim))
    return build.expand(reshape(values, shape), like.shape)


def _nearest(x: Node, axis: int, count: int, scale: float | None, exact: bool) -> Node:
    size = x.shape[axis]
    step = np.float32(_step(size, count, scale, False))
    shift = np.float32(0.5 if exact else 0.0)
    places = np.floor((np.arange(count, dtype=np.float32) + shift) * step)
    places = np.minimum(places.astype(np.int64), size - 1)
    times = count // size if size else 0
    if size and count == times * size and (places == np.arange(count) // times).all():
        # Whole multiples only repeat: no index, and the gradient is a sum.
        split = (*x.shape[: axis + 1], 1, *x.shape[axis + 1 :])
        wide = (*x.shape[: axis + 1], times, *x.shape[axis + 1 :])
        return reshape(
            build.expand(reshape(x, split), wide),
            (*x.shape[:axis], count, *x.shape[axis + 1 :]),
        )
    place = increased(build.cast(build.iota((count,), 0), float32), float(shift))
    index = build.cast(unary("floor", scaled(place, float(step))), int64)
    return build.take(x, _clamped(index, size), axis)


def _source(size: int, count: int, scale: float | None, align_corners: bool, dtype: DType) -> Node:
    """Where each element of the result lies in the source."""
    place = build.cast(build.iota((count,), 0), dtype)
    step = _step(size, count, scale, align_corners)
    if align_corners:
        return scaled(place, step)
    return scaled_plus(increased(place, 0.5), step, -0.5)


def _linear(
    x: Node, axis: int, count: int, scale: float | None, align_corners: bool,
    weights: DType | None = None,
) -> Node:  # fmt: skip
    """``weights``: the dtype they are rounded to, where they are."""
    size = x.shape[axis]
    if size == count and (align_corners or scale is None or scale == 1.0):
        return x
    where = _source(size, count, scale, align_corners, x.dtype)
    where = binary("maximum", where, const(0, where.shape, where.dtype))
    low = build.cast(where, int64)
    weight = binary("sub", where, build.cast(low, x.dtype))
    low = _clamped(low, size)
    high = _clamped(increased(low, 1), size)
    first, second = build.take(x, low, axis), build.take(x, high, axis)
    weight = _rounded(weight, weights)
    rest = _rounded(binary("sub", const(1, weight.shape, weight.dtype), weight), weights)
    other = binary("mul", second, _along(weight, axis, second))
    return build.fma(first, _along(rest, axis, first), other)


def _rounded(x: Node, dtype: DType | None) -> Node:
    return x if dtype is None else build.cast(build.cast(x, dtype), x.dtype)


def _cubic(x: Node, axis: int, count: int, scale: float | None, align_corners: bool) -> Node:
    size = x.shape[axis]
    where = _source(size, count, scale, align_corners, x.dtype)
    below = unary("floor", where)
    t = binary("sub", where, below)
    base = build.cast(below, int64)
    out = None
    for offset, weight in zip((-1, 0, 1, 2), cubic_weights(t), strict=True):
        tap = build.take(x, _clamped(increased(base, offset), size), axis)
        wide = _along(weight, axis, tap)
        out = binary("mul", tap, wide) if out is None else build.fma(tap, wide, out)
    assert out is not None
    return out


@composite(torch=False, name="_interpolate", grad_name="Upsample")
def interpolate(
    input: Node, size: tuple[int, ...], scales: tuple[float | None, ...], mode: str,
    align_corners: bool,
) -> Node:  # fmt: skip
    """(N, C, *) -> (N, C, *size) on each axis by nearest, nearest-exact, linear or cubic."""
    if any(each <= 0 for each in (*size, *input.shape[2:])):
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input "
            f"{list(input.shape[2:])} and output {list(size)}"
        )
    # PyTorch keeps the weights of three axes in the input's dtype, of fewer it does not.
    return _resampled(input, size, scales, mode, align_corners, input.dtype)


@interpolate.vjp
def _(
    g: Node,
    out: Node,
    input: Node,
    size: tuple[int, ...],
    scales: tuple[float | None, ...],
    mode: str,
    align_corners: bool,
) -> Grads:
    def resampled(fresh: Sequence[Node]) -> list[Node]:
        return [_resampled(fresh[0], size, scales, mode, align_corners, None)]

    (slope,) = derive.through_body(resampled, (g,), (out,), (input,), 1)
    return (slope,)


def _resampled(
    input: Node, size: tuple[int, ...], scales: tuple[float | None, ...], mode: str,
    align_corners: bool, weights: DType | None,
) -> Node:  # fmt: skip
    x = build.cast(input, float64 if input.dtype is float64 else compute_dtype(input.dtype))
    bytes_ = input.dtype is uint8
    if bytes_ and len(size) == 2 and not mode.startswith("nearest"):
        x = build.cast(input, float32)
    # The last axis first: the largest share of the work on the smaller array when enlarging.
    for axis, (count, scale) in reversed(list(enumerate(zip(size, scales, strict=True), start=2))):
        if mode in ("nearest", "nearest-exact"):
            x = _nearest(x, axis, count, scale, mode == "nearest-exact")
        elif bytes_ and len(size) == 2:
            step = _step(x.shape[axis], count, scale, align_corners)
            kernel = None if mode == "linear" else CUBIC
            x = bytes_along(x, axis, count, step, align_corners, kernel)
        elif mode == "linear":
            kept = weights if len(size) == 3 and not bytes_ else None
            x = _linear(x, axis, count, scale, align_corners, kept)
        else:
            x = _cubic(x, axis, count, scale, align_corners)
    return build.cast(x, input.dtype)
