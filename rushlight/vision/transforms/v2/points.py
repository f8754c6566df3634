"""Key points moved along with their image; unlike boxes they are never cut at its edges."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.operations import borders
from rushlight.vision.transforms.v2.boxes import middle_part
from rushlight.vision.transforms.v2.images import resize_target
from rushlight.vision.transforms.v2.moves import (
    Size,
    affine_move,
    elastic_move,
    floats,
    perspective_move,
)
from rushlight.vision.tv_tensors import KeyPoints


def _made(points: KeyPoints, values: Array, canvas: Size | None = None) -> KeyPoints:
    kind = detached_array(points).dtype
    made = wrap(np.ascontiguousarray(values.astype(kind, copy=False)))
    return KeyPoints.wrap(made, points, canvas_size=canvas or points.canvas_size)


def _mirrored(points: KeyPoints, axis: int) -> KeyPoints:
    values = detached_array(points).copy()
    last = points.canvas_size[1 - axis] - 1
    values[..., axis] = -(values[..., axis] - last)
    return _made(points, values)


def horizontal_flip(points: KeyPoints) -> KeyPoints:
    """Left and right exchanged; the middles of pixels are whole numbers."""
    return _mirrored(points, 0)


def vertical_flip(points: KeyPoints) -> KeyPoints:
    """Top and bottom exchanged."""
    return _mirrored(points, 1)


def resize(
    points: KeyPoints, size: Any, interpolation: Any = None, max_size: int | None = None,
    antialias: Any = None,
) -> KeyPoints:  # fmt: skip
    """Scaled with the image."""
    height, width = points.canvas_size
    target = resize_target(height, width, size, max_size)
    ratios = np.array([target[1] / width, target[0] / height], np.float32)
    return _made(points, floats(detached_array(points)) * ratios, target)


def crop(points: KeyPoints, top: int, left: int, height: int, width: int) -> KeyPoints:
    """Seen from the part's corner."""
    values = detached_array(points)
    return _made(points, values - np.array([left, top], values.dtype), (height, width))


def pad(
    points: KeyPoints, padding: Any, fill: Any = None, padding_mode: str = "constant"
) -> KeyPoints:
    """Moved by the border."""
    if padding_mode != "constant":
        raise ValueError(
            f"Padding mode '{padding_mode}' is not supported with KeyPoints (supported modes are "
            "constant)"
        )
    left, top, right, bottom = borders(padding)
    height, width = points.canvas_size
    values = detached_array(points)
    canvas = (height + top + bottom, width + left + right)
    return _made(points, values + np.array([left, top], values.dtype), canvas)


def center_crop(points: KeyPoints, output_size: Any) -> KeyPoints:
    """As ``crop`` of the middle."""
    return crop(points, *middle_part(points.canvas_size, output_size))


def resized_crop(
    points: KeyPoints, top: int, left: int, height: int, width: int, size: Any, **_: Any
) -> KeyPoints:
    """``crop``, then ``resize``."""
    return resize(crop(points, top, left, height, width), size)


def affine(
    points: KeyPoints, angle: float, translate: Any, scale: float, shear: Any,
    interpolation: Any = None, fill: Any = None, center: Any = None,
) -> KeyPoints:  # fmt: skip
    """Turned, moved, scaled and sheared."""
    move, _ = affine_move(points.canvas_size, angle, translate, scale, shear, center)
    return _made(points, move(detached_array(points)))


def rotate(
    points: KeyPoints, angle: float, interpolation: Any = None, expand: bool = False,
    center: Any = None, fill: Any = None,
) -> KeyPoints:  # fmt: skip
    """Turned; ``expand``: on a canvas that holds all of the image."""
    if not points.numel():
        return points
    still = [0.0, 0.0]
    move, canvas = affine_move(points.canvas_size, -angle, still, 1.0, still, center, expand)
    return _made(points, move(detached_array(points)), canvas)


def perspective(
    points: KeyPoints, startpoints: Any, endpoints: Any, interpolation: Any = None,
    fill: Any = None, coefficients: Any = None,
) -> KeyPoints:  # fmt: skip
    """Seen from a side."""
    move = perspective_move(startpoints, endpoints, coefficients)
    return _made(points, move(detached_array(points)))


def elastic_transform(
    points: KeyPoints, displacement: Tensor, interpolation: Any = None, fill: Any = None
) -> KeyPoints:
    """Bent as the pixel is that a point lies in."""
    values = detached_array(points)
    move = elastic_move(points.canvas_size, displacement)
    return _made(points, move(values, values.astype(np.int64)))
