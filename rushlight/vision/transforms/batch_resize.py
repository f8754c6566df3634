"""Whole batches resized: images as Pillow does it, tensors as PyTorch does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.vision.transforms.batch_stages import Form, Stage
from rushlight.vision.transforms.chance import resized_part
from rushlight.vision.transforms.fixed_point import resize_bytes
from rushlight.vision.transforms.operations import (
    InterpolationMode,
    interpolation_mode,
    resize_target,
)
from rushlight.vision.transforms.resample import resample

Resizing = Callable[[Array], Array]
# What anti-aliasing is there for, of tensors.
SMOOTH = (InterpolationMode.BILINEAR, InterpolationMode.BICUBIC)


def resizing(step: Any, form: Form, size: tuple[int, int], whole: bool) -> Resizing | None:
    """(..., H, W) of any size to ``size``; None for what only single images can be told about.

    ``whole``: bytes of tensors never leave whole numbers, as in v2.
    """
    given = step.interpolation
    mode = InterpolationMode(given) if isinstance(given, str) else interpolation_mode(given)
    if form.state == "image":
        return lambda values: resize_bytes(values, *size, mode.value)
    antialias = bool(step.antialias) and mode in SMOOTH
    if mode not in (*SMOOTH, InterpolationMode.NEAREST, InterpolationMode.NEAREST_EXACT):
        return None
    return lambda values: resample(values, *size, mode.value, antialias, whole)


def resize(step: Any, form: Form, whole: bool = False) -> Stage | None:
    size = resize_target(form.height, form.width, step.size, step.max_size)
    function = resizing(step, form, size, whole)
    if function is None:
        return None
    return Stage(form.sized(*size), lambda values, words: function(values))


def resized_crop(step: Any, form: Form, whole: bool = False) -> Stage | None:
    """RandomResizedCrop: the parts are drawn image by image, until one fits."""
    function = resizing(step, form, step.size, whole)
    if function is None:
        return None
    size = (form.height, form.width)

    def run(values: Array, parts: Sequence[tuple[int, int, int, int]]) -> Array:
        result = np.empty((*values.shape[:2], *step.size), values.dtype)
        for each, made, (top, left, rows, columns) in zip(values, result, parts, strict=True):
            made[...] = function(each[:, top : top + rows, left : left + columns])
        return result

    return Stage(form.sized(*step.size), run,
                 draw=lambda: resized_part(size, step.scale, step.ratio))  # fmt: skip
