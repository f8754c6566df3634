"""What pooling kernels share: windows over three spatial axes, ranges of taps, channels in lanes.

One or two spatial axes become three with windows of 1 before them. Windows, strides and dilations
are in the text of a kernel, sizes and paddings are words.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.pack import pieces
from rushlight.ir.graph import Attrs
from rushlight.runtime import cpu

Triple = tuple[int, int, int]
# Windows of up to so many taps are written out where all of them are inside.
UNROLLED_TAPS = 16
_MOST_LANES = 16


def triple(numbers: tuple[int, ...], fill: int) -> Triple:
    """
    >>> triple((2, 3), 1)
    (1, 2, 3)
    """
    first, second, third = (fill,) * (3 - len(numbers)) + numbers
    return first, second, third


class Window(Record):
    """The part of a pool that its kernel's text knows."""

    taps: Triple
    stride: Triple
    dilation: Triple

    @staticmethod
    def of(attrs: Attrs) -> Window:
        return Window(
            triple(attrs["window"], 1), triple(attrs["stride"], 1), triple(attrs["dilation"], 1)
        )

    @property
    def count(self) -> int:
        return math.prod(self.taps)

    def places(self) -> Iterator[Triple]:
        """Distances of each tap from the window's first, in elements of each axis."""
        depth, height, width = (
            range(0, taps * gap, gap) for taps, gap in zip(self.taps, self.dilation, strict=True)
        )
        for d in depth:
            for h in height:
                for w in width:
                    yield d, h, w


def padding_before(attrs: Attrs) -> Triple:
    return triple(tuple(lo for lo, _ in attrs["padding"]), 0)


def side_by_side(window: Window, pad: Triple) -> bool:
    """Whether windows of an array that has no padding do not overlap, and are written out."""
    return (
        window.taps == window.stride
        and window.dilation == (1, 1, 1)
        and not any(pad)
        and window.count <= UNROLLED_TAPS
    )


class Channels(Record):
    """How a pixel's channels lie in registers: a loop of vectors, or pieces of a small count.

    ``small`` is the channel count where it is less than a vector, else 0. The last vector of the
    loop overlaps the one before it, so that there is no remainder: what is computed twice is the
    same.
    """

    lanes: int
    small: int

    @staticmethod
    def of(dtype: str, count: int) -> Channels:
        itemsize = values.SIZES[values.register_dtype(dtype)]
        lanes = min(_MOST_LANES, cpu.host().lanes(itemsize))
        return Channels(lanes, count if count < lanes else 0)

    @contextmanager
    def each(self, body: Body, count: str) -> Iterator[list[tuple[str, int]]]:
        """Yields (first channel, lanes) pairs to be written inside, one after another."""
        if self.small:
            yield [(str(place), lanes) for place, lanes in pieces(self.small, self.lanes)]
            return
        with body.loop("0", count, str(self.lanes)) as index:
            first = body.min(index, body.sub(count, str(self.lanes)))
            yield [(first, self.lanes)]

    def shapes(self) -> list[int]:
        """The vector lengths that occur."""
        if not self.small:
            return [self.lanes]
        return sorted({lanes for _, lanes in pieces(self.small, self.lanes)})


def tap_range(body: Body, origin: str, size: str, taps: int, gap: int) -> tuple[str, str]:
    """The taps [first, last) of a window at ``origin`` that lie in an axis of ``size``."""
    if taps == 1:
        # A window of one tap may still lie in the padding altogether.
        inside = body.op(f"icmp ult i64 {origin}, {size}")
        return "0", body.op(f"zext i1 {inside} to i64")
    before = body.max(body.op(f"sub i64 0, {origin}"), "0")
    first = body.ceil_div(before, str(gap))
    left = body.max(body.sub(size, origin), "0")
    return first, body.min(body.ceil_div(left, str(gap)), str(taps))


def window_range(
    body: Body, place: str, count: str, padding: str, taps: int, stride: int, gap: int
) -> tuple[str, str]:
    """The windows [first, last) of ``count`` along an axis that may cover ``place`` of it."""
    padded = body.add(place, padding)
    reach = body.max(body.sub(padded, str((taps - 1) * gap)), "0")
    first = body.ceil_div(reach, str(stride))
    return first, body.min(body.add(body.div(padded, str(stride)), "1"), count)
