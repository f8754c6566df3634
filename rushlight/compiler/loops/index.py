"""Index maps: where in a source the element of a loop lies.

A coordinate is ``(offset, coef of variable 0, coef of variable 1, ...)``: the affine function
``offset + sum coef_k * v_k`` of the loop variables. Movement primitives turn the coordinates of
their result into coordinates of their source; what no affine function can say raises NotAffine,
and the source is then put into a buffer, which reshapes for free.
"""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.base.shape import Shape, contiguous_strides
from rushlight.ir.graph import Node

Coord = tuple[int, ...]
Coords = tuple[Coord, ...]


class Guard(Record):
    """The element is there only where ``0 <= coord < size``."""

    coord: Coord
    size: int


class NotAffine(Exception):
    """``node`` has to be in a buffer before its user can be written as a loop.

    ``cut``: or else a loop variable in two, (variable, size of the inner part).
    """

    def __init__(self, node: Node, cut: tuple[int, int] | None = None) -> None:
        super().__init__(node)
        self.node = node
        self.cut = cut

    def __str__(self) -> str:
        return f"{self.node} cannot be read through an affine index map"


def combine(terms: list[tuple[Coord, int]], width: int) -> Coord:
    """The sum of ``coord * factor``.

    >>> combine([((0, 1, 0), 4), ((1, 0, 1), 1)], 3)
    (1, 4, 1)
    """
    total = [0] * width
    for coord, factor in terms:
        if factor == 1:
            for place, value in enumerate(coord):
                total[place] += value
        elif factor:
            for place, value in enumerate(coord):
                total[place] += value * factor
    return tuple(total)


def linear(coords: Coords, strides: Shape, width: int) -> Coord:
    """The place in flat memory of an element at ``coords`` of an array with ``strides``."""
    return combine(list(zip(coords, strides, strict=True)), width)


def split(flat: Coord, size: int, extents: Shape) -> tuple[Coord, Coord] | None:
    """(flat // size, flat % size) as affine functions, or None where there are none.

    >>> split((0, 6, 1), 3, (4, 3))
    ((0, 2, 0), (0, 0, 1))
    >>> split((0, 1), 3, (12,)) is None
    True
    """
    high, low = [0] * len(flat), [0] * len(flat)
    high[0], low[0] = divmod(flat[0], size)
    least = most = low[0]
    for place in range(1, len(flat)):
        coef = flat[place]
        if coef % size == 0:
            high[place] = coef // size
            continue
        low[place] = coef
        reach = coef * (extents[place - 1] - 1)
        least, most = min(least, least + reach), max(most, most + reach)
    if least < 0 or most >= size:
        return None
    return tuple(high), tuple(low)


def reshape_coords(coords: Coords, shape: Shape, source: Node, extents: Shape) -> Coords:
    """Coordinates in ``source`` of the element at ``coords`` of its reshape to ``shape``."""
    width = len(extents) + 1
    result: list[Coord] = [(0,) * width] * source.ndim
    if 0 in shape:
        return tuple(result)
    old, new = len(shape) - 1, source.ndim - 1
    while True:
        # Walk both shapes from the back; a run of axes with equal products maps onto another.
        while old >= 0 and shape[old] == 1:
            old -= 1
        while new >= 0 and source.shape[new] == 1:
            new -= 1
        if old < 0 or new < 0:
            return tuple(result)
        if shape[old] == source.shape[new]:
            result[new] = coords[old]
            old, new = old - 1, new - 1
            continue
        from_axes, to_axes = [old], [new]
        a, b = shape[old], source.shape[new]
        while a != b:
            if a < b:
                old -= 1
                a *= shape[old]
                from_axes.insert(0, old)
            else:
                new -= 1
                b *= source.shape[new]
                to_axes.insert(0, new)
        sizes = tuple(shape[axis] for axis in from_axes)
        picked = tuple(coords[axis] for axis in from_axes)
        flat = linear(picked, contiguous_strides(sizes), width)
        for axis in reversed(to_axes[1:]):
            parts = split(flat, source.shape[axis], extents)
            if parts is None:
                raise NotAffine(source, _cut(flat, source.shape[axis], extents))
            flat, result[axis] = parts
        result[to_axes[0]] = flat
        old, new = old - 1, new - 1


def _cut(flat: Coord, size: int, extents: Shape) -> tuple[int, int] | None:
    """The variable that would have to be two loops for flat // size, flat % size to be affine."""
    for place in range(1, len(flat)):
        coef = flat[place]
        if coef > 0 and coef % size and size % coef == 0:
            inner = size // coef
            if 1 < inner < extents[place - 1] and extents[place - 1] % inner == 0:
                return place - 1, inner
    return None


def movement(node: Node, coords: Coords, extents: Shape) -> tuple[Coords, tuple[Guard, ...]]:
    """Coordinates in ``node.src[0]``, and what must hold for the element to be there (pad)."""
    source = node.src[0]
    op = node.op
    if op == "reshape":
        return reshape_coords(coords, node.shape, source, extents), ()
    if op == "permute":
        result = list(coords)
        for place, axis in enumerate(node.attrs["axes"]):
            result[axis] = coords[place]
        return tuple(result), ()
    if op == "expand":
        zero = (0,) * (len(extents) + 1)
        pairs = zip(coords, source.shape, strict=True)
        return tuple(zero if size == 1 else coord for coord, size in pairs), ()
    if op == "slice":
        start, step = node.attrs["start"], node.attrs["step"]
        return tuple(
            (first + coord[0] * by, *(coef * by for coef in coord[1:]))
            if first or by != 1
            else coord
            for coord, first, by in zip(coords, start, step, strict=True)
        ), ()
    if op == "pad":
        lo, hi = node.attrs["lo"], node.attrs["hi"]
        moved = tuple(
            (coord[0] - low, *coord[1:]) if low else coord
            for coord, low in zip(coords, lo, strict=True)
        )
        guards = tuple(
            Guard(moved[axis], source.shape[axis])
            for axis in range(node.ndim)
            if lo[axis] or hi[axis]
        )
        return moved, guards
    raise NotAffine(node)
