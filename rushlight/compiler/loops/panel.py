"""Column form over many columns: accumulators wait in memory while whole rows stream past.

One vector of columns walked down all rows would touch a cache line or two of each row, a stride
apart: nothing is fetched ahead, and lines come round again in every pass. A panel is as many
columns as its accumulators fit into the first cache; the rows run outside:

for phase 0, 1, ...:
  for the reduced variables, the innermost in groups:
    for block of lanes in the panel:
      for row in group: ...                   # accumulators in registers
      accumulators of the block += those
  for block of lanes in the panel: values that the pass made known
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, final

from rushlight.base.dtype import bool_
from rushlight.compiler import emit_scalar
from rushlight.compiler.emit import literal
from rushlight.compiler.loops.body import Env
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.combine import LAST, PLACE
from rushlight.compiler.loops.moments import Moments
from rushlight.compiler.loops.online import Below
from rushlight.compiler.loops.saved import there_before
from rushlight.compiler.loops.schedule import Store
from rushlight.compiler.loops.stream import ROWS, first_whole, is_aligned
from rushlight.compiler.loops.total import Total
from rushlight.compiler.math.exponential import SHARE_LIFT

if TYPE_CHECKING:
    from rushlight.compiler.loops.emit import LoopText

# Rows that are added up in registers before their sum meets the accumulator in memory.
GROUP = 8
# From so many arrays on a group has only as many rows as make up so many columns: rows that lie a
# power of two apart share places in the first cache, and what was fetched ahead for one array
# drives out another's (784 x 1024, five arrays: 0.80 ms with groups of 8 rows, 0.35 row by row).
CROWD, CROWDED_COLUMNS = 3, 1024
# How many rows before they are needed rows are asked for.
AHEAD = 4


def _kept_as(element: str) -> str:
    """What a value of a column is while it waits. Flags take a word each: in registers of flags of
    floats that is what they are."""
    return "i32" if element == "i1" else element


@final
class Panel:
    """Writes all passes over one panel of columns, ``low`` to ``high``."""

    def __init__(self, text: LoopText, low: str, high: str, env: Env) -> None:
        self.t, self.s, self.w, self.body = text, text.s, text.w, text.body
        self.low, self.high, self.env = low, high, env
        self.kept: dict[Value, tuple[str, str]] = {}  # array, and for places the array of those
        self.sums: dict[Value, str] = {}  # of a group of rows that stream past whole
        self.arrays: set[Value] = set()
        for value in self.s.values:
            if value.full:
                self.arrays.update(a for a in value.args if self._is_late(a))

    def _is_late(self, value: Value) -> bool:
        """Whether it waits for a pass and is then kept, rather than made again from what is."""
        if value.full or not value.phase or value.dtype is bool_:
            return False
        return value.op != "reduce"

    def run(self) -> None:
        s = self.s
        for phase in range(self.t.last_phase + 1):
            reduces = [v for v in self.t.combines if v.args[0].phase == phase and v not in s.joined]
            stores = [st for st in s.stores if st.full and st.value.phase == phase]
            if reduces or stores:
                self.body.phase = phase
                self._pass(reduces, stores)
            if not self.t.split:
                self._keep([v for v in s.values if v in self.arrays and v.phase == phase + 1])
        late = [store for store in s.stores if not store.full]
        if self.t.split:
            self._columns(self._store_partial)
        elif late:
            self._columns(lambda lanes: self._store_late(late, lanes))

    # Columns

    def _columns(self, body: Callable[[int], None], start: str = "") -> None:
        """``body(lanes)`` for all columns of the panel; whole steps from ``start`` on."""
        w, s, places = self.w, self.s, self.t.places
        lanes = s.lanes * s.unroll
        if start:
            with w.loop(self.low, start, s.lanes) as index:
                places.active[s.vector] = index
                places.set_mask(index, start, s.lanes)
                body(s.lanes)
                places.clear_mask()
        main = self.t.whole(start or self.low, self.high, lanes)
        with w.loop(start or self.low, main, lanes) as index:
            places.active[s.vector] = index
            body(lanes)
        with w.loop(main, self.high, s.lanes if s.masked else 1) as index:
            places.active[s.vector] = index
            if s.masked:
                places.set_mask(index, self.high, s.lanes)
            body(s.lanes if s.masked else 1)
            places.clear_mask()

    def _place(self, array: str, element: str) -> str:
        """Where the accumulators of the columns that run lie."""
        w = self.w
        offset = w.let(f"sub nsw i64 {self.t.places.active[self.s.vector]}, {self.low}")
        return w.let(f"getelementptr {element}, ptr {array}, i64 {offset}")

    def array(self, element: str) -> str:
        name = self.w.name()
        length = self.s.panel_columns[1] + self.s.lanes * self.s.unroll
        self.w.allocas.append(f"  {name} = alloca [{length} x {_kept_as(element)}], align 64")
        return name

    def read(self, array: str, element: str, lanes: int) -> str:
        w, kind = self.w, self.w.kind(_kept_as(element), lanes)
        found = w.let(f"load {kind}, ptr {self._place(array, _kept_as(element))}, align 4")
        if element != "i1":
            return found
        return w.let(f"icmp ne {kind} {found}, {w.splat('0', _kept_as(element), lanes)}")

    def write(self, array: str, element: str, lanes: int, name: str) -> None:
        w, kind = self.w, self.w.kind(_kept_as(element), lanes)
        if element == "i1":
            name = w.let(f"sext {w.kind(element, lanes)} {name} to {kind}")
        w.do(f"store {kind} {name}, ptr {self._place(array, _kept_as(element))}, align 4")

    # Values of a column

    def _now(self, wanted: list[Value], lanes: int) -> Env:
        """An environment with what ``wanted`` need that does not change along the rows."""
        env = dict(self.env)
        found: set[Value] = set()
        stack = list(wanted)
        while stack:
            value = stack.pop()
            if value in found:
                continue
            found.add(value)
            if value not in self.kept:
                stack += value.args
        fixed = [v for v in self.s.values if v in found and not v.full]
        for value in fixed:
            if value in self.kept and value not in env:
                env[value] = self._result(value, lanes)
        self.body.emit(fixed, lanes, env)
        return env

    def _result(self, value: Value, lanes: int) -> str:
        w = self.w
        array, places = self.kept[value]
        if value.op != "reduce":
            return self.read(array, emit_scalar.element_of(value.dtype), lanes)
        combine = self.t.combines[value]
        if places:
            element = emit_scalar.element_of(value.dtype)
            return combine.position(w, lanes, self.read(places, PLACE, lanes), element)
        return w.rounded(self.read(array, combine.element, lanes), value.dtype, lanes)

    def _keep(self, values: list[Value]) -> None:
        """Compute ``values`` for every column and let them wait in memory."""
        if not values:
            return
        lifted = set(self.body.shares.values())
        arrays = {v: self.array(emit_scalar.element_of(v.dtype)) for v in values}

        def body(lanes: int) -> None:
            env = self._now(values, lanes)
            for value, array in arrays.items():
                element = emit_scalar.element_of(value.dtype)
                name = self.body.get(value, lanes, env)
                if value in lifted:
                    less = self.w.splat(literal(2.0**-SHARE_LIFT, element), element, lanes)
                    name = self.w.let(f"fmul {self.w.kind(element, lanes)} {name}, {less}")
                self.write(array, element, lanes, name)

        self._columns(body)
        for value, array in arrays.items():
            self.kept[value] = array, ""

    # Passes

    def _pass(self, reduces: list[Value], stores: list[Store]) -> None:
        t, s, w = self.t, self.s, self.w
        roots = [v.args[0] for v in reduces] + [store.value for store in stores]
        saved = there_before(self.s.saved, self.body.phase)
        values = needed_full(roots, saved)
        fixed = [arg for value in (*values, *roots) for arg in (*value.args, value) if not arg.full]
        joined = {value: first for value, first in s.joined.items() if first in reduces}
        for value in (*reduces, *joined):
            combine = t.combines[value]
            places = self.array(PLACE) if combine.places else ""
            self.kept[value] = self.array(combine.element), places
        groups = [
            (Moments if value.args[0].op == "mul" else Below)(self, value, first)
            for value, first in joined.items()
        ]
        added = [v for v in reduces if all(v is not group.made for group in groups)]
        for value in added:
            if s.row_by_row and t.combines[value].blocked:
                self.sums[value] = self.array(t.combines[value].element)
        height = "1"
        if reduces:
            height = str(ROWS) if s.row_by_row else self._rows_of_group(values, stores)
            self._columns(lambda lanes: self._start([*reduces, *joined], lanes))

        def begin(lanes: int) -> None:
            for group in groups:
                group.start(lanes, self._now(fixed, lanes))

        def rows(low: str, high: str, lanes: int) -> None:
            env = self._now(fixed, lanes)
            totals = [self._open(value, lanes) for value in added]
            ahead = height if reduces and not s.row_by_row else str(AHEAD)
            with w.loop(low, high) as row:
                self._fetch_ahead(values, stores, lanes, row, ahead)
                t.places.active[s.inner[-1]] = row
                inner = dict(env)
                self.body.emit(values, lanes, inner)
                for value, total in zip(added, totals, strict=True):
                    t.add(value, total, lanes, inner)
                for group in groups:
                    group.add(lanes, inner)
                for store in stores:
                    self.body.store(store, lanes, inner)
            for value, total in zip(added, totals, strict=True):
                self._close(value, total, lanes)

        def close(low: str, high: str, lanes: int) -> None:
            for value in added:
                if value in self.sums:
                    self._add_group(value, lanes)
            for group in groups:
                group.close((low, high), lanes, self._now(fixed, lanes))

        def finish(lanes: int) -> None:
            for group in groups:
                group.finish(lanes, self._now(fixed, lanes))

        def innermost() -> None:
            low, high = t.bounds(s.inner[-1])
            with w.loop(low, high, height) as first:
                last = w.let(f"add nsw i64 {first}, {height}")
                stop = t.minimum(last, high) if reduces else last
                if reduces and s.row_by_row:
                    with w.loop(first, stop) as row:
                        after = w.let(f"add nsw i64 {row}, 1")
                        self._columns(lambda lanes: rows(row, after, lanes))
                    self._columns(lambda lanes: close(first, stop, lanes))
                    return
                start = ""
                if s.shifted and not reduces:
                    self._fetch_ends(stores[0], first)
                    t.places.active[s.inner[-1]] = first
                    start = first_whole(t.places, stores[0], self.low, self.high)
                self._columns(lambda lanes: rows(first, stop, lanes), start)

        if groups:
            self._columns(begin)
        if reduces or not s.streamed:
            t.nest(s.inner[:-1], innermost)
            if groups:
                self._columns(finish)
            return
        if s.shifted:
            t.places.streaming = True
            t.nest(s.inner[:-1], innermost)
            t.places.streaming = False
            w.wait_for_streams()
            return
        aligned = is_aligned(w, s, stores)
        for place, streaming in enumerate((False, True)):
            # one of two texts runs, once
            ready = w.let(f"icmp eq i1 {aligned}, {place}")
            with w.loop("0", w.let(f"zext i1 {ready} to i64")):
                t.places.streaming = streaming
                t.nest(s.inner[:-1], innermost)
                t.places.streaming = False

    def _rows_of_group(self, values: list[Value], stores: list[Store]) -> str:
        """How many rows are added up in registers."""
        w = self.w
        if sum(value.op == "load" for value in values) + len(stores) < CROWD:
            return str(GROUP)
        columns = w.let(f"sub nsw i64 {self.high}, {self.low}")
        few = w.let(f"call i64 @llvm.smax.i64(i64 {columns}, i64 {CROWDED_COLUMNS // GROUP})")
        rows = w.let(f"udiv i64 {CROWDED_COLUMNS}, {few}")
        return w.let(f"call i64 @llvm.smax.i64(i64 {rows}, i64 1)")

    def _fetch_ahead(
        self, values: list[Value], stores: list[Store], lanes: int, row: str, ahead: str
    ) -> None:
        """Ask for what the pass reads and writes some rows later.

        Each row of a panel is a run of its own in memory, and the CPU notices one only after it
        has begun.
        """
        w, places = self.w, self.t.places
        places.active[self.s.inner[-1]] = w.let(f"add nsw i64 {row}, {ahead}")
        for value in values:
            if value.op == "load":
                places.prefetch(self.s.loads[value], lanes, False)
        for store in () if places.streaming else stores:
            places.prefetch(store.access, lanes, True)

    def _fetch_ends(self, store: Store, row: str) -> None:
        """Ask for the lines of both ends of a row to come, which are stored into the caches."""
        w, s, places = self.w, self.s, self.t.places
        places.active[s.inner[-1]] = w.let(f"add nsw i64 {row}, {AHEAD}")
        lanes = s.lanes * s.unroll
        for place in (self.low, w.let(f"sub nsw i64 {self.high}, {lanes}")):
            places.active[s.vector] = place
            places.prefetch(store.access, 1 if place == self.low else lanes + 1, True)

    def _start(self, reduces: list[Value], lanes: int) -> None:
        for value in reduces:
            combine = self.t.combines[value]
            array, places = self.kept[value]
            start = self.w.splat(combine.start(), combine.element, lanes)
            self.write(array, combine.element, lanes, start)
            if value in self.sums:
                self.write(self.sums[value], combine.element, lanes, start)
            if places:
                self.write(places, PLACE, lanes, self.w.splat(LAST, PLACE, lanes))

    def _open(self, value: Value, lanes: int) -> Total:
        """The accumulator of a group: its sums begin anew, all else goes on from what is there."""
        total = Total(self.w, self.t.combines[value], lanes)
        array, places = self.kept[value]
        array = self.sums.get(value, array)
        if not total.combine.blocked or value in self.sums:
            old = self.read(array, total.combine.element, lanes)
            self.w.do(f"store {total.kind} {old}, ptr {total.total}")
        if places:
            first = self.read(places, PLACE, lanes)
            self.w.do(f"store {self.w.kind(PLACE, lanes)} {first}, ptr {total.place}")
        return total

    def _close(self, value: Value, total: Total, lanes: int) -> None:
        array, places = self.kept[value]
        array = self.sums.get(value, array)
        combine = total.combine
        new, place = total.result()
        if combine.blocked and value not in self.sums:
            old = self.read(array, combine.element, lanes)
            new = combine.join(self.w, lanes, old, new)
        self.write(array, combine.element, lanes, new)
        if places:
            self.write(places, PLACE, lanes, place)

    def _add_group(self, value: Value, lanes: int) -> None:
        """The sums of a group whose rows have streamed past are terms of the whole."""
        array, combine = self.kept[value][0], self.t.combines[value]
        old, more = (self.read(each, combine.element, lanes) for each in (array, self.sums[value]))
        self.write(array, combine.element, lanes, combine.join(self.w, lanes, old, more))
        nothing = self.w.splat(combine.start(), combine.element, lanes)
        self.write(self.sums[value], combine.element, lanes, nothing)

    # Results

    def _store_late(self, stores: list[Store], lanes: int) -> None:
        env = self._now([store.value for store in stores], lanes)
        for store in stores:
            self.body.store(store, lanes, env)

    def _store_partial(self, lanes: int) -> None:
        for store in self.s.stores:
            if store.value in self.kept:
                combine = self.t.combines[store.value]
                array, _ = self.kept[store.value]
                env = {store.value: self.read(array, combine.element, lanes)}
                self.body.store(store, lanes, env, self.t.segment_number)
