"""Sums of rows of a table, bag by bag, as loops (``bag.py``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.ir.host import Array
from rushlight.ir.routine import Cut, Shape, routine


def _sum_cut(shapes: Sequence[Shape], params: tuple[Any, ...]) -> Cut | None:
    (rows, width), (count,), (bags,) = shapes[:3]
    cost = (count // max(bags, 1) + 1) * (4 * width + 16)
    return Cut(bags, (rows, width, count, bags), cost)


@routine("bag_sum", _sum_cut, vectors=True)
def bag_sum(
    n: int, rows: int, width: int, count: int, bags: int, weight: Array, index: Array,
    starts: Array, out: Array,
) -> int:  # fmt: skip
    """Row after row."""
    at = n * width
    for j in range(width):
        out[at + j] = 0
    for k in range(starts[n], starts[n + 1] if n + 1 < bags else count):
        row = index[k]
        if row < 0 or row >= rows:
            return 1
        for j in range(width):
            out[at + j] += weight[row * width + j]
    return 0


@routine("bag_of", lambda shapes, params: Cut(1, (params[0], shapes[0][0]), 8 * params[0]))
def bag_of(n: int, count: int, bags: int, starts: Array, out: Array) -> None:
    """All bags as one item: what is in none is between them."""
    for k in range(count):
        out[k] = bags
    for bag in range(bags):
        for k in range(starts[bag], starts[bag + 1] if bag + 1 < bags else count):
            out[k] = bag
