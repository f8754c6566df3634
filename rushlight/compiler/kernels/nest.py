"""Loop nests over strided arrays: how a shape is cut into chunks, and the loops in LLVM text.

Sizes and strides are words of the launch, so one text serves every shape of a rank. The first two
axes are cut into a grid of chunks; the innermost axis is left to the caller, as a row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body
from rushlight.ir.size import quantity

Shape = tuple[int, ...]
# Less than this many bytes moved takes under some 20 us: not worth waking a thread for.
SMALL_BYTES = 192 * 1024
CHUNK_BYTES = 96 * 1024
_LEAST_RUN = 16


class Nest(Record):
    """A shape of at least two axes, what each array steps along them (bytes), and the grid."""

    shape: Shape
    steps: tuple[Shape, ...]
    groups: tuple[int, int]
    chunks: int

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def words(self) -> tuple[int, ...]:
        blocks = _at_least_one(-(-self.shape[1] // self.groups[1]))
        flat = (step for steps in self.steps for step in steps)
        return (*self.shape, *self.groups, blocks, *flat)

    @property
    def size(self) -> int:
        return math.prod(self.shape)


def make_nest(
    shape: Shape,
    steps: Sequence[Shape],
    cost: int,
    *,
    fixed: tuple[int, ...] = (),
    serial: tuple[int, ...] = (),
) -> Nest:
    """Neighbouring axes merged where every array allows it, then cut into chunks.

    ``cost`` is what an element costs, in bytes moved. Axes in ``fixed`` are not merged; those in
    ``serial`` (also fixed) must not be cut: their order has a meaning.
    """
    kept = {*fixed, *serial}
    axes: list[tuple[int, list[int], int]] = []
    for axis, size in enumerate(shape):
        mine = [each[axis] for each in steps]
        if size == 1 and axis not in kept:
            continue
        if axes and axis not in kept and axes[-1][2] not in kept:
            above, above_steps, _ = axes[-1]
            if all(a == b * size for a, b in zip(above_steps, mine, strict=True)):
                axes[-1] = (above * size, mine, axis)
                continue
        axes.append((size, mine, axis))
    while len(axes) < 2:
        axes.insert(0, (1, [0] * len(steps), -1))
    merged = tuple(size for size, _, _ in axes)
    groups = _groups(merged, cost, (axes[0][2] in serial, axes[1][2] in serial))
    chunks = math.prod(-(-size // group) for size, group in zip(merged[:2], groups, strict=True))
    columns = tuple(tuple(mine[k] for _, mine, _ in axes) for k in range(len(steps)))
    return Nest(merged, columns, groups, chunks if math.prod(merged) else 0)


def _groups(shape: Shape, cost: int, serial: tuple[bool, bool]) -> tuple[int, int]:
    """How many of the first two axes one chunk takes."""
    total, below = math.prod(shape) * cost, math.prod(shape[2:]) * cost
    first, second = shape[:2]
    return (
        _group(0, first, second, total, below, serial),
        _group(1, first, second, total, below, serial),
    )


@quantity
def _at_least_one(count: int) -> int:
    return max(1, count)


@quantity
def _group(
    axis: int, first: int, second: int, total: int, below: int, serial: tuple[bool, bool]
) -> int:
    whole = max(1, first), max(1, second)
    if total <= SMALL_BYTES:
        return whole[axis]
    if serial[0]:
        # All of the first axis in every chunk: cut across it, in runs worth a cache line or two.
        run = max(_LEAST_RUN, CHUNK_BYTES // max(1, whole[0] * below))
        return (whole[0], whole[1] if serial[1] else min(whole[1], run))[axis]
    rows = min(whole[0], max(1, CHUNK_BYTES // max(1, whole[1] * below)))
    if serial[1] or rows > 1:
        return (rows, whole[1])[axis]
    return (rows, max(1, min(whole[1], CHUNK_BYTES // max(1, below))))[axis]


def chunk_rows(rows: int, cost: int, finer: int = 1) -> tuple[int, int]:
    """(rows a chunk, chunks) for rows that cost ``cost`` bytes each.

    ``finer``: how many times longer than a copy a byte takes here.

    >>> chunk_rows(10, 100)
    (10, 1)
    """
    group = _rows_in(rows, cost, finer)
    return group, -(-rows // group)


@quantity
def _rows_in(rows: int, cost: int, finer: int) -> int:
    if rows * cost <= SMALL_BYTES // finer:
        return max(1, rows)
    return max(1, CHUNK_BYTES // finer // max(1, cost))


class Row(Record):
    """Where the loops have arrived: an address an array, and the innermost axis to go."""

    at: tuple[str, ...]
    start: str
    stop: str
    steps: tuple[str, ...]


@contextmanager
def loops(body: Body, rank: int, bases: Sequence[str], first_word: int) -> Iterator[Row]:
    """The loops of a ``Nest`` whose words begin at word ``first_word`` of the arguments."""
    words = body.words("%args", rank + 3 + rank * len(bases), first=first_word)
    sizes, (group0, group1, blocks) = words[:rank], words[rank : rank + 3]
    steps = [words[rank + 3 + k * rank : rank + 3 + (k + 1) * rank] for k in range(len(bases))]
    with ExitStack() as stack:
        chunk = stack.enter_context(body.loop("%begin", "%end"))
        start0 = body.mul(body.div(chunk, blocks), group0)
        stop0 = body.min(body.add(start0, group0), sizes[0])
        start1 = body.mul(body.rem(chunk, blocks), group1)
        stop1 = body.min(body.add(start1, group1), sizes[1])
        ranges = [(start0, stop0), (start1, stop1), *(("0", size) for size in sizes[2:])]
        at = tuple(bases)
        for axis, (start, stop) in enumerate(ranges[:-1]):
            index = stack.enter_context(body.loop(start, stop))
            at = tuple(
                body.at(base, body.mul(index, mine[axis]))
                for base, mine in zip(at, steps, strict=True)
            )
        yield Row(at, *ranges[-1], tuple(mine[-1] for mine in steps))
