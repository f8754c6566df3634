"""Steps that go image by image also in a whole batch, without what surrounds single samples.

They keep the image's size and kind, and draw before they look at it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.pillow import from_array
from rushlight.vision.transforms.batch_stages import Form, Stage
from rushlight.vision.transforms.convert import channels_first, detached_array
from rushlight.vision.transforms.transform import Chosen


def one_by_one(
    form: Form, draw: Callable[[], Any], change: Callable[[Any, Any], Any]
) -> Stage | None:
    """``change`` of each image with what ``draw`` gave for it; None leaves it as it is."""
    changed = _picture if form.state == "image" else _tensor

    def run(values: Array, choices: list[Any]) -> Array:
        for each, choice in zip(values, choices, strict=True):
            if choice is not None:
                each[...] = changed(each, lambda img, choice=choice: change(img, choice))
        return values

    return Stage(form, run, draw=draw)


def _tensor(values: Array, change: Callable[[Any], Any]) -> Array:
    return detached_array(change(wrap(values)))


def _picture(values: Array, change: Callable[[Any], Any]) -> Array:
    channels, height, width = values.shape
    pixels = values[0] if channels == 1 else np.ascontiguousarray(values.transpose(1, 2, 0))
    made = change(from_array(pixels)).tobytes()
    return channels_first(np.frombuffer(made, np.uint8).reshape(height, width, channels))


def chosen(step: Chosen, form: Form) -> Stage | None:
    """A step of v1."""
    if getattr(step, "expand", False):
        return None
    return one_by_one(form, lambda: step.choose(form.height, form.width), step.change)
