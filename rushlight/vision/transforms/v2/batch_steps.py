"""v2's classes for whole batches: the stages of ``transforms/batch_stages.py`` under v2's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import float32
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.transforms import batch, batch_resize, batch_stages, batch_tails, draws
from rushlight.vision.transforms.batch_singles import one_by_one
from rushlight.vision.transforms.batch_stages import Form, Stage
from rushlight.vision.transforms.v2 import auto, colour, containers, convert, geometry
from rushlight.vision.transforms.v2.transform import RandomlyApplied
from rushlight.vision.tv_tensors import Image


def _to_dtype(step: Any, form: Form) -> Stage | None:
    if form.state != "bytes" or step.dtype is not float32:
        return None
    if step.scale:
        return batch_stages.converted(form, by_inverse=True)

    def run(values: Array, words: Any) -> Array:
        floats: Array = values.astype(float32.np)
        return floats

    return Stage(form._replace(state="floats"), run)


def _convert(step: Any, form: Form) -> Stage | None:
    return batch_stages.converted(form, by_inverse=True) if step.dtype is float32 else None


def _to_pure_tensor(step: Any, form: Form) -> Stage | None:
    return None if form.state == "image" else Stage(form, lambda values, words: values)


def _random_crop(step: Any, form: Form) -> Stage | None:
    left, top, right, bottom = step._borders
    height, width = step.size
    if step.pad_if_needed:
        more = max(height - (form.height + top + bottom), 0)
        wider = max(width - (form.width + left + right), 0)
        left, top, right, bottom = left + wider, top + more, right + wider, bottom + more
    fill = step.fill if isinstance(step.fill, int) else None
    stages = batch_stages.padded([(left, top, right, bottom)], fill, step.padding_mode, form)
    return batch_stages.random_part(stages, form, step.size, each_axis=True)


def _random_erasing(step: Any, form: Form) -> Stage | None:
    return batch_stages.erasing(step, form, step.value)


def _resize(step: Any, form: Form) -> Stage | None:
    return None if step.size is None else batch_resize.resize(step, form, whole=True)


def _resized_crop(step: Any, form: Form) -> Stage | None:
    return batch_resize.resized_crop(step, form, whole=True)


def _single(step: Any, form: Form) -> Stage | None:
    """A step that goes image by image; a fill for each class is for single samples to find out."""
    if getattr(step, "expand", False) or isinstance(getattr(step, "fill", None), dict):
        return None
    if isinstance(step, auto.AutoAugmentation):
        return one_by_one(form, lambda: step.choose(form.height, form.width), step.change)
    shown = [wrap(np.empty(form[:3], np.uint8))]

    def draw() -> Any:
        if isinstance(step, RandomlyApplied) and not draws.chance(step.p):
            return None
        return step.make_params(shown)

    return one_by_one(form, draw, step.transform)


batch_stages.STAGES.update(
    dict.fromkeys(
        (
            auto.AutoAugment, auto.RandAugment, auto.TrivialAugmentWide, colour.ColorJitter,
            colour.RandomAdjustSharpness, colour.RandomAutocontrast,
            colour.RandomChannelPermutation, colour.RandomEqualize, colour.RandomInvert,
            colour.RandomPhotometricDistort, colour.RandomPosterize, colour.RandomSolarize,
            convert.GaussianBlur, geometry.ElasticTransform, geometry.RandomAffine,
            geometry.RandomPerspective, geometry.RandomRotation,
        ),
        _single,
    )
)  # fmt: skip
batch_stages.STAGES.update(
    {
        colour.Grayscale: batch_stages.grayscale,
        colour.RandomGrayscale: batch_stages.random_grayscale,
        convert.ConvertImageDtype: _convert,
        convert.Normalize: batch_stages.normalize,
        convert.PILToTensor: batch_stages.pil_to_tensor,
        convert.RandomErasing: _random_erasing,
        convert.ToDtype: _to_dtype,
        convert.ToImage: batch_stages.pil_to_tensor,
        convert.ToPureTensor: _to_pure_tensor,
        convert.ToTensor: batch_stages.to_tensor,
        geometry.CenterCrop: batch_stages.center_crop,
        geometry.RandomCrop: _random_crop,
        geometry.RandomHorizontalFlip: batch_stages.flip(-1),
        geometry.RandomVerticalFlip: batch_stages.flip(-2),
        geometry.RandomResizedCrop: _resized_crop,
        geometry.Resize: _resize,
    }
)
batch.CHAINS.add(containers.Compose)
batch_tails.ENDING |= {
    convert.ConvertImageDtype, convert.Normalize, convert.PILToTensor, convert.RandomErasing,
    convert.ToDtype, convert.ToImage, convert.ToPureTensor, convert.ToTensor,
    geometry.RandomHorizontalFlip, geometry.RandomVerticalFlip,
}  # fmt: skip
batch_tails.KINDS.add(Image)
