"""Short rows that lie one after the other, turned in registers: a vector of each column.

A vector of narrow rows holds one element of each of several. Picked one by one they cost a load and
a shuffle each, and a shuffle and a store each on the way back. Here rows are read as vectors of
neighbours and turned like a square matrix: bit by bit, the number of the vector changes places with
the number of the lane, a shuffle of two vectors each. Columns wait on the stack for the passes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, final

from rushlight.compiler.emit import MEMORY, Writer
from rushlight.compiler.loops.schedule import Access, Schedule

if TYPE_CHECKING:
    from rushlight.compiler.loops.places import Places

# What is in memory as it is in registers, and fills lanes of its own width.
PLAIN = frozenset(("float32", "float64", "int32", "int64"))
# Access, pointer to the first row, pointers to the columns.
Move = Callable[[Access, str, list[str]], None]
# Bytes ahead of a row that is read or written under a mask, which memory is not fetched ahead for.
AHEAD = 2048
# Columns of a square of which registers hold two, turned together by LLVM.
CROWDED = 12


def turned_width(schedule: Schedule) -> int:
    """Elements of a narrow row where arrays of such rows are turned, else 0."""
    s = schedule
    if not s.narrow or s.cpu.isa not in ("avx2", "avx512"):
        return 0
    return int(s.sizes[s.inner[0]]) if any(turns(s, access) for access in _moved(s)) else 0


def which_turn(schedule: Schedule) -> tuple[bool, ...]:
    """Of all loads and stores, in order: strides alone do not tell a text of this."""
    if not schedule.turned:
        return ()
    return tuple([turns(schedule, access) for access in _moved(schedule)])


def _moved(schedule: Schedule) -> list[Access]:
    return [*schedule.loads.values(), *(store.access for store in schedule.stores)]


def turns(schedule: Schedule, access: Access) -> bool:
    """Whether an array is rows side by side, of elements as wide as the lanes of its kernel."""
    s = schedule
    along, down = access.index[s.inner[0] + 1], access.index[s.vector + 1]
    return (
        (along, down) == (1, s.sizes[s.inner[0]])
        and access.dtype.name in PLAIN
        and access.dtype.itemsize * s.lanes == s.cpu.vector_bytes
    )


def is_crowded(schedule: Schedule) -> bool:
    """Whether two squares side by side have more vectors than there are registers."""
    return schedule.turned > CROWDED and schedule.lanes > CROWDED


@final
class Turner:
    """Moves rows of ``width`` elements between memory and arrays of columns on the stack."""

    def __init__(self, w: Writer, schedule: Schedule, places: Places) -> None:
        self.w, self.s, self.places = w, schedule, places
        self.width = schedule.turned
        self.square = min(schedule.lanes, 1 << (self.width - 1).bit_length())
        self.arrays: dict[tuple[Access, int], str] = {}

    def turns(self, access: Access, lanes: int) -> bool:
        return self.width > 0 and lanes > 1 and turns(self.s, access)

    def column(self, access: Access, lanes: int) -> tuple[str, str]:
        """Where the column that runs waits: (type, pointer)."""
        element = MEMORY[access.dtype.name]
        kind = self.w.kind(element, lanes)
        row = self.places.active[self.s.inner[0]]
        return kind, self.w.let(
            f"getelementptr {kind}, ptr {self._array(access, lanes)}, i64 {row}"
        )

    def _array(self, access: Access, lanes: int) -> str:
        array = self.arrays.get((access, lanes))
        if array is None:
            array = self.arrays[access, lanes] = self.w.name()
            kind = self.w.kind(MEMORY[access.dtype.name], lanes)
            self.w.allocas.append(f"  {array} = alloca [{self.width} x {kind}], align 64")
        return array

    def read(self, access: Access, lanes: int) -> None:
        """Rows in memory -> columns, for the ``lanes`` rows from the active one on."""
        self._each(access, lanes, self._read_square)

    def write(self, access: Access, lanes: int) -> None:
        """Columns -> rows in memory."""
        self._each(access, lanes, self._write_square)

    def _each(self, access: Access, lanes: int, move: Move) -> None:
        self.places.active[self.s.inner[0]] = "0"
        start, array = self.places.first(access), self._array(access, lanes)
        size = access.dtype.itemsize
        for row in range(0, lanes, self.s.lanes):
            for first in range(0, self.width, self.square):
                columns = range(first, min(first + self.square, self.width))
                places = [self._at(array, (column * lanes + row) * size) for column in columns]
                move(access, self._at(start, (row * self.width + first) * size), places)

    def _at(self, pointer: str, offset: int) -> str:
        return self.w.let(f"getelementptr i8, ptr {pointer}, i64 {offset}")

    def _read_square(self, access: Access, start: str, columns: list[str]) -> None:
        w, s = self.w, self.s
        element, size = MEMORY[access.dtype.name], access.dtype.itemsize
        kind, lanes = w.kind(element, s.lanes), s.lanes
        vectors = []
        for place, there in self._rows(start, size, len(columns)):
            if there == lanes:
                found = w.let(f"load {kind}, ptr {place}, align {size}")
            else:
                self._fetch(place, 0)
                found = w.let(
                    f"call {kind} @llvm.masked.load.{w.overload(element, lanes)}.p0(ptr {place}, "
                    f"i32 {size}, {self._mask(there)}, {kind} zeroinitializer)"
                )
            vectors.append(_shuffled(w, kind, found, found, self._spread(len(columns))))
        vectors = turned(w, kind, vectors, lanes)
        order = self._order()
        for place, vector in zip(columns, vectors, strict=False):
            w.do(f"store {kind} {_shuffled(w, kind, vector, vector, order)}, ptr {place}, align 64")

    def _write_square(self, access: Access, start: str, columns: list[str]) -> None:
        w, s = self.w, self.s
        element, size = MEMORY[access.dtype.name], access.dtype.itemsize
        kind, lanes = w.kind(element, s.lanes), s.lanes
        vectors = [
            w.let(f"load {kind}, ptr {place}, align {s.cpu.vector_bytes}") for place in columns
        ]
        vectors += ["poison"] * (self.square - len(columns))
        back = _inverse(self._order())
        vectors = [_shuffled(w, kind, vector, vector, back) for vector in vectors]
        vectors = turned(w, kind, vectors, lanes)
        close = _inverse(self._spread(len(columns)))
        for (place, there), vector in zip(
            self._rows(start, size, len(columns)), vectors, strict=True
        ):
            made = _shuffled(w, kind, vector, vector, close)
            if there == lanes:
                w.do(f"store {kind} {made}, ptr {place}, align {size}")
                continue
            self._fetch(place, 1)
            w.do(
                f"call void @llvm.masked.store.{w.overload(element, lanes)}.p0({kind} {made}, "
                f"ptr {place}, i32 {size}, {self._mask(there)})"
            )

    def _rows(self, start: str, size: int, count: int) -> Iterator[tuple[str, int]]:
        """Where each vector of rows is, and how many elements it has of them."""
        rows = self.s.lanes // self.square
        for number in range(self.square):
            there = rows * self.width if rows > 1 else count
            yield self._at(start, number * rows * self.width * size), there

    def _spread(self, count: int) -> list[int]:
        """Rows side by side -> each at the beginning of its part of the vector."""
        places = [divmod(lane, self.square) for lane in range(self.s.lanes)]
        return [part * count + place if place < count else -1 for part, place in places]

    def _order(self) -> list[int]:
        """Part ``s``, place ``k`` of a turned column is row ``k * parts + s``."""
        parts = self.s.lanes // self.square
        return [row % parts * self.square + row // parts for row in range(self.s.lanes)]

    def _mask(self, there: int) -> str:
        lanes = self.s.lanes
        flags = ", ".join(f"i1 {'true' if lane < there else 'false'}" for lane in range(lanes))
        return f"<{lanes} x i1> <{flags}>"

    def _fetch(self, place: str, write: int) -> None:
        if self.width <= self.s.lanes:
            ahead = self._at(place, AHEAD)
            self.w.do(f"call void @llvm.prefetch.p0(ptr {ahead}, i32 {write}, i32 2, i32 1)")


def _inverse(order: list[int]) -> list[int]:
    """
    >>> _inverse([1, 0, -1, 2])
    [1, 0, 3, -1]
    """
    return [order.index(lane) if lane in order else -1 for lane in range(len(order))]


def turned(w: Writer, kind: str, vectors: list[str], lanes: int) -> list[str]:
    """Column ``j`` of each square of every vector: in vector ``j``."""
    bit = 1
    while bit < len(vectors):
        made = list(vectors)
        for low in range(len(vectors)):
            if not low & bit:
                pair = vectors[low], vectors[low | bit]
                near = [lane + lanes - bit if lane & bit else lane for lane in range(lanes)]
                far = [lane + lanes if lane & bit else lane + bit for lane in range(lanes)]
                made[low] = _shuffled(w, kind, *pair, near)
                made[low | bit] = _shuffled(w, kind, *pair, far)
        vectors, bit = made, 2 * bit
    return vectors


def _shuffled(w: Writer, kind: str, a: str, b: str, order: list[int]) -> str:
    if all(place in (lane, -1) for lane, place in enumerate(order)):
        return a
    mask = ", ".join("i32 poison" if place < 0 else f"i32 {place}" for place in order)
    return w.let(f"shufflevector {kind} {a}, {kind} {b}, <{len(order)} x i32> <{mask}>")
