"""The LLVM text of one loop kernel.

for chunk in begin..end:                      # what threads share
  for row in the chunk's rows:                # row variables but the vector one
    [vector over rows] for block of lanes:    # column form: each lane is a row of its own
      for phase 0, 1, ...:                    # one pass over the reduced variables each
        for reduced variables: ...            # [vector over the last one]: row form
        values that the pass made known
      store what is once a row
"""

from __future__ import annotations

from collections.abc import Callable
from typing import final

from rushlight.base.dtype import bool_
from rushlight.compiler import emit_cast, emit_scalar
from rushlight.compiler import math as vector_math
from rushlight.compiler.emit import Writer
from rushlight.compiler.launch import Kernel
from rushlight.compiler.loops.body import Body, Env
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.combine import PLACE, Combine
from rushlight.compiler.loops.panel import Panel
from rushlight.compiler.loops.places import Places
from rushlight.compiler.loops.row import RowPass
from rushlight.compiler.loops.saved import there_before
from rushlight.compiler.loops.schedule import Schedule, Store
from rushlight.compiler.loops.square import Squares
from rushlight.compiler.loops.stream import ways
from rushlight.compiler.loops.total import SEGMENT, Total
from rushlight.runtime.digest import digest

# Words before the schedule's own: rows, rows a chunk, blocks of the vector variable, their length,
# segments of the longest reduced variable, their length, elements between their results.
CHUNK_WORDS = 7


@final
class LoopText:
    """Writes one kernel. ``split``: the longest reduced variable is cut into segments."""

    def __init__(self, schedule: Schedule, split: bool) -> None:
        self.s = schedule
        self.split = split
        self.w = Writer()
        self.places = Places(self.w, schedule)
        self.body = Body(self.w, schedule, self.places)
        self.segment: tuple[str, str] | None = None  # the range of the segment that runs
        self.segment_number = ""
        self.held: list[Env] = []  # what is known of each vector of a row that is written out
        self.combines = {
            # Several loops over the reduced variables go by memory, not by places.
            value: Combine(value.data, value.args[0].dtype, ordered=len(schedule.inner) < 2)
            for value in schedule.values
            if value.op == "reduce"
        }
        phases = [value.phase for value in schedule.values]
        self.last_phase = max(phases, default=0)

    def kernel(self) -> Kernel:
        self._entry()
        w = self.w
        body = "\n".join(w.lines)
        allocas = "\n".join(w.allocas)
        text = (
            "define i64 @KERNEL(ptr noalias %args, i64 %begin, i64 %end) {\nentry:\n"
            f"{allocas}\n{body}\n}}\n{vector_math.definitions(sorted(w.math))}"
            + ("\n!0 = !{i32 1}\n" if w.streams else "")
        )
        symbol = "loop_" + digest(text.encode()).hex()[:16]
        return Kernel(symbol, text.replace("@KERNEL", "@" + symbol, 1))

    # Frame

    def _entry(self) -> None:
        w, s = self.w, self.s
        for place in range(len(s.pointers)):
            at = w.let(f"getelementptr i8, ptr %args, i64 {8 * place}")
            w.do(f"%p{place} = load ptr, ptr {at}")
        first = len(s.pointers)
        constants = {word: value for value, word in s.constants.items()}
        env: Env = {}
        for place in range(len(s.words)):
            at = w.let(f"getelementptr i8, ptr %args, i64 {8 * (first + place)}")
            constant = constants.get(place)
            if constant is None:
                w.do(f"%w{place} = load i64, ptr {at}")
            else:
                env[constant] = w.let(f"load {emit_scalar.element_of(constant.dtype)}, ptr {at}")
        w.allocas.append("  %error = alloca i64")
        w.do("store i64 0, ptr %error")
        fixed = [v for v in s.values if not v.uses and not v.phase and v.op != "reduce"]
        self.body.emit(fixed, 1, env)
        with w.loop("%begin", "%end") as chunk:
            self._chunk(chunk, env)
        if w.streams:
            w.wait_for_streams()
        if w.fails:
            w.do(f"ret i64 {w.let('load i64, ptr %error')}")
        else:
            w.do("ret i64 0")

    def minimum(self, a: str, b: str) -> str:
        return self.w.let(f"call i64 @llvm.smin.i64(i64 {a}, i64 {b})")

    def range(self, part: str, length: str, size: str) -> tuple[str, str]:
        """[part * length, the same + length) inside [0, size)"""
        low = self.w.let(f"mul nsw i64 {part}, {length}")
        high = self.w.let(f"add nsw i64 {low}, {length}")
        return low, self.minimum(high, size)

    def _chunk(self, chunk: str, env: Env) -> None:
        w, s = self.w, self.s
        if self.split:
            segment = w.let(f"urem i64 {chunk}, %w4")
            chunk = w.let(f"udiv i64 {chunk}, %w4")
            extent = f"%w{s.extent_words[s.cut]}"
            self.segment = self.range(segment, "%w5", extent)
            self.segment_number = segment
        if s.squares:
            Squares(self).chunk(chunk, env)
            return
        outer = list(s.rows)
        block = ("0", "1")
        if not s.by_rows and s.vector >= 0:
            outer.remove(s.vector)
            if s.woven:
                outer.remove(s.short)
                self.places.active[s.short] = "0"
            part = w.let(f"urem i64 {chunk}, %w2")
            chunk = w.let(f"udiv i64 {chunk}, %w2")
            block = self.range(part, "%w3", f"%w{s.extent_words[s.vector]}")
        if not outer:
            self._row(block, dict(env))
            return
        low, high = self.range(chunk, "%w1", "%w0")
        counters = self._counters(outer, low)
        with w.loop(low, high) as row:
            for variable, counter in counters:
                self.places.active[variable] = w.let(f"load i64, ptr {counter}") if counter else row
            self._row(block, dict(env))
            self._advance(counters)

    def _counters(self, outer: list[int], low: str) -> list[tuple[int, str]]:
        """Places that hold the outer variables; one variable alone is the row number itself."""
        w = self.w
        if len(outer) == 1:
            return [(outer[0], "")]
        counters = []
        rest = low
        for variable in reversed(outer):
            extent = f"%w{self.s.extent_words[variable]}"
            if variable == outer[0]:
                start = rest
            else:
                start = w.let(f"urem i64 {rest}, {extent}")
                rest = w.let(f"udiv i64 {rest}, {extent}")
            counters.append((variable, w.variable("i64", start)))
        return counters[::-1]

    def _advance(self, counters: list[tuple[int, str]]) -> None:
        """Count one row on, like an odometer."""
        w = self.w
        if len(counters) == 1:
            return
        carry = "1"
        for variable, counter in reversed(counters):
            moved = w.let(f"add nsw i64 {self.places.active[variable]}, {carry}")
            full = w.let(f"icmp eq i64 {moved}, %w{self.s.extent_words[variable]}")
            kept = w.let(f"select i1 {full}, i64 0, i64 {moved}")
            w.do(f"store i64 {kept}, ptr {counter}")
            carry = w.let(f"zext i1 {full} to i64")

    def _row(self, block: tuple[str, str], env: Env) -> None:
        w, s = self.w, self.s
        if s.by_rows or s.vector < 0:
            self.held = [{} for _ in range(s.few)]
            self.body.emit([v for v in s.values if not v.full and not v.phase], 1, env)
            self._phases(1, env)
            return
        uniform = [v for v in s.values if not v.full and not v.phase and not self.body.wide(v)]
        self.body.emit(uniform, 1, env)
        low, high = block
        if s.woven:
            main = self.whole(low, high, s.together)
            with w.loop(low, main, s.together) as index:
                self._column(index, s.lanes, dict(env))
            with w.loop(main, high) as index:
                self._column(index, s.woven, dict(env))
            return
        if s.exact:
            self._column("0", s.lanes, env)
            return
        if s.panel:
            Panel(self, low, high, env).run()
            return
        lanes = s.lanes * s.unroll
        main = self.whole(low, high, lanes)
        for start in ways(self.places, low, main):
            with w.loop(start, main, lanes) as index:
                self._column(index, lanes, dict(env))
        if s.masked:
            lanes = s.lanes if not s.inner else lanes
            with w.loop(main, high, lanes) as index:
                self.places.set_mask(index, high, lanes)
                self._column(index, lanes, dict(env))
                self.places.clear_mask()
        else:
            with w.loop(main, high) as index:
                self._column(index, 1, dict(env))

    def whole(self, low: str, high: str, lanes: int) -> str:
        """The end of the part of [low, high) that is whole steps of ``lanes``."""
        length = self.w.let(f"sub nsw i64 {high}, {low}")
        whole = self.w.let(f"and i64 {length}, {-lanes}")
        return self.w.let(f"add nsw i64 {low}, {whole}")

    def _column(self, index: str, lanes: int, env: Env) -> None:
        self.places.active[self.s.vector] = index
        self.body.emit([v for v in self.s.values if not v.full and not v.phase], lanes, env)
        for value, access in self.s.loads.items():
            if self.body.turned(value, lanes):
                self.body.turner.read(access, lanes)
        self._phases(lanes, env)

    # Phases

    def _phases(self, lanes: int, env: Env) -> None:
        """All passes over the reduced variables of one row (row form) or of ``lanes`` rows."""
        s = self.s
        for phase in range(self.last_phase + 1):
            reduces = [v for v in self.combines if v.args[0].phase == phase]
            stores = [st for st in s.stores if st.full and st.value.phase == phase]
            if reduces or stores:
                self.body.phase = phase
                self._pass(reduces, stores, lanes, env)
            known = [v for v in s.values if not v.full and v.phase == phase + 1]
            self.body.emit([v for v in known if v.op != "reduce"], lanes, env)
        if self.split:
            return
        for store in s.stores:
            if not store.full:
                self.body.store(store, lanes, env, self.segment_number)

    def _pass(self, reduces: list[Value], stores: list[Store], lanes: int, env: Env) -> None:
        """One loop nest over the reduced variables: accumulate ``reduces``, write ``stores``."""
        roots = [v.args[0] for v in reduces] + [store.value for store in stores]
        values = needed_full(roots, there_before(self.s.saved, self.body.phase))
        if self.s.by_rows:
            RowPass(self, reduces, stores, values, env).run()
        else:
            self._column_pass(reduces, stores, values, lanes, env)

    def nest(self, variables: list[int], body: Callable[[], None]) -> None:
        """Loops over all ``variables``, the first outermost."""
        if not variables:
            body()
            return
        with self.w.loop(*self.bounds(variables[0])) as index:
            self.places.active[variables[0]] = index
            self.nest(variables[1:], body)

    def bounds(self, variable: int) -> tuple[str, str]:
        if self.segment is not None and variable == self.s.cut:
            return self.segment
        return "0", f"%w{self.s.extent_words[variable]}"

    def _column_pass(
        self, reduces: list[Value], stores: list[Store], values: list[Value], lanes: int, env: Env
    ) -> None:
        w, s = self.w, self.s
        widths = [lanes if self.body.wide(v.args[0]) else 1 for v in reduces]
        totals = [Total(w, self.combines[v], n) for v, n in zip(reduces, widths, strict=True)]

        def body(index: str) -> None:
            self.places.active[s.inner[-1]] = index
            inner = dict(env)
            self.body.emit(values, lanes, inner)
            for value, total, width in zip(reduces, totals, widths, strict=True):
                self.add(value, total, width, inner)
            for store in stores:
                self.body.store(store, lanes, inner)

        def innermost() -> None:
            low, high = self.bounds(s.inner[-1])
            self.segments(totals, low, high, SEGMENT, 1, body)

        self.inner_nest(totals, s.inner[:-1], innermost)
        for store in stores:
            if self.body.turner.turns(store.access, lanes):
                self.body.turner.write(store.access, lanes)
        for value, total, width in zip(reduces, totals, widths, strict=True):
            self.finish(value, total.result(), width, env)

    def add(self, value: Value, total: Total, lanes: int, env: Env) -> None:
        """Another row of the operand of ``value``, each lane a column."""
        place = self.position(value, 1)
        place = self.w.splat(place, PLACE, lanes) if place else ""
        arg = self.body.get(value.args[0], lanes, env)
        total.add(self.truth(value, arg, lanes), place)

    def inner_nest(self, totals: list[Total], inner: list[int], body: Callable[[], None]) -> None:
        """``nest``, float sums through partial sums at every level."""

        def inside(index: str) -> None:
            self.places.active[inner[0]] = index
            self.inner_nest(totals, inner[1:], body)

        if inner:
            self.segments(totals, *self.bounds(inner[0]), SEGMENT, 1, inside)
        else:
            body()

    def segments(
        self, totals: list[Total], low: str, high: str, length: int, step: int,
        body: Callable[[str], None],
    ) -> None:  # fmt: skip
        """for index in range(low, high, step), float sums through partial sums of ``length``."""
        if not any(total.combine.blocked for total in totals):
            with self.w.loop(low, high, step) as index:
                body(index)
            return
        with self.w.loop(low, high, length) as start:
            stop = self.minimum(self.w.let(f"add nsw i64 {start}, {length}"), high)
            for total in totals:
                total.open()
            with self.w.loop(start, stop, step) as index:
                body(index)
            for total in totals:
                total.close()

    def truth(self, value: Value, arg: str, lanes: int) -> str:
        """any and all look at whether their operand is not zero."""
        if value.data in ("any", "all"):
            source = value.args[0].dtype
            if source is not bool_:
                return emit_cast.cast(self.w, source, bool_, lanes, arg)
        return arg

    def position(self, value: Value, lanes: int) -> str:
        """The place along the reduced axis, for argmax and argmin."""
        if value not in self.s.affine_codes or value.op != "reduce":
            return ""
        return self.places.affine(self.s.affine_codes[value], lanes, lanes > 1, PLACE)

    def finish(self, value: Value, result: tuple[str, str], lanes: int, env: Env) -> None:
        """A reduction is done: keep its result for what follows, or store the partial one."""
        w, combine = self.w, self.combines[value]
        if self.split:
            for store in self.s.stores:
                if store.value is value:
                    env[value] = result[0]
                    self.body.store(store, lanes, env, self.segment_number)
            return
        if combine.places:
            element = emit_scalar.element_of(value.dtype)
            env[value] = combine.position(w, lanes, result[1], element)
        else:
            env[value] = w.rounded(result[0], value.dtype, lanes)
