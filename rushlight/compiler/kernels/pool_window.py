"""What pooling kernels share: windows over three spatial axes, ranges of taps, channels in lanes.

One or two spatial axes become three with windows of 1 before them. Windows, strides and dilations
are in the text of a kernel, sizes and paddings are words. So are taps and strides of large windows,
whose taps are not written out: a mean of whole images is one kernel for images of all sizes.
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


# What is a word where the text has 0 in its place.
WINDOW_WORDS = ("taps_d", "taps_h", "taps_w", "stride_d", "stride_h", "stride_w")


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

    @property
    def unrolled(self) -> bool:
        """Whether the taps are written out."""
        return 0 < self.count <= UNROLLED_TAPS

    def written(self) -> Window:
        """What the text of a kernel has: 0 for what is a word there."""
        if self.unrolled:
            return self
        taps, stride = (
            triple(tuple(1 if number == 1 else 0 for number in numbers), 1)
            for numbers in (self.taps, self.stride)
        )
        return Window(taps, stride, self.dilation)

    def words(self) -> tuple[int, ...]:
        """The numbers of ``WINDOW_WORDS`` for a kernel that has them."""
        return () if self.unrolled else (*self.taps, *self.stride)

    def names(self) -> tuple[str, ...]:
        """The words that a kernel with this window in its text has."""
        return () if self.unrolled else WINDOW_WORDS

    def numbers(self, word: dict[str, str]) -> tuple[list[str], list[str]]:
        """Taps and strides as a kernel reads them."""
        given = [
            str(number) if number else word[name]
            for number, name in zip((*self.taps, *self.stride), WINDOW_WORDS, strict=True)
        ]
        return given[:3], given[3:]

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
        and window.unrolled
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


def tap_range(body: Body, origin: str, size: str, taps: str, gap: int) -> tuple[str, str]:
    """The taps [first, last) of a window at ``origin`` that lie in an axis of ``size``."""
    if taps == "1":
        # A window of one tap may still lie in the padding altogether.
        inside = body.op(f"icmp ult i64 {origin}, {size}")
        return "0", body.op(f"zext i1 {inside} to i64")
    before = body.max(body.op(f"sub i64 0, {origin}"), "0")
    first = body.ceil_div(before, str(gap))
    left = body.max(body.sub(size, origin), "0")
    return first, body.min(body.ceil_div(left, str(gap)), taps)


def window_range(
    body: Body, place: str, count: str, padding: str, taps: str, stride: str, gap: int
) -> tuple[str, str]:
    """The windows [first, last) of ``count`` along an axis that may cover ``place`` of it."""
    padded = body.add(place, padding)
    length = body.mul(body.sub(taps, "1"), str(gap))
    first = body.ceil_div(body.max(body.sub(padded, length), "0"), stride)
    return first, body.min(body.add(body.div(padded, stride), "1"), count)
