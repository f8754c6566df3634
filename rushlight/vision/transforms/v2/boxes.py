"""Bounding boxes moved along with their image: on (N, 4) float corners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.geometry import inverse_affine_matrix
from rushlight.vision.transforms.operations import borders, resize_target
from rushlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat

Size = tuple[int, int]
XYXY, XYWH = BoundingBoxFormat.XYXY, BoundingBoxFormat.XYWH


def corners(values: Array, format: BoundingBoxFormat) -> Array:
    """Any format -> (left, top, right, bottom), as floats if there are halves."""
    if format is XYXY:
        return values.copy()
    first, size = values[:, :2], values[:, 2:]
    if format is not XYWH:
        half = size / 2 if values.dtype.kind == "f" else size // 2
        first = first - half
    return np.concatenate([first, first + size], axis=1)


def from_corners(values: Array, format: BoundingBoxFormat) -> Array:
    """The other way."""
    if format is XYXY:
        return values
    first, last = values[:, :2], values[:, 2:]
    size = last - first
    if format is XYWH:
        return np.concatenate([first, size], axis=1)
    middle = (first + last) / 2 if values.dtype.kind == "f" else (first + last) // 2
    return np.concatenate([middle, size], axis=1)


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
    ratios = np.array([target[1] / width, target[0] / height] * 2)
    return _moved(boxes, lambda each: each * ratios, target, clamp=False)


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


def center_crop(boxes: BoundingBoxes, output_size: Any) -> BoundingBoxes:
    """As ``crop`` of the middle."""
    wanted = (output_size,) * 2 if isinstance(output_size, int) else tuple(output_size)
    wanted = wanted * 2 if len(wanted) == 1 else wanted
    height, width = boxes.canvas_size
    top, left = round((height - wanted[0]) / 2.0), round((width - wanted[1]) / 2.0)
    return crop(boxes, top, left, wanted[0], wanted[1])


def resized_crop(
    boxes: BoundingBoxes, top: int, left: int, height: int, width: int, size: Any, **_: Any
) -> BoundingBoxes:
    """``crop``, then ``resize``."""
    return resize(crop(boxes, top, left, height, width), size)


def affine(
    boxes: BoundingBoxes, angle: float, translate: Any, scale: float, shear: Any,
    interpolation: Any = None, fill: Any = None, center: Any = None,
) -> BoundingBoxes:  # fmt: skip
    """The smallest upright box around the moved one."""
    height, width = boxes.canvas_size
    middle = [width * 0.5, height * 0.5] if center is None else center
    inverse = np.vstack([
        np.reshape(inverse_affine_matrix(middle, angle, translate, scale, shear), (2, 3)),
        [0.0, 0.0, 1.0],
    ])  # fmt: skip
    forward = np.linalg.inv(inverse)[:2]

    def change(each: Array) -> Array:
        x, y = each[:, [0, 2, 2, 0]], each[:, [1, 1, 3, 3]]
        points = np.stack([x, y, np.ones_like(x)], -1) @ forward.T
        return np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1)

    return _moved(boxes, change, boxes.canvas_size, clamp=True)


def rotate(
    boxes: BoundingBoxes, angle: float, interpolation: Any = None, expand: bool = False,
    center: Any = None, fill: Any = None,
) -> BoundingBoxes:  # fmt: skip
    """The smallest upright box around the turned one."""
    if expand:
        raise NotImplementedError("rotate of bounding boxes with expand=True")
    return affine(boxes, -angle, (0.0, 0.0), 1.0, (0.0, 0.0), center=center)
