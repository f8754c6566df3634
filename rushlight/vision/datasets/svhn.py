"""SVHN: house numbers, photographed from the street."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.utils.download import check_integrity, download
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.mat import read_mat
from rushlight.vision.datasets.vision import Function, PixelDataset
from rushlight.vision.pillow import image_module

URL = "http://ufldl.stanford.edu/housenumbers/"


class SVHN(PixelDataset):
    """Digits cut out of photographs, 32x32 in colour; the label of a zero is 0.

    Reads ``root/train_32x32.mat`` (or test, extra). ``data`` is (N, 3, 32, 32) uint8, ``labels``
    (N) int64. Raises RuntimeError if the file is missing or its md5 is wrong.
    """

    split_list: ClassVar[dict[str, list[str]]] = {
        "train": [URL + "train_32x32.mat", "train_32x32.mat", "e26dedcc434d2e4c54c9b2d4a06d8373"],
        "test": [URL + "test_32x32.mat", "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"],
        "extra": [URL + "extra_32x32.mat", "extra_32x32.mat", "a93ce644f1a588dc4d68dda5feec44a7"],
    }

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = chosen(split, "split", self.split_list)
        self.url, self.filename, self.file_md5 = self.split_list[split]
        if download:
            self.download()
        path = Path(self.root) / self.filename
        if not check_integrity(path, self.file_md5):
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({path})")
        found = read_mat(path)
        # (32, 32, 3, N), the last axis the slowest in the file: no byte moves.
        self.data: Any = found["X"].transpose(3, 2, 0, 1)
        labels = found["y"].reshape(-1).astype(np.int64)
        self.labels: Array = np.where(labels == 10, 0, labels)

    def pixels(self) -> Array:
        images: Array = self.data.transpose(0, 2, 3, 1)
        return images

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        return wrap(np.asarray(self.labels, np.int64)[indices])

    def sample(self, index: int) -> tuple[Any, int]:
        picture = np.ascontiguousarray(self.data[index].transpose(1, 2, 0))
        return (picture if self.takes_pixels() else image_module().fromarray(picture)), int(
            self.labels[index]
        )

    def __len__(self) -> int:
        return len(self.data)

    def download(self) -> None:
        """Get the file, unless it is there."""
        download([self.url], self.root, self.filename, self.file_md5)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
