"""BoundingBoxes: boxes that know their format and how large their image is."""

from __future__ import annotations

import enum
from typing import Any, Self

from rushlight.base.dtype import dtype as Dtype
from rushlight.tensor import Tensor
from rushlight.vision.tv_tensors.kinds import TVTensor, tensor_of


class BoundingBoxFormat(enum.Enum):
    """What the four numbers are: corners, corner and size, or middle and size."""

    XYXY = "XYXY"
    XYWH = "XYWH"
    CXCYWH = "CXCYWH"


def is_rotated_bounding_format(format: BoundingBoxFormat | str) -> bool:
    """Whether such boxes may be turned: none of these are.

    >>> is_rotated_bounding_format("xyxy")
    False
    """
    name = format.upper() if isinstance(format, str) else format.name
    if name not in BoundingBoxFormat.__members__:
        raise NotImplementedError(f"is_rotated_bounding_format: format {format!r} (turned boxes)")
    return False


class BoundingBoxes(TVTensor):
    """(N, 4) boxes in an image of ``canvas_size`` (H, W); one box becomes (1, 4)."""

    format: BoundingBoxFormat
    canvas_size: tuple[int, int]
    clamping_mode: str | None
    _facts = ("format", "canvas_size", "clamping_mode")

    def __new__(
        cls,
        data: Any,
        *,
        format: BoundingBoxFormat | str,
        canvas_size: tuple[int, int],
        clamping_mode: str | None = "soft",
        dtype: Dtype | None = None,
        device: Any = None,
        requires_grad: bool | None = None,
    ) -> Self:
        values = tensor_of(data, dtype, device, requires_grad)
        if values.ndim not in (1, 2):
            raise ValueError(f"Expected a 1D or 2D tensor, got {values.ndim}D")
        if clamping_mode not in (None, "hard", "soft"):
            raise ValueError(f"clamping_mode must be None, hard or soft, got {clamping_mode}.")
        if isinstance(format, str):
            if format.upper() not in BoundingBoxFormat.__members__:
                raise NotImplementedError(f"BoundingBoxes: format {format!r} (turned boxes)")
            format = BoundingBoxFormat[format.upper()]
        made = cls._of_kind(values.unsqueeze(0) if values.ndim == 1 else values)
        made.format, made.canvas_size, made.clamping_mode = format, canvas_size, clamping_mode
        return made

    @classmethod
    def wrap(cls, tensor: Tensor, like: Self, **kwargs: Any) -> Self:
        made = cls._of_kind(tensor)
        for name in cls._facts:
            setattr(made, name, kwargs.get(name, getattr(like, name)))
        return made

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._shown()
