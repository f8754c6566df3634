"""The largest x and the sum of exponentials below it, in one pass over a panel.

What softmax and its kin need takes two passes, each of which reads x: from main memory where x is
large. In one, exponentials are taken below the largest x of some rows before, c, which only moves
where a group of rows goes far beyond it:

  m = max(m, x of the group)
  if m > c + FAR:  sum = sum * exp(c - m), c = m
  sum = sum + sum of exp(x - c) over the group
  at the end: sum * exp(c - m)

The group is read again only where c moves: mostly once, after the first group.
(After Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018, whose c is m.)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, final

from rushlight.base.dtype import float32
from rushlight.compiler import emit_scalar
from rushlight.compiler.emit import Writer, literal
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.combine import Combine
from rushlight.compiler.loops.stream import LARGE
from rushlight.compiler.loops.terms import is_below_largest
from rushlight.compiler.loops.total import Total

if TYPE_CHECKING:
    from rushlight.compiler.loops.body import Env
    from rushlight.compiler.loops.panel import Panel
    from rushlight.compiler.loops.schedule import Schedule

ELEMENT = "float"
LOWEST = -3.4028234663852886e38
# How far x may be above c: as few as possible groups twice, and the digits of ``exp_term``.
FAR = 8.0


def find_joined(schedule: Schedule) -> dict[Value, Value]:
    """Sums of the second pass that the first can make, each with its largest: all of them or none.

    Where the caches hold a panel, or the second pass has other work, nothing would be saved.
    """
    s = schedule
    if not s.panel or s.saved or s.row_count * s.inner_count * float32.itemsize < LARGE:
        return {}
    if any(store.full and store.value.phase == 1 for store in s.stores):
        return {}
    sums = [v for v in s.values if v.op == "reduce" and v.args[0].phase == 1]
    tops = [_largest_below(value) for value in sums]
    return {value: top for value, top in zip(sums, tops, strict=True) if top} if all(tops) else {}


def _largest_below(value: Value) -> Value | None:
    """max(x), where ``value`` is the sum of exp(x - max(x))."""
    power = value.args[0]
    return power.args[0].args[1] if value.data == "sum" and is_below_largest(power) else None


@final
class Group:
    """The sum ``value`` and its largest, ``top``, over one group of rows."""

    def __init__(self, panel: Panel, value: Value, top: Value, lanes: int) -> None:
        self.panel, self.value, self.top, self.lanes = panel, value, top, lanes
        self.kind = panel.w.kind(ELEMENT, lanes)
        self.center = panel.read(panel.centers[value], ELEMENT, lanes)
        self.total = Total(panel.w, panel.t.combines[value], lanes)

    def add(self, env: Env) -> None:
        """The row that runs."""
        self._add(self.total, self.center, env)

    def _add(self, total: Total, center: str, env: Env) -> None:
        x = self.panel.body.get(self.top.args[0], self.lanes, env)
        total.add(_power_below(self.panel.w, "exp_term", x, center, self.lanes), "")

    def close(self, rows: tuple[str, str], env: Env) -> None:
        """Add the group to the sum; the largest has been."""
        panel, w, lanes, kind = self.panel, self.panel.w, self.lanes, self.kind
        array, _ = panel.kept[self.value]
        new = panel.read(panel.kept[self.top][0], ELEMENT, lanes)
        far = w.splat(literal(FAR, ELEMENT), ELEMENT, lanes)
        limit = w.let(f"fadd {kind} {self.center}, {far}")
        beyond = w.let(f"fcmp ogt {kind} {new}, {limit}")
        with w.loop("0", w.let(f"zext i1 {_any(w, beyond, lanes)} to i64")):
            # once or not at all
            self._move(beyond, new, rows, env)
        before = panel.read(array, ELEMENT, lanes)
        joined = panel.t.combines[self.value].join(w, lanes, before, self.total.result()[0])
        panel.write(array, ELEMENT, lanes, joined)

    def _move(self, beyond: str, new: str, rows: tuple[str, str], env: Env) -> None:
        """Go over to the largest where it is far, and add the group's rows up anew."""
        panel, w, lanes, kind = self.panel, self.panel.w, self.lanes, self.kind
        array, _ = panel.kept[self.value]
        flags = w.kind("i1", lanes)
        center = w.let(f"select {flags} {beyond}, {kind} {new}, {kind} {self.center}")
        panel.write(panel.centers[self.value], ELEMENT, lanes, center)
        factor = _power_below(w, "exp_down", self.center, center, lanes)
        before = panel.read(array, ELEMENT, lanes)
        panel.write(array, ELEMENT, lanes, w.let(f"fmul {kind} {before}, {factor}"))
        again = Total(w, panel.t.combines[self.value], lanes)
        values = needed_full([self.top.args[0]])
        with w.loop(*rows) as row:
            panel.t.places.active[panel.s.inner[-1]] = row
            inner = dict(env)
            panel.body.emit(values, lanes, inner)
            self._add(again, center, inner)
        w.do(f"store {kind} {again.result()[0]}, ptr {self.total.total}")


def start(panel: Panel, sums: Iterable[Value], lanes: int) -> None:
    """Before the first row: a number, from which -inf can be subtracted."""
    lowest = panel.w.splat(literal(LOWEST, ELEMENT), ELEMENT, lanes)
    for value in sums:
        panel.write(panel.centers[value], ELEMENT, lanes, lowest)


def finish(panel: Panel, joined: dict[Value, Value], lanes: int, env: Env) -> None:
    """The sums below the largest. A term of each is 1, but where all x are -inf: x - max(x) is not
    a number then.
    """
    w = panel.w
    kind, flags = w.kind(ELEMENT, lanes), w.kind("i1", lanes)
    nan, half, one = (
        w.splat(literal(number, ELEMENT), ELEMENT, lanes) for number in (math.nan, 0.5, 1.0)
    )
    for value, top in joined.items():
        array, _ = panel.kept[value]
        total = panel.read(array, ELEMENT, lanes)
        empty = w.let(f"fcmp olt {kind} {total}, {half}")
        center = panel.read(panel.centers[value], ELEMENT, lanes)
        largest = panel.read(panel.kept[top][0], ELEMENT, lanes)
        factor = _power_below(w, "exp_down", center, largest, lanes)
        total = w.let(f"fmul {kind} {total}, {factor}")
        less = w.let(f"fcmp olt {kind} {total}, {one}")
        total = w.let(f"select {flags} {less}, {kind} {one}, {kind} {total}")
        total = w.let(f"select {flags} {empty}, {kind} {nan}, {kind} {total}")
        panel.write(array, ELEMENT, lanes, total)
        if top.data == "max":
            unknown = _any(w, w.let(f"fcmp uno {kind} {total}, {total}"), lanes)
            with w.loop("0", w.let(f"zext i1 {unknown} to i64")):
                _find_largest(panel, top, lanes, env)


def _find_largest(panel: Panel, top: Value, lanes: int, env: Env) -> None:
    """All rows once more, for what is NaN where some x is: the pass has left that out."""
    w, x = panel.w, top.args[0]
    total = Total(w, Combine("max", float32), lanes)
    values = needed_full([x])

    def row() -> None:
        inner = dict(env)
        panel.body.emit(values, lanes, inner)
        total.add(panel.body.get(x, lanes, inner), "")

    panel.t.nest(panel.s.inner, row)
    panel.write(panel.kept[top][0], ELEMENT, lanes, total.result()[0])


def _any(w: Writer, flags: str, lanes: int) -> str:
    if lanes == 1:
        return flags
    return w.let(f"call i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1> {flags})")


def _power_below(w: Writer, name: str, x: str, top: str, lanes: int) -> str:
    """exp(x - top) by the function ``name``."""
    below = emit_scalar.emit(w, "sub", float32, lanes, [x, top])
    return emit_scalar.emit(w, name, float32, lanes, [below])
