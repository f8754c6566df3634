"""The end of a chain on whole batches, after a beginning that goes image by image.

Rotations, jitter, a user's own functions: what ``batch.py`` does not know runs on each image as it
would anyway. What follows, bytes to floats and the like, is done for the whole batch. The draws of
an image's end are made right behind those of its beginning, so that all choices stay the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array
from rushlight.utils.data.collate import default_collate
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms.batch import applied, choices, flattened, planned
from rushlight.vision.transforms.batch_stages import Form, Stage
from rushlight.vision.transforms.chance import RandomHorizontalFlip, RandomVerticalFlip
from rushlight.vision.transforms.convert import channels_first, detached_array
from rushlight.vision.transforms.erase import RandomErasing
from rushlight.vision.transforms.fixed import ConvertImageDtype, PILToTensor
from rushlight.vision.transforms.transform import Normalize, ToTensor

Step = Callable[[Any], Any]
CHANNELS = {"L": 1, "RGB": 3}
STATES = {"uint8": "bytes", "float32": "floats"}
# What an end consists of: steps that take much of the time of one image, and hardly any of many.
ENDING: set[type] = {
    ConvertImageDtype,
    Normalize,
    PILToTensor,
    RandomErasing,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    ToTensor,
}
# Tensors that count as images.
KINDS: set[type] = {Tensor}


class Waiting(NamedTuple):
    """An image between beginning and end, and what was drawn for its end."""

    form: Form
    values: Array
    drawn: list[Any]


def split(transform: Any) -> tuple[list[Step], list[Step]] | None:
    """(beginning, end) of a chain; None if there is no end that pays."""
    steps = flattened(transform)
    place = len(steps)
    while place and type(steps[place - 1]) in ENDING:
        place -= 1
    return (steps[:place], steps[place:]) if 0 < place < len(steps) else None


def _seen(image: Any) -> tuple[Form, Array] | None:
    """What the image is, and its values (C, H, W); None for what an end is not known of."""
    if type(image) in KINDS:
        state = STATES.get(image.dtype.name)
        if image.ndim != 3 or state is None or image.requires_grad:
            return None
        return Form(*image.shape, state), detached_array(image).copy()
    if not is_image(image) or image.mode not in CHANNELS:
        return None
    width, height = image.size
    form = Form(CHANNELS[image.mode], height, width, "image")
    pixels = np.frombuffer(image.tobytes(), np.uint8).reshape(height, width, form.channels)
    return form, channels_first(pixels)


def run(head: list[Step], tail: list[Step], pictures: Iterable[Any]) -> Any:
    """The collated batch of all ``pictures`` after both parts."""
    plans: dict[Form, list[Stage] | None] = {}
    results: list[Any] = []
    for picture in pictures:
        image = picture
        for step in head:
            image = step(image)
        seen = _seen(image)
        if seen is not None and seen[0] not in plans:
            plans[seen[0]] = planned(tail, seen[0])
        stages = None if seen is None else plans[seen[0]]
        if seen is None or stages is None:
            for step in tail:
                image = step(image)
            results.append(image)
        else:
            results.append(Waiting(*seen, choices(stages)))
    forms = {each.form if isinstance(each, Waiting) else None for each in results}
    if len(forms) == 1 and None not in forms:
        return _finished(plans, results)
    # Images of several sizes or kinds: collating says what is wrong with them, if anything is.
    return default_collate(
        [_finished(plans, [each])[0] if isinstance(each, Waiting) else each for each in results]
    )


def _finished(plans: dict[Form, list[Stage] | None], images: list[Waiting]) -> Tensor:
    stages = plans[images[0].form]
    assert stages is not None
    values = np.stack([each.values for each in images])
    return applied(stages, values, [each.drawn for each in images])
