"""What each transform does to a whole batch of bytes: a stage for ``batch.py``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rushlight.base.dtype import float32, get_default_dtype
from rushlight.utils.data.arrays import Array
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.chance import (
    RandomCrop,
    RandomGrayscale,
    RandomHorizontalFlip,
    RandomVerticalFlip,
)
from rushlight.vision.transforms.convert import array_in_range
from rushlight.vision.transforms.erase import RandomErasing, Rectangle, rectangle
from rushlight.vision.transforms.fixed import (
    CenterCrop,
    ConvertImageDtype,
    Grayscale,
    Pad,
    PILToTensor,
)
from rushlight.vision.transforms.normalize import normalize_in_place
from rushlight.vision.transforms.operations import NUMPY_PADDING, borders
from rushlight.vision.transforms.transform import Normalize, ToTensor

Words = npt.NDArray[np.uint32]
NO_WORDS = np.empty((0, 0), np.uint32)


class Form(NamedTuple):
    """What every image of a batch is at one place of the chain."""

    channels: int
    height: int
    width: int
    state: str  # "image" (would be a PIL image), "bytes" or "floats" (tensors)

    def sized(self, height: int, width: int) -> Form:
        return self._replace(height=height, width=width)


class Stage(NamedTuple):
    """One step for a whole batch, and how many random words it takes for each image.

    With ``draw``, which makes the choices for one image, ``run`` is given a list of these instead.
    """

    form: Form
    run: Callable[[Array, Any], Array]
    words: int = 0
    draw: Callable[[], Any] | None = None


def to_tensor(step: Any, form: Form) -> Stage | None:
    if form.state != "image":
        return None

    def run(values: Array, words: Words) -> Array:
        kind = get_default_dtype()
        result = np.empty(values.shape, kind.np)
        if kind is float32:
            np.divide(values, np.float32(255), out=result)
        else:
            np.divide(values.astype(kind.np), kind.np.type(255), out=result)
        return result

    return Stage(form._replace(state="floats"), run)


def pil_to_tensor(step: Any, form: Form) -> Stage | None:
    return Stage(form._replace(state="bytes"), _same) if form.state == "image" else None


def _same(values: Array, words: Words) -> Array:
    return values


def convert(step: Any, form: Form) -> Stage | None:
    return converted(form) if step.dtype is float32 else None


def converted(form: Form, by_inverse: bool = False) -> Stage | None:
    """Bytes to floats in [0, 1], as ``array_in_range`` makes them."""
    if form.state != "bytes":
        return None
    return Stage(
        form._replace(state="floats"),
        lambda values, words: array_in_range(values, float32.np, by_inverse),
    )


def normalize(step: Any, form: Form) -> Stage | None:
    if form.state != "floats":
        return None
    return Stage(form, lambda values, words: normalize_in_place(values, step.mean, step.std))


def flip(axis: int) -> Callable[[Any, Form], Stage | None]:
    def build(step: Any, form: Form) -> Stage | None:
        limit = np.float32(step.p)

        def run(values: Array, words: Words) -> Array:
            chosen = draws.uniforms_of(words[:, 0]) < limit
            values[chosen] = np.flip(values[chosen], axis)
            return values

        return Stage(form, run, 1)

    return build


def _filling(fill: Any, form: Form) -> Any:
    """What a border is filled with, broadcast over (N, C, H, W); None if that is unclear."""
    if form.state == "floats":
        return fill if isinstance(fill, (int, float)) else None
    each = tuple(fill) if isinstance(fill, (tuple, list)) else (fill,)
    if len(each) not in (1, form.channels):
        return None
    if any(not isinstance(one, int) or not 0 <= one <= 255 for one in each):
        return None
    return np.array(each, np.uint8).reshape(-1, 1, 1)


def pad(step: Any, form: Form) -> Stage | None:
    return _bordered(borders(step.padding), step.fill, step.padding_mode, form)


def _bordered(sides: tuple[int, int, int, int], fill: Any, mode: str, form: Form) -> Stage | None:
    left, top, right, bottom = sides
    filling = _filling(fill, form)
    if filling is None or min(sides) < 0 or mode not in ("constant", *NUMPY_PADDING):
        return None
    height, width = form.height + top + bottom, form.width + left + right

    def run(values: Array, words: Words) -> Array:
        if mode != "constant":
            widths = ((0, 0), (0, 0), (top, bottom), (left, right))
            padded: Array = np.pad(values, widths, mode=NUMPY_PADDING[mode])  # type: ignore[call-overload]
            return padded
        result = np.empty((*values.shape[:2], height, width), values.dtype)
        result[...] = filling
        result[:, :, top : top + form.height, left : left + form.width] = values
        return result

    return Stage(form.sized(height, width), run)


def padded(
    sides: Sequence[tuple[int, int, int, int]], fill: Any, mode: str, form: Form
) -> list[Stage] | None:
    """A stage for each border that is one; None if one of them is not known."""
    stages = []
    for border in sides:
        if any(border):
            stage = _bordered(border, fill, mode, form)
            if stage is None:
                return None
            stages.append(stage)
            form = stage.form
    return stages


def random_part(
    stages: list[Stage] | None, form: Form, size: tuple[int, int], each_axis: bool
) -> Stage | None:
    """A part of that size at a random place after ``stages``; a word for each axis, or
    (``each_axis``) for those that have room."""
    if stages is None:
        return None
    inside = stages[-1].form if stages else form
    height, width = size
    down, across = inside.height - height + 1, inside.width - width + 1
    if down < 1 or across < 1:
        return None  # one by one, it says what is wrong
    both = not each_axis and max(down, across) > 1
    rows, columns = both or down > 1, both or across > 1

    def run(values: Array, words: Words) -> Array:
        for stage in stages:
            values = stage.run(values, words)
        if not (rows or columns):
            return values
        result = np.empty((*values.shape[:2], height, width), values.dtype)
        tops = words[:, 0] % np.uint32(down) if rows else [0] * len(values)
        lefts = words[:, -1] % np.uint32(across) if columns else [0] * len(values)
        for target, source, top, left in zip(result, values, tops, lefts, strict=True):
            target[...] = source[:, top : top + height, left : left + width]
        return result

    return Stage(form.sized(height, width), run, rows + columns)


def _random_crop(step: Any, form: Form) -> Stage | None:
    border = (0, 0, 0, 0) if step.padding is None else borders(step.padding)
    height, width = step.size
    sides = [border]
    if step.pad_if_needed:
        missing_width = width - (form.width + border[0] + border[2])
        missing_height = height - (form.height + border[1] + border[3])
        sides += [(max(missing_width, 0), 0) * 2, (0, max(missing_height, 0)) * 2]
    stages = padded(sides, step.fill, step.padding_mode, form)
    return random_part(stages, form, step.size, each_axis=False)


def center_crop(step: Any, form: Form) -> Stage | None:
    height, width = step.size
    if height > form.height or width > form.width:
        return None
    top, left = round((form.height - height) / 2.0), round((form.width - width) / 2.0)
    return Stage(
        form.sized(height, width),
        lambda values, words: values[:, :, top : top + height, left : left + width].copy(),
    )


def _gray(values: Array) -> Array:
    """(N, 3, H, W) bytes -> (N, 1, H, W): Pillow's weights, out of 2**16."""
    red, green, blue = (values[:, place].astype(np.uint32) for place in range(3))
    mixed = red * 19595 + green * 38470 + blue * 7471 + 0x8000
    gray: Array = (mixed >> 16).astype(np.uint8)[:, None]
    return gray


def grayscale(step: Any, form: Form) -> Stage | None:
    wanted = step.num_output_channels
    if form.state != "image" or wanted not in (1, 3):
        return None

    def run(values: Array, words: Words) -> Array:
        gray = _gray(values) if form.channels == 3 else values
        return np.repeat(gray, wanted, axis=1) if wanted > 1 else gray

    return Stage(form._replace(channels=wanted), run)


def random_grayscale(step: Any, form: Form) -> Stage | None:
    if form.state != "image":
        return None
    limit = np.float32(step.p)

    def run(values: Array, words: Words) -> Array:
        chosen = draws.uniforms_of(words[:, 0]) < limit
        if form.channels == 3:
            values[chosen] = _gray(values[chosen])
        return values

    return Stage(form, run, 1)


def erasing(step: Any, form: Form, value: Sequence[float] | None) -> Stage | None:
    """RandomErasing by ``value``, or (None) by noise."""
    if form.state != "floats" or (value is not None and len(value) not in (1, form.channels)):
        return None
    size = (form.channels, form.height, form.width)

    def draw() -> Rectangle | None:
        return rectangle(size, step.scale, step.ratio, value) if draws.chance(step.p) else None

    def run(values: Array, found: Sequence[Rectangle | None]) -> Array:
        for each, place in zip(values, found, strict=True):
            if place is not None:
                top, left, rows, columns, contents = place
                each[:, top : top + rows, left : left + columns] = contents
        return values

    return Stage(form, run, draw=draw)


def _random_erasing(step: Any, form: Form) -> Stage | None:
    return erasing(step, form, step.values())


STAGES: dict[type, Callable[[Any, Form], Stage | None]] = {
    CenterCrop: center_crop,
    ConvertImageDtype: convert,
    Grayscale: grayscale,
    Normalize: normalize,
    PILToTensor: pil_to_tensor,
    Pad: pad,
    RandomCrop: _random_crop,
    RandomErasing: _random_erasing,
    RandomGrayscale: random_grayscale,
    RandomHorizontalFlip: flip(-1),
    RandomVerticalFlip: flip(-2),
    ToTensor: to_tensor,
}
