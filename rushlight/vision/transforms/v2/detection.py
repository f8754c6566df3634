"""Transforms of v2 from the training of detectors: sizes and parts drawn at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.ops.boxes import box_iou
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.v2 import functional as F
from rushlight.vision.transforms.v2.boxes import corners
from rushlight.vision.transforms.v2.parts import get_bounding_boxes, has_any, is_pure_tensor
from rushlight.vision.transforms.v2.transform import Transform, query_size
from rushlight.vision.tv_tensors import BoundingBoxes, Image

# How much of some box a part must show; 1 is the whole image.
OVERLAPS = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


class RandomIoUCrop(Transform):
    """A random part that overlaps some box enough (Liu and others, 2016, "SSD").

    Boxes whose middle is outside become zeros; ``SanitizeBoundingBoxes`` then leaves them out.
    """

    def __init__(
        self,
        min_scale: float = 0.3,
        max_scale: float = 1.0,
        min_aspect_ratio: float = 0.5,
        max_aspect_ratio: float = 2.0,
        sampler_options: list[float] | None = None,
        trials: int = 40,
    ) -> None:
        super().__init__()
        self.min_scale = min_scale
        self.max_scale = max_scale
        self.min_aspect_ratio = min_aspect_ratio
        self.max_aspect_ratio = max_aspect_ratio
        self.options = list(OVERLAPS) if sampler_options is None else sampler_options
        self.trials = trials

    def check_inputs(self, flat_inputs: list[Any]) -> None:
        images = has_any(flat_inputs, is_image, Image, is_pure_tensor)
        if not images or not has_any(flat_inputs, BoundingBoxes):
            raise TypeError(
                f"{type(self).__name__}() requires input sample to contain tensor or PIL images "
                "and bounding boxes. Sample can also contain masks."
            )

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        size = query_size(flat_inputs)
        boxes = get_bounding_boxes(flat_inputs)
        edges = corners(detached_array(boxes), boxes.format)
        while True:
            overlap = self.options[draws.integer(len(self.options))]
            if overlap >= 1.0:
                return {}
            for _ in range(self.trials):
                part = self._part(size)
                if part is None:
                    continue
                within = _middles_within(edges, part)
                if within.any() and _best_overlap(edges[within], part) >= np.float32(overlap):
                    left, top, right, bottom = part
                    place = {"top": top, "left": left, "height": bottom - top}
                    return {"place": place | {"width": right - left}, "within": within}

    def _part(self, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
        """(left, top, right, bottom), or None for one of another shape than is wanted."""
        height, width = size
        scales = self.min_scale + (self.max_scale - self.min_scale) * draws.uniforms(2)
        wide, high = int(width * scales[0]), int(height * scales[1])
        if not self.min_aspect_ratio <= wide / high <= self.max_aspect_ratio:
            return None
        across, down = draws.uniforms(2)
        left, top = int((width - wide) * across), int((height - high) * down)
        return (left, top, left + wide, top + high) if wide and high else None

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        if not params:
            return inpt
        done = F.crop(inpt, **params["place"])
        if isinstance(done, BoundingBoxes):
            values = np.where(params["within"][:, None], detached_array(done), 0)
            made = wrap(values.astype(detached_array(done).dtype, copy=False))
            done = BoundingBoxes.wrap(made, done)
        return done


def _middles_within(edges: Array, part: tuple[int, int, int, int]) -> Array:
    left, top, right, bottom = part
    x = 0.5 * _at_least_32(edges[:, 0] + edges[:, 2])
    y = 0.5 * _at_least_32(edges[:, 1] + edges[:, 3])
    within: Array = (left < x) & (x < right) & (top < y) & (y < bottom)
    return within


def _at_least_32(values: Array) -> Array:
    """Whole numbers halved are float32."""
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def _best_overlap(edges: Array, part: tuple[int, int, int, int]) -> Any:
    found: Tensor = box_iou(wrap(edges), wrap(np.array([part], edges.dtype)))
    return detached_array(found).max()


class ScaleJitter(Transform):
    """Resized to a random part or multiple of what fits ``target_size`` (Ghiasi and others, 2021).

    The aspect ratio stays.
    """

    def __init__(
        self,
        target_size: tuple[int, int],
        scale_range: tuple[float, float] = (0.1, 2.0),
        interpolation: Any = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.target_size = target_size
        self.scale_range = scale_range
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        low, high = self.scale_range
        scale = low + draws.uniforms(1)[0] * (high - low)
        fit = min(self.target_size[1] / height, self.target_size[0] / width)
        ratio = fit * scale
        return {"size": (int(height * ratio), int(width * ratio))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(inpt, **params, interpolation=self.interpolation, antialias=self.antialias)


class RandomShortestSize(Transform):
    """The shorter edge resized to one of ``min_size``, the longer to at most ``max_size``."""

    def __init__(
        self,
        min_size: int | Sequence[int],
        max_size: int | None = None,
        interpolation: Any = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.min_size = [min_size] if isinstance(min_size, int) else list(min_size)
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        height, width = query_size(flat_inputs)
        ratio = self.min_size[draws.integer(len(self.min_size))] / min(height, width)
        if self.max_size is not None:
            ratio = min(ratio, self.max_size / max(height, width))
        return {"size": (int(height * ratio), int(width * ratio))}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(inpt, **params, interpolation=self.interpolation, antialias=self.antialias)


class RandomResize(Transform):
    """The shorter edge resized to a random size, at least ``min_size``, less than ``max_size``."""

    def __init__(
        self,
        min_size: int,
        max_size: int,
        interpolation: Any = "bilinear",
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.min_size = min_size
        self.max_size = max_size
        self.interpolation = interpolation
        self.antialias = antialias

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"size": [self.min_size + draws.integer(self.max_size - self.min_size)]}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return F.resize(inpt, **params, interpolation=self.interpolation, antialias=self.antialias)
