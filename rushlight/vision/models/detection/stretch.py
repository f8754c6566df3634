"""Small maps stretched to the size of a box, on the host: each box has its own size.

A plan a size would be compiled for every box; as two matrix products the whole is done at once.
"""

from __future__ import annotations

import numpy as np

from rushlight.utils.data.arrays import Array

CUBIC_A = -0.75


def _linear(t: Array) -> Array:
    return np.maximum(1 - np.abs(t), 0)


def _cubic(t: Array) -> Array:
    """Keys' kernel (1981) with a = -0.75."""
    d, a = np.abs(t), CUBIC_A
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return np.where(d <= 1, near, np.where(d < 2, far, 0))


def _weights(size: int, out: int, cubic: bool) -> Array:
    """(out, size): what each element of the result takes of each of the source."""
    place = (np.arange(out, dtype=np.float32) + np.float32(0.5)) * np.float32(size / out) - 0.5
    if not cubic:
        place = np.maximum(place, 0)
    first = np.floor(place)
    weights = np.zeros((out, size), np.float32)
    for tap in range(-1, 3) if cubic else range(2):
        share = (_cubic if cubic else _linear)(place - (first + tap))
        # Beyond the border its last element again.
        source = np.clip(first + tap, 0, size - 1).astype(np.int64)
        np.add.at(weights, (np.arange(out), source), share.astype(np.float32))
    return weights


def stretch(maps: Array, height: int, width: int, *, cubic: bool = False) -> Array:
    """(*, H, W) -> (*, height, width), ``F.interpolate`` without ``align_corners``."""
    rows = _weights(maps.shape[-2], height, cubic)
    columns = _weights(maps.shape[-1], width, cubic)
    result: Array = rows @ maps @ columns.T
    return result
