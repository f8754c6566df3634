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
from typing import TYPE_CHECKING, final

from rushlight.base.dtype import float32
from rushlight.compiler import emit_scalar
from rushlight.compiler.emit import Writer, literal
from rushlight.compiler.loops.body import Env
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.combine import Combine
from rushlight.compiler.loops.schedule import Schedule
from rushlight.compiler.loops.stream import LARGE
from rushlight.compiler.loops.terms import is_below_largest
from rushlight.compiler.loops.total import Total

if TYPE_CHECKING:
    from rushlight.compiler.loops.panel import Panel

ELEMENT = "float"
LOWEST = -3.4028234663852886e38
# How far x may be above c: as few as possible groups twice, and the digits of ``exp_term``.
FAR = 8.0


def find_joined(schedule: Schedule) -> dict[Value, Value]:
    """Sums of the second pass that the first can make, each with its largest: all of them or none.

    Where the caches hold a panel, or one of the passes has other work, nothing would be saved.
    """
    s = schedule
    if not s.panel or s.saved or s.row_count * s.inner_count * float32.itemsize < LARGE:
        return {}
    if any(store.full and store.value.phase == 1 for store in s.stores):
        return {}
    sums = [v for v in s.values if v.op == "reduce" and v.args[0].phase == 1]
    tops = [_largest_below(value) for value in sums]
    if any(v.op == "reduce" and v.args[0].phase == 0 and v not in tops for v in s.values):
        return {}
    return {value: top for value, top in zip(sums, tops, strict=True) if top} if all(tops) else {}


def _largest_below(value: Value) -> Value | None:
    """max(x), where ``value`` is the sum of exp(x - max(x))."""
    power = value.args[0]
    return power.args[0].args[1] if value.data == "sum" and is_below_largest(power) else None


@final
class Below:
    """The sum ``value`` and its largest, ``top``, over one group of rows after the other.

    Rows stream past whole, so the group's sums wait in memory, as largest and centre do: the first
    cache takes that faster than a column of lines a power of two apart.
    """

    def __init__(self, panel: Panel, value: Value, top: Value) -> None:
        self.panel, self.value, self.top = panel, value, top
        self.made = None
        self.combine = panel.t.combines[value]
        # NaN is looked for at the end.
        panel.t.combines[top] = Combine("fmax", top.args[0].dtype)
        self.sums, self.center = panel.array(ELEMENT), panel.array(ELEMENT)

    def start(self, lanes: int, env: Env) -> None:
        """Before the first row: exponentials are below what it holds, if that is a number."""
        panel, w = self.panel, self.panel.w
        for variable in panel.s.inner:
            panel.t.places.active[variable], _ = panel.t.bounds(variable)
        panel.body.emit(needed_full([self.top.args[0]]), lanes, env)
        x = panel.body.get(self.top.args[0], lanes, env)
        lowest = w.splat(literal(LOWEST, ELEMENT), ELEMENT, lanes)
        center = Combine("fmax", float32).join(w, lanes, lowest, x)
        panel.write(self.center, ELEMENT, lanes, center)
        self._clear(lanes)

    def _clear(self, lanes: int) -> None:
        nothing = self.panel.w.splat(self.combine.start(), ELEMENT, lanes)
        self.panel.write(self.sums, ELEMENT, lanes, nothing)

    def add(self, lanes: int, env: Env) -> None:
        """The row that runs."""
        panel = self.panel
        center = panel.read(self.center, ELEMENT, lanes)
        before = panel.read(self.sums, ELEMENT, lanes)
        term = self._term(center, lanes, env)
        panel.write(self.sums, ELEMENT, lanes, self.combine.join(panel.w, lanes, before, term))

    def _term(self, center: str, lanes: int, env: Env) -> str:
        x = self.panel.body.get(self.top.args[0], lanes, env)
        return _power_below(self.panel.w, "exp_term", x, center, lanes)

    def close(self, rows: tuple[str, str], lanes: int, env: Env) -> None:
        """Add the group to the sum; the largest has been."""
        panel, w, kind = self.panel, self.panel.w, self.panel.w.kind(ELEMENT, lanes)
        array, _ = panel.kept[self.value]
        center = panel.read(self.center, ELEMENT, lanes)
        new = panel.read(panel.kept[self.top][0], ELEMENT, lanes)
        far = w.splat(literal(FAR, ELEMENT), ELEMENT, lanes)
        limit = w.let(f"fadd {kind} {center}, {far}")
        beyond = w.let(f"fcmp ogt {kind} {new}, {limit}")
        with w.loop("0", w.let(f"zext i1 {_any(w, beyond, lanes)} to i64")):
            # once or not at all
            flags = w.kind("i1", lanes)
            moved = w.let(f"select {flags} {beyond}, {kind} {new}, {kind} {center}")
            self._move(center, moved, rows, lanes, env)
        before, more = (panel.read(each, ELEMENT, lanes) for each in (array, self.sums))
        panel.write(array, ELEMENT, lanes, self.combine.join(w, lanes, before, more))
        self._clear(lanes)

    def _move(self, old: str, new: str, rows: tuple[str, str], lanes: int, env: Env) -> None:
        """Go over to another centre, and add the group's rows up anew."""
        panel, w, kind = self.panel, self.panel.w, self.panel.w.kind(ELEMENT, lanes)
        array, _ = panel.kept[self.value]
        panel.write(self.center, ELEMENT, lanes, new)
        factor = _power_below(w, "exp_down", old, new, lanes)
        before = panel.read(array, ELEMENT, lanes)
        panel.write(array, ELEMENT, lanes, w.let(f"fmul {kind} {before}, {factor}"))
        again = Total(w, self.combine, lanes)
        values = needed_full([self.top.args[0]])
        with w.loop(*rows) as row:
            panel.t.places.active[panel.s.inner[-1]] = row
            inner = dict(env)
            panel.body.emit(values, lanes, inner)
            again.add(self._term(new, lanes, inner), "")
        panel.write(self.sums, ELEMENT, lanes, again.result()[0])

    def finish(self, lanes: int, env: Env) -> None:
        """The sum below the largest. A term of it is 1, but where all x are -inf: x - max(x) is not
        a number then.
        """
        panel, w = self.panel, self.panel.w
        kind, flags = w.kind(ELEMENT, lanes), w.kind("i1", lanes)
        nan, half, one = (
            w.splat(literal(number, ELEMENT), ELEMENT, lanes) for number in (math.nan, 0.5, 1.0)
        )
        array, _ = panel.kept[self.value]
        total = panel.read(array, ELEMENT, lanes)
        empty = w.let(f"fcmp olt {kind} {total}, {half}")
        center = panel.read(self.center, ELEMENT, lanes)
        largest = panel.read(panel.kept[self.top][0], ELEMENT, lanes)
        factor = _power_below(w, "exp_down", center, largest, lanes)
        total = w.let(f"fmul {kind} {total}, {factor}")
        less = w.let(f"fcmp olt {kind} {total}, {one}")
        total = w.let(f"select {flags} {less}, {kind} {one}, {kind} {total}")
        total = w.let(f"select {flags} {empty}, {kind} {nan}, {kind} {total}")
        panel.write(array, ELEMENT, lanes, total)
        if self.top.data == "max":
            unknown = _any(w, w.let(f"fcmp uno {kind} {total}, {total}"), lanes)
            with w.loop("0", w.let(f"zext i1 {unknown} to i64")):
                _find_largest(panel, self.top, lanes, env)


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
