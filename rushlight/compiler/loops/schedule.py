"""How a kernel's loops run: which variables merge, which one is vectorised, who shares the work.

Everything that decides the text of a kernel is in ``Schedule.signature``; sizes, strides and
constants become words, so that another batch size is the same kernel with other words.
"""

from __future__ import annotations

import math
from typing import Any, final

from rushlight.base.dtype import BOOL
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import contiguous_strides
from rushlight.compiler.emit import MEMORY
from rushlight.compiler.loops.bits import constant_bits
from rushlight.compiler.loops.build import Space, Value, mark_levels, needed_values
from rushlight.compiler.loops.few import few_vectors
from rushlight.compiler.loops.index import Coord, Coords, linear
from rushlight.compiler.loops.moments import find_moments
from rushlight.compiler.loops.online import find_joined
from rushlight.compiler.loops.saved import HEAVY, choose_saved
from rushlight.compiler.loops.square import has_squares
from rushlight.compiler.loops.stream import fetches, is_streamed, panel_columns, streams_rows
from rushlight.compiler.loops.turn import is_crowded, turned_width, which_turn
from rushlight.compiler.loops.vector import MANY, is_short, is_tall, vector_variable, weight
from rushlight.compiler.loops.weave import is_apart, rows_together
from rushlight.ir.graph import Node
from rushlight.runtime import cpu

# Bytes that a chunk touches at least, and the least work (in bytes) worth a second thread.
CHUNK_BYTES = 128 * 1024
SERIAL_BYTES = 256 * 1024

# Of an array that is read from its end.
BACKWARD = "backward"


@final
class Access:
    """A load or store: which pointer, and its coefficient for each variable in ``order``.

    ``codes`` holds what the text says of each coefficient: 0, 1, or 'w' followed by a word.
    ``apart``: see ``weave.py``.
    """

    __slots__ = ("apart", "codes", "dtype", "index", "pointer")

    def __init__(self, pointer: int, dtype: DType, index: Coord) -> None:
        self.pointer = pointer
        self.dtype = dtype
        self.index = index
        self.codes: tuple[Any, ...] = ()
        self.apart = False


@final
class Store:
    __slots__ = ("access", "full", "node", "value")

    def __init__(self, node: Node, value: Value, access: Access, full: bool) -> None:
        self.node = node
        self.value = value
        self.access = access
        self.full = full


# What is stored: a node, its value, its coordinates, and whether it is one value a row.
Root = tuple[Node, Value, Coords, bool]


@final
class Schedule:
    """A kernel, described down to the order of its words."""

    def __init__(self, space: Space, roots: list[Root], lanes_of: cpu.Cpu) -> None:
        self.cpu = lanes_of
        self.vector: int
        self.rows: list[int]
        self.words: list[int] = []
        self.pointers: list[tuple[Node, int]] = []
        self._pointer_index: dict[tuple[Node, int], int] = {}
        self.affine: dict[Value, Coord] = {}
        self.values = needed_values([value for _, value, _, _ in roots])
        mark_levels(self.values, space.reduced)
        extents = list(space.extents)
        width = len(extents) + 1
        self.stores: list[Store] = []
        for node, value, coords, rows in roots:
            index = linear(coords, contiguous_strides(node.shape), width)
            access = Access(self._pointer(node, index[0], node.dtype), node.dtype, index)
            self.stores.append(Store(node, value, access, not rows and bool(space.axes)))
        self.loads: dict[Value, Access] = {}
        self.scalars: dict[Value, int] = {}  # the pointer to each Python number
        self.guards: dict[Value, list[tuple[Coord, int]]] = {}
        for value in self.values:
            if value.op == "load":
                node, guards = value.data
                access = Access(
                    self._pointer(node, value.index[0], node.dtype), node.dtype, value.index
                )
                self.loads[value] = access
                if guards:
                    self.guards[value] = [(guard.coord, guard.size) for guard in guards]
            elif value.op == "scalar":
                self.scalars[value] = self._pointer(value.data, 0, value.dtype)
            elif value.op == "guard":
                self.guards[value] = [(guard.coord, guard.size) for guard in value.data]
            elif value.op == "iota" or (value.op == "reduce" and value.index):
                self.affine[value] = value.index
        self._order_variables(space.reduced, extents)
        self.saved = choose_saved(self)
        self._choose_lanes()
        self.short, self.woven = -1, 0  # short rows in vectors of several: the variable, its size
        self.squares = has_squares(self)
        self.shifted = False
        self.streamed = is_streamed(self)
        self.fetches = fetches(self)
        self.joined = find_joined(self) or find_moments(self)
        self.row_by_row = streams_rows(self)
        self.panel_columns = panel_columns(self)
        if self.joined:
            # largest, centre and sum of each vector side by side: more would not fit in registers
            self.unroll = 2
        self.together = rows_together(self, self.full_lanes)
        if self.together:
            self.short, self.vector = self.vector, self.rows[-2]
            self.woven = self.sizes[self.short]
            self.lanes = self.woven * self.together
            for access in self.loads.values():
                access.apart = is_apart(self, access)

    def _pointer(self, node: Node, offset: int, dtype: DType) -> int:
        key = (node, offset * dtype.itemsize)
        found = self._pointer_index.get(key)
        if found is None:
            found = self._pointer_index[key] = len(self.pointers)
            self.pointers.append(key)
        return found

    def word(self, value: int) -> int:
        self.words.append(value)
        return len(self.words) - 1

    def pass_roots(self, phase: int) -> list[Value]:
        """What the pass over the reduced variables number ``phase`` computes."""
        roots = [v.args[0] for v in self.values if v.op == "reduce" and v.args[0].phase == phase]
        return roots + [s.value for s in self.stores if s.full and s.value.phase == phase]

    # Variables

    def _coords(self) -> list[Coord]:
        found = [store.access.index for store in self.stores]
        found += [access.index for access in self.loads.values()]
        found += list(self.affine.values())
        found += [coord for pairs in self.guards.values() for coord, _ in pairs]
        return found

    def _order_variables(self, reduced: int, extents: list[int]) -> None:
        """Merge neighbours, choose the vector variable, fix the order: outer rows first."""
        coords = self._coords()
        memory = [store.access.index for store in self.stores if store.full or not reduced]
        memory += [access.index for access in self.loads.values()]
        memory += [store.access.index for store in self.stores if store.full is False and reduced]

        live = [k for k in range(len(extents)) if extents[k] != 1]
        classes = [
            [k for k in live if not reduced >> k & 1],
            [k for k in live if reduced >> k & 1],
        ]
        # Each group of merged variables: the innermost of it carries the coefficients.
        merged: list[list[tuple[int, int]]] = []
        for members in classes:
            members = sorted(members, key=lambda k: weight(memory, k), reverse=True)
            groups: list[tuple[int, int]] = []
            for variable in members:
                size = extents[variable]
                if groups:
                    outer, outer_size = groups[-1]
                    if all(c[outer + 1] == c[variable + 1] * size for c in coords):
                        groups[-1] = (variable, outer_size * size)
                        continue
                groups.append((variable, size))
            merged.append(groups)
        rows, inner = merged
        self.sizes = dict([*rows, *inner])
        # narrow: rows so short and many that a vector holds one element of each; by_rows: the
        # vector runs along a reduced variable
        self.vector, self.by_rows, self.narrow = vector_variable(rows, inner, memory)
        for groups in (rows, inner):
            for place, (variable, _) in enumerate(groups):
                if variable == self.vector:
                    groups.append(groups.pop(place))
                    break
        self.tiled = False
        if not inner and self.vector >= 0:
            self._tile(rows, memory, self.vector)
        self.rows = [variable for variable, _ in rows]
        self.inner = [variable for variable, _ in inner]
        self.cut = max(self.inner, key=lambda v: self.sizes[v], default=-1)

    def _tile(self, rows: list[tuple[int, int]], memory: list[Coord], vector: int) -> None:
        """A transpose: the variable along which the strided side is contiguous runs next to last.

        Rows and blocks of one chunk are then a tile whose cache lines are used whole on both sides.
        """
        for index in memory:
            if abs(index[vector + 1]) <= 1:
                continue
            for place, (variable, _) in enumerate(rows[:-1]):
                if abs(index[variable + 1]) == 1:
                    near = rows.pop(place)
                    rows.insert(len(rows) - 1, near)
                    self.tiled = True
                    return

    # Lanes

    def _choose_lanes(self) -> None:
        sizes = set()
        for value in self.values:
            if value.dtype.category != BOOL and value.op not in ("const", "scalar"):
                size = 8 if value.op == "iota" else value.dtype.itemsize
                sizes.add(4 if value.dtype.name in ("float16", "bfloat16") else size)
        width = self.cpu.vector_bytes
        widest = 4 if 4 in sizes or not sizes else max(sizes)
        self.lanes = self.full_lanes = max(1, width // widest)
        self.heavy = sum(value.op in HEAVY for value in self.values)
        argument = any(v.op == "reduce" and v.data in ("argmax", "argmin") for v in self.values)
        # Side by side, so that one vector's polynomial runs while another's waits for itself.
        self.unroll = 4 if self.heavy else 1
        if any(v.op == "reduce" for v in self.values):
            self.unroll = 4 if self.by_rows else 2 if self.heavy else 8
        vector = self.vector
        if argument and not (self.by_rows and self.sizes[vector] >= MANY * self.lanes):
            self.unroll = 1  # short rows would be joining places most of the time
        moved = list(self.loads.values()) + [store.access for store in self.stores]
        contiguous = [a for a in moved if vector >= 0 and a.index[vector + 1]]
        wide = all(len(MEMORY[a.dtype.name]) > 2 and a.dtype.itemsize >= 4 for a in contiguous)
        self.masked = self.cpu.isa == "avx512" or (self.cpu.isa == "avx2" and wide)
        self.exact = self.panel = False
        self.turned = 0
        self.few, self.whole = 0, False  # vectors of a row that is written out; all are full
        if self.by_rows and len(self.inner) == 1 and self.rows:
            self.few = few_vectors(self.sizes[vector], self.lanes, self.masked)
        if vector < 0:
            self.lanes, self.unroll, self.masked = 1, 1, False
        elif self.narrow:
            self.masked, self.turned = False, turned_width(self)
            self.unroll = 1 if argument or is_crowded(self) else 2
        elif self.few:
            self.unroll, self.saved = 1, {}
            self.whole = self.sizes[vector] % self.lanes == 0
        elif self._is_short(self.sizes[vector]):
            # A few channels or classes, many times over: a vector of just that length, no tail.
            self.exact, self.masked = True, False
            self.lanes, self.unroll = self.sizes[vector], 1
        elif self._is_tall():
            self.panel, self.unroll = True, 4
        elif self.tiled or not (self.inner or self.masked):
            self.unroll = min(self.unroll, 1 if self.tiled else 2)
        elif len(self.rows) + len(self.inner) > 1:
            # No more vectors side by side than there are. One row by itself takes no time where it
            # is that short, and has one kernel for all lengths.
            while self.unroll > 1 and self.sizes[vector] < self.lanes * self.unroll:
                self.unroll //= 2

    def _is_short(self, extent: int) -> bool:
        if self.by_rows:
            return False
        total = self.row_count * self.inner_count
        if not self.inner and type(extent) is int and type(total) is not int:
            # Where nothing is reduced it makes no difference to any bit: a plan for many sizes
            # (``ir/size.py``) needs no two kernels, one for many rows and one for few.
            total = MANY * extent
        return is_short(extent, total)

    def _is_tall(self) -> bool:
        """Whether the columns are so many, and so long, that rows had better stream past."""
        if self.by_rows or not self.inner:
            return False
        reduces = [value for value in self.values if value.op == "reduce"]
        if not all(v.args[0].uses >> self.vector & 1 for v in reduces):
            return False
        return is_tall(self.inner_count, self.sizes[self.vector], self.lanes)

    # What the text depends on, and the words it reads

    def finish(self) -> tuple[Any, ...]:
        """Lay out the words after the caller's own; returns the signature of the text."""
        order = self.rows + self.inner
        self.extent_words = {variable: self.word(self.sizes[variable]) for variable in order}
        number = {value: place for place, value in enumerate(self.values)}
        signature: list[Any] = [
            self.by_rows, order.index(self.vector) if order else -1, len(self.rows),
            len(self.inner), self.lanes, self.unroll, self.masked, self.exact, self.woven, self.few,
            self.whole, self.turned, which_turn(self), self.squares, self.panel, self.cpu.isa,
            len(self.pointers), order.index(self.cut) if self.inner else -1,
            self.streamed, self.shifted, bool(self.joined), self.row_by_row,
            self.panel_columns[1], self.fetches,
        ]  # fmt: skip
        self.constants: dict[Value, int] = {}
        self.affine_codes: dict[Value, tuple[Any, ...]] = {}
        # coefficients, the word of the size, and whether 32 bits are enough to compare
        self.guard_codes: dict[Value, list[tuple[tuple[Any, ...], int, bool]]] = {}
        for value in self.values:
            row: list[Any] = [value.op, value.dtype.name, *(number[arg] for arg in value.args)]
            access = self.loads.get(value)
            if access is not None:
                access.codes = self._codes(access.index, order, False)
                row += [access.pointer, access.codes, access.apart]
            if value.op == "const":
                data = value.data
                if type(data) is bool or data in (0, 1, -1):
                    row.append(repr(data))
                else:
                    self.constants[value] = self.word(constant_bits(data, value.dtype))
            elif value.op == "scalar":
                row.append(self.scalars[value])
            elif value.op == "reduce":
                row += [value.data, value.full]
            if value in self.affine:
                codes = self._codes(self.affine[value], order, True)
                self.affine_codes[value] = codes
                row.append(codes)
            if value in self.guards:
                rows = []
                for coord, size in self.guards[value]:
                    codes = self._codes(coord, order, True)
                    rows.append((codes, self.word(size), self._is_narrow(coord, size)))
                self.guard_codes[value] = rows
                row.append(tuple(rows))
            row.append(
                (
                    value.full,
                    value.phase,
                    self.vector >= 0 and value.uses >> self.vector & 1,
                    value in self.saved,
                )
            )
            signature.append(tuple(row))
        for store in self.stores:
            store.access.codes = self._codes(store.access.index, order, False)
            signature.append(
                (number[store.value], store.access.pointer, store.access.codes, store.full,
                 store.node.dtype.name)
            )  # fmt: skip
        return tuple(signature)

    def _is_narrow(self, coord: Coord, size: int) -> bool:
        """Whether the coordinate stays within 32 bits, which half the registers hold."""
        reach = abs(coord[0]) + size
        for variable, count in self.sizes.items():
            reach += abs(coord[variable + 1]) * count
        return reach < 2**31

    def _codes(self, index: Coord, order: list[int], offset: bool) -> tuple[Any, ...]:
        """For each variable 0, 1 or ('w', word), with BACKWARD after it where that word is -1; then
        the offset's word if it is wanted."""
        codes: list[Any] = []
        for variable in order:
            coef = index[variable + 1]
            if coef == 0 or coef == 1:
                codes.append(coef)
                continue
            backward = (BACKWARD,) if type(coef) is int and coef == -1 else ()
            codes.append(("w", self.word(coef), *backward))
        if offset:
            codes.append(("w", self.word(index[0])) if index[0] else 0)
        return tuple(codes)

    # Size

    @property
    def row_count(self) -> int:
        return math.prod(self.sizes[variable] for variable in self.rows)

    @property
    def inner_count(self) -> int:
        return math.prod(self.sizes[variable] for variable in self.inner)

    def touched_bytes(self) -> int:
        """Bytes that have to move at least: each array counted once."""
        total = 0
        for access in (*self.loads.values(), *(store.access for store in self.stores)):
            elements = 1
            for variable in (*self.rows, *self.inner):
                if access.index[variable + 1]:
                    elements *= self.sizes[variable]
            total += elements * access.dtype.itemsize
        return total
