"""The numbers that span Sobol' sequences, by Joe and Kuo (2008): web.maths.unsw.edu.au/~fkuo/sobol.

``direction_numbers.txt`` has a line for each dimension but the first: the inner coefficients of its
primitive polynomial over GF(2), as bits of a number, then the first odd numbers m. The degree of
the polynomial is how many there are; all others follow by the recurrence of Bratley and Fox (1988).
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

BITS = 30  # of every number of a sequence
_FILE = Path(__file__).with_name("direction_numbers.txt")


@functools.cache
def _lines() -> list[list[int]]:
    return [[int(word) for word in line.split()] for line in _FILE.read_text().splitlines()]


def known_dimensions() -> int:
    """How many dimensions there are numbers for."""
    return len(_lines()) + 1


def directions(dimension: int) -> np.ndarray:
    """int64 (dimension, BITS): what bit k of a point's number flips in each coordinate.

    >>> directions(2)[:, :3] >> (BITS - 3)
    array([[4, 2, 1],
           [4, 6, 5]])
    """
    table = np.empty((dimension, BITS), np.int64)
    table[0] = 1
    for row, (inner, *first) in zip(table[1:], _lines(), strict=False):
        degree = len(first)
        row[:degree] = first
        for k in range(degree, BITS):
            made = int(row[k - degree]) ^ (int(row[k - degree]) << degree)
            for j in range(1, degree):
                if inner >> (degree - 1 - j) & 1:
                    made ^= int(row[k - j]) << j
            row[k] = made
    return table << np.arange(BITS - 1, -1, -1)
