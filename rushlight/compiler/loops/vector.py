"""The variable that the vectors of a loop nest run along.

It is chosen by comparing scores, made of comparisons of sizes. To a plan for many sizes
(``ir/size.py``) all of them are one decision: which variable it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from rushlight.compiler.loops.few import SHORT
from rushlight.compiler.loops.index import Coord
from rushlight.ir.size import decision

# Loops that run so often get vectors of the length of a short row, or one element of each row.
MANY = 64
# Rows from which on a panel (``loops/panel.py``) is worth it.
TALL = 16
# How much more the layout of an array counts that is about as large as the largest.
LARGER = 16

Variables = tuple[tuple[int, int], ...]  # each with its size


@decision
def vector_variable(
    rows: Variables, inner: Variables, memory: tuple[Coord, ...]
) -> tuple[int, bool, bool]:
    """(the variable, whether it is a reduced one, whether rows are narrow); -1: there is none.

    ``inner``: the reduced variables; ``memory``: the coefficients of each array.
    """
    sizes = dict([*rows, *inner])
    moved = [math.prod(sizes[k] for k in sizes if index[k + 1]) for index in memory]
    most = max(moved, default=0)

    def score(variable: int) -> int:
        # Too short for a vector: better any other way.
        total = 0 if sizes[variable] >= 4 else -10
        for place, index in enumerate(memory):
            coef = index[variable + 1]
            step = 0 if not coef else (4 if place == 0 else 3) if abs(coef) == 1 else -2
            total += step * (LARGER if 8 * moved[place] > most else 1)
        return total

    def rank(candidate: tuple[int, bool]) -> tuple[int, bool, int]:
        variable, reduced = candidate
        return score(variable), reduced, -weight(memory, variable)

    candidates = [*[(k, False) for k, _ in rows], *[(k, True) for k, _ in inner]]
    variable, reduced = max(candidates, key=rank, default=(-1, False))
    if reduced and _has_narrow_rows(rows, inner):
        return max(rows, key=lambda row: row[1])[0], False, True
    return variable, reduced, False


@decision
def is_short(extent: int, total: int) -> bool:
    """Whether a vector variable is so short, in loops that run so often, that there are vectors of
    just its length."""
    return 2 <= extent <= SHORT and total >= MANY * extent


@decision
def is_tall(rows: int, columns: int, lanes: int) -> bool:
    """Whether there are rows and columns enough to stream the rows past."""
    return rows >= TALL and columns > 8 * lanes


def weight(memory: Sequence[Coord], variable: int) -> int:
    """How far apart neighbours along ``variable`` are in the first array that it counts in."""
    for index in memory:
        if index[variable + 1]:
            return abs(index[variable + 1])
    return 0


def _has_narrow_rows(rows: Variables, inner: Variables) -> bool:
    """Whether rows are so short and many that a vector had better hold one element of each."""
    if len(inner) != 1 or not 2 <= inner[0][1] <= SHORT:
        return False
    return max([size for _, size in rows], default=0) >= MANY
