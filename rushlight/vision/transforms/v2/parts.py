"""Finding parts of a sample: by class or by a function, and its boxes, points and labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rushlight.tensor import Tensor
from rushlight.vision.tv_tensors import BoundingBoxes, KeyPoints, TVTensor

Check = type | Callable[[Any], bool]


def is_pure_tensor(inpt: Any) -> bool:
    """A tensor without a kind."""
    return isinstance(inpt, Tensor) and not isinstance(inpt, TVTensor)


def check_type(obj: Any, types_or_checks: tuple[Check, ...]) -> bool:
    """Whether ``obj`` is of one of the classes, or one of the functions says so.

    >>> check_type(3, (str, lambda value: value == 3))
    True
    """
    return any(
        isinstance(obj, check) if isinstance(check, type) else bool(check(obj))
        for check in types_or_checks
    )


def has_any(flat_inputs: list[Any], *types_or_checks: Check) -> bool:
    """Whether some part is of one of the classes."""
    return any(check_type(each, types_or_checks) for each in flat_inputs)


def has_all(flat_inputs: list[Any], *types_or_checks: Check) -> bool:
    """Whether there is a part for each of the classes."""
    return all(has_any(flat_inputs, check) for check in types_or_checks)


def get_bounding_boxes(flat_inputs: list[Any]) -> BoundingBoxes:
    """The first BoundingBoxes. Raises ValueError where there are none."""
    for each in flat_inputs:
        if isinstance(each, BoundingBoxes):
            return each
    raise ValueError("No bounding boxes were found in the sample")


def get_keypoints(flat_inputs: list[Any]) -> KeyPoints:
    """The first KeyPoints. Raises ValueError where there are none."""
    for each in flat_inputs:
        if isinstance(each, KeyPoints):
            return each
    raise ValueError("No keypoints were found in the sample")


def _find_labels_default_heuristic(inputs: Any) -> Any:
    """The second of a pair, or what a dict calls labels."""
    if isinstance(inputs, (tuple, list)):
        inputs = inputs[1]
    if is_pure_tensor(inputs):
        return inputs
    if not isinstance(inputs, Mapping):
        raise ValueError(
            "When using the default labels_getter, the input passed to forward must be a "
            "dictionary or a two-tuple whose second item is a dictionary or a tensor, but got "
            f"{inputs} instead."
        )
    names = [key for key in inputs if key.lower() == "labels"]
    names += [key for key in inputs if "label" in key.lower()]
    if not names:
        raise ValueError(
            "Could not infer where the labels are in the sample. Try passing a callable as the "
            "labels_getter parameter?If there are no labels in the sample by design, pass "
            "labels_getter=None."
        )
    return inputs[names[0]]


def no_labels(inputs: Any) -> None:
    """None: there are no labels to care for."""


def labels_finder(labels_getter: Callable[[Any], Any] | str | None) -> Callable[[Any], Any]:
    """The function that ``labels_getter`` stands for: "default", a function, or None for none."""
    if labels_getter == "default":
        return _find_labels_default_heuristic
    if labels_getter is None:
        return no_labels
    if callable(labels_getter):
        return labels_getter
    raise ValueError(
        f"labels_getter should either be 'default', a callable, or None, but got {labels_getter}."
    )
