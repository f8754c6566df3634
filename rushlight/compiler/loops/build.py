"""From graph nodes to the body of one loop kernel.

A *space* is the loop nest of a kernel: one variable for each axis of ``shape`` (axes of size 1
are dropped), of which the reduced ones run inside the others. ``Builder.value`` follows a node down
to buffers, carrying an index map (``loops/index.py``); it meets

* element-wise primitives: the same map for every source,
* movement primitives: another map,
* a reduction over this very space: a value per row, usable in the same kernel afterwards,
* a node in a buffer: a load.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, final

from rushlight.base.dtype import COMPLEX
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import Shape, contiguous_strides
from rushlight.compiler.loops.index import Coord, Coords, Guard, NotAffine, linear, movement
from rushlight.ir.graph import Node
from rushlight.ir.primitives import ELEMENTWISE

MOVES = frozenset(("reshape", "permute", "expand", "slice", "pad"))
INLINE = ELEMENTWISE | MOVES | frozenset(("reduce", "const", "iota", "scalar"))
# Integer division by zero stops the program: it must not run on places that a guard takes out.
_TRAPS = frozenset(("floordiv", "truncdiv", "remainder", "fmod"))


class NotFusible(Exception):
    """This node cannot be computed in this kernel; another kernel can."""


@final
class Value:
    """One scalar of the loop body, for the element that the loop variables name.

    ``uses`` has bit k set where it depends on variable k. ``reduced`` says that it lies behind a
    reduction, ``phase`` how many loops over the reduced variables have to end before it is known.
    """

    __slots__ = ("args", "data", "dtype", "full", "index", "op", "phase", "serial", "uses")

    def __init__(
        self,
        op: str,
        args: tuple[Value, ...],
        dtype: DType,
        *,
        serial: int,
        uses: int = 0,
        phase: int = 0,
        index: Coord = (),
        data: Any = None,
    ) -> None:
        self.op = op
        self.args = args
        self.dtype = dtype
        self.serial = serial
        self.uses = uses
        self.phase = phase
        self.index = index
        self.data = data
        self.full = False


def squeeze(shape: Shape) -> Shape:
    return tuple([size for size in shape if size != 1])


@final
class Space:
    """The loop nest: ``extents`` of its variables, and as a bit mask which are reduced.

    ``cuts`` maps an axis of the squeezed shape to factors when a reshape inside needs it in parts.
    """

    __slots__ = ("axes", "cuts", "extents", "groups", "reduced", "row_shape", "shape")

    def __init__(self, shape: Shape, axes: Shape, cuts: dict[int, Shape]) -> None:
        """``shape`` without ones; ``axes``: which of them are reduced."""
        self.shape = shape
        self.axes = axes
        self.cuts = cuts
        self.row_shape = tuple([size for axis, size in enumerate(shape) if axis not in axes])
        extents: list[int] = []
        groups: list[tuple[int, ...]] = []  # the variables of each axis
        self.reduced = 0
        for axis, size in enumerate(shape):
            parts = cuts.get(axis, (size,))
            first = len(extents)
            extents.extend(parts)
            groups.append(tuple(range(first, len(extents))))
            if axis in axes:
                for place in groups[-1]:
                    self.reduced |= 1 << place
        self.extents = tuple(extents)
        self.groups = groups

    def coords(self, node_shape: Shape, rows: bool) -> Coords:
        """Coordinates of an array over all variables, or the rows only; ones are fixed at 0."""
        width = len(self.extents) + 1
        zero = (0,) * width
        axes = [axis for axis in range(len(self.shape)) if not (rows and axis in self.axes)]
        result: list[Coord] = []
        place = 0
        for size in node_shape:
            if size == 1:
                result.append(zero)
                continue
            variables = self.groups[axes[place]]
            place += 1
            coord = [0] * width
            step = 1
            for variable in reversed(variables):
                coord[variable + 1] = step
                step *= self.extents[variable]
            result.append(tuple(coord))
        return tuple(result)


def reduce_space(node: Node) -> tuple[Shape, Shape]:
    """(squeezed source shape, reduced axes of it) of a reduction."""
    source = node.src[0].shape
    axes = node.attrs["axes"]
    kept: list[int] = []
    place = 0
    for axis, size in enumerate(source):
        if size != 1:
            if axis in axes:
                kept.append(place)
            place += 1
    return squeeze(source), tuple(kept)


@final
class Builder:
    """Values of one kernel. ``in_buffer`` says which nodes other kernels have computed before."""

    def __init__(self, space: Space, in_buffer: Callable[[Node], bool]) -> None:
        self.space = space
        self.in_buffer = in_buffer
        self.memo: dict[Any, Value] = {}
        self.roots: dict[Node, tuple[Value, Coords, bool]] = {}
        self.reduces: dict[Value, Node] = {}
        self.width = len(space.extents) + 1
        self.count = 0

    def add_root(self, node: Node) -> None:
        """Compute ``node`` here and store it. NotFusible or NotAffine leave all as it was."""
        shape = squeeze(node.shape)
        if shape == self.space.shape and not (node.op == "reduce" and self._is_own(node)):
            rows = False
        elif shape == self.space.row_shape:
            rows = True
        else:
            raise NotFusible
        coords = self.space.coords(node.shape, rows)
        value = self._make(node, coords, ())
        self.roots[node] = (value, coords, rows)

    def _is_own(self, node: Node) -> bool:
        return reduce_space(node) == (self.space.shape, self.space.axes)

    def value(self, node: Node, coords: Coords, guards: tuple[Guard, ...]) -> Value:
        root = self.roots.get(node)
        if root is not None:
            if root[1] != coords or guards:
                raise NotFusible
            return root[0]
        key = (node, coords, guards)
        found = self.memo.get(key)
        if found is None:
            if self.in_buffer(node):
                found = self._load(node, coords, contiguous_strides(node.shape), guards)
            else:
                found = self._make(node, coords, guards)
            self.memo[key] = found
        return found

    def _new(self, op: str, args: tuple[Value, ...], dtype: DType, **rest: Any) -> Value:
        if dtype.category == COMPLEX:
            raise NotImplementedError(f"{op} of {dtype} has no lowering")
        uses, phase = rest.pop("uses", 0), 0
        for arg in args:
            uses |= arg.uses
            if arg.phase > phase:
                phase = arg.phase
        self.count += 1
        return Value(
            op, args, dtype, serial=self.count, uses=uses, phase=rest.pop("phase", phase), **rest
        )

    def _uses(self, coord: Coord) -> int:
        mask = 0
        for place in range(1, len(coord)):
            if coord[place]:
                mask |= 1 << (place - 1)
        return mask

    def _load(self, node: Node, coords: Coords, strides: Shape, guards: tuple[Guard, ...]) -> Value:
        if node.op == "scalar":
            return self._new("scalar", (), node.dtype, data=node)
        index = linear(coords, strides, self.width)
        uses = self._uses(index)
        for guard in guards:
            uses |= self._uses(guard.coord)
        key = ("load", node, index, guards)
        found = self.memo.get(key)
        if found is None:
            found = self._new("load", (), node.dtype, index=index, uses=uses, data=(node, guards))
            self.memo[key] = found
        return found

    def _make(self, node: Node, coords: Coords, guards: tuple[Guard, ...]) -> Value:
        op = node.op
        if op in ELEMENTWISE:
            if op in _TRAPS and guards and not node.dtype.is_floating_point:
                raise NotAffine(node)
            args = tuple([self.value(source, coords, guards) for source in node.src])
            return self._new(op, args, node.dtype)
        if op == "const":
            return self._new("const", (), node.dtype, data=node.attrs["value"])
        if op == "scalar":
            return self._new("scalar", (), node.dtype, data=node)
        if op == "iota":
            coord = coords[node.attrs["axis"]]
            return self._new("iota", (), node.dtype, index=coord, uses=self._uses(coord))
        if op == "reduce":
            return self._reduce(node, coords, guards)
        if op not in MOVES:
            raise NotFusible
        source = node.src[0]
        if op == "reshape":
            base = source
            while base.op == "reshape" and not self.in_buffer(base):
                base = base.src[0]
            if self.in_buffer(base) and base.op != "scalar":
                if base in self.roots:
                    moved, _ = movement(node, coords, self.space.extents)
                    return self.value(source, moved, guards)
                return self._load(base, coords, contiguous_strides(node.shape), guards)
        moved, more = movement(node, coords, self.space.extents)
        if not more:
            return self.value(source, moved, guards)
        inner = self.value(source, moved, guards + more)
        uses = 0
        for guard in more:
            uses |= self._uses(guard.coord)
        pad = self._new("const", (), node.dtype, data=node.attrs["value"])
        return self._new("guard", (inner, pad), node.dtype, uses=uses, data=more)

    def _reduce(self, node: Node, coords: Coords, guards: tuple[Guard, ...]) -> Value:
        space = self.space
        if not space.axes or guards or not self._is_own(node):
            raise NotFusible
        if coords != space.coords(node.shape, True):
            raise NotFusible
        source = node.src[0]
        inner = self.value(source, space.coords(source.shape, False), ())
        kind = node.attrs["kind"]
        position: Coord = ()
        if kind in ("argmax", "argmin"):
            axis_coords = space.coords(source.shape, False)
            position = axis_coords[node.attrs["axes"][0]]
            if source.shape[node.attrs["axes"][0]] >= 2**31:
                raise NotImplementedError(f"{kind} over 2**31 elements and more has no lowering")
        made = self._new(
            "reduce", (inner,), node.dtype, phase=inner.phase + 1, index=position, data=kind
        )
        self.reduces[made] = node
        return made


def mark_levels(values: list[Value], reduced: int) -> None:
    """Set ``full`` where a value changes with the reduced variables, rather than once a row."""
    for value in values:
        if value.op == "reduce":
            value.uses &= ~reduced
            value.full = False
            continue
        uses = 0
        for arg in value.args:
            uses |= arg.uses
        if value.op in ("load", "iota", "guard"):
            uses |= value.uses if value.op != "guard" else _guard_uses(value)
        value.uses = uses
        value.full = bool(uses & reduced)


def _guard_uses(value: Value) -> int:
    mask = 0
    for guard in value.data:
        for place in range(1, len(guard.coord)):
            if guard.coord[place]:
                mask |= 1 << (place - 1)
    return mask


def needed_full(roots: list[Value], saved: Collection[Value] = ()) -> list[Value]:
    """What changes along the reduced variables and ``roots`` need, in the order of making.

    ``saved`` values are there already: what only they need is left out.
    """
    found = {value for value in roots if value.full}
    stack = list(found)
    while stack:
        value = stack.pop()
        for arg in () if value in saved else value.args:
            if arg.full and arg not in found:
                found.add(arg)
                stack.append(arg)
    return sorted(found, key=lambda value: value.serial)


def needed_values(roots: list[Value]) -> list[Value]:
    """Everything that ``roots`` need, in the order of making."""
    found: set[Value] = set(roots)
    stack = list(found)
    while stack:
        for arg in stack.pop().args:
            if arg not in found:
                found.add(arg)
                stack.append(arg)
    return sorted(found, key=lambda value: value.serial)
