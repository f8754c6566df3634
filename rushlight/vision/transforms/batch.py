"""Chains of transforms on whole batches of bytes: the pixels and the choices of one by one.

``plan(transform, form)`` says whether every step of a chain is known; then ``run`` gives for
(N, C, H, W) bytes what the transform gives for each image in turn. All the random numbers of a
batch are drawn at once: a step takes a fixed number of words per image, and the words of one image
follow those of the one before, as they would one by one. (RandomErasing draws until it fits: with
it in the chain, the draws are made image by image.)

Only the exact classes count: a subclass, a Lambda or an unknown step means ``None``; then
``batch_tails.py`` may still take the chain's end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.dtype import from_numpy
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, fresh, wrap
from rushlight.vision.transforms import autoaugment, colour, draws, warp
from rushlight.vision.transforms.batch_resize import resize, resized_crop
from rushlight.vision.transforms.batch_singles import chosen
from rushlight.vision.transforms.batch_stages import NO_WORDS, STAGES, Form, Stage
from rushlight.vision.transforms.chance import RandomResizedCrop
from rushlight.vision.transforms.fixed import Resize
from rushlight.vision.transforms.transform import Compose

# Bytes of results that are made at once, so that all stages find them in the cache.
PORTION = 1 << 20
# The classes that only hold other transforms, one after the other.
CHAINS: set[type] = {Compose}
STAGES.update({RandomResizedCrop: resized_crop, Resize: resize})
STAGES.update(
    dict.fromkeys(
        (
            autoaugment.AutoAugment, autoaugment.RandAugment, autoaugment.TrivialAugmentWide,
            colour.ColorJitter, warp.ElasticTransform, warp.GaussianBlur, warp.RandomAffine,
            warp.RandomPerspective, warp.RandomRotation,
        ),
        chosen,
    )
)  # fmt: skip


def flattened(transform: Any) -> list[Any]:
    """The steps of a chain, also of chains in it."""
    if type(transform) not in CHAINS:
        return [transform]
    return [step for each in transform.transforms for step in flattened(each)]


def planned(steps: Sequence[Any], form: Form) -> list[Stage] | None:
    """The stages of these steps; None if one of them is not known.

    Those that draw do it in words of float32: with another default dtype they are not known.
    """
    stages: list[Stage] = []
    for step in steps:
        build = STAGES.get(type(step))
        stage = None if build is None else build(step, form)
        if stage is None:
            return None
        if (stage.words or stage.draw) and not draws.single():
            return None
        stages.append(stage)
        form = stage.form
    return stages


def plan(transform: Any, form: Form) -> list[Stage] | None:
    """The stages of a transform that ends in tensors; None if a step of it is not known."""
    stages = planned(flattened(transform), form)
    return stages if stages and stages[-1].form.state != "image" else None


def choices(stages: Sequence[Stage]) -> list[Any]:
    """What each stage draws for one image, in its turn."""
    return [
        stage.draw() if stage.draw else draws.words(1, stage.words)[0] if stage.words else NO_WORDS
        for stage in stages
    ]


def run(stages: list[Stage], values: Array) -> Tensor:
    """The batch after all stages. ``values`` (N, C, H, W) is overwritten."""
    count = len(values)
    if any(stage.draw for stage in stages):
        return applied(stages, values, [choices(stages) for _ in range(count)])
    each = sum(stage.words for stage in stages)
    words = draws.words(count, each) if each else NO_WORDS
    drawn, used = [], 0
    for stage in stages:
        drawn.append(words[:, used : used + stage.words])
        used += stage.words
    return _in_portions(stages, values, drawn)


def applied(stages: list[Stage], values: Array, drawn: Sequence[list[Any]]) -> Tensor:
    """The batch after all stages, with what was drawn for each image."""
    by_stage = [
        each if stage.draw else np.stack(each) if stage.words else NO_WORDS
        for stage, each in zip(stages, map(list, zip(*drawn, strict=True)), strict=True)
    ]
    return _in_portions(stages, values, by_stage)


def _in_portions(stages: list[Stage], values: Array, drawn: Sequence[Any]) -> Tensor:
    end = stages[-1].form
    step = max(PORTION // (4 * end.channels * end.height * end.width), 1)

    def portion(start: int) -> Array:
        part = values[start : start + step]
        for stage, each in zip(stages, drawn, strict=True):
            part = stage.run(part, each[start : start + step])
        return part

    first = portion(0)
    if len(values) <= step:
        return wrap(first)
    batch, result = fresh((len(values), *first.shape[1:]), from_numpy(first.dtype))
    result[:step] = first
    for start in range(step, len(values), step):
        result[start : start + step] = portion(start)
    return batch
