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

import hashlib
from collections.abc import Callable
from typing import Any, final

from rushlight.base.dtype import bool_
from rushlight.base.dtype import dtype as DType
from rushlight.compiler import emit_scalar
from rushlight.compiler import math as vector_math
from rushlight.compiler.emit import MEMORY, Writer, literal
from rushlight.compiler.launch import Kernel
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.combine import LAST, Combine
from rushlight.compiler.loops.schedule import HEAVY, Access, Schedule, Store

# Words before the schedule's own: rows, rows a chunk, blocks of the vector variable, their length,
# segments of the longest reduced variable, their length, elements between their results.
CHUNK_WORDS = 7
# A sum of float32 goes through partial sums of this many terms.
SEGMENT = 32
Env = dict[Any, str]


@final
class LoopText:
    """Writes one kernel. ``split``: the longest reduced variable is cut into segments."""

    def __init__(self, schedule: Schedule, split: bool) -> None:
        self.s = schedule
        self.split = split
        self.w = Writer()
        self.active: dict[int, str] = {}
        self.mask: str | None = None
        self.phase = 0
        self.order = schedule.rows + schedule.inner
        self.combines = {
            value: Combine(value.data, value.args[0].dtype)
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
        )
        symbol = "loop_" + hashlib.sha256(text.encode()).hexdigest()[:16]
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
        self._emit(fixed, 1, env)
        with w.loop("%begin", "%end") as chunk:
            self._chunk(chunk, env)
        if w.fails:
            w.do(f"ret i64 {w.let('load i64, ptr %error')}")
        else:
            w.do("ret i64 0")

    def _minimum(self, a: str, b: str) -> str:
        return self.w.let(f"call i64 @llvm.smin.i64(i64 {a}, i64 {b})")

    def _range(self, part: str, length: str, size: str) -> tuple[str, str]:
        """[part * length, the same + length) inside [0, size)"""
        low = self.w.let(f"mul nsw i64 {part}, {length}")
        high = self.w.let(f"add nsw i64 {low}, {length}")
        return low, self._minimum(high, size)

    def _chunk(self, chunk: str, env: Env) -> None:
        w, s = self.w, self.s
        self.segment: tuple[str, str] | None = None
        if self.split:
            segment = w.let(f"urem i64 {chunk}, %w4")
            chunk = w.let(f"udiv i64 {chunk}, %w4")
            extent = f"%w{s.extent_words[s.cut]}"
            self.segment = self._range(segment, "%w5", extent)
            self.segment_number = segment
        outer = list(s.rows)
        block = ("0", "1")
        if not s.by_rows and s.vector >= 0:
            outer.remove(s.vector)
            part = w.let(f"urem i64 {chunk}, %w2")
            chunk = w.let(f"udiv i64 {chunk}, %w2")
            block = self._range(part, "%w3", f"%w{s.extent_words[s.vector]}")
        if not outer:
            self._row(block, dict(env))
            return
        low, high = self._range(chunk, "%w1", "%w0")
        counters = self._counters(outer, low)
        with w.loop(low, high) as row:
            for variable, counter in counters:
                self.active[variable] = w.let(f"load i64, ptr {counter}") if counter else row
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
            moved = w.let(f"add nsw i64 {self.active[variable]}, {carry}")
            full = w.let(f"icmp eq i64 {moved}, %w{self.s.extent_words[variable]}")
            kept = w.let(f"select i1 {full}, i64 0, i64 {moved}")
            w.do(f"store i64 {kept}, ptr {counter}")
            carry = w.let(f"zext i1 {full} to i64")

    def _row(self, block: tuple[str, str], env: Env) -> None:
        w, s = self.w, self.s
        if s.by_rows or s.vector < 0:
            self._emit([v for v in s.values if not v.full and not v.phase], 1, env)
            self._phases(1, env)
            return
        uniform = [v for v in s.values if not v.full and not v.phase and not self._wide(v)]
        self._emit(uniform, 1, env)
        if s.exact:
            self._column("0", s.lanes, env)
            return
        low, high = block
        lanes = s.lanes * s.unroll
        main = self._whole(low, high, lanes)
        with w.loop(low, main, lanes) as index:
            self._column(index, lanes, dict(env))
        if s.masked:
            with w.loop(main, high, lanes) as index:
                self._set_mask(index, high, lanes)
                self._column(index, lanes, dict(env))
                self._clear_mask()
        else:
            with w.loop(main, high) as index:
                self._column(index, 1, dict(env))

    def _whole(self, low: str, high: str, lanes: int) -> str:
        """The end of the part of [low, high) that is whole steps of ``lanes``."""
        length = self.w.let(f"sub nsw i64 {high}, {low}")
        whole = self.w.let(f"and i64 {length}, {-lanes}")
        return self.w.let(f"add nsw i64 {low}, {whole}")

    def _set_mask(self, index: str, high: str, lanes: int) -> None:
        w = self.w
        left = w.let(f"sub nsw i64 {high}, {index}")
        # 32-bit lane numbers: half the registers of 64-bit ones
        short = w.let(f"trunc i64 {left} to i32")
        many = w.splat(short, "i32", lanes)
        numbers = "<" + ", ".join(f"i32 {lane}" for lane in range(lanes)) + ">"
        clipped = w.let(f"icmp slt <{lanes} x i32> {numbers}, {many}")
        self.mask = clipped
        w.mask = (clipped, lanes)

    def _clear_mask(self) -> None:
        self.mask = None
        self.w.mask = None

    def _column(self, index: str, lanes: int, env: Env) -> None:
        self.active[self.s.vector] = index
        self._emit([v for v in self.s.values if not v.full and not v.phase], lanes, env)
        self._phases(lanes, env)

    # Phases

    def _phases(self, lanes: int, env: Env) -> None:
        """All passes over the reduced variables of one row (row form) or of ``lanes`` rows."""
        s = self.s
        for phase in range(self.last_phase + 1):
            reduces = [v for v in self.combines if v.args[0].phase == phase]
            stores = [st for st in s.stores if st.full and st.value.phase == phase]
            if reduces or stores:
                self.phase = phase
                self._pass(reduces, stores, lanes, env)
            known = [v for v in s.values if not v.full and v.phase == phase + 1]
            self._emit([v for v in known if v.op != "reduce"], lanes, env)
        if self.split:
            return
        for store in s.stores:
            if not store.full:
                self._store(store, lanes, env)

    def _pass(
        self, reduces: list[Value], stores: list[Store], lanes: int, env: Env
    ) -> None:
        """One loop nest over the reduced variables: accumulate ``reduces``, write ``stores``."""
        roots = [v.args[0] for v in reduces] + [store.value for store in stores]
        saved = {v for v, (_, first) in self.s.saved.items() if first < self.phase}
        values = needed_full(roots, saved)
        if self.s.by_rows:
            self._row_pass(reduces, stores, values, env)
        else:
            self._column_pass(reduces, stores, values, lanes, env)

    def _nest(self, variables: list[int], body: Callable[[], None]) -> None:
        """Loops over all ``variables``, the first outermost."""
        if not variables:
            body()
            return
        with self.w.loop(*self._bounds(variables[0])) as index:
            self.active[variables[0]] = index
            self._nest(variables[1:], body)

    def _bounds(self, variable: int) -> tuple[str, str]:
        if self.segment is not None and variable == self.s.cut:
            return self.segment
        return "0", f"%w{self.s.extent_words[variable]}"

    def _column_pass(
        self, reduces: list[Value], stores: list[Store], values: list[Value], lanes: int, env: Env
    ) -> None:
        w, s = self.w, self.s
        widths = [lanes if self._wide(v.args[0]) else 1 for v in reduces]
        totals = [_Total(w, self.combines[v], n) for v, n in zip(reduces, widths, strict=True)]

        def body(index: str) -> None:
            self.active[s.inner[-1]] = index
            inner = dict(env)
            self._emit(values, lanes, inner)
            for value, total, width in zip(reduces, totals, widths, strict=True):
                place = self._position(value, 1)
                place = w.splat(place, "i64", width) if place else ""
                total.add(self._truth(value, self._get(value.args[0], width, inner), width), place)
            for store in stores:
                self._store(store, lanes, inner)

        def innermost() -> None:
            low, high = self._bounds(s.inner[-1])
            self._segments(totals, low, high, SEGMENT, 1, body)

        self._nest(s.inner[:-1], innermost)
        for value, total, width in zip(reduces, totals, widths, strict=True):
            self._finish(value, total.result(), width, env)

    def _segments(
        self,
        totals: list[_Total],
        low: str,
        high: str,
        length: int,
        step: int,
        body: Callable[[str], None],
    ) -> None:
        """for index in range(low, high, step), float sums through partial sums of ``length``."""
        w = self.w
        if not any(total.combine.blocked for total in totals):
            with w.loop(low, high, step) as index:
                body(index)
            return
        with w.loop(low, high, length) as start:
            stop = self._minimum(w.let(f"add nsw i64 {start}, {length}"), high)
            for total in totals:
                total.open()
            with w.loop(start, stop, step) as index:
                body(index)
            for total in totals:
                total.close()

    def _row_pass(
        self, reduces: list[Value], stores: list[Store], values: list[Value], env: Env
    ) -> None:
        w, s = self.w, self.s
        # Several vectors at once hide latency, unless what is computed fills the registers alone.
        costly = any(value.op in HEAVY for value in values)
        lanes = s.lanes * (1 if costly else s.unroll)
        rest = s.lanes if s.masked or s.exact else 1
        combines = [self.combines[v] for v in reduces]
        totals = [_Total(w, combine, lanes) for combine in combines]
        tails = [_Total(w, combine, rest) for combine in combines]

        def body(index: str, width: int, into: list[_Total]) -> None:
            self.active[s.vector] = index
            inner = dict(env)
            self._emit(values, width, inner)
            for value, total in zip(reduces, into, strict=True):
                arg = self._truth(value, self._get(value.args[0], width, inner), width)
                place = self._position(value, width)
                if self.mask:
                    arg, place = self._only_there(total.combine, arg, place, width)
                total.add(arg, place)
            for store in stores:
                self._store(store, width, inner)

        def innermost() -> None:
            if s.exact:
                body("0", lanes, tails)
                return
            low, high = self._bounds(s.vector)
            main = self._whole(low, high, lanes)
            self._segments(
                totals, low, main, SEGMENT * lanes, lanes, lambda index: body(index, lanes, totals)
            )
            with w.loop(main, high, rest) as index:
                if s.masked:
                    self._set_mask(index, high, rest)
                body(index, rest, tails)
                self._clear_mask()

        self._nest(s.inner[:-1], innermost)
        for value, total, tail in zip(reduces, totals, tails, strict=True):
            combine = total.combine
            joined = tail.result()
            if not s.exact:
                main = combine.fold(w, lanes, rest, total.result())
                joined = combine.join_both(w, rest, main, joined)
            self._finish(value, combine.fold(w, rest, 1, joined), 1, env)

    def _only_there(
        self, combine: Combine, arg: str, place: str, lanes: int
    ) -> tuple[str, str]:
        """Lanes past the end of a row count for nothing."""
        w = self.w
        flags, kind = w.kind("i1", lanes), w.kind(combine.element, lanes)
        nothing = w.splat(combine.start(), combine.element, lanes)
        arg = w.let(f"select {flags} {self.mask}, {kind} {arg}, {kind} {nothing}")
        if place:
            whole = w.kind("i64", lanes)
            last = w.splat(LAST, "i64", lanes)
            place = w.let(f"select {flags} {self.mask}, {whole} {place}, {whole} {last}")
        return arg, place

    def _truth(self, value: Value, arg: str, lanes: int) -> str:
        """any and all look at whether their operand is not zero."""
        if value.data in ("any", "all"):
            source = value.args[0].dtype
            if source is not bool_:
                return emit_scalar.cast(self.w, source, bool_, lanes, arg)
        return arg

    def _position(self, value: Value, lanes: int) -> str:
        """The place along the reduced axis, for argmax and argmin."""
        if value not in self.s.affine_codes or value.op != "reduce":
            return ""
        return self._affine(self.s.affine_codes[value], lanes, lanes > 1)

    def _finish(self, value: Value, result: tuple[str, str], lanes: int, env: Env) -> None:
        """A reduction is done: keep its result for what follows, or store the partial one."""
        w, combine = self.w, self.combines[value]
        if self.split:
            for store in self.s.stores:
                if store.value is value:
                    env[value] = result[0]
                    self._store(store, lanes, env)
            return
        if combine.places:
            env[value] = result[1]
        else:
            env[value] = w.rounded(result[0], value.dtype, lanes)

    # Values

    def _wide(self, value: Value) -> bool:
        """Whether it differs from lane to lane."""
        return self.s.vector >= 0 and bool(value.uses >> self.s.vector & 1)

    def _get(self, value: Value, lanes: int, env: Env) -> str:
        if lanes == 1 or self._wide(value):
            return env[value]
        key = (value, lanes)
        if key not in env:
            element = emit_scalar.element_of(value.dtype)
            env[key] = self.w.splat(env[value], element, lanes)
        return env[key]

    def _emit(self, values: list[Value], lanes: int, env: Env) -> None:
        """Compute those of ``values`` that are not known yet."""
        for value in values:
            if value in env:
                continue
            width = lanes if self._wide(value) else 1
            saved = self.s.saved.get(value)
            if saved is not None and saved[1] < self.phase:
                env[value] = self._read(saved[0].access, width, "")
                continue
            env[value] = self._compute(value, width, env)
            if saved is not None and saved[1] == self.phase:
                self._write(value, saved[0].access, width, env)

    def _compute(self, value: Value, lanes: int, env: Env) -> str:
        w, op = self.w, value.op
        if op == "load":
            return self._load(value, lanes)
        if op == "const":
            return literal(value.data, emit_scalar.element_of(value.dtype))
        if op == "scalar":
            pointer = f"%p{self.s.scalars[value]}"
            if value.dtype is bool_:
                return w.let(f"icmp ne i64 {w.let(f'load i64, ptr {pointer}')}, 0")
            return w.let(f"load {emit_scalar.element_of(value.dtype)}, ptr {pointer}")
        if op == "iota":
            return self._iota(value, lanes)
        args = [self._get(arg, lanes, env) for arg in value.args]
        source = value.args[-1].dtype
        if op == "cast":
            return emit_scalar.cast(w, source, value.dtype, lanes, args[0])
        if op == "bitcast":
            return emit_scalar.bitcast(w, source, value.dtype, lanes, args[0])
        if op == "guard":
            kind = w.kind(emit_scalar.element_of(value.dtype), lanes)
            there = self._guard(value, lanes)
            shape = w.kind("i1", lanes)
            return w.let(f"select {shape} {there}, {kind} {args[0]}, {kind} {args[1]}")
        return emit_scalar.emit(w, op, source, lanes, args)

    def _iota(self, value: Value, lanes: int) -> str:
        w = self.w
        place = self._affine(self.s.affine_codes[value], lanes, lanes > 1)
        element = emit_scalar.element_of(value.dtype)
        kind, whole = w.kind(element, lanes), w.kind("i64", lanes)
        if value.dtype.is_floating_point:
            made = w.let(f"sitofp {whole} {place} to {kind}")
            return w.rounded(made, value.dtype, lanes)
        if element == "i1":
            return w.let(f"icmp ne {whole} {place}, {w.splat('0', 'i64', lanes)}")
        return place if element == "i64" else w.let(f"trunc {whole} {place} to {kind}")

    # Addresses

    def _sum(self, codes: tuple[Any, ...], skip: int) -> str:
        """sum of coefficient * variable, outer variables first so that LLVM hoists the prefix."""
        w = self.w
        total = ""
        for place, variable in enumerate(self.order):
            code = codes[place]
            if code == 0 or variable == skip:
                continue
            term = self.active[variable]
            if code != 1:
                term = w.let(f"mul nsw i64 {term}, %w{code[1]}")
            total = w.let(f"add nsw i64 {total}, {term}") if total else term
        return total

    def _affine(self, codes: tuple[Any, ...], lanes: int, vector: bool) -> str:
        """An affine function of the variables, for one lane or as a vector of i64."""
        w = self.w
        total = self._sum(codes, -1) or "0"
        if codes[-1] != 0:
            total = w.let(f"add nsw i64 {total}, %w{codes[-1][1]}")
        if not vector:
            return total
        base = w.splat(total, "i64", lanes)
        code = codes[self.order.index(self.s.vector)]
        if code == 0:
            return base
        steps = w.lane_numbers(lanes)
        if code != 1:
            by = w.splat(f"%w{code[1]}", "i64", lanes)
            steps = w.let(f"mul nsw <{lanes} x i64> {steps}, {by}")
        return w.let(f"add nsw <{lanes} x i64> {base}, {steps}")

    def _guard(self, value: Value, lanes: int) -> str:
        """Whether the element is there: i1, or one for each lane."""
        w = self.w
        result = ""
        for codes, size in self.s.guard_codes[value]:
            vector = lanes > 1 and codes[self.order.index(self.s.vector)] != 0
            here = lanes if vector else 1
            place = self._affine(codes, here, vector)
            limit = w.splat(f"%w{size}", "i64", here)
            inside = w.let(f"icmp ult {w.kind('i64', here)} {place}, {limit}")
            if not vector:
                inside = w.splat(inside, "i1", lanes)
            kind = w.kind("i1", lanes)
            result = w.let(f"and {kind} {result}, {inside}") if result else inside
        return result

    def _address(self, access: Access, lanes: int) -> tuple[str, bool]:
        """(pointer, contiguous) of the first lane, or (vector of pointers, False)."""
        w, s = self.w, self.s
        memory = MEMORY[access.dtype.name]
        index = self._sum(access.codes, -1)
        pointer = f"%p{access.pointer}"
        if index:
            pointer = w.let(f"getelementptr {memory}, ptr {pointer}, i64 {index}")
        code = access.codes[self.order.index(s.vector)] if lanes > 1 else 1
        if lanes == 1 or code == 1:
            return pointer, True
        steps = w.lane_numbers(lanes)
        by = w.splat("0" if code == 0 else f"%w{code[1]}", "i64", lanes)
        steps = w.let(f"mul nsw <{lanes} x i64> {steps}, {by}")
        return w.let(f"getelementptr {memory}, ptr {pointer}, <{lanes} x i64> {steps}"), False

    def _load(self, value: Value, lanes: int) -> str:
        there = self._guard(value, lanes) if value in self.s.guard_codes else ""
        return self._read(self.s.loads[value], lanes, there)

    def _read(self, access: Access, lanes: int, there: str) -> str:
        """What lies at ``access``; ``there``: flags of the lanes that may be read, or all."""
        w = self.w
        memory, size = MEMORY[access.dtype.name], access.dtype.itemsize
        pointer, contiguous = self._address(access, lanes)
        kind = w.kind(memory, lanes)
        if lanes == 1:
            if there:
                # what is not there is read from a place that always is, and thrown away
                pointer = w.let(f"select i1 {there}, ptr {pointer}, ptr %args")
            loaded = w.let(f"load {memory}, ptr {pointer}, align {1 if there else size}")
            return w.from_memory(loaded, access.dtype, 1)
        mask = self._both(there, lanes)
        if not contiguous and not mask:
            loaded = self._picked(access, memory, lanes)
        elif contiguous and not mask:
            loaded = w.let(f"load {kind}, ptr {pointer}, align {size}")
        else:
            name = "load" if contiguous else "gather"
            where = "ptr" if contiguous else f"<{lanes} x ptr>"
            places = "p0" if contiguous else f"v{lanes}p0"
            flags = mask or w.splat("true", "i1", lanes)
            loaded = w.let(
                f"call {kind} @llvm.masked.{name}.{w.overload(memory, lanes)}.{places}("
                f"{where} {pointer}, i32 {size}, <{lanes} x i1> {flags}, {kind} zeroinitializer)"
            )
        return w.from_memory(loaded, access.dtype, lanes)

    def _picked(self, access: Access, memory: str, lanes: int) -> str:
        """One lane after another, a fixed distance apart."""
        w = self.w
        kind = w.kind(memory, lanes)
        code = access.codes[self.order.index(self.s.vector)]
        start = self._address(access, 1)[0]
        result = "poison"
        for lane in range(lanes):
            place = self._step(start, memory, code[1], lane)
            one = w.let(f"load {memory}, ptr {place}, align {access.dtype.itemsize}")
            result = w.let(f"insertelement {kind} {result}, {memory} {one}, i64 {lane}")
        return result

    def _step(self, start: str, memory: str, word: int, lane: int) -> str:
        offset = self.w.let(f"mul nsw i64 %w{word}, {lane}")
        return self.w.let(f"getelementptr {memory}, ptr {start}, i64 {offset}")

    def _both(self, there: str, lanes: int) -> str:
        if self.mask and there:
            return self.w.let(f"and <{lanes} x i1> {self.mask}, {there}")
        return self.mask or there

    def _store(self, store: Store, lanes: int, env: Env) -> None:
        self._write(store.value, store.access, lanes, env, partial=self.split and not store.full)

    def _write(
        self, what: Value, access: Access, lanes: int, env: Env, partial: bool = False
    ) -> None:
        w = self.w
        dtype: DType = access.dtype
        vector = self.s.vector
        here = lanes
        if vector < 0 or access.codes[self.order.index(vector)] == 0:
            here = 1
        value = w.to_memory(self._get(what, here, env), dtype, here)
        memory, size = MEMORY[dtype.name], dtype.itemsize
        kind = w.kind(memory, here)
        pointer, contiguous = self._address(access, here)
        if partial:
            offset = w.let(f"mul nsw i64 {self.segment_number}, %w6")
            pointer = w.let(f"getelementptr {memory}, ptr {pointer}, i64 {offset}")
        if here == 1:
            w.do(f"store {kind} {value}, ptr {pointer}, align {size}")
        elif contiguous and not self.mask:
            w.do(f"store {kind} {value}, ptr {pointer}, align {size}")
        elif not self.mask:
            code = access.codes[self.order.index(vector)]
            start = self._address(access, 1)[0]
            for lane in range(here):
                one = w.let(f"extractelement {kind} {value}, i64 {lane}")
                place = self._step(start, memory, code[1], lane)
                w.do(f"store {memory} {one}, ptr {place}, align {size}")
        else:
            name = "store" if contiguous else "scatter"
            where = "ptr" if contiguous else f"<{here} x ptr>"
            places = "p0" if contiguous else f"v{here}p0"
            flags = self.mask or w.splat("true", "i1", here)
            w.do(
                f"call void @llvm.masked.{name}.{w.overload(memory, here)}.{places}("
                f"{kind} {value}, {where} {pointer}, i32 {size}, <{here} x i1> {flags})"
            )


@final
class _Total:
    """The accumulators of one reduction while its loops run."""

    def __init__(self, w: Writer, combine: Combine, lanes: int) -> None:
        self.w = w
        self.combine = combine
        self.lanes = lanes
        self.kind = w.kind(combine.element, lanes)
        self.start = w.splat(combine.start(), combine.element, lanes)
        self.total = w.variable(self.kind, self.start)
        self.place = ""
        if combine.places:
            self.place = w.variable(w.kind("i64", lanes), w.splat(LAST, "i64", lanes))
        self.partial = ""

    def open(self) -> None:
        """Start a partial sum."""
        if self.combine.blocked:
            self.partial = self.w.variable(self.kind, self.start)

    def close(self) -> None:
        if self.partial:
            part = self.w.let(f"load {self.kind}, ptr {self.partial}")
            self.partial = ""
            self.add(part, "")

    def add(self, value: str, place: str) -> None:
        w = self.w
        into = self.partial or self.total
        old = w.let(f"load {self.kind}, ptr {into}")
        if not self.combine.places:
            new = self.combine.join(w, self.lanes, old, value)
            w.do(f"store {self.kind} {new}, ptr {into}")
            return
        whole = w.kind("i64", self.lanes)
        first = w.let(f"load {whole}, ptr {self.place}")
        new, place = self.combine.join_places(w, self.lanes, (old, first), (value, place))
        w.do(f"store {self.kind} {new}, ptr {into}")
        w.do(f"store {whole} {place}, ptr {self.place}")

    def result(self) -> tuple[str, str]:
        value = self.w.let(f"load {self.kind}, ptr {self.total}")
        if not self.place:
            return value, ""
        return value, self.w.let(f"load {self.w.kind('i64', self.lanes)}, ptr {self.place}")
