"""Before a detector: images normalised, resized, put in a batch. After it: boxes sized back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.tensor import Tensor
from rushlight.vision.models.detection.image_list import ImageList
from rushlight.vision.models.detection.masks import paste_masks_in_image

Size = Sequence[int]
Target = dict[str, Any]


def _ratios(original_size: Size, new_size: Size) -> list[float]:
    """How many times larger: of heights, of widths, as quotients of float32."""
    pairs = zip(new_size, original_size, strict=True)
    return [float(np.float32(new) / np.float32(old)) for new, old in pairs]


def resize_boxes(boxes: Tensor, original_size: Size, new_size: Size) -> Any:
    """Boxes (N, 4) of an image of one size, in the image of another."""
    down, across = _ratios(original_size, new_size)
    return boxes * torch.tensor([across, down, across, down], dtype=boxes.dtype)


def resize_keypoints(keypoints: Tensor, original_size: Size, new_size: Size) -> Any:
    """Points (N, K, 3) of x, y, visible: as ``resize_boxes``."""
    down, across = _ratios(original_size, new_size)
    return keypoints * torch.tensor([across, down, 1.0], dtype=keypoints.dtype)


class GeneralizedRCNNTransform(nn.Module):
    """Images [(C, H, W), ...] and their targets -> an ``ImageList`` and targets to fit.

    The shorter side becomes ``min_size`` (in training one of them is drawn), the longer one no more
    than ``max_size``; with ``fixed_size`` (width, height) all become that. Images are padded with
    zeros to a multiple of ``size_divisible``.
    """

    def __init__(
        self,
        min_size: int | Sequence[int],
        max_size: int,
        image_mean: Sequence[float],
        image_std: Sequence[float],
        size_divisible: int = 32,
        fixed_size: tuple[int, int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        self.min_size = tuple(min_size) if isinstance(min_size, (list, tuple)) else (min_size,)
        self.max_size = max_size
        self.image_mean = image_mean
        self.image_std = image_std
        self.size_divisible = size_divisible
        self.fixed_size = fixed_size
        self._skip_resize = kwargs.pop("_skip_resize", False)

    def forward(
        self, images: list[Tensor], targets: list[Target] | None = None
    ) -> tuple[ImageList, list[Target] | None]:
        done, changed = [], []
        for place, image in enumerate(images):
            if image.dim() != 3:
                raise ValueError(
                    "images is expected to be a list of 3d tensors of shape [C, H, W], got "
                    f"{image.shape}"
                )
            target = None if targets is None else dict(targets[place])
            resized, target = self.resize(self.normalize(image), target)
            done.append(resized)
            if target is not None:
                changed.append(target)
        sizes = [(image.shape[-2], image.shape[-1]) for image in done]
        batch = self.batch_images(done, size_divisible=self.size_divisible)
        return ImageList(batch, sizes), None if targets is None else changed

    def normalize(self, image: Tensor) -> Any:
        if not image.is_floating_point():
            raise TypeError(
                "Expected input images to be of floating type (in range [0, 1]), but found type "
                f"{image.dtype} instead"
            )
        mean = torch.tensor(list(self.image_mean), dtype=image.dtype)
        std = torch.tensor(list(self.image_std), dtype=image.dtype)
        return (image - mean[:, None, None]) / std[:, None, None]

    def torch_choice(self, k: Sequence[int]) -> int:
        """One of ``k``, drawn from PyTorch's generator."""
        return k[int(torch.empty(1).uniform_(0.0, float(len(k))).item())]

    def resize(self, image: Tensor, target: Target | None = None) -> tuple[Any, Target | None]:
        old = tuple(image.shape[-2:])
        if self.training and self._skip_resize:
            return image, target
        side = self.torch_choice(self.min_size) if self.training else self.min_size[-1]
        how: Mapping[str, Any]
        if self.fixed_size is not None:
            how = {"size": [self.fixed_size[1], self.fixed_size[0]]}
        else:
            factor = min(side / min(old), self.max_size / max(old))
            how = {"scale_factor": factor, "recompute_scale_factor": True}
        image = F.interpolate(image[None], mode="bilinear", align_corners=False, **how)[0]
        if target is None:
            return image, target
        new = tuple(image.shape[-2:])
        if "masks" in target:
            masks = F.interpolate(target["masks"][:, None].float(), **how)
            target["masks"] = masks[:, 0].byte()
        target["boxes"] = resize_boxes(target["boxes"], old, new)
        if "keypoints" in target:
            target["keypoints"] = resize_keypoints(target["keypoints"], old, new)
        return image, target

    def batch_images(self, images: list[Tensor], size_divisible: int = 32) -> Any:
        """[(C, H, W), ...] -> (N, C, H', W'), the largest of each side rounded up."""
        height, width = (
            math.ceil(max(image.shape[axis] for image in images) / size_divisible) * size_divisible
            for axis in (1, 2)
        )
        return torch.stack(
            [F.pad(x, (0, width - x.shape[2], 0, height - x.shape[1])) for x in images]
        )

    def postprocess(
        self,
        result: list[Target],
        image_shapes: list[tuple[int, int]],
        original_image_sizes: list[tuple[int, int]],
    ) -> list[Target]:
        """Boxes, masks and points of what was found, in the images as they came."""
        if self.training:
            return result
        for found, new, old in zip(result, image_shapes, original_image_sizes, strict=True):
            found["boxes"] = resize_boxes(found["boxes"], new, old)
            if "masks" in found:
                found["masks"] = paste_masks_in_image(found["masks"], found["boxes"], old)
            if "keypoints" in found:
                found["keypoints"] = resize_keypoints(found["keypoints"], new, old)
        return result

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(\n    Normalize(mean={self.image_mean}, std={self.image_std})"
            f"\n    Resize(min_size={self.min_size}, max_size={self.max_size}, mode='bilinear')\n)"
        )
