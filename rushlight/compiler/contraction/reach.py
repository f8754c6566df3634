"""Taps that meet nothing but padding, left out: results are taken in rectangles that have all.

Where taps are 12 apart and the image is 28 wide, half of all products of a convolution are with
zeros; where they are 36 apart, eight ninths are. Results in a row whose taps reach the image are
the same ones follow each other: a handful of runs along each axis, which cross in rectangles.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.window import Axis, Problem
from rushlight.ir.size import decision

# The share of products with the image from which on nothing is left out: rectangles are cut into
# tiles one by one, and taps of a row do not follow each other.
_MANY = 0.9


def clipped(problem: Problem) -> Problem:
    """The problem, its axes marked where so many products are with padding that they are better
    left out.

    Taps side by side meet little of it, and are one run of memory, which is worth more.
    """
    row, column = problem.row, problem.column
    if max(row.dilation, column.dilation) == 1 or not _few(*_numbers(row), *_numbers(column)):
        return problem
    return problem.replace(row=row.replace(clips=True), column=column.replace(clips=True))


def _numbers(axis: Axis) -> tuple[int, ...]:
    return axis.size, axis.taps, axis.out, axis.stride, axis.dilation, axis.low


def _axis(size: int, taps: int, out: int, stride: int, dilation: int, low: int) -> Axis:
    return Axis(size, taps, out, stride, dilation, low)


@decision
def _few(*axes: int) -> bool:
    share = 1.0
    for axis in (_axis(*axes[:6]), _axis(*axes[6:])):
        share *= _met(axis) / max(1, axis.out * axis.taps)
    return share < _MANY


def _met(axis: Axis) -> int:
    """Products along an axis that are with the image.

    >>> _met(Axis(size=28, taps=3, out=28, stride=1, dilation=12, low=12))
    60
    """
    return sum(_results(axis, tap) for tap in range(axis.taps))


def _results(axis: Axis, tap: int) -> int:
    """At how many results a tap meets the image."""
    start = tap * axis.dilation - axis.low
    first = max(0, -(start // axis.stride))
    stop = min(axis.out, -((start - axis.size) // axis.stride))
    return max(0, stop - first)


def without_far_taps(problem: Problem) -> Problem:
    """The same results of a convolution whose first and last taps never meet the image.

    Of 3 x 3 taps 36 apart, on 28 x 28 pixels, the one in the middle is left.
    """
    if max(problem.row.dilation, problem.column.dilation) == 1:
        return problem
    w, axes = problem.w, []
    for place, axis in ((3, problem.row), (4, problem.column)):
        first, count = _near(*_numbers(axis))
        w = w.every(place, first, 1, count)
        low = axis.low - first * axis.dilation
        axes.append(Axis(axis.size, count, axis.out, axis.stride, axis.dilation, low))
    return Problem(problem.x, w, problem.out, *axes)


@decision
def _near(*numbers: int) -> tuple[int, int]:
    """First of the taps that meet the image anywhere, and how many there are up to the last."""
    axis = _axis(*numbers)
    met = [tap for tap in range(axis.taps) if _results(axis, tap)]
    return (met[0], met[-1] + 1 - met[0]) if met else (0, axis.taps)


class Along(Record):
    """One axis of a kernel (names of values); see ``window.Axis``."""

    size: str
    taps: str
    stride: str
    dilation: str
    low: str

    @staticmethod
    def of(word: dict[str, str], axis: str) -> Along:
        """``axis``: 'row' or 'column'."""
        size = word["height" if axis == "row" else "width"]
        names = ("taps", "stride", "dilation", "low")
        return Along(size, *(word[f"{name}_{axis}"] for name in names))

    def origin(self, body: Body, first: str, slab: str) -> tuple[str, str]:
        """Where a copy of ``slab`` inputs begins for results from input ``first`` on, and how far
        after that (or before) ``first`` is."""
        begin = body.max(body.min(first, body.sub(self.size, slab)), "0")
        return begin, body.sub(first, begin)

    def taps_at(self, body: Body, place: str) -> tuple[str, str]:
        """First of the taps that meet the image at result ``place``, and the one after the last.

        Where none does, the second may be below the first.
        """
        start = body.sub(body.mul(place, self.stride), self.low)
        first = body.ceil_div(body.max(body.sub("0", start), "0"), self.dilation)
        stop = body.ceil_div(body.max(body.sub(self.size, start), "0"), self.dilation)
        return body.min(first, self.taps), body.min(stop, self.taps)

    def results_of(self, body: Body, tap: str, begin: str, count: str) -> tuple[str, str]:
        """First of results ``begin, begin + 1, ...`` that tap ``tap`` meets the image at, from
        ``begin``, and how many of ``count`` do."""
        start = body.add(
            body.mul(begin, self.stride), body.sub(body.mul(tap, self.dilation), self.low)
        )
        first = body.ceil_div(body.max(body.sub("0", start), "0"), self.stride)
        stop = body.ceil_div(body.max(body.sub(self.size, start), "0"), self.stride)
        first, stop = body.min(first, count), body.min(stop, count)
        return first, body.max(body.sub(stop, first), "0")

    @contextmanager
    def runs(
        self, body: Body, begin: str, count: str, state: str
    ) -> Iterator[tuple[str, str, str, str]]:
        """A loop over results ``begin, ...`` (``count`` of them), run by run of those with the same
        taps: its first and length, the first tap and how many. ``state``: 8 bytes of memory."""
        stop = body.add(begin, count)
        body.store("i64", begin, state)
        # Each tap begins to meet the image once, and ends once.
        with body.loop("0", body.add(body.mul(self.taps, "2"), "1")):
            here = body.load("i64", state)
            with body.when(body.less(here, stop)):
                first, last = self.taps_at(body, here)
                # The tap before the first meets it next, the last one leaves it.
                enters = self._first_beyond(body, "0", first)
                leaves = self._first_beyond(body, self.size, last)
                enters = body.select(body.less("0", first), enters, stop)
                leaves = body.select(body.less("0", last), leaves, stop)
                after = body.min(body.min(enters, leaves), stop)
                taps = body.max(body.sub(last, first), "0")
                yield here, body.sub(after, here), first, taps
                body.store("i64", after, state)

    def _first_beyond(self, body: Body, edge: str, tap: str) -> str:
        """The first result whose tap ``tap - 1`` is at ``edge`` or after it."""
        far = body.mul(body.sub(tap, "1"), self.dilation)
        return body.ceil_div(body.max(body.sub(body.add(edge, self.low), far), "0"), self.stride)


class Rectangle(Record):
    """Results of a chunk that have the same taps (names of values).

    ``place``: of the first one among the chunk's results; then how many, and first and number of
    their taps along each axis.
    """

    place: str
    results: str
    tap_row: str
    tap_rows: str
    tap_column: str
    tap_columns: str


_WORDS = 6


class Rectangles(Record):
    """The rectangles of a chunk, on the stack: memory for them, and for three numbers."""

    memory: str
    numbers: str

    @staticmethod
    def make(body: Body, most: int) -> Rectangles:
        """Room for ``most``, one a result: at the beginning of a function."""
        return Rectangles(
            body.op(f"alloca [{most * _WORDS * 8} x i8], align 8"),
            body.op("alloca [32 x i8], align 8"),
        )

    @contextmanager
    def fill(
        self, body: Body, word: dict[str, str], images: str, rows: tuple[str, str],
        columns: tuple[str, str],
    ) -> Iterator[tuple[tuple[str, str], tuple[str, str], str]]:  # fmt: skip
        """A loop over the rectangles of these rows and columns, first and count of each axis.

        Gives those of one, and its place among the results of all ``images``.
        """
        count, place = self.numbers, body.at(self.numbers, "8")
        body.store("i64", "0", count)
        body.store("i64", "0", place)
        down, across = Along.of(word, "row"), Along.of(word, "column")
        with (
            down.runs(body, *rows, body.at(self.numbers, "16")) as (row, height, *row_taps),
            across.runs(body, *columns, body.at(self.numbers, "24")) as (column, width, *taps),
        ):
            first, number = body.load("i64", place), body.load("i64", count)
            results = body.mul(images, body.mul(height, width))
            here = body.at(self.memory, body.mul(number, str(_WORDS * 8)))
            for index, value in enumerate((first, results, *row_taps, *taps)):
                body.store("i64", value, body.at(here, str(8 * index)))
            yield (row, height), (column, width), first
            body.store("i64", body.add(first, results), place)
            body.store("i64", body.add(number, "1"), count)

    @contextmanager
    def each(self, body: Body) -> Iterator[Rectangle]:
        """A loop over them all."""
        with body.loop("0", body.load("i64", self.numbers)) as number:
            here = body.at(self.memory, body.mul(number, str(_WORDS * 8)))
            yield Rectangle(
                *(body.load("i64", body.at(here, str(8 * index))) for index in range(_WORDS))
            )
