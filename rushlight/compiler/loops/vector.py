"""The variable that the vectors of a loop nest run along.

It is chosen by comparing scores, made of comparisons of sizes. To a plan for many sizes
(``ir/size.py``) all of them are one decision: which variable it is.
"""

from __future__ import annotations

import itertools
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

Variables = Sequence[tuple[int, int]]  # each with its size


def vector_variable(
    rows: Variables, inner: Variables, memory: Sequence[Coord]
) -> tuple[int, bool, bool]:
    """(the variable, whether it is a reduced one, whether rows are narrow); -1: there is none.

    ``inner``: the reduced variables; ``memory``: the coefficients of each array.
    """
    variables = [variable for variable, _ in (*rows, *inner)]
    if len(variables) < 2:
        return variables[0] if variables else -1, bool(inner), False
    steps = tuple([tuple([_step(index[k + 1]) for k in variables]) for index in memory])
    numbers = [size for _, size in (*rows, *inner)]
    place, narrow = _best(len(rows), steps, *numbers, *[weight(memory, k) for k in variables])
    return variables[place], place >= len(rows), narrow


def _step(coefficient: int) -> int:
    return 0 if not coefficient else 1 if abs(coefficient) == 1 else 2


@decision
def _best(rows: int, steps: tuple[tuple[int, ...], ...], *numbers: int) -> tuple[int, bool]:
    """Which variable, and whether rows are narrow, by sizes of variables and their weights.

    ``steps``: whether each array's places change with a variable not at all (0), by neighbours (1)
    or by more (2). The first ``rows`` of them are not reduced.
    """
    count = len(numbers) // 2
    sizes, weights = numbers[:count], numbers[count:]
    moved = [math.prod(itertools.compress(sizes, row)) for row in steps]
    most, runs = max(moved, default=0), math.prod(sizes)

    def rank(variable: int) -> tuple[int, bool, int]:
        # Too short for a vector: better any other way.
        score = 0 if sizes[variable] >= 4 else -10
        for place, row in enumerate(steps):
            worth = (0, 4 if place == 0 else 3, -2)[row[variable]]
            if worth < 0 and rows < count and 8 * moved[place] <= runs:
                worth *= LARGER**2  # a vector is picked together each time it is read again
            score += worth * (LARGER if 8 * moved[place] > most else 1)
        return score, variable >= rows, -weights[variable]

    best = max(range(count), key=rank)
    if best >= rows and count == rows + 1 and 2 <= sizes[best] <= SHORT:
        # Rows so short and many that a vector had better hold one element of each.
        longest = max(range(rows), key=sizes.__getitem__)
        if sizes[longest] >= MANY:
            return longest, True
    return best, False


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
