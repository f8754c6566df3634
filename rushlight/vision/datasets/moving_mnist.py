"""MovingMNIST: two digits that move, twenty frames long."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, from_numpy
from rushlight.utils.download import download
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND
from rushlight.vision.datasets.vision import Function, VisionDataset

URL = "http://www.cs.toronto.edu/~nitish/unsupervised_video/mnist_test_seq.npy"
NAME = "mnist_test_seq.npy"
MD5 = "be083ec986bfe91a449d63653c411eb2"
LAST_RATIO = 19


class MovingMNIST(VisionDataset):
    """``data`` (N, T, 1, 64, 64) uint8 from ``root/MovingMNIST/mnist_test_seq.npy``.

    ``split``: train (the first ``split_ratio`` frames), test (the others) or None (all).
    """

    def __init__(
        self,
        root: str | Path,
        split: str | None = None,
        split_ratio: int = 10,
        download: bool = False,
        transform: Function | None = None,
    ) -> None:
        super().__init__(root, transform=transform)
        self.split = None if split is None else chosen(split, "split", ("train", "test"))
        if not isinstance(split_ratio, int):
            raise TypeError(f"`split_ratio` should be an integer, but got {type(split_ratio)}")
        if not 1 <= split_ratio <= LAST_RATIO:
            raise ValueError(
                f"`split_ratio` should be `1 <= split_ratio <= 19`, but got {split_ratio} instead."
            )
        self.split_ratio = split_ratio
        self._folder = Path(self.root) / type(self).__name__
        if download:
            self.download()
        if not (self._folder / NAME).exists():
            raise RuntimeError(f"{NOT_FOUND}. ({self._folder / NAME})")
        frames = np.load(self._folder / NAME, allow_pickle=False)
        part = {"train": slice(None, split_ratio), "test": slice(split_ratio, None)}
        frames = frames[part.get(split or "", slice(None))]
        self.data = from_numpy(np.ascontiguousarray(frames.swapaxes(0, 1)[:, :, None]))

    def __getitem__(self, index: int) -> Any:
        clip: Tensor = self.data[index]
        return clip if self.transform is None else self.transform(clip)

    def __len__(self) -> int:
        return len(self.data)

    def download(self) -> None:
        """Get the file, unless it is there."""
        if not (self._folder / NAME).exists():
            download([URL], self._folder, NAME, MD5)
