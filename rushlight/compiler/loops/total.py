"""The accumulators of one reduction while its loops run."""

from __future__ import annotations

from typing import final

from rushlight.compiler.emit import Writer
from rushlight.compiler.loops.combine import LAST, PLACE, Combine

# A sum of float32 goes through partial sums of this many terms.
SEGMENT = 32


@final
class Total:
    """Totals, and for float sums the partial sums of the block that runs.

    They have a power of two of lanes: LLVM would carry ten numbers round a loop in ten registers.
    """

    def __init__(self, w: Writer, combine: Combine, lanes: int) -> None:
        self.w = w
        self.combine = combine
        self.given = lanes
        self.lanes = lanes = 1 << (lanes - 1).bit_length()
        self.kind = w.kind(combine.element, lanes)
        self.start = w.splat(combine.start(), combine.element, lanes)
        self.total = w.variable(self.kind, self.start)
        self.place = ""
        if combine.places:
            self.place = w.variable(w.kind(PLACE, lanes), w.splat(LAST, PLACE, lanes))
        self.partials: list[str] = []  # the innermost last

    def open(self) -> None:
        """Start a partial sum."""
        if self.combine.blocked:
            self.partials.append(self.w.variable(self.kind, self.start))

    def close(self) -> None:
        """The partial sum is over: a term of the one around it."""
        if self.partials:
            self._join(self.w.let(f"load {self.kind}, ptr {self.partials.pop()}"), "")

    def add(self, value: str, place: str) -> None:
        value = self._resized(value, self.combine.element, self.given, self.lanes)
        if place:
            place = self._resized(place, PLACE, self.given, self.lanes)
        self._join(value, place)

    def _join(self, value: str, place: str) -> None:
        w = self.w
        into = self.partials[-1] if self.partials else self.total
        old = w.let(f"load {self.kind}, ptr {into}")
        if not self.combine.places:
            new = self.combine.join(w, self.lanes, old, value)
            w.do(f"store {self.kind} {new}, ptr {into}")
            return
        whole = w.kind(PLACE, self.lanes)
        first = w.let(f"load {whole}, ptr {self.place}")
        join = self.combine.join_next if self.combine.ordered else self.combine.join_places
        new, place = join(w, self.lanes, (old, first), (value, place))
        w.do(f"store {self.kind} {new}, ptr {into}")
        w.do(f"store {whole} {place}, ptr {self.place}")

    def result(self) -> tuple[str, str]:
        value = self.w.let(f"load {self.kind}, ptr {self.total}")
        value = self._resized(value, self.combine.element, self.lanes, self.given)
        if not self.place:
            return value, ""
        place = self.w.let(f"load {self.w.kind(PLACE, self.lanes)}, ptr {self.place}")
        return value, self._resized(place, PLACE, self.lanes, self.given)

    def _resized(self, value: str, element: str, lanes: int, wanted: int) -> str:
        if lanes == wanted:
            return value
        kind = self.w.kind(element, lanes)
        mask = ", ".join(f"i32 {lane}" if lane < lanes else "i32 poison" for lane in range(wanted))
        return self.w.let(f"shufflevector {kind} {value}, {kind} poison, <{wanted} x i32> <{mask}>")
