"""The accumulators of one reduction while its loops run."""

from __future__ import annotations

from typing import final

from rushlight.compiler.emit import Writer
from rushlight.compiler.loops.combine import LAST, PLACE, Combine


@final
class Total:
    """Totals, and for float sums the partial sums of the block that runs."""

    def __init__(self, w: Writer, combine: Combine, lanes: int) -> None:
        self.w = w
        self.combine = combine
        self.lanes = lanes
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
            self.add(self.w.let(f"load {self.kind}, ptr {self.partials.pop()}"), "")

    def add(self, value: str, place: str) -> None:
        w = self.w
        into = self.partials[-1] if self.partials else self.total
        old = w.let(f"load {self.kind}, ptr {into}")
        if not self.combine.places:
            new = self.combine.join(w, self.lanes, old, value)
            w.do(f"store {self.kind} {new}, ptr {into}")
            return
        whole = w.kind(PLACE, self.lanes)
        first = w.let(f"load {whole}, ptr {self.place}")
        new, place = self.combine.join_next(w, self.lanes, (old, first), (value, place))
        w.do(f"store {self.kind} {new}, ptr {into}")
        w.do(f"store {whole} {place}, ptr {self.place}")

    def result(self) -> tuple[str, str]:
        value = self.w.let(f"load {self.kind}, ptr {self.total}")
        if not self.place:
            return value, ""
        return value, self.w.let(f"load {self.w.kind(PLACE, self.lanes)}, ptr {self.place}")
