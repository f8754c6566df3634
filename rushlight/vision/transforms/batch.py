"""Chains of transforms on whole batches of bytes: the pixels and the choices of one by one.

``plan(transform, form)`` says whether every step of a chain is known; then ``run`` gives for
(N, C, H, W) bytes what the transform gives for each image in turn. All the random numbers of a
batch are drawn at once: a step takes a fixed number of words per image, and the words of one image
follow those of the one before, as they would one by one.

Only the exact classes count: a subclass, a Lambda or an unknown step means ``None``.
"""

from __future__ import annotations

from collections.abc import Callable
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
from rushlight.vision.transforms.fixed import (
    CenterCrop,
    ConvertImageDtype,
    Grayscale,
    Pad,
    PILToTensor,
    Resize,
)
from rushlight.vision.transforms.fixed_point import FILTERS, resize_bytes, rows_first
from rushlight.vision.transforms.normalize import normalize_in_place
from rushlight.vision.transforms.operations import NUMPY_PADDING, borders, resize_target
from rushlight.vision.transforms.transform import Compose, Normalize, ToTensor

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
    """One step for a whole batch, and how many random words it takes for each image."""

    form: Form
    run: Callable[[Array, Words], Array]
    words: int = 0


def _to_tensor(step: Any, form: Form) -> Stage | None:
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


def _pil_to_tensor(step: Any, form: Form) -> Stage | None:
    return Stage(form._replace(state="bytes"), _same) if form.state == "image" else None


def _same(values: Array, words: Words) -> Array:
    return values


def _convert(step: Any, form: Form) -> Stage | None:
    if form.state != "bytes" or step.dtype is not float32:
        return None

    def run(values: Array, words: Words) -> Array:
        scaled: Array = np.divide(values, np.float32(255), dtype=np.float32)
        return scaled

    return Stage(form._replace(state="floats"), run)


def _normalize(step: Any, form: Form) -> Stage | None:
    if form.state != "floats":
        return None
    return Stage(form, lambda values, words: normalize_in_place(values, step.mean, step.std))


def _flip(axis: int) -> Callable[[Any, Form], Stage | None]:
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
    if form.state != "image":
        return fill if isinstance(fill, (int, float)) and form.state == "floats" else None
    each = tuple(fill) if isinstance(fill, (tuple, list)) else (fill,)
    if len(each) not in (1, form.channels):
        return None
    if any(not isinstance(one, int) or not 0 <= one <= 255 for one in each):
        return None
    return np.array(each, np.uint8).reshape(-1, 1, 1)


def _pad(step: Any, form: Form) -> Stage | None:
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


def _random_crop(step: Any, form: Form) -> Stage | None:
    stages, inside = [], form
    sides = [] if step.padding is None else [borders(step.padding)]
    height, width = step.size
    for border in sides:
        stage = _bordered(border, step.fill, step.padding_mode, inside)
        if stage is None:
            return None
        stages.append(stage)
        inside = stage.form
    if step.pad_if_needed:
        for border in (
            (max(width - inside.width, 0), 0) * 2, (0, max(height - inside.height, 0)) * 2,
        ):  # fmt: skip
            if any(border):
                stage = _bordered(border, step.fill, step.padding_mode, inside)
                if stage is None:
                    return None
                stages.append(stage)
                inside = stage.form
    down, across = inside.height - height + 1, inside.width - width + 1
    if down < 1 or across < 1:
        return None  # one by one, it says what is wrong
    drawn = 0 if down == across == 1 else 2

    def run(values: Array, words: Words) -> Array:
        for stage in stages:
            values = stage.run(values, words)
        if not drawn:
            return values
        result = np.empty((*values.shape[:2], height, width), values.dtype)
        tops = (words[:, 0] % np.uint32(down)).tolist()
        lefts = (words[:, 1] % np.uint32(across)).tolist()
        for target, source, top, left in zip(result, values, tops, lefts, strict=True):
            target[...] = source[:, top : top + height, left : left + width]
        return result

    return Stage(form.sized(height, width), run, drawn)


def _center_crop(step: Any, form: Form) -> Stage | None:
    height, width = step.size
    if height > form.height or width > form.width:
        return None
    top, left = round((form.height - height) / 2.0), round((form.width - width) / 2.0)
    return Stage(
        form.sized(height, width),
        lambda values, words: values[:, :, top : top + height, left : left + width].copy(),
    )


def _resize(step: Any, form: Form) -> Stage | None:
    height, width = resize_target(form.height, form.width, step.size, step.max_size)
    mode = step.interpolation.value
    if form.state != "image" or mode not in FILTERS:
        return None
    if rows_first((form.height, form.width), (height, width), mode) is None:
        return None
    return Stage(
        form.sized(height, width), lambda values, words: resize_bytes(values, height, width, mode)
    )


def _gray(values: Array) -> Array:
    """(N, 3, H, W) bytes -> (N, 1, H, W): Pillow's weights, out of 2**16."""
    red, green, blue = (values[:, place].astype(np.uint32) for place in range(3))
    mixed = red * 19595 + green * 38470 + blue * 7471 + 0x8000
    gray: Array = (mixed >> 16).astype(np.uint8)[:, None]
    return gray


def _grayscale(step: Any, form: Form) -> Stage | None:
    wanted = step.num_output_channels
    if form.state != "image" or wanted not in (1, 3):
        return None

    def run(values: Array, words: Words) -> Array:
        gray = _gray(values) if form.channels == 3 else values
        return np.repeat(gray, wanted, axis=1) if wanted > 1 else gray

    return Stage(form._replace(channels=wanted), run)


def _random_grayscale(step: Any, form: Form) -> Stage | None:
    if form.state != "image":
        return None
    limit = np.float32(step.p)

    def run(values: Array, words: Words) -> Array:
        chosen = draws.uniforms_of(words[:, 0]) < limit
        if form.channels == 3:
            values[chosen] = _gray(values[chosen])
        return values

    return Stage(form, run, 1)


STAGES: dict[type, Callable[[Any, Form], Stage | None]] = {
    CenterCrop: _center_crop,
    ConvertImageDtype: _convert,
    Grayscale: _grayscale,
    Normalize: _normalize,
    PILToTensor: _pil_to_tensor,
    Pad: _pad,
    RandomCrop: _random_crop,
    RandomGrayscale: _random_grayscale,
    RandomHorizontalFlip: _flip(-1),
    RandomVerticalFlip: _flip(-2),
    Resize: _resize,
    ToTensor: _to_tensor,
}


def plan(transform: Any, form: Form) -> list[Stage] | None:
    """The stages of a transform that ends in tensors; None if a step of it is not known."""
    stages: list[Stage] = []
    waiting = [transform]
    while waiting:
        step = waiting.pop(0)
        if type(step) is Compose:
            waiting[:0] = step.transforms
            continue
        build = STAGES.get(type(step))
        stage = None if build is None else build(step, form)
        if stage is None:
            return None
        stages.append(stage)
        form = stage.form
    return None if form.state == "image" else stages


def run(stages: list[Stage], values: Array) -> Array:
    """The batch after all stages. ``values`` (N, C, H, W) is overwritten."""
    each = sum(stage.words for stage in stages)
    words = draws.words(len(values), each) if each else NO_WORDS
    used = 0
    for stage in stages:
        values = stage.run(values, words[:, used : used + stage.words])
        used += stage.words
    return values
