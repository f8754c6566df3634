"""Transposing copies, and chains like them, a square of registers at a time.

What is contiguous along the vector variable is read and written as it lies, a vector for each of as
many rows as there are lanes; what is contiguous along the rows is read or written as vectors, too,
and turned in registers (``loops/turn.py``). The last square of a side overlaps the one before it:
nothing is masked, and what both store is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from rushlight.compiler.emit import MEMORY
from rushlight.compiler.loops.body import Env
from rushlight.compiler.loops.schedule import Access, Schedule
from rushlight.compiler.loops.turn import PLAIN, turned
from rushlight.ir.size import decision, quantity

if TYPE_CHECKING:
    from rushlight.compiler.loops.emit import LoopText

# Rows and columns of a chunk.
NEAR, ALONG = 64, 64
# Values of a loop body that is written out once for every row of a square, at most.
MOST = 12


def has_squares(schedule: Schedule) -> bool:
    """Whether a tiled loop nest is better taken in squares."""
    s = schedule
    if not s.tiled or s.heavy or s.guards or len(s.values) > MOST:
        return False
    if s.cpu.isa not in ("avx2", "avx512"):
        return False
    for access in (*s.loads.values(), *(store.access for store in s.stores)):
        along, near = access.index[s.vector + 1], access.index[s.rows[-2] + 1]
        if access.dtype.name not in PLAIN or access.dtype.itemsize * s.lanes != s.cpu.vector_bytes:
            return False
        if along not in (0, 1) and near != 1:
            return False
    if any(not store.access.index[s.vector + 1] for store in s.stores):
        return False
    return _are_long(s.sizes[s.rows[-2]], s.sizes[s.vector], s.lanes)


@decision
def _are_long(near: int, along: int, lanes: int) -> bool:
    return near >= lanes <= along


def square_words(schedule: Schedule) -> tuple[list[int], int]:
    """(the words of ``loops/emit.py``'s chunks, how many chunks)

    Blocks of the vector variable and their length, those of the row variable next to it.
    """
    s = schedule
    near, along = s.sizes[s.rows[-2]], s.sizes[s.vector]
    down, across = _blocks(near, NEAR), _blocks(along, ALONG)
    others = s.row_count // (near * along)
    return [others, 1, across, ALONG, down, NEAR, 0], others * across * down


@quantity
def _blocks(extent: int, length: int) -> int:
    return -(-extent // length)


@final
class Squares:
    """Writes what a chunk does."""

    def __init__(self, text: LoopText) -> None:
        self.t, self.s, self.w = text, text.s, text.w
        self.places = text.places
        self.near, self.along = self.s.rows[-2], self.s.vector

    def chunk(self, chunk: str, env: Env) -> None:
        w, s, active = self.w, self.s, self.places.active
        part, rest = w.let(f"urem i64 {chunk}, %w2"), w.let(f"udiv i64 {chunk}, %w2")
        band, rest = w.let(f"urem i64 {rest}, %w4"), w.let(f"udiv i64 {rest}, %w4")
        for variable in reversed(s.rows[:-2]):
            extent = f"%w{s.extent_words[variable]}"
            active[variable] = w.let(f"urem i64 {rest}, {extent}")
            rest = w.let(f"udiv i64 {rest}, {extent}")
        columns = self.t.range(part, "%w3", f"%w{s.extent_words[self.along]}")
        rows = self.t.range(band, "%w5", f"%w{s.extent_words[self.near]}")
        with w.loop(*columns, s.lanes) as column:
            active[self.along] = self._within(self.along, column)
            with w.loop(*rows, s.lanes) as row:
                active[self.near] = self._within(self.near, row)
                self._square(env)

    def _within(self, variable: str | int, first: str) -> str:
        """Where a square begins that ends within the array."""
        last = self.w.let(f"sub nsw i64 %w{self.s.extent_words[int(variable)]}, {self.s.lanes}")
        return self.t.minimum(first, last)

    def _square(self, env: Env) -> None:
        t, s, w, active = self.t, self.s, self.w, self.places.active
        first = active[self.near]
        read = {v: self._read(a) for v, a in s.loads.items() if self._turns(a)}
        made: dict[Access, list[str]] = {}
        for row in range(s.lanes):
            active[self.near] = w.let(f"add nsw i64 {first}, {row}")
            inner = {**env, **{value: vectors[row] for value, vectors in read.items()}}
            t.body.emit(s.values, s.lanes, inner)
            for store in s.stores:
                if self._turns(store.access):
                    value = t.body.get(store.value, s.lanes, inner)
                    made.setdefault(store.access, []).append(value)
                else:
                    t.body.store(store, s.lanes, inner)
        active[self.near] = first
        for access, vectors in made.items():
            kind = w.kind(MEMORY[access.dtype.name], s.lanes)
            for place, vector in zip(
                self._places(access), turned(w, kind, vectors, s.lanes), strict=True
            ):
                w.do(f"store {kind} {vector}, ptr {place}, align {access.dtype.itemsize}")

    def _turns(self, access: Access) -> bool:
        return access.index[self.along + 1] not in (0, 1)

    def _read(self, access: Access) -> list[str]:
        kind = self.w.kind(MEMORY[access.dtype.name], self.s.lanes)
        size = access.dtype.itemsize
        vectors = [
            self.w.let(f"load {kind}, ptr {place}, align {size}") for place in self._places(access)
        ]
        return turned(self.w, kind, vectors, self.s.lanes)

    def _places(self, access: Access) -> list[str]:
        """Where each column of a square begins."""
        w, memory = self.w, MEMORY[access.dtype.name]
        start = self.places.first(access)
        word = access.codes[(self.s.rows + self.s.inner).index(self.along)][1]
        found = []
        for lane in range(self.s.lanes):
            offset = w.let(f"mul nsw i64 %w{word}, {lane}")
            found.append(w.let(f"getelementptr {memory}, ptr {start}, i64 {offset}"))
        return found
