"""USPS and SEMEION: handwritten digits, 16x16, in text files."""

from __future__ import annotations

import bz2
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.utils.download import check_integrity, download
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.vision import Function, PixelDataset
from rushlight.vision.pillow import image_module

SIDE = 16
URL = "https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/multiclass/"


class _SmallDigits(PixelDataset):
    """(N, 16, 16) uint8 in ``data``."""

    data: Array

    def answers(self) -> Sequence[int] | Array:
        """The label of each image."""
        raise NotImplementedError

    def pixels(self) -> Array:
        return self.data[..., None]

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        return wrap(np.asarray(self.answers(), np.int64)[indices])

    def sample(self, index: int) -> tuple[Any, int]:
        picture = self.data[index]
        return (picture if self.takes_pixels() else image_module().fromarray(picture)), int(
            self.answers()[index]
        )

    def __len__(self) -> int:
        return len(self.data)


class USPS(_SmallDigits):
    """Digits from envelopes: ``root/usps.bz2`` (7291 images) and ``root/usps.t.bz2`` (2007)."""

    split_list: ClassVar[dict[str, list[str]]] = {
        "train": [URL + "usps.bz2", "usps.bz2", "ec16c51db3855ca6c91edd34d0e9b197"],
        "test": [URL + "usps.t.bz2", "usps.t.bz2", "8ea070ee2aca1ac39742fdd1ef5ed118"],
    }

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        url, name, md5 = self.split_list["train" if train else "test"]
        path = Path(self.root) / name
        if download and not path.exists():
            _get(url, self.root, name, md5)
        # A line: the label, then place:value for each of the 256 pixels, from -1 to 1.
        with bz2.open(path, "rt") as file:
            lines = [line.split() for line in file]
        values = [[word.partition(":")[2] for word in words[1:]] for words in lines]
        images = np.array(values, np.float32).reshape(-1, SIDE, SIDE)
        self.data = ((images + 1) / 2 * 255).astype(np.uint8)
        self.targets = [int(words[0]) - 1 for words in lines]

    def answers(self) -> Sequence[int]:
        return self.targets


class SEMEION(_SmallDigits):
    """1593 digits in black and white: ``root/semeion.data``."""

    url = "http://archive.ics.uci.edu/ml/machine-learning-databases/semeion/semeion.data"
    filename = "semeion.data"
    md5_checksum = "cb545d371d2ce14ec121470795a77432"

    def __init__(
        self,
        root: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = True,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        path = Path(self.root) / self.filename
        if download:
            _get(self.url, self.root, self.filename, self.md5_checksum)
        if not check_integrity(path, self.md5_checksum):
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({path})")
        table = np.loadtxt(path, ndmin=2)
        self.data = (table[:, : SIDE * SIDE] * 255).astype(np.uint8).reshape(-1, SIDE, SIDE)
        self.labels: Array = np.nonzero(table[:, SIDE * SIDE :])[1]

    def answers(self) -> Array:
        return self.labels


def _get(url: str, root: Any, name: str, md5: str) -> None:
    download([url], root, name, md5)
