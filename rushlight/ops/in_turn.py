"""Sums of halves taken as PyTorch's kernels take them: one after another, each rounded.

Only halves come here: beside eight bits of fraction the order of a sum is seen. Wider numbers take
the kernels, which add in the order that is fastest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rushlight.base.dtype import float64, int64
from rushlight.base.shape import contiguous_strides
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import increased, like, over, plus, scaled, times


def added_in_turn(count: int, places: Node, values: Node) -> Node:
    """``count`` sums of ``values`` at their flat ``places``; those at ``count`` are lost."""
    size = places.size
    zeros = const(0, (count + 1,), values.dtype)
    sums = build.scatter(zeros, reshape(places, (size,)), reshape(values, (size,)), 0, "add")
    return build.slice(sums, (0,), (count,), (1,))


@dataclass(frozen=True)
class Windows:
    """``counts`` windows of ``taps`` elements along the axes S of something (N, *S, C).

    ``starts`` and ``stops`` of each axis: where window i begins and which place it does not reach.
    """

    shape: tuple[int, ...]
    counts: tuple[int, ...]
    taps: tuple[int, ...]
    starts: tuple[Node, ...]
    stops: tuple[Node, ...]
    dilation: tuple[int, ...]

    @property
    def whole(self) -> tuple[int, ...]:
        """(N, *counts, *taps, C): every tap of every window."""
        return (self.shape[0], *self.counts, *self.taps, self.shape[-1])

    def places(self) -> Node:
        """Where each tap is in the flat elements; how many these are where there is none."""
        rank, steps = len(self.counts), contiguous_strides(self.shape)
        flat = plus(self._along(0, steps[0]), self._along(2 * rank + 1, 1))
        inside: Node | None = None
        for axis, (start, stop) in enumerate(zip(self.starts, self.stops, strict=True)):
            tap = self._along(1 + rank + axis, self.dilation[axis])
            at = plus(self._of_axis(start, axis), tap)
            below = binary("lt", at, self._of_axis(stop, axis))
            within = binary("and", binary("le", like(at, 0), at), below)
            inside = within if inside is None else binary("and", inside, within)
            flat = plus(flat, times(at, like(at, steps[1 + axis])))
        assert inside is not None
        return build.where(inside, flat, like(flat, math.prod(self.shape)))

    def _along(self, axis: int, step: int) -> Node:
        place = build.iota(self.whole, axis)
        return times(place, like(place, step))

    def _of_axis(self, row: Node, axis: int) -> Node:
        shape = tuple(row.size if k == 1 + axis else 1 for k in range(len(self.whole)))
        return build.expand(reshape(row, shape), self.whole)

    def spread(self, x: Node) -> Node:
        """(N, *counts, C) repeated for each tap."""
        short = (*x.shape[:-1], *(1,) * len(self.taps), x.shape[-1])
        return build.expand(reshape(x, short), self.whole)


def _row(count: int) -> Node:
    return build.iota((count,), 0)


def sliding(
    shape: Sequence[int], counts: Sequence[int], taps: Sequence[int], stride: Sequence[int],
    padding: Sequence[tuple[int, int]], dilation: Sequence[int],
) -> Windows:  # fmt: skip
    """The windows of ordinary pooling."""
    starts = tuple(
        increased(times(_row(count), like(_row(count), step)), -low)
        for count, step, (low, _) in zip(counts, stride, padding, strict=True)
    )
    stops = tuple(
        const(size, (count,), int64) for size, count in zip(shape[1:-1], counts, strict=True)
    )
    return Windows(tuple(shape), tuple(counts), tuple(taps), starts, stops, tuple(dilation))


def adaptive(shape: Sequence[int], counts: Sequence[int]) -> Windows:
    """Window i of n elements covers floor(i * n / count) .. ceil((i + 1) * n / count)."""
    pairs = list(zip(shape[1:-1], counts, strict=True))
    taps = tuple(
        max(-(-(i + 1) * size // count) - i * size // count for i in range(count))
        for size, count in pairs
    )

    def edge(size: int, count: int, first: int, rounding: str) -> Node:
        place = increased(build.cast(_row(count), float64), first)
        share = over(scaled(place, size), const(count, (count,), float64))
        return build.cast(unary(rounding, share), int64)

    starts = tuple(edge(*pair, 0, "floor") for pair in pairs)
    stops = tuple(edge(*pair, 1, "ceil") for pair in pairs)
    return Windows(tuple(shape), tuple(counts), taps, starts, stops, (1,) * len(taps))
