"""The data set that comes with Rushlight: 12,000 images of Fashion-MNIST."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, from_numpy
from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.datasets.mnist import FashionMNIST
from rushlight.vision.datasets.vision import Function, PixelDataset
from rushlight.vision.pillow import image_module
from rushlight.vision.transforms.convert import detached_array

FILE = Path(__file__).parents[1] / "data" / "fashion_mnist_small" / "images.npz"


class FashionMNISTSmall(PixelDataset):
    """10,000 training and 2,000 test images of Fashion-MNIST, the same number of each class.

    Needs no download. Made by ``tools/make_fashion_mnist_small.py``; the licence is beside the
    data. ``data`` is (N, 28, 28) uint8, ``targets`` (N) int64.
    """

    classes = FashionMNIST.classes

    def __init__(
        self,
        train: bool = True,
        transform: Function | None = None,
        target_transform: Function | None = None,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.classes: Any = list(type(self).classes)
        self.train = train
        split = "train" if train else "test"
        with np.load(FILE, allow_pickle=False) as arrays:
            self.data = from_numpy(arrays[f"{split}_images"])
            self.targets = from_numpy(arrays[f"{split}_labels"].astype(np.int64))
        self.class_to_idx = {name: place for place, name in enumerate(self.classes)}

    def pixels(self) -> Array:
        return detached_array(self.data)[..., None]

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        return wrap(detached_array(self.targets)[indices])

    def sample(self, index: int) -> tuple[Any, int]:
        picture = detached_array(self.data)[index]
        target = int(detached_array(self.targets)[index])
        return (picture if self.takes_pixels() else image_module().fromarray(picture)), target

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"
