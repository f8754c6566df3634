"""A kernel's loops, described: what it reads and stores, and how its variables run.

The facts are here, and names for what ``decide.py`` decides of them; ``signature.py`` lays out the
words that the text reads.
"""

from __future__ import annotations

import math
from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import contiguous_strides
from rushlight.compiler.loops.build import Space, Value, mark_levels, needed_values
from rushlight.compiler.loops.index import Coord, Coords, linear
from rushlight.ir.graph import Node
from rushlight.runtime import cpu

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

    # The order of the loops: outer rows first, the reduced variables inside; neighbours merged.
    sizes: dict[int, int]  # of the variables that are left
    rows: list[int]
    inner: list[int]
    cut: int  # the reduced variable that several threads may share, or -1
    vector: int  # the variable that vectors run along, or -1
    by_rows: bool  # the vector runs along a reduced variable
    narrow: bool  # rows so short and many that a vector holds one element of each
    tiled: bool  # a transpose: see ``decide.py``

    # Lanes
    lanes: int
    full_lanes: int
    unroll: int
    heavy: int  # values that take long to compute
    masked: bool
    exact: bool  # the vector is as long as its variable
    panel: bool
    turned: int
    few: int  # vectors of a row that is written out
    whole: bool  # all of those are full

    # What it has of each concept; see the file of its name
    saved: dict[Value, tuple[Store | None, int]]
    short: int  # short rows in vectors of several: the variable
    woven: int  # and its size
    together: int
    squares: bool
    shifted: bool
    streamed: bool
    fetches: str
    joined: dict[Value, Value]
    row_by_row: bool
    panel_columns: tuple[int, int]

    # What the words are: see ``signature.py``
    extent_words: dict[int, int]
    constants: dict[Value, int]
    affine_codes: dict[Value, tuple[Any, ...]]
    # coefficients, the word of the size, and whether 32 bits are enough to compare
    guard_codes: dict[Value, list[tuple[tuple[Any, ...], int, bool]]]

    def __init__(self, space: Space, roots: list[Root], lanes_of: cpu.Cpu) -> None:
        self.cpu = lanes_of
        self.reduced, self.extents = space.reduced, list(space.extents)
        self.words: list[int] = []
        self.pointers: list[tuple[Node, int]] = []
        self._pointer_index: dict[tuple[Node, int], int] = {}
        self.affine: dict[Value, Coord] = {}
        self.values = needed_values([value for _, value, _, _ in roots])
        mark_levels(self.values, space.reduced)
        width = len(self.extents) + 1
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
