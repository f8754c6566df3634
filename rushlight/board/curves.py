"""Curves as a screen can show them: smoothed, and of a million points the thousand that matter."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
_BLOCK = 256


def smoothed(values: Array, weight: float) -> Array:
    """The running mean in which each point counts ``weight`` times as much as the one after it.

    The weights are normalised (no pull towards zero at the start), and NaN and infinities count
    nothing. ``weight`` is 0 (the values themselves) to less than 1.

    >>> smoothed(np.array([1.0, 3.0, np.nan]), 0.5).round(3).tolist()
    [1.0, 2.333, 2.333]
    """
    good = np.isfinite(values)
    above = _decayed(np.where(good, values, 0.0), weight)
    below = _decayed(good.astype(float), weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        return above / below  # type: ignore[no-any-return]


def _decayed(values: Array, weight: float) -> Array:
    """y[i] = weight * y[i - 1] + values[i], a block at a time as a product with a triangle."""
    count = len(values)
    blocks = -(-count // _BLOCK)
    rows = np.zeros(blocks * _BLOCK)
    rows[:count] = values
    rows = rows.reshape(blocks, _BLOCK)
    powers = weight ** np.arange(_BLOCK + 1.0)
    apart = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)
    triangle = np.where(apart >= 0, powers[np.abs(apart)], 0.0)
    found = rows @ triangle.T
    carry = 0.0
    for row in found:
        row += carry * powers[1:]
        carry = row[-1]
    return found.ravel()[:count]  # type: ignore[no-any-return]


def thinned(values: Array, most: int) -> Array:
    """Which points to keep so that no peak is lost: the least and the greatest of each stretch.

    At most ``most`` (at least 4) positions in order, the first and the last among them. Points
    that are not finite are kept only where a stretch has nothing else.

    >>> thinned(np.array([0.0, 0, 9, 0, 0, 0, -5, 0, 0, 0]), 6).tolist()
    [0, 2, 5, 6, 9]
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = (most - 2) // 2
    starts = np.arange(stretches) * count // stretches
    size = int(np.diff(np.append(starts, count)).max())
    places = np.minimum(
        starts[:, None] + np.arange(size), np.append(starts[1:], count)[:, None] - 1
    )
    held = values[places]
    good = np.isfinite(held)
    least = np.where(good, held, np.inf).argmin(axis=1)
    greatest = np.where(good, held, -np.inf).argmax(axis=1)
    line = np.arange(stretches)
    return np.unique(np.concatenate([[0, count - 1], places[line, least], places[line, greatest]]))


def curve(
    x: Array, y: Array, weight: float, most: int, low: float | None, high: float | None
) -> dict[str, Any]:
    """A curve for the page: ``x``, ``y``, its smoothed ``s``; None where ``y`` is not finite.

    ``bad`` are up to 50 points that are not finite, ``count`` is how many there are in all.
    """
    if np.any(np.diff(x) < 0):  # a run that went on from an earlier step
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    line = smoothed(y, weight) if weight else y
    whole = len(x)
    if low is not None or high is not None:
        first = 0 if low is None else max(int(np.searchsorted(x, low)) - 1, 0)
        end = whole if high is None else int(np.searchsorted(x, high, "right")) + 1
        x, y, line = x[first:end], y[first:end], line[first:end]
    kept = thinned(y, most)
    wrong = np.flatnonzero(~np.isfinite(y))
    return {
        "x": x[kept].tolist(),
        "y": _plain(y[kept]),
        "s": _plain(line[kept]) if weight else None,
        "bad": [[float(x[place]), str(y[place])] for place in wrong[:50]],
        "count": whole,
    }


def _plain(values: Array) -> list[float | None]:
    good = np.isfinite(values).tolist()
    return [value if fine else None for value, fine in zip(values.tolist(), good, strict=True)]
