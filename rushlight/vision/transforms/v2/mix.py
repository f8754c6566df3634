"""MixUp and CutMix: batches mixed with themselves, labels too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rushlight.nn.functional import one_hot
from rushlight.tensor import Tensor
from rushlight.utils._pytree import tree_flatten, tree_unflatten
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms import draws
from rushlight.vision.transforms.v2.parts import labels_finder
from rushlight.vision.transforms.v2.transform import Transform, query_size
from rushlight.vision.tv_tensors import (
    ANNOTATIONS,
    Image,
    Video,
    wrap,
)


class _Mixed(Transform):
    """Draws how much of each image, which a subclass makes into ``mixed``."""

    def __init__(
        self,
        *,
        alpha: float = 1.0,
        num_classes: int | None = None,
        labels_getter: Callable[[Any], Any] | str = "default",
    ) -> None:
        super().__init__()
        self.alpha = float(alpha)
        self.num_classes = num_classes
        self._labels_getter = labels_finder(labels_getter)

    def share(self) -> float:
        """How much of an image stays: Beta(alpha, alpha)."""
        return float(draws.dirichlet([self.alpha, self.alpha], 1)[0, 0])

    def mixed(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        """The batch of images."""
        raise NotImplementedError(f"{type(self).__name__} has no mixed")

    def forward(self, *inputs: Any) -> Any:
        sample: Any = inputs if len(inputs) > 1 else inputs[0]
        flat, structure = tree_flatten(sample)
        if any(is_image(each) or isinstance(each, ANNOTATIONS) for each in flat):
            raise ValueError(
                f"{type(self).__name__}() does not support PIL images, bounding boxes, keypoints "
                "and masks."
            )
        labels = self._labels_getter(sample)
        self._check_labels(labels)
        wanted = self._wanted(flat)
        params = self.make_params([x for x, take in zip(flat, wanted, strict=True) if take])
        done = []
        for each, take in zip(flat, wanted, strict=True):
            if each is labels:
                done.append(self._mixed_labels(each, params["share"]))
            elif take and isinstance(each, Tensor):
                done.append(self._mixed_images(each, params, len(labels)))
            else:
                done.append(each)
        return tree_unflatten(done, structure)

    def _check_labels(self, labels: Any) -> None:
        if not isinstance(labels, Tensor):
            raise ValueError(f"The labels must be a tensor, but got {type(labels)} instead.")
        if labels.ndim not in (1, 2):
            raise ValueError(
                "labels should be index based with shape (batch_size,) or probability based with "
                f"shape (batch_size, num_classes), but got a tensor of shape {labels.shape} "
                "instead."
            )
        if labels.ndim == 1 and self.num_classes is None:
            raise ValueError("num_classes must be passed if the labels are index-based (1D)")
        if labels.ndim == 2 and self.num_classes not in (None, labels.shape[-1]):
            raise ValueError(
                "When passing 2D labels, the number of elements in last dimension must match "
                f"num_classes: {labels.shape[-1]} != {self.num_classes}."
            )

    def _mixed_labels(self, labels: Tensor, share: float) -> Tensor:
        values = one_hot(labels, self.num_classes) if labels.ndim == 1 else labels
        values = values if values.is_floating_point() else values.float()
        return values.roll(1, 0).mul_(1.0 - share).add_(values.mul(share))

    def _mixed_images(self, inpt: Tensor, params: dict[str, Any], count: int) -> Tensor:
        wanted = 5 if isinstance(inpt, Video) else 4
        if inpt.ndim != wanted:
            raise ValueError(
                f"Expected a batched input with {wanted} dims, but got {inpt.ndim} dimensions "
                "instead."
            )
        if inpt.shape[0] != count:
            raise ValueError(
                "The batch size of the image or video does not match the batch size of the "
                f"labels: {inpt.shape[0]} != {count}."
            )
        result = self.mixed(Tensor.detach(inpt), params)
        return wrap(result, like=inpt) if isinstance(inpt, (Image, Video)) else result


class MixUp(_Mixed):
    """Each image and the one before, as a weighted mean (Zhang and others, 2018)."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        return {"share": self.share()}

    def mixed(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        share = params["share"]
        return inpt.roll(1, 0).mul_(1.0 - share).add_(inpt.mul(share))


class CutMix(_Mixed):
    """A rectangle of the image before in each image (Yun and others, 2019)."""

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        share = self.share()
        height, width = query_size(flat_inputs)
        x, y = draws.integer(width), draws.integer(height)
        half = 0.5 * math.sqrt(1.0 - share)
        across, down = int(half * width), int(half * height)
        left, right = max(x - across, 0), min(x + across, width)
        top, bottom = max(y - down, 0), min(y + down, height)
        kept = 1.0 - (right - left) * (bottom - top) / (width * height)
        return {"box": (left, top, right, bottom), "share": float(kept)}

    def mixed(self, inpt: Tensor, params: dict[str, Any]) -> Tensor:
        left, top, right, bottom = params["box"]
        result = inpt.clone()
        part = (..., slice(top, bottom), slice(left, right))
        result[part] = inpt.roll(1, 0)[part]
        return result
