"""Images times matrices of weights, in pieces so small that BLAS stays on the caller's thread.

Beyond that size its threads wait for each other busily: on a loaded machine a product of a
millisecond takes thirty.
"""

from __future__ import annotations

import math

import numpy as np

from rushlight.utils.data.arrays import Array

# Multiplications of one product.
MOST = 200_000


def along_width(values: Array, weights: Array) -> Array:
    """(..., W) times (target, W) -> (..., target), in the weights' dtype."""
    target, size = weights.shape
    turned = np.ascontiguousarray(weights.T)
    flat = values.reshape(-1, size)
    result = np.empty((len(flat), target), weights.dtype)
    step = max(MOST // (size * target), 1)
    for start in range(0, len(flat), step):
        piece = flat[start : start + step].astype(weights.dtype, copy=False)
        np.matmul(piece, turned, out=result[start : start + step])
    return result.reshape(*values.shape[:-1], target)


def along_height(values: Array, weights: Array) -> Array:
    """(..., H, W) with (target, H) -> (..., target, W), in the weights' dtype."""
    target, size = weights.shape
    width = values.shape[-1]
    count = math.prod(values.shape[:-2])
    floats = values.astype(weights.dtype, copy=False).reshape(count, size, width)
    result = np.empty((count, target, width), weights.dtype)
    step = max(MOST // (size * max(width, 1)), 1)
    for image, made in zip(floats, result, strict=True):
        for start in range(0, target, step):
            np.matmul(weights[start : start + step], image, out=made[start : start + step])
    return result.reshape(*values.shape[:-2], target, width)
