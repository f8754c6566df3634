"""STL-10: few labelled images, many without."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.utils.download import check_integrity, download_and_extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.vision import Function, PixelDataset
from rushlight.vision.pillow import image_module

SIDE = 96
FOLDS = 10


class STL10(PixelDataset):
    """Photographs of ten classes, 96x96; the label of an image without one is -1.

    Reads ``root/stl10_binary/``. ``split``: train, test, unlabeled or train+unlabeled; ``folds``
    takes one of ten predefined parts of the training images.
    """

    base_folder = "stl10_binary"
    url = "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz"
    filename = "stl10_binary.tar.gz"
    tgz_md5 = "91f7769df0f17e558f3565bffb0c7dfb"
    class_names_file = "class_names.txt"
    folds_list_file = "fold_indices.txt"
    train_list: Sequence[Sequence[str]] = (
        ("train_X.bin", "918c2871b30a85fa023e0c44e0bee87f"),
        ("train_y.bin", "5a34089d4802c674881badbb80307741"),
        ("unlabeled_X.bin", "5242ba1fed5e4be9e1e742405eb56ca4"),
    )
    test_list: Sequence[Sequence[str]] = (
        ("test_X.bin", "7f263ba9f9e0b06b93213547f721ac82"),
        ("test_y.bin", "36f9794fa4beb8a2c72628de14fa638e"),
    )
    splits = ("train", "train+unlabeled", "unlabeled", "test")

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        folds: int | None = None,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = chosen(split, "split", self.splits)
        if folds is not None and not isinstance(folds, int):
            raise ValueError(
                f"Expected type None or int for argument folds, but got type {type(folds)}."
            )
        if folds is not None and folds not in range(FOLDS):
            raise ValueError(
                f"Value for argument folds should be in the range [0, {FOLDS}), but got {folds}."
            )
        self.folds = folds
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({self._folder})")
        images, labels = [], []
        if "train" in split:
            part = self._fold()
            images.append(self._images("train_X.bin")[part])
            labels.append(self._labels("train_y.bin")[part])
        if split == "test":
            images.append(self._images("test_X.bin"))
            labels.append(self._labels("test_y.bin"))
        if "unlabeled" in split:
            images.append(self._images("unlabeled_X.bin"))
            labels.append(np.full(len(images[-1]), -1))
        self.data: Any = np.concatenate(images) if len(images) > 1 else images[0]
        self.labels: Array = np.concatenate(labels) if len(labels) > 1 else labels[0]
        names = self._folder / self.class_names_file
        if names.is_file():
            self.classes = names.read_text().splitlines()

    @property
    def _folder(self) -> Path:
        return Path(self.root) / self.base_folder

    def _images(self, name: str) -> Array:
        """(N, 3, 96, 96); the file has columns first."""
        everything = np.fromfile(self._folder / name, np.uint8)
        return everything.reshape(-1, 3, SIDE, SIDE).transpose(0, 1, 3, 2)

    def _labels(self, name: str) -> Array:
        return np.fromfile(self._folder / name, np.uint8) - np.uint8(1)

    def _fold(self) -> Any:
        if self.folds is None:
            return slice(None)
        lines = (self._folder / self.folds_list_file).read_text().splitlines()
        return np.array(lines[self.folds].split(), np.int64)

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

    def _check_integrity(self) -> bool:
        files = (*self.train_list, *self.test_list)
        return all(check_integrity(self._folder / name, md5) for name, md5 in files)

    def download(self) -> None:
        """Get and unpack the archive, unless all files are there."""
        if not self._check_integrity():
            download_and_extract_archive(
                self.url, self.root, filename=self.filename, md5=self.tgz_md5
            )

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
