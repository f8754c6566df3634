"""Random images, for trying things out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.utils.data.randomness import integers, seeded
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import from_array


class FakeData(VisionDataset):
    """``size`` images of noise with random labels; sample k is always the same."""

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Function | None = None,
        target_transform: Function | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(None, transform=transform, target_transform=target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        generator = seeded(index + self.random_offset)
        noise = generator.normal(math.prod(self.image_size), np.dtype(np.float32))
        target: Any = integers(self.num_classes, 1, generator)[0]
        with np.errstate(invalid="ignore"):  # noise outside of 0 to 255 wraps, as it always did
            pixels = (noise.reshape(self.image_size).transpose(1, 2, 0) * 255).astype(np.uint8)
        gray = pixels.shape[2] == 1
        image: Any = from_array(np.ascontiguousarray(pixels[:, :, 0] if gray else pixels))
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return self.size
