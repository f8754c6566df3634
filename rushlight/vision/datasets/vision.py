"""What image data sets have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array
from rushlight.utils.data.dataset import Dataset
from rushlight.vision.transforms import batch, batch_tails
from rushlight.vision.transforms.batch_stages import Form
from rushlight.vision.transforms.convert import channels_first
from rushlight.vision.transforms.transform import Compose, ToTensor
from rushlight.vision.tv_tensors.returned import are_kept

Function = Callable[[Any], Any]


def _described(transform: object, head: str) -> list[str]:
    first, *rest = repr(transform).splitlines()
    return [head + first, *(" " * len(head) + line for line in rest)]


def transformed(by: Any, image: Any, target: Any) -> tuple[Any, Any]:
    """Image and label after ``by.transform`` and ``by.target_transform``, where there are any."""
    if by.transform is not None:
        image = by.transform(image)
    if by.target_transform is not None:
        target = by.target_transform(target)
    return image, target


class StandardTransform:
    """A transform for the image and one for its label."""

    def __init__(
        self, transform: Function | None = None, target_transform: Function | None = None
    ) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        return transformed(self, input, target)

    def __repr__(self) -> str:
        lines = [type(self).__name__]
        if self.transform is not None:
            lines += _described(self.transform, "Transform: ")
        if self.target_transform is not None:
            lines += _described(self.target_transform, "Target transform: ")
        return "\n".join(lines)


class VisionDataset(Dataset[Any]):
    """Base of the image data sets: a folder, and transforms for image and label."""

    _repr_indent = 4

    def __init__(
        self,
        root: str | Path | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Function | None = None,
        target_transform: Function | None = None,
    ) -> None:
        self.root: Any = str(Path(root).expanduser()) if isinstance(root, str) else root
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError(
                "Only transforms or transform/target_transform can be passed as argument"
            )
        self.transform = transform
        self.target_transform = target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no __len__")

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            body.append(f"Root location: {self.root}")
        body += self.extra_repr().splitlines()
        if self.transforms is not None:
            body.append(repr(self.transforms))
        indent = " " * self._repr_indent
        return "\n".join([f"Dataset {type(self).__name__}", *(indent + line for line in body)])

    def extra_repr(self) -> str:
        """More lines for ``repr``."""
        return ""


class PixelDataset(VisionDataset):
    """Images that are all in memory as bytes: a sample is an array, a batch may be one too."""

    def pixels(self) -> Array:
        """(N, H, W, C) uint8: the images as they are now (users may replace ``data``)."""
        raise NotImplementedError

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        """The labels at these places as a tensor; None if they must be taken one by one."""
        raise NotImplementedError

    def takes_pixels(self) -> bool:
        """Whether the transform begins with ToTensor, which takes an array as well as an image."""
        first: Any = self.transform
        if type(first) is Compose and first.transforms:
            first = first.transforms[0]
        return type(first) is ToTensor

    def fetch_batch(self, indices: Sequence[int]) -> list[Tensor] | None:
        """A collated batch at once: for plain labels and chains of which at least the end is
        known (``transforms/batch.py``, ``batch_tails.py``).

        The values are those of the single samples. None where samples must be fetched singly.
        """
        if self.target_transform is not None or self.transform is None or are_kept():
            return None
        if type(self).__getitem__ is not PixelDataset.__getitem__:
            return None
        pixels = self.pixels()
        if (
            type(pixels) is not np.ndarray
            or pixels.dtype != np.uint8
            or pixels.shape[3] not in (1, 3)
        ):
            return None
        _, height, width, channels = pixels.shape
        labels = self.batch_labels(indices)
        if labels is None:
            return None
        stages = batch.plan(self.transform, Form(channels, height, width, "image"))
        if stages is not None:
            return [batch.run(stages, channels_first(pixels)[indices]), labels]
        parts = batch_tails.split(self.transform)
        if parts is None:
            return None
        pictures = (self.sample(each)[0] for each in indices)
        return [batch_tails.run(*parts, pictures), labels]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        picture, target = self.sample(index)
        return transformed(self, picture, target)

    def sample(self, index: int) -> tuple[Any, Any]:
        """(picture, label) before the transforms: a PIL image, or pixels if they do as well."""
        raise NotImplementedError
