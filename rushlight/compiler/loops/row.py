"""Row form: one pass over the reduced variables of one row, the vector along the last of them.

A row is whole steps, of several vectors side by side; then whole vectors, then what is left under
a mask. Only that: memory read under masks is not fetched ahead (rows of 50 floats, a mask over each
vector of them: 9 GB/s on a Zen 5 core, 29 with one over the last).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rushlight.compiler.loops.body import Env
from rushlight.compiler.loops.build import Value
from rushlight.compiler.loops.combine import LAST, PLACE, Combine
from rushlight.compiler.loops.schedule import Store
from rushlight.compiler.loops.stream import ways
from rushlight.compiler.loops.total import SEGMENT, Total

if TYPE_CHECKING:
    from rushlight.compiler.loops.emit import LoopText


@final
class RowPass:
    """Writes one pass: accumulates ``reduces``, stores ``stores``; ``values``: what they need."""

    def __init__(
        self,
        text: LoopText,
        reduces: list[Value],
        stores: list[Store],
        values: list[Value],
        env: Env,
    ) -> None:
        self.t, self.s, self.w = text, text.s, text.w
        self.reduces, self.stores, self.values, self.env = reduces, stores, values, env
        self.step = self.s.lanes * self.s.unroll
        self.rest = self.s.lanes if self.s.masked or self.s.few else 1
        combines = [text.combines[v] for v in reduces]
        self.totals = [Total(self.w, combine, self.step) for combine in combines]
        self.tails = [Total(self.w, combine, self.rest) for combine in combines]

    def run(self) -> None:
        t, w, rest = self.t, self.w, self.rest
        t.inner_nest([*self.totals, *self.tails], self.s.inner[:-1], self._innermost)
        for value, total, tail in zip(self.reduces, self.totals, self.tails, strict=True):
            combine = total.combine
            joined = tail.result()
            if not self.s.few:
                main = combine.fold(w, self.step, rest, total.result())
                joined = combine.join_both(w, rest, main, joined)
            t.finish(value, combine.fold(w, rest, 1, joined), 1, self.env)

    def _innermost(self) -> None:
        t, s, w, rest = self.t, self.s, self.w, self.rest
        if s.few:
            self._written_out()
            return
        low, high = t.bounds(s.vector)
        done = t.whole(low, high, self.step)
        for start in ways(t.places, low, done, self.stores):
            t.segments(
                self.totals, start, done, SEGMENT * self.step, self.step,
                lambda index: self._body(index, self.step, self.totals, dict(self.env)),
            )  # fmt: skip
        if s.masked and s.unroll > 1:
            whole = t.whole(done, high, rest)
            with w.loop(done, whole, rest) as index:
                self._body(index, rest, self.tails, dict(self.env))
            done = whole
        with w.loop(done, high, rest) as index:
            if s.masked:
                t.places.set_mask(index, high, rest)
            self._body(index, rest, self.tails, dict(self.env))
            t.places.clear_mask()

    def _written_out(self) -> None:
        """Each vector of the row after the other; what is known of them by earlier passes stays."""
        t, s = self.t, self.s
        for number, held in enumerate(t.held):
            index = str(number * s.lanes)
            if number == s.few - 1 and not s.whole:
                t.places.set_mask(index, t.bounds(s.vector)[1], s.lanes)
            held.update(self.env)
            self._body(index, s.lanes, self.tails, held)
            t.places.clear_mask()

    def _body(self, index: str, width: int, into: list[Total], inner: Env) -> None:
        t = self.t
        t.places.active[self.s.vector] = index
        t.body.emit(self.values, width, inner)
        for value, total in zip(self.reduces, into, strict=True):
            arg = t.truth(value, t.body.get(value.args[0], width, inner), width)
            place = t.position(value, width)
            if t.places.mask:
                arg, place = self._only_there(total.combine, arg, place, width)
            total.add(arg, place)
        for store in self.stores:
            t.body.store(store, width, inner)

    def _only_there(self, combine: Combine, arg: str, place: str, lanes: int) -> tuple[str, str]:
        """Lanes past the end of a row count for nothing."""
        w, mask = self.w, self.t.places.mask
        flags, kind = w.kind("i1", lanes), w.kind(combine.element, lanes)
        nothing = w.splat(combine.start(), combine.element, lanes)
        arg = w.let(f"select {flags} {mask}, {kind} {arg}, {kind} {nothing}")
        if place:
            whole = w.kind(PLACE, lanes)
            last = w.splat(LAST, PLACE, lanes)
            place = w.let(f"select {flags} {mask}, {whole} {place}, {whole} {last}")
        return arg, place
