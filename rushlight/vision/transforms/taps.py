"""Images of bytes resampled along an axis with whole weights, each sum rounded to a byte.

Pillow and PyTorch both keep the weights in fixed point; they differ in how many digits that is. An
output has few inputs, its taps, side by side: nothing is multiplied by zero.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rushlight.base.record import Record
from rushlight.utils.data.arrays import Array
from rushlight.vision.transforms import taps_ir
from rushlight.vision.transforms.taps_ir import BLOCK, WIDE


class Taps(Record):
    """Of each output, where its inputs begin (int32) and their weights (int32, a row each).

    ``target`` outputs are meant; beyond them the last is repeated up to a BLOCK. The sums are
    divided by two to the ``digits``.
    """

    target: int
    first: Array
    weights: Array
    digits: int


def taps_of(matrix: npt.NDArray[np.float64], digits: int) -> Taps:
    """Of a matrix (target, size) of whole numbers, each row with zeros but at its taps.

    >>> taps = taps_of(np.array([[4.0, 0, 0], [2, 2, 0], [0, 2, 2]]), 2)
    >>> taps.first[:3].tolist(), taps.weights[:3].tolist()
    ([0, 0, 1], [[4, 0], [2, 2], [2, 2]])
    """
    target, size = matrix.shape
    used = matrix != 0
    first = used.argmax(axis=1)
    last = size - 1 - used[:, ::-1].argmax(axis=1)
    count = max(int((last - first).max()) + 1, 1)
    row = np.minimum(np.arange(max(target, BLOCK)), target - 1)
    first = np.minimum(first, size - count)[row]
    weights = matrix[row[:, None], first[:, None] + np.arange(count)]
    return Taps(target, first.astype(np.int32), weights.astype(np.int32), digits)


def _planes(values: Array) -> Array:
    """(..., H, W) as (planes, H, W), the bytes of a row side by side; rows of a BLOCK at least."""
    planes = values.reshape(-1, *values.shape[-2:])
    short = BLOCK - planes.shape[2]
    if short > 0:
        return np.pad(planes, ((0, 0), (0, 0), (0, short)))
    return planes if planes.strides[2] == 1 else np.ascontiguousarray(planes)


def along_width(values: Array, taps: Taps) -> Array:
    """uint8 (..., H, W) -> (..., H, target)."""
    planes = _planes(values)
    count, height, size = planes.shape
    target = len(taps.first)
    made = np.empty((count, height, target), np.uint8)
    scratch = np.empty((size + target) * BLOCK, np.uint8)
    taps_ir.across(
        made.ctypes.data, planes.ctypes.data, taps.first.ctypes.data, taps.weights.ctypes.data,
        scratch.ctypes.data, count, height, size, target, planes.strides[0], planes.strides[1],
        taps.weights.shape[1], taps.digits,
    )  # fmt: skip
    return made[..., : taps.target].reshape(*values.shape[:-1], taps.target)


def along_height(values: Array, taps: Taps) -> Array:
    """uint8 (..., H, W) -> (..., target, W)."""
    planes = _planes(values)
    count, _, width = planes.shape
    made = np.empty((count, taps.target, width), np.uint8)
    taps_ir.down(
        WIDE if width >= WIDE else BLOCK,
        made.ctypes.data, planes.ctypes.data, taps.first.ctypes.data, taps.weights.ctypes.data,
        count, taps.target, width, planes.strides[0], planes.strides[1], taps.weights.shape[1],
        taps.digits,
    )  # fmt: skip
    shape = (*values.shape[:-2], taps.target, values.shape[-1])
    return made[..., : values.shape[-1]].reshape(shape)
