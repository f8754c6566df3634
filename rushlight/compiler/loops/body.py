"""The values of a loop body as LLVM names, each computed where it is first known."""

from __future__ import annotations

from typing import Any, final

from rushlight.base.dtype import bool_
from rushlight.compiler import emit_cast, emit_scalar
from rushlight.compiler.emit import Writer, literal
from rushlight.compiler.loops import weave
from rushlight.compiler.loops.build import Value
from rushlight.compiler.loops.few import SHORT
from rushlight.compiler.loops.places import Places
from rushlight.compiler.loops.rounding import Rounded
from rushlight.compiler.loops.schedule import Access, Schedule, Store
from rushlight.compiler.loops.sign import in_unit, never_positive
from rushlight.compiler.loops.terms import find_shares, find_terms
from rushlight.compiler.loops.turn import Turner

# Names of values; under (value, lanes) the name of its repetition over all lanes.
Env = dict[Any, str]


@final
class Body:
    """Computes values into an ``Env``. ``phase``: the pass over the reduced variables that runs."""

    def __init__(self, w: Writer, schedule: Schedule, places: Places) -> None:
        self.w = w
        self.s = schedule
        self.places = places
        self.turner = Turner(w, schedule, places)
        self.phase = 0
        self.terms = find_terms(schedule)
        self.shares = find_shares(schedule)
        self.rounded = Rounded()
        self.waiting: dict[tuple[Value, int], str] = {}

    def wide(self, value: Value) -> bool:
        """Whether it differs from lane to lane."""
        s = self.s
        if s.woven and value.uses >> s.short & 1:
            return True
        return s.vector >= 0 and bool(value.uses >> s.vector & 1)

    def get(self, value: Value, lanes: int, env: Env) -> str:
        if lanes == 1 or self.wide(value):
            return env[value]
        key = (value, lanes)
        if key not in env:
            element = emit_scalar.element_of(value.dtype)
            env[key] = self.w.splat(env[value], element, lanes)
        return env[key]

    def emit(self, values: list[Value], lanes: int, env: Env) -> None:
        """Compute those of ``values`` that are not known yet."""
        for value in values:
            if value in env:
                continue
            width = lanes if self.wide(value) else 1
            saved = self.s.saved.get(value)
            if saved is not None and saved[1] < self.phase:
                env[value] = self._saved(value, saved[0], width)
                continue
            env[value] = self._compute(value, width, env)
            if saved is not None and saved[1] == self.phase:
                if saved[0] is not None:
                    self.write(value, saved[0].access, width, env)
                else:
                    kind, place = self._stack_place(value, width)
                    align = value.dtype.itemsize
                    self.w.do(f"store {kind} {env[value]}, ptr {place}, align {align}")

    def _saved(self, value: Value, store: Store | None, lanes: int) -> str:
        if store is not None:
            return self.places.read(store.access, lanes, "")
        kind, place = self._stack_place(value, lanes)
        return self.w.let(f"load {kind}, ptr {place}, align {value.dtype.itemsize}")

    def _stack_place(self, value: Value, lanes: int) -> tuple[str, str]:
        """Where a value of a narrow row waits: (type, pointer)."""
        kind = self.w.kind(emit_scalar.element_of(value.dtype), lanes)
        array = self.waiting.get((value, lanes))
        if array is None:
            array = self.waiting[value, lanes] = self.w.name()
            self.w.allocas.append(f"  {array} = alloca [{SHORT} x {kind}], align 64")
        row = self.places.active[self.s.inner[0]]
        return kind, self.w.let(f"getelementptr {kind}, ptr {array}, i64 {row}")

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
        if value in self.shares:
            below = [self.get(arg, lanes, env) for arg in (value.args[0].args[0], value.args[1])]
            return w.call_math("exp_share", "float", lanes, below)
        args = [self.get(arg, lanes, env) for arg in value.args]
        source = value.args[-1].dtype
        if op == "cast":
            return emit_cast.cast(w, source, value.dtype, lanes, args[0])
        if op == "bitcast":
            return emit_cast.bitcast(w, source, value.dtype, lanes, args[0])
        if op == "guard":
            kind = w.kind(emit_scalar.element_of(value.dtype), lanes)
            there = self.places.guard(value, lanes)
            shape = w.kind("i1", lanes)
            return w.let(f"select {shape} {there}, {kind} {args[0]}, {kind} {args[1]}")
        if value in self.terms and value.phase == self.phase:
            op = "exp_term"
        if op in ("exp", "expm1") and never_positive(value.args[0]):
            op += "_down"
        if op == "log1p" and in_unit(value.args[0]):
            op = "log1p_unit"
        return emit_scalar.emit(w, op, source, lanes, args)

    def _iota(self, value: Value, lanes: int) -> str:
        w = self.w
        if self.s.woven and lanes > 1:
            place = weave.numbers(self.places, value, lanes)
        else:
            place = self.places.affine(self.s.affine_codes[value], lanes, lanes > 1)
        element = emit_scalar.element_of(value.dtype)
        kind, whole = w.kind(element, lanes), w.kind("i64", lanes)
        if value.dtype.is_floating_point:
            made = w.let(f"sitofp {whole} {place} to {kind}")
            return w.rounded(made, value.dtype, lanes)
        if element == "i1":
            return w.let(f"icmp ne {whole} {place}, {w.splat('0', 'i64', lanes)}")
        return place if element == "i64" else w.let(f"trunc {whole} {place} to {kind}")

    def _load(self, value: Value, lanes: int) -> str:
        if self.s.fetches == "rows" and self.phase == 1:
            self.places.fetch_next_row(self.s.loads[value], lanes)
        elif self.s.fetches == "tiles" and lanes > 1:
            self.places.fetch_next_tile(self.s.loads[value], lanes)
        if self.turned(value, lanes):
            kind, place = self.turner.column(self.s.loads[value], lanes)
            return self.w.let(f"load {kind}, ptr {place}")
        there = self.places.guard(value, lanes) if value in self.s.guard_codes else ""
        return self.places.read(self.s.loads[value], lanes, there)

    def turned(self, value: Value, lanes: int) -> bool:
        """Whether a load takes columns of rows that have been turned."""
        return value not in self.s.guards and self.turner.turns(self.s.loads[value], lanes)

    def store(self, store: Store, lanes: int, env: Env, segment: str = "") -> None:
        """``segment``: the number of the segment whose partial results these are."""
        self.write(store.value, store.access, lanes, env, "" if store.full else segment)

    def write(self, value: Value, access: Access, lanes: int, env: Env, segment: str = "") -> None:
        width = self.places.width(access, lanes)
        if self.turner.turns(access, lanes):
            kind, place = self.turner.column(access, lanes)
            self.w.do(f"store {kind} {self.get(value, lanes, env)}, ptr {place}")
            return
        rounded = self.rounded.holds(value)
        if self.s.fetches == "tiles" and lanes > 1:
            self.places.fetch_next_tile(access, 1, True)
        self.places.write(self.get(value, width, env), access, width, segment, rounded)
