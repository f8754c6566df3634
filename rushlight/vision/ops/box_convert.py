"""Boxes from one form to another: corners, corner and sides, middle and sides, turned ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import rushlight as torch
from rushlight.tensor import Tensor

FORMATS = ("xyxy", "xywh", "cxcywh", "xywhr", "cxcywhr", "xyxyxyxy")


def _corners_from_sides(boxes: Any) -> Any:
    x, y, wide, high = boxes.unbind(-1)
    return torch.stack([x, y, x + wide, y + high], dim=-1)


def _corners_from_middle(boxes: Any) -> Any:
    x, y, wide, high = boxes.unbind(-1)
    half_wide, half_high = 0.5 * wide, 0.5 * high
    return torch.stack([x - half_wide, y - half_high, x + half_wide, y + half_high], dim=-1)


def _sides_from_corners(boxes: Any) -> Any:
    left, top, right, bottom = boxes.unbind(-1)
    return torch.stack([left, top, right - left, bottom - top], dim=-1)


def _middle_from_corners(boxes: Any) -> Any:
    left, top, right, bottom = boxes.unbind(-1)
    middle = ((left + right) / 2, (top + bottom) / 2)
    return torch.stack([*middle, right - left, bottom - top], dim=-1)


def _turned(convert: Callable[[Any], list[Any]]) -> Callable[[Any], Any]:
    """Whole numbers are computed as floats and rounded."""

    def converted(boxes: Any) -> Any:
        result = torch.stack(convert(boxes), dim=-1)
        return result if boxes.is_floating_point() else result.round().to(boxes.dtype)

    return converted


def _cos_sin(degrees: Any) -> tuple[Any, Any]:
    radians = degrees * math.pi / 180.0
    return torch.cos(radians), torch.sin(radians)


@_turned
def _turned_corner_from_middle(boxes: Any) -> list[Any]:
    x, y, wide, high, angle = boxes.unbind(-1)
    cos, sin = _cos_sin(angle)
    left = x - wide / 2 * cos - high / 2 * sin
    top = y - high / 2 * cos + wide / 2 * sin
    return [left, top, wide, high, angle]


@_turned
def _turned_middle_from_corner(boxes: Any) -> list[Any]:
    left, top, wide, high, angle = boxes.unbind(-1)
    cos, sin = _cos_sin(angle)
    x = left + wide / 2 * cos + high / 2 * sin
    y = top - wide / 2 * sin + high / 2 * cos
    return [x, y, wide, high, angle]


@_turned
def _four_corners(boxes: Any) -> list[Any]:
    left, top, wide, high, angle = boxes.unbind(-1)
    cos, sin = _cos_sin(angle)
    x2, y2 = left + wide * cos, top - wide * sin
    down, along = high * cos, high * sin
    return [left, top, x2, y2, x2 + along, y2 + down, left + along, top + down]


@_turned
def _turned_from_four_corners(boxes: Any) -> list[Any]:
    x1, y1, x2, y2, x3, y3, _, _ = boxes.unbind(-1)
    angle = torch.atan2(y1 - y2, x2 - x1) * 180 / math.pi
    wide = ((x2 - x1) ** 2 + (y1 - y2) ** 2).sqrt()
    high = ((x3 - x2) ** 2 + (y3 - y2) ** 2).sqrt()
    return [x1, y1, wide, high, angle]


# From, to: the steps between.
STEPS: dict[tuple[str, str], tuple[Callable[[Any], Any], ...]] = {
    ("xywh", "xyxy"): (_corners_from_sides,),
    ("cxcywh", "xyxy"): (_corners_from_middle,),
    ("xyxy", "xywh"): (_sides_from_corners,),
    ("xyxy", "cxcywh"): (_middle_from_corners,),
    ("xywh", "cxcywh"): (_corners_from_sides, _middle_from_corners),
    ("cxcywh", "xywh"): (_corners_from_middle, _sides_from_corners),
    ("cxcywhr", "xywhr"): (_turned_corner_from_middle,),
    ("xywhr", "cxcywhr"): (_turned_middle_from_corner,),
    ("cxcywhr", "xyxyxyxy"): (_turned_corner_from_middle, _four_corners),
    ("xyxyxyxy", "cxcywhr"): (_turned_from_four_corners, _turned_middle_from_corner),
    ("xywhr", "xyxyxyxy"): (_four_corners,),
    ("xyxyxyxy", "xywhr"): (_turned_from_four_corners,),
}


def box_convert(boxes: Tensor, in_fmt: str, out_fmt: str) -> Any:
    """Boxes (*, 4), turned ones (*, 5), four corners (*, 8), from one form to another.

    ``xyxy`` corners, ``xywh`` corner and sides, ``cxcywh`` middle and sides; ``r`` adds degrees,
    anticlockwise. Raises ValueError for an unknown form, NotImplementedError between straight and
    turned ones.

    >>> import rushlight as torch
    >>> box_convert(torch.tensor([[10, 20, 4, 6]]), "cxcywh", "xyxy")
    tensor([[ 8., 17., 12., 23.]])
    """
    if in_fmt not in FORMATS or out_fmt not in FORMATS:
        raise ValueError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}"
        )
    if in_fmt == out_fmt:
        return boxes.clone()
    if (in_fmt, out_fmt) not in STEPS:
        raise NotImplementedError(
            f"Unsupported Bounding Box Conversions for given in_fmt {in_fmt} and out_fmt {out_fmt}"
        )
    for step in STEPS[in_fmt, out_fmt]:
        boxes = step(boxes)
    return boxes
