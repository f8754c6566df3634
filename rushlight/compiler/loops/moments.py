"""Mean and sum of squares around it, in one pass over a panel.

What variance and its kin needs takes two passes, each of which reads x: from main memory where x is
large. In one, x is measured from c, the mean of all rows before the group that runs, or of the
first group itself:

  s = s + sum of x - c, q = q + sum of (x - c)**2 over the group
  h = s / n of all n rows until here, as far as c + h is a number
  q = q - h (s + s - n h), s = s - n h, c = c + h

What is subtracted is seldom much of q, however far from 0 the mean is, and c being rounded loses
nothing: s and q are around what c is. The mean of what holds an infinity is not a number, as
PyTorch's var_mean has it.
(After Chan, Golub and LeVeque, "Algorithms for computing the sample variance", 1983.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rushlight.compiler.loops.body import Env
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.schedule import Schedule
from rushlight.compiler.loops.stream import LARGE, ROWS
from rushlight.compiler.loops.total import Total

if TYPE_CHECKING:
    from rushlight.compiler.loops.panel import Panel


def find_moments(schedule: Schedule) -> dict[Value, Value]:
    """Sums of squares that the first pass can make, each with the sum of its x: all of them or
    none, as in ``online.find_joined``.
    """
    s = schedule
    if not s.panel or s.saved:
        return {}
    if any(store.full and store.value.phase == 1 for store in s.stores):
        return {}
    reduces = [value for value in s.values if value.op == "reduce"]
    found: dict[Value, Value] = {}
    for value in reduces:
        if value.args[0].phase == 1:
            total = _total_around(value, s.inner_count)
            if total is None:
                return {}
            found[value] = total
    if not found or any(v.args[0].phase == 0 and v not in found.values() for v in reduces):
        return {}
    nbytes = max(value.dtype.itemsize for value in found)
    return found if s.row_count * s.inner_count * nbytes >= LARGE else {}


def _total_around(value: Value, count: int) -> Value | None:
    """sum(x), where ``value`` is the sum of (x - sum(x) / count)**2."""
    square = value.args[0]
    if value.data != "sum" or square.op != "mul" or square.args[0] is not square.args[1]:
        return None
    below = square.args[0]
    if below.op != "sub" or below.args[1].op != "div":
        return None
    total, many = below.args[1].args
    if total.op != "reduce" or total.data != "sum" or total.args[0] is not below.args[0]:
        return None
    return total if many.op == "const" and many.data == count else None


@final
class Moments:
    """The sum of squares ``value`` around the mean of what ``total`` adds up."""

    def __init__(self, panel: Panel, value: Value, total: Value) -> None:
        self.panel, self.value, self.total = panel, value, total
        self.made = total  # not added up beside it
        self.combine = panel.t.combines[value]
        self.element = self.combine.element
        self.center, self.sums, self.squares = (panel.array(self.element) for _ in range(3))

    def start(self, lanes: int, env: Env) -> None:
        """Before the first row: the mean of the first group."""
        panel, w = self.panel, self.panel.w
        for variable in panel.s.inner:
            panel.t.places.active[variable], _ = panel.t.bounds(variable)
        low, high = panel.t.bounds(panel.s.inner[-1])
        high = panel.t.minimum(high, str(ROWS))
        first = Total(w, self.combine, lanes)
        values = needed_full([self.total.args[0]])
        with w.loop(low, high) as row:
            panel.t.places.active[panel.s.inner[-1]] = row
            inner = dict(env)
            panel.body.emit(values, lanes, inner)
            first.add(panel.body.get(self.total.args[0], lanes, inner), "")
        mean = self._join("fdiv", first.result()[0], self._count(high, lanes), lanes)
        panel.write(self.center, self.element, lanes, mean)
        self._clear(lanes)

    def _clear(self, lanes: int) -> None:
        nothing = self.panel.w.splat(self.combine.start(), self.element, lanes)
        for array in (self.sums, self.squares):
            self.panel.write(array, self.element, lanes, nothing)

    def _read(self, lanes: int) -> tuple[str, str, str]:
        center, sums, squares = (
            self.panel.read(array, self.element, lanes)
            for array in (self.center, self.sums, self.squares)
        )
        return center, sums, squares

    def _join(self, op: str, a: str, b: str, lanes: int) -> str:
        w = self.panel.w
        return w.let(f"{op} contract {w.kind(self.element, lanes)} {a}, {b}")

    def _count(self, count: str, lanes: int) -> str:
        w = self.panel.w
        return w.splat(w.let(f"sitofp i64 {count} to {self.element}"), self.element, lanes)

    def add(self, lanes: int, env: Env) -> None:
        """The row that runs."""
        panel = self.panel
        center, sums, squares = self._read(lanes)
        x = panel.body.get(self.total.args[0], lanes, env)
        away = self._join("fsub", x, center, lanes)
        panel.write(self.sums, self.element, lanes, self._join("fadd", sums, away, lanes))
        square = self._join("fmul", away, away, lanes)
        panel.write(self.squares, self.element, lanes, self._join("fadd", squares, square, lanes))

    def close(self, rows: tuple[str, str], lanes: int, env: Env) -> None:
        """Add the group's squares to those before, and go over to the mean of all until here."""
        panel, join = self.panel, self._join
        array, _ = panel.kept[self.value]
        center, sums, squares = self._read(lanes)
        count = self._count(self._rows_until(rows[1]), lanes)
        moved = join("fadd", center, join("fdiv", sums, count, lanes), lanes)
        by = join("fsub", moved, center, lanes)
        all_by = join("fmul", count, by, lanes)
        rest = join("fsub", sums, all_by, lanes)
        less = join("fmul", by, join("fadd", sums, rest, lanes), lanes)
        squares = join("fsub", squares, less, lanes)
        before = panel.read(array, self.element, lanes)
        panel.write(array, self.element, lanes, join("fadd", before, squares, lanes))
        self._clear(lanes)
        panel.write(self.sums, self.element, lanes, rest)
        panel.write(self.center, self.element, lanes, moved)

    def _rows_until(self, last: str) -> str:
        """How many rows have been before ``last`` of the innermost variable."""
        w, panel = self.panel.w, self.panel
        until = "0"
        for variable in panel.s.inner:
            until = w.let(f"mul nsw i64 {until}, {panel.t.bounds(variable)[1]}")
            here = last if variable == panel.s.inner[-1] else panel.t.places.active[variable]
            until = w.let(f"add nsw i64 {until}, {here}")
        return until

    def finish(self, lanes: int, env: Env) -> None:
        """The sum as a multiple of the mean; rounding leaves no squares below 0."""
        panel, w = self.panel, self.panel.w
        kind, flags = w.kind(self.element, lanes), w.kind("i1", lanes)
        for variable in panel.s.inner[:-1]:
            last = panel.t.bounds(variable)[1]
            panel.t.places.active[variable] = w.let(f"sub nsw i64 {last}, 1")
        many = self._rows_until(panel.t.bounds(panel.s.inner[-1])[1])
        center = panel.read(self.center, self.element, lanes)
        total = self._join("fmul", center, self._count(many, lanes), lanes)
        panel.write(panel.kept[self.total][0], self.element, lanes, total)
        array, _ = panel.kept[self.value]
        squares = panel.read(array, self.element, lanes)
        zero = w.splat(self.combine.start(), self.element, lanes)
        below = w.let(f"fcmp olt {kind} {squares}, {zero}")
        squares = w.let(f"select {flags} {below}, {kind} {zero}, {kind} {squares}")
        panel.write(array, self.element, lanes, squares)
