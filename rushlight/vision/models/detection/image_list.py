"""Images of different sizes as one batch, and how large each is inside it."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor


class ImageList:
    """``tensors`` (N, C, H, W), padded; ``image_sizes``: (height, width) of each."""

    def __init__(self, tensors: Tensor, image_sizes: list[tuple[int, int]]) -> None:
        self.tensors = tensors
        self.image_sizes = image_sizes

    def to(self, device: Any) -> ImageList:
        return ImageList(self.tensors.to(device), self.image_sizes)
