"""Maxima and means over windows chosen so that the result has a given size."""

from __future__ import annotations

import math
from typing import Any

from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape
from rushlight.ir.graph import Node
from rushlight.ops.conv import to_first, to_last
from rushlight.ops.in_turn import adaptive, added_in_turn
from rushlight.ops.pool.window import adaptive_windows, with_batch
from rushlight.ops.promote import compute_dtype
from rushlight.ops.reduce.dims import finish
from rushlight.ops.reduce.sum import mean_of
from rushlight.ops.table import composite


def _bins(size: int, count: int) -> list[tuple[int, int]]:
    """Adaptive bin i covers floor(i * size / count) .. ceil((i + 1) * size / count)."""
    return [(i * size // count, -(-(i + 1) * size // count)) for i in range(count)]


def _targets(who: str, x: Node, rank: int, output_size: Any) -> tuple[int, ...]:
    given = (output_size,) * rank if output_size is None or isinstance(output_size, int) else (
        tuple(output_size)
    )  # fmt: skip
    if len(given) != rank:
        raise RuntimeError(f"{who}: output_size must have {rank} values, got {list(given)}")
    return tuple(
        size if wanted is None else wanted for wanted, size in zip(given, x.shape[2:], strict=True)
    )


def require_elements(who: str, input: Node, rank: int, kind: str) -> None:
    """Raise RuntimeError where an axis that is not the batch's has no elements."""
    batch = input.ndim - rank - 2
    for axis in range(batch + 1, input.ndim):
        # PyTorch's mean of one or two axes lets a batch without channels pass, and fails after it.
        channels = axis == batch + 1
        if input.shape[axis] == 0 and not (channels and kind == "sum" and rank < 3):
            raise RuntimeError(
                f"{who}(): Expected input to have non-zero size for non-batch dimensions, but "
                f"input has sizes {list(input.shape)} with dimension {axis} being empty"
            )


def _is_mean(input: Node, rank: int) -> bool:
    """Where PyTorch's plain mean for one bin differs: any rank, complex numbers, nothing."""
    for axis in range(rank):
        normalize_dim(-1 - axis, input.ndim)
    return (
        input.ndim not in (rank + 1, rank + 2)
        or input.dtype.is_complex
        or 0 in input.shape[-rank - 1 :]
    )


def _require_line(input: Node, output_size: Any) -> None:
    """What PyTorch asks of the arguments of adaptive_avg_pool1d, which is built in there."""
    if output_size is None:
        raise TypeError(
            "adaptive_avg_pool1d(): argument 'output_size' (position 2) must be tuple of ints, not "
            "NoneType"
        )
    if input.ndim not in (2, 3):
        raise RuntimeError(
            f"Expected 2 to 3 dimensions, but got {input.ndim}-dimensional tensor for argument #1 "
            "'self' (while checking arguments for adaptive_avg_pool1d)"
        )


def _adaptive(who: str, rank: int, input: Node, output_size: Any, kind: str) -> Any:
    """Axis by axis: the mean of means (or the largest of largest) over a grid is separable."""
    if who == "adaptive_avg_pool1d":
        _require_line(input, output_size)
    elif isinstance(output_size, (tuple, list)) and input.ndim <= len(output_size):
        raise ValueError(f"Input dimension should be at least {len(output_size) + 1}")
    given = (output_size,) if isinstance(output_size, int) else tuple(output_size or ())
    if kind == "sum" and given and set(given) == {1} and _is_mean(input, rank):
        axes = tuple(range(input.ndim - rank, input.ndim))
        return finish(mean_of(input, axes), input, axes, True)
    x, batched = with_batch(who, input, rank)
    require_elements(who, input, rank, kind)
    targets = _targets(who, x, rank, output_size)
    regular = all(
        count and size % count == 0 for size, count in zip(x.shape[2:], targets, strict=True)
    )
    if min(targets) < 0:
        raise RuntimeError(
            f"{who}: elements of output_size must be greater than or equal to 0 but received "
            f"{list(targets)}"
        )
    # A mean of halves is rounded once, at its end, but for parts of volumes.
    wide = compute_dtype(x.dtype) if kind == "sum" else x.dtype
    last = build.cast(to_last(x), wide)
    in_turn = not regular or (rank == 3 and max(targets) > 1)
    if wide is not x.dtype and min(targets) and in_turn:
        out = _means_of_halves(to_last(x), targets)
    elif regular:
        taps = tuple(size // count for size, count in zip(x.shape[2:], targets, strict=True))
        window = (taps, taps, ((0, 0),) * rank, (1,) * rank)
        out = build.pool(last, kind, *window)
        if kind == "sum":
            out = binary("div", out, const(math.prod(taps), out.shape, out.dtype))
    else:
        out = last
        # The last axis first: then the first of equal elements, row by row, has the slope.
        for axis, count in reversed([*enumerate(targets)]):
            out = _binned(out, axis + 1, count, kind)
    out = build.cast(to_first(out), x.dtype)
    return out if batched else reshape(out, out.shape[1:])


def _binned(x: Node, axis: int, count: int, kind: str) -> Node:
    """The mean or the largest of each of ``count`` bins along one spatial axis of (N, *S, C)."""
    size, before, after = x.shape[axis], x.shape[:axis], x.shape[axis + 1 :]
    if not count:
        return const(0, (*before, 0, *after), x.dtype)
    # 130 places in 50 bins are 13 places in 5 bins, ten times.
    times = math.gcd(size, count)
    if 1 < times < count and (kind == "sum" or axis == 1):
        # (Pools are of one to three axes: those of the batch may be folded.)
        rows = (before[0] * times,) if axis == 1 else (*before, times)
        folded = reshape(x, (*rows, size // times, *after))
        part = _binned(folded, len(rows), count // times, kind)
        return reshape(part, (*before, count, *after))
    parts = []
    for start, stop in _bins(size, count):
        begin = tuple(start if place == axis else 0 for place in range(x.ndim))
        cut = build.slice(x, begin, (*before, stop - start, *after), (1,) * x.ndim)
        if kind == "max":
            rank = x.ndim - 2
            taps = tuple(stop - start if place == axis else 1 for place in range(1, 1 + rank))
            parts.append(build.pool(cut, kind, taps, taps, ((0, 0),) * rank, (1,) * rank))
            continue
        total = build.reduce(cut, kind, (axis,))
        mean = binary("div", total, const(stop - start, total.shape, total.dtype))
        parts.append(reshape(mean, (*before, 1, *after)))
    return build.cat(parts, axis)


def _means_of_halves(x: Node, counts: tuple[int, ...]) -> Node:
    """(N, *S, C) -> (N, *counts, C), rounded where PyTorch does, and so that its slope is.

    That is summed in turn, as reading by index is; and so are volumes themselves.
    """
    bins = adaptive(x.shape, counts)
    places, out = bins.places(), (x.shape[0], *counts, x.shape[-1])
    taken = build.take(build.pad(reshape(x, (x.size,)), (0,), (1,), 0), places, 0)
    if len(counts) == 3:
        owner = reshape(build.iota((math.prod(out),), 0), out)
        mean = reshape(added_in_turn(math.prod(out), bins.spread(owner), taken), out)
    else:
        taps = tuple(range(1 + len(counts), 1 + 2 * len(counts)))
        mean = build.reduce(build.cast(taken, compute_dtype(x.dtype)), "sum", taps)
    for axis, (start, stop) in enumerate(zip(bins.starts, bins.stops, strict=True)):
        size = build.cast(binary("sub", stop, start), mean.dtype)
        row = tuple(n if k == 1 + axis else 1 for k, n in enumerate(out))
        mean = binary("div", mean, build.expand(reshape(size, row), out))
    return mean


def _adaptive_op(rank: int, kind: str) -> Any:
    word = "avg" if kind == "sum" else "max"
    name = f"adaptive_{word}_pool{rank}d"

    def body(input: Node, output_size: Any) -> Node:
        out: Node = _adaptive(name, rank, input, output_size, kind)
        return out

    body.__doc__ = (
        f"The {'mean' if kind == 'sum' else 'largest'} of each of output_size bins an axis; None "
        "keeps an axis as it is."
    )
    plain = name if kind == "sum" else f"_{name}"
    return composite(
        body, name=plain, torch=rank == 1, functional=True,
        grad_name=f"Adaptive{word.capitalize()}Pool{rank}D",
    )  # fmt: skip


adaptive_avg_pool1d = _adaptive_op(1, "sum")

adaptive_avg_pool1d.samples(adaptive_windows(1))
adaptive_avg_pool2d = _adaptive_op(2, "sum")

adaptive_avg_pool2d.samples(adaptive_windows(2))
adaptive_avg_pool3d = _adaptive_op(3, "sum")

adaptive_avg_pool3d.samples(adaptive_windows(3))
adaptive_max_pool1d = _adaptive_op(1, "max")

adaptive_max_pool1d.samples(adaptive_windows(1))
adaptive_max_pool2d = _adaptive_op(2, "max")

adaptive_max_pool2d.samples(adaptive_windows(2))
adaptive_max_pool3d = _adaptive_op(3, "max")

adaptive_max_pool3d.samples(adaptive_windows(3))
