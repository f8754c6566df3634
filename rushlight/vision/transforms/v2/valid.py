"""Boxes and points outside of their image: cut at its edges, or left out."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.v2 import boxes as box
from rushlight.vision.transforms.v2.moves import floats
from rushlight.vision.tv_tensors import BoundingBoxes, BoundingBoxFormat, KeyPoints, TVTensor
from rushlight.vision.tv_tensors import wrap as wrap_kind

Size = tuple[int, int]
XYXY = BoundingBoxFormat.XYXY


def box_format(format: BoundingBoxFormat | str) -> BoundingBoxFormat:
    """A format by its name. Raises NotImplementedError for turned boxes."""
    if not isinstance(format, str):
        return format
    if format.upper() not in BoundingBoxFormat.__members__:
        raise NotImplementedError(f"bounding boxes of format {format!r} (turned boxes)")
    return BoundingBoxFormat[format.upper()]


def clamp_bounding_boxes(
    inpt: Any,
    format: BoundingBoxFormat | str | None = None,
    canvas_size: Size | None = None,
    clamping_mode: str | None = "auto",
) -> Any:
    """(N, 4) boxes cut at the edges of their image; with the mode None they stay.

    Plain tensors need a format, a size and a mode; BoundingBoxes have them.
    """
    if clamping_mode not in (None, "soft", "hard", "auto"):
        raise ValueError(f"clamping_mode must be soft, hard, auto or None, got {clamping_mode}")
    if isinstance(inpt, BoundingBoxes):
        if format is not None or canvas_size is not None:
            raise ValueError(
                "For bounding box tv_tensor inputs, `format` and `canvas_size` must not be passed."
            )
        format, canvas_size = inpt.format, inpt.canvas_size
        clamping_mode = inpt.clamping_mode if clamping_mode == "auto" else clamping_mode
    elif not isinstance(inpt, Tensor) or isinstance(inpt, TVTensor):
        raise TypeError(
            "Input can either be a plain tensor or a bounding box tv_tensor, but got "
            f"{type(inpt)} instead."
        )
    elif format is None or canvas_size is None or clamping_mode == "auto":
        raise ValueError(
            "For pure tensor inputs, `format`, `canvas_size` and `clamping_mode` have to be passed."
        )
    values = detached_array(inpt)
    if clamping_mode is None:
        return wrap_kind(wrap(values.copy()), like=inpt)
    kind = box_format(format)
    inside = box.clamped(box.corners(floats(values), kind), canvas_size)
    result = box.from_corners(inside, kind).astype(values.dtype, copy=False)
    return wrap_kind(wrap(np.ascontiguousarray(result)), like=inpt)


def clamp_keypoints(inpt: Any, canvas_size: Size | None = None) -> Any:
    """(..., 2) points at the pixels of their image next to them."""
    if isinstance(inpt, KeyPoints):
        if canvas_size is not None:
            raise ValueError("For keypoints tv_tensor inputs, `canvas_size` must not be passed.")
        canvas_size = inpt.canvas_size
    elif not isinstance(inpt, Tensor) or isinstance(inpt, TVTensor):
        raise TypeError(
            f"Input can either be a plain tensor or a keypoints tv_tensor, but got {type(inpt)} "
            "instead."
        )
    elif canvas_size is None:
        raise ValueError("For pure tensor inputs, `canvas_size` has to be passed.")
    height, width = canvas_size
    values = detached_array(inpt).copy()
    values[..., 0] = values[..., 0].clip(0, width - 1)
    values[..., 1] = values[..., 1].clip(0, height - 1)
    return wrap_kind(wrap(values), like=inpt)


def valid_boxes(
    values: Array, format: BoundingBoxFormat, canvas: Size, min_size: float, min_area: float
) -> Tensor:
    """(N,) bool: large enough, and all in the image."""
    edges = box.corners(values, format)
    wide, high = edges[:, 2] - edges[:, 0], edges[:, 3] - edges[:, 1]
    valid = (wide >= min_size) & (high >= min_size) & (wide * high >= min_area)
    inside = (edges >= 0) & (edges <= np.array([canvas[1], canvas[0]] * 2))
    return wrap(valid & inside.all(axis=1))


def valid_points(values: Array, canvas: Size) -> Tensor:
    """(N,) bool: in the image, with all of its group."""
    height, width = canvas
    x, y = values[..., 0], values[..., 1]
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    return wrap(np.asarray(inside.reshape(inside.shape[0], -1).all(axis=1)))


def sanitize_bounding_boxes(
    bounding_boxes: Tensor,
    format: BoundingBoxFormat | str | None = None,
    canvas_size: Size | None = None,
    min_size: float = 1.0,
    min_area: float = 1.0,
) -> tuple[Tensor, Tensor]:
    """The (M, 4) boxes that are large enough and all in the image, and which of (N, 4) they are."""
    if isinstance(bounding_boxes, BoundingBoxes):
        if format is not None or canvas_size is not None:
            raise ValueError(
                "format and canvas_size must be None when bounding_boxes is a "
                f"tv_tensors.BoundingBoxes instance. Got format={format} and canvas_size="
                f"{canvas_size}. Leave those to None or pass bounding_boxes as a pure tensor."
            )
        format, canvas_size = bounding_boxes.format, bounding_boxes.canvas_size
    elif not isinstance(bounding_boxes, Tensor) or isinstance(bounding_boxes, TVTensor):
        raise ValueError(
            "bounding_boxes must be a tv_tensors.BoundingBoxes instance or a pure tensor."
        )
    elif format is None or canvas_size is None:
        raise ValueError(
            "format and canvas_size cannot be None if bounding_boxes is a pure tensor. Got "
            f"format={format} and canvas_size={canvas_size}. Set those to appropriate values or "
            "pass bounding_boxes as a tv_tensors.BoundingBoxes object."
        )
    values = detached_array(bounding_boxes)
    valid = valid_boxes(values, box_format(format), canvas_size, min_size, min_area)
    return wrap_kind(bounding_boxes[valid], like=bounding_boxes), valid


def sanitize_keypoints(
    key_points: Tensor, canvas_size: Size | None = None
) -> tuple[Tensor, Tensor]:
    """The points (or groups of them) in the image, and which of the given they are."""
    if isinstance(key_points, KeyPoints):
        if canvas_size is not None:
            raise ValueError(
                "canvas_size must be None when key_points is a tv_tensors.KeyPoints instance. Got "
                f"canvas_size={canvas_size}. Leave it to None or pass key_points as a pure tensor."
            )
        canvas_size = key_points.canvas_size
    elif not isinstance(key_points, Tensor) or isinstance(key_points, TVTensor):
        raise ValueError("key_points must be a tv_tensors.KeyPoints instance or a pure tensor.")
    elif canvas_size is None:
        raise ValueError(
            "canvas_size cannot be None if key_points is a pure tensor. Set it to an appropriate "
            "value or pass key_points as a tv_tensors.KeyPoints object."
        )
    valid = valid_points(detached_array(key_points), canvas_size)
    return wrap_kind(key_points[valid], like=key_points), valid
