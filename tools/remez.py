"""Weighted minimax polynomials: the Remez exchange in 60-digit arithmetic (mpmath needed).

Coefficients are rounded to the type of the row one after the other, lowest power first, and the
rest is fitted again each time, so that the small ones absorb how the large ones were rounded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf

Real = Any  # an mpmath number; mpmath carries no types
Function = Callable[[Real], Real]

mp.dps = 60


@dataclass(frozen=True)
class Fit:
    """Approximate ``target(x)`` on ``low..high`` by a polynomial with ``count`` coefficients.

    The error that is minimised is ``(target - polynomial) * weight``.
    """

    name: str
    target: Function
    weight: Function
    low: Real
    high: Real
    count: dict[str, int]  # type of the coefficients -> how many
    at_once: bool = False  # round all together: the constant's rounding is the largest error


def rounded(value: Real, dtype: str) -> float:
    """The nearest number of ``dtype``. 'wide' rows are used in double arithmetic for float
    results.
    """
    return float(np.float32(float(value))) if dtype == "f32" else float(value)


class Remez:
    """Minimax fits of one function, on one grid, for several sets of fixed low coefficients."""

    def __init__(self, fit: Fit, points: int = 700) -> None:
        middle, half = (fit.high + fit.low) / 2, (fit.high - fit.low) / 2
        angles = [mp.pi * (2 * i + 1) / (2 * points) for i in range(points)]
        self.at_once = fit.at_once
        self.x = [middle - half * mp.cos(angle) for angle in angles]
        self.f = [fit.target(x) for x in self.x]
        self.w = [fit.weight(x) for x in self.x]

    def solve(self, fixed: list[float], count: int) -> tuple[list[Real], Real]:
        """(all coefficients, largest weighted error); the first ``len(fixed)`` are given."""
        start = len(fixed)
        free = count - start
        rest = [
            f - mp.polyval(fixed[::-1], x) if fixed else f
            for f, x in zip(self.f, self.x, strict=True)
        ]
        chosen = [
            round((len(self.x) - 1) * (1 - float(mp.cos(mp.pi * i / free))) / 2)
            for i in range(free + 1)
        ]
        found: list[Real] = []
        best, least = found, mpf("inf")
        for _ in range(40):
            rows = mp.matrix(free + 1, free + 1)
            right = mp.matrix(free + 1, 1)
            for row, index in enumerate(chosen):
                power = self.x[index] ** start
                for column in range(free):
                    rows[row, column] = power * self.w[index]
                    power *= self.x[index]
                rows[row, free] = mpf(-1) ** row
                right[row] = rest[index] * self.w[index]
            solution = mp.lu_solve(rows, right)
            found = [solution[i] for i in range(free)]
            errors = [
                (f - x**start * mp.polyval(found[::-1], x)) * w
                for f, x, w in zip(rest, self.x, self.w, strict=True)
            ]
            largest = max(abs(e) for e in errors)
            if largest < least:
                best, least = found, largest
            peaks = alternating_peaks(errors, free + 1)
            if len(peaks) < free + 1 or largest < abs(solution[free]) * mpf("1.01"):
                break
            chosen = peaks
        return [*(mpf(c) for c in fixed), *best], least


def alternating_peaks(errors: list[Real], wanted: int) -> list[int]:
    """Indices of ``wanted`` extrema of alternating sign, the largest ones."""
    peaks: list[int] = []
    for index, error in enumerate(errors):
        if error == 0:
            continue
        if peaks and (errors[peaks[-1]] > 0) == (error > 0):
            if abs(error) > abs(errors[peaks[-1]]):
                peaks[-1] = index
        else:
            peaks.append(index)
    while len(peaks) > wanted:
        if len(peaks) == wanted + 1:  # only an end may go, or the signs no longer alternate
            peaks.pop(0 if abs(errors[peaks[0]]) < abs(errors[peaks[-1]]) else -1)
        else:
            weakest = min(range(len(peaks)), key=lambda i: abs(errors[peaks[i]]))
            if weakest in (0, len(peaks) - 1):
                peaks.pop(weakest)
            else:
                neighbour = min(weakest - 1, weakest + 1, key=lambda i: abs(errors[peaks[i]]))
                for index in sorted((weakest, neighbour), reverse=True):
                    peaks.pop(index)
    return peaks


def fit_row(remez: Remez, count: int, dtype: str) -> tuple[list[float], float]:
    """(rounded coefficients, weighted error of the rounded polynomial)."""
    fixed: list[float] = []
    # In double the rounding of the higher ones cannot be seen in the error.
    one_by_one = 0 if remez.at_once else count if dtype == "f32" else 3
    while len(fixed) < one_by_one:
        coefficients, _ = remez.solve(fixed, count)
        fixed.append(rounded(coefficients[len(fixed)], dtype))
    coefficients, _ = remez.solve(fixed, count) if one_by_one < count else (fixed, 0)
    fixed = [rounded(c, dtype) for c in coefficients]
    error = max(
        abs((f - mp.polyval(fixed[::-1], x)) * w)
        for f, x, w in zip(remez.f, remez.x, remez.w, strict=True)
    )
    return fixed, float(error)
