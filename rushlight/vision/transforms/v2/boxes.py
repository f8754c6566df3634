"""Bounding boxes moved along with their image: on (N, 4) float corners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.operations import borders
from rushlight.vision.transforms.v2.images import resize_target
from rushlight.vision.transforms.v2.moves import (
    Size,
    affine_move,
    elastic_move,
    floats,
    perspective_move,
)
from rushlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat

XYXY, XYWH = BoundingBoxFormat.XYXY, BoundingBoxFormat.XYWH


def corners(values: Array, format: BoundingBoxFormat) -> Array:
    """Any format -> (left, top, right, bottom)."""
    if format is XYXY:
        return values.copy()
    first, size = values[:, :2], values[:, 2:]
    if format is not XYWH:
        first, size = floats(first), floats(size)
        first = first - size / 2  # of whole numbers too: only the corners are cut to such
    return np.concatenate([first, size + first], axis=1).astype(values.dtype, copy=False)


def from_corners(values: Array, format: BoundingBoxFormat) -> Array:
    """The other way; the middle of whole numbers is rounded down."""
    if format is XYXY:
        return values
    first, size = values[:, :2], values[:, 2:] - values[:, :2]
    if format is XYWH:
        return np.concatenate([first, size], axis=1)
    twice = first * 2 + size
    middle = twice / 2 if values.dtype.kind == "f" else twice // 2
    return np.concatenate([middle, size], axis=1)


def converted(values: Array, source: BoundingBoxFormat, target: BoundingBoxFormat) -> Array:
    """From one format to another, sizes not computed anew where both have them."""
    first, size = values[:, :2], values[:, 2:]
    whole = values.dtype.kind != "f"
    if source is target:
        return values
    if source is XYWH and target is not XYXY:
        return np.concatenate([first + (size // 2 if whole else size / 2), size], axis=1)
    if target is XYWH and source is not XYXY and not whole:
        return np.concatenate([first - size / 2, size], axis=1)
    return from_corners(corners(values, source), target)


def clamped(values: Array, canvas: Size) -> Array:
    """No corner outside of the image."""
    height, width = canvas
    values[:, 0::2] = values[:, 0::2].clip(0, width)
    values[:, 1::2] = values[:, 1::2].clip(0, height)
    return values


def _moved(
    boxes: BoundingBoxes, change: Callable[[Array], Array], canvas: Size, clamp: bool
) -> BoundingBoxes:
    values = detached_array(boxes)
    kind = values.dtype
    result = change(corners(values, boxes.format))
    if clamp and boxes.clamping_mode is not None:
        result = clamped(result, canvas)
    result = from_corners(result, boxes.format).astype(kind, copy=False)
    made = wrap(np.ascontiguousarray(result))
    return BoundingBoxes.wrap(made, boxes, canvas_size=canvas)


def _around(points: Array) -> Array:
    """(N, 4, 2) points -> (N, 4): the smallest upright box around each four."""
    return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)


def _four(each: Array) -> Array:
    """(N, 4) -> (N, 4, 2): all corners."""
    return each[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]


def horizontal_flip(boxes: BoundingBoxes) -> BoundingBoxes:
    """Left and right exchanged."""
    width = boxes.canvas_size[1]

    def change(each: Array) -> Array:
        return np.stack([width - each[:, 2], each[:, 1], width - each[:, 0], each[:, 3]], 1)

    return _moved(boxes, change, boxes.canvas_size, clamp=False)


def vertical_flip(boxes: BoundingBoxes) -> BoundingBoxes:
    """Top and bottom exchanged."""
    height = boxes.canvas_size[0]

    def change(each: Array) -> Array:
        return np.stack([each[:, 0], height - each[:, 3], each[:, 2], height - each[:, 1]], 1)

    return _moved(boxes, change, boxes.canvas_size, clamp=False)


def resize(
    boxes: BoundingBoxes, size: Any, interpolation: Any = None, max_size: int | None = None,
    antialias: Any = None,
) -> BoundingBoxes:  # fmt: skip
    """Scaled with the image."""
    height, width = boxes.canvas_size
    target = resize_target(height, width, size, max_size)
    ratios = np.array([target[1] / width, target[0] / height] * 2, np.float32)
    values = detached_array(boxes)  # in any format: all four numbers scale
    made = wrap((floats(values) * ratios).astype(values.dtype, copy=False))
    return BoundingBoxes.wrap(made, boxes, canvas_size=target)


def crop(boxes: BoundingBoxes, top: int, left: int, height: int, width: int) -> BoundingBoxes:
    """Seen from the part's corner, and cut at its edges."""
    start = np.array([left, top] * 2)
    return _moved(boxes, lambda each: each - start, (height, width), clamp=True)


def pad(
    boxes: BoundingBoxes, padding: Any, fill: Any = None, padding_mode: str = "constant"
) -> BoundingBoxes:
    """Moved by the border."""
    if padding_mode not in ("constant",):
        raise ValueError(f"Padding mode '{padding_mode}' is not supported with bounding boxes")
    left, top, right, bottom = borders(padding)
    height, width = boxes.canvas_size
    start = np.array([left, top] * 2)
    canvas = (height + top + bottom, width + left + right)
    return _moved(boxes, lambda each: each + start, canvas, clamp=True)


def middle_part(canvas: Size, output_size: Any) -> tuple[int, int, int, int]:
    """(top, left, height, width) of the middle."""
    wanted = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    wanted = wanted * 2 if len(wanted) == 1 else wanted
    height, width = canvas
    top, left = round((height - wanted[0]) / 2.0), round((width - wanted[1]) / 2.0)
    return top, left, wanted[0], wanted[1]


def center_crop(boxes: BoundingBoxes, output_size: Any) -> BoundingBoxes:
    """As ``crop`` of the middle."""
    return crop(boxes, *middle_part(boxes.canvas_size, output_size))


def resized_crop(
    boxes: BoundingBoxes, top: int, left: int, height: int, width: int, size: Any, **_: Any
) -> BoundingBoxes:
    """``crop``, then ``resize``."""
    return resize(crop(boxes, top, left, height, width), size)


def _turned(boxes: BoundingBoxes, *settings: Any, expand: bool = False) -> BoundingBoxes:
    if not boxes.shape[0]:
        return boxes
    move, canvas = affine_move(boxes.canvas_size, *settings, expand)
    values = detached_array(boxes)
    moved = _around(move(_four(corners(floats(values), boxes.format))))
    if boxes.clamping_mode is not None:
        moved = clamped(moved, canvas)
    moved = from_corners(moved, boxes.format).astype(values.dtype, copy=False)
    return BoundingBoxes.wrap(wrap(np.ascontiguousarray(moved)), boxes, canvas_size=canvas)


def affine(
    boxes: BoundingBoxes, angle: float, translate: Any, scale: float, shear: Any,
    interpolation: Any = None, fill: Any = None, center: Any = None,
) -> BoundingBoxes:  # fmt: skip
    """The smallest upright box around the moved one."""
    return _turned(boxes, angle, translate, scale, shear, center)


def rotate(
    boxes: BoundingBoxes, angle: float, interpolation: Any = None, expand: bool = False,
    center: Any = None, fill: Any = None,
) -> BoundingBoxes:  # fmt: skip
    """The smallest upright box around the turned one."""
    still = (0.0, 0.0)
    return _turned(boxes, -angle, still, 1.0, still, center, expand=expand)


def perspective(
    boxes: BoundingBoxes, startpoints: Any, endpoints: Any, interpolation: Any = None,
    fill: Any = None, coefficients: Any = None,
) -> BoundingBoxes:  # fmt: skip
    """The smallest upright box around the four moved corners."""
    move = perspective_move(startpoints, endpoints, coefficients)
    return _moved(boxes, lambda each: _around(move(_four(each))), boxes.canvas_size, clamp=True)


def elastic_transform(
    boxes: BoundingBoxes, displacement: Tensor, interpolation: Any = None, fill: Any = None
) -> BoundingBoxes:
    """The smallest upright box around the corners, each bent as the next pixel is."""
    move = elastic_move(boxes.canvas_size, displacement)

    def change(each: Array) -> Array:
        points = _four(each)
        bent = _around(move(points, np.ceil(points).astype(np.int64)))
        return bent.astype(each.dtype)

    return _moved(boxes, change, boxes.canvas_size, clamp=True)
