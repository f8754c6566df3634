"""The largest x and the sum of exp(x - largest), in one pass over a panel.

What softmax and its kin need takes two passes, each of which reads x: from main memory where x is
large. In one, the sum is that of the exponentials below the largest so far. A group of rows is read
twice while the first cache has it:

  new = max(old, x of the group)
  sum = sum * exp(old - new) + sum of exp(x - new) over the group

(Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018.)
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rushlight.base.dtype import float32
from rushlight.compiler import emit_scalar
from rushlight.compiler.emit import Writer, literal
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.stream import LARGE
from rushlight.compiler.loops.terms import is_below_largest
from rushlight.compiler.loops.total import Total

if TYPE_CHECKING:
    from rushlight.compiler.loops.body import Env
    from rushlight.compiler.loops.panel import Panel
    from rushlight.compiler.loops.schedule import Schedule

ELEMENT = "float"
LOWEST = -3.4028234663852886e38


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


def add_group(
    panel: Panel, value: Value, top: Value, old: str, rows: tuple[str, str], lanes: int, env: Env
) -> None:
    """Add ``rows`` to the sum ``value``; ``old`` is the largest x before them, ``top`` has both."""
    w, body = panel.w, panel.body
    kind, x = w.kind(ELEMENT, lanes), top.args[0]
    array, _ = panel.kept[value]
    old = _as_number(w, old, lanes)
    new = _as_number(w, panel.read(panel.kept[top][0], ELEMENT, lanes), lanes)
    group = Total(w, panel.t.combines[value], lanes)
    values = needed_full([x])
    with w.loop(*rows) as row:
        panel.t.places.active[panel.s.inner[-1]] = row
        inner = dict(env)
        body.emit(values, lanes, inner)
        group.add(_power_below(w, "exp_term", body.get(x, lanes, inner), new, lanes), "")
    total = w.variable(kind, panel.read(array, ELEMENT, lanes))
    grown = w.let(f"fcmp une {kind} {old}, {new}")
    if lanes > 1:
        grown = w.let(f"call i1 @llvm.vector.reduce.or.v{lanes}i1(<{lanes} x i1> {grown})")
    with w.loop("0", w.let(f"zext i1 {grown} to i64")):
        # once or not at all: after the first rows the largest seldom grows
        before = w.let(f"load {kind}, ptr {total}")
        factor = _power_below(w, "exp_down", old, new, lanes)
        w.do(f"store {kind} {w.let(f'fmul {kind} {before}, {factor}')}, ptr {total}")
    before = w.let(f"load {kind}, ptr {total}")
    joined = panel.t.combines[value].join(w, lanes, before, group.result()[0])
    panel.write(array, ELEMENT, lanes, joined)


def finish(panel: Panel, sums: list[Value], lanes: int) -> None:
    """Where all x are -inf, x - max(x) is not a number; elsewhere a sum is at least 1."""
    w = panel.w
    kind, flags = w.kind(ELEMENT, lanes), w.kind("i1", lanes)
    nan = w.splat(literal(math.nan, ELEMENT), ELEMENT, lanes)
    for value in sums:
        array, _ = panel.kept[value]
        total = panel.read(array, ELEMENT, lanes)
        empty = w.let(f"fcmp olt {kind} {total}, {w.splat(literal(0.5, ELEMENT), ELEMENT, lanes)}")
        mended = w.let(f"select {flags} {empty}, {kind} {nan}, {kind} {total}")
        panel.write(array, ELEMENT, lanes, mended)


def _as_number(w: Writer, top: str, lanes: int) -> str:
    """The lowest number for -inf, from which -inf can be subtracted."""
    kind, flags = w.kind(ELEMENT, lanes), w.kind("i1", lanes)
    start = w.splat(literal(-math.inf, ELEMENT), ELEMENT, lanes)
    nothing = w.let(f"fcmp oeq {kind} {top}, {start}")
    lowest = w.splat(literal(LOWEST, ELEMENT), ELEMENT, lanes)
    return w.let(f"select {flags} {nothing}, {kind} {lowest}, {kind} {top}")


def _power_below(w: Writer, name: str, x: str, top: str, lanes: int) -> str:
    """exp(x - top), x <= top, by the function ``name``."""
    below = emit_scalar.emit(w, "sub", float32, lanes, [x, top])
    return emit_scalar.emit(w, name, float32, lanes, [below])
