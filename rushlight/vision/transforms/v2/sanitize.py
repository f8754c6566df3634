"""Transforms of v2 that keep boxes and points in their image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.tensor import Tensor
from rushlight.utils._pytree import tree_flatten, tree_unflatten
from rushlight.vision.transforms.convert import detached_array
from rushlight.vision.transforms.v2 import valid
from rushlight.vision.transforms.v2.parts import (
    get_bounding_boxes,
    get_keypoints,
    labels_finder,
)
from rushlight.vision.transforms.v2.transform import Transform
from rushlight.vision.tv_tensors import BoundingBoxes, KeyPoints, Mask, wrap

LabelsGetter = Callable[[Any], Any] | str | None


class ClampBoundingBoxes(Transform):
    """Boxes cut at the edges of their image, in their own way ("auto") or another."""

    def __init__(self, clamping_mode: str | None = "auto") -> None:
        super().__init__()
        self.clamping_mode = clamping_mode

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, BoundingBoxes)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return valid.clamp_bounding_boxes(inpt, clamping_mode=self.clamping_mode)


class ClampKeyPoints(Transform):
    """Points moved into their image."""

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, KeyPoints)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        return valid.clamp_keypoints(inpt)


class SetClampingMode(Transform):
    """How later transforms cut boxes: "soft", "hard" (the same for upright boxes) or None."""

    def __init__(self, clamping_mode: str | None) -> None:
        super().__init__()
        if clamping_mode not in (None, "soft", "hard"):
            raise ValueError(f"clamping_mode must be soft, hard or None, got {clamping_mode}")
        self.clamping_mode = clamping_mode

    def is_transformed(self, inpt: Any) -> bool:
        return isinstance(inpt, BoundingBoxes)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        done = inpt.clone()
        done.clamping_mode = self.clamping_mode
        return done


class _Sanitized(Transform):
    """Leaves out what is not valid, and the labels that belong to it."""

    def __init__(self, labels_getter: LabelsGetter) -> None:
        super().__init__()
        self._labels_getter = labels_finder(labels_getter)

    def which(self, flat: list[Any]) -> tuple[Tensor, str]:
        """(N,) bool, and what is said where there are not N labels."""
        raise NotImplementedError(f"{type(self).__name__} has no which")

    def belongs(self, inpt: Any) -> bool:
        """What is left out besides labels."""
        raise NotImplementedError(f"{type(self).__name__} has no belongs")

    def _labels(self, inputs: Any) -> tuple[Tensor, ...]:
        found = self._labels_getter(inputs)
        several = found if isinstance(found, (tuple, list)) else (found,)
        if found is None:
            return ()
        for each in several:
            if not isinstance(each, Tensor):
                raise ValueError(
                    "The labels in the input to forward() must be a tensor or None, got "
                    f"{type(each)} instead."
                )
        return tuple(several)

    def forward(self, *inputs: Any) -> Any:
        sample: Any = inputs if len(inputs) > 1 else inputs[0]
        labels = self._labels(sample)
        flat, structure = tree_flatten(sample)
        keep, complaint = self.which(flat)
        for each in labels:
            if each.shape[0] != keep.shape[0]:
                raise ValueError(f"{complaint}Found labels with shape={each.shape}).")
        params = {"keep": keep, "labels": labels}
        return tree_unflatten([self.transform(each, params) for each in flat], structure)

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        keep = params["keep"]
        if any(inpt is label for label in params["labels"]):
            return inpt[keep]
        if not self.belongs(inpt) or inpt.shape[0] != keep.shape[0]:
            return inpt  # a mask of all objects at once
        return wrap(inpt[keep], like=inpt)


class SanitizeBoundingBoxes(_Sanitized):
    """Boxes left out that are too small or not all in their image, with their labels and masks.

    ``labels_getter``: "default" looks for a key like "labels"; a function of the sample may give
    several tensors; None for no labels.
    """

    def __init__(
        self, min_size: float = 1.0, min_area: float = 1.0, labels_getter: LabelsGetter = "default"
    ) -> None:
        if min_size < 1:
            raise ValueError(f"min_size must be >= 1, got {min_size}.")
        if min_area < 1:
            raise ValueError(f"min_area must be >= 1, got {min_area}.")
        super().__init__(labels_getter)
        self.min_size = min_size
        self.min_area = min_area
        self.labels_getter = labels_getter

    def which(self, flat: list[Any]) -> tuple[Tensor, str]:
        boxes = get_bounding_boxes(flat)
        keep = valid.valid_boxes(
            detached_array(boxes), boxes.format, boxes.canvas_size, self.min_size, self.min_area
        )
        complaint = f"Number of boxes (shape={boxes.shape}) and must match the number of labels."
        return keep, complaint

    def belongs(self, inpt: Any) -> bool:
        return isinstance(inpt, (BoundingBoxes, Mask))


class SanitizeKeyPoints(_Sanitized):
    """Points (or whole groups of them) left out that are not in their image, with their labels."""

    def __init__(self, labels_getter: LabelsGetter = None) -> None:
        super().__init__(labels_getter)
        self.labels_getter = labels_getter

    def which(self, flat: list[Any]) -> tuple[Tensor, str]:
        points = get_keypoints(flat)
        keep = valid.valid_points(detached_array(points), points.canvas_size)
        return keep, f"Number of kepyoints (shape={points.shape}) must match the number of labels."

    def belongs(self, inpt: Any) -> bool:
        return isinstance(inpt, KeyPoints)
