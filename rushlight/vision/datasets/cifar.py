"""CIFAR-10 and CIFAR-100: small colour photographs."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap
from rushlight.utils.download import (
    check_integrity,
    download,
    extract_archive,
)
from rushlight.vision.datasets.array_pickle import read_array_pickle
from rushlight.vision.datasets.vision import Function, PixelDataset
from rushlight.vision.pillow import image_module

SIDE = 32


class CIFAR10(PixelDataset):
    """Photographs of ten classes, 32x32: 50,000 to train with, 10,000 to test.

    Reads ``root/cifar-10-batches-py/``; every file's md5 is checked, and nothing in them is run.
    ``data`` is an (N, 32, 32, 3) uint8 array, ``targets`` a list of ints. Raises RuntimeError if
    files are missing or damaged.
    """

    base_folder = "cifar-10-batches-py"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    filename = "cifar-10-python.tar.gz"
    tgz_md5 = "c58f30108f718f92721af3b95e74349a"
    train_list: Sequence[Sequence[str]] = (
        ("data_batch_1", "c99cafc152244af753f735de768cd75f"),
        ("data_batch_2", "d4bba439e000b95fd0a9bffe97cbabec"),
        ("data_batch_3", "54ebc095f3ab1f0389bbae665268c751"),
        ("data_batch_4", "634d18415352ddfa80567beed471001a"),
        ("data_batch_5", "482c414d41f54cd18b22e5b47cb7c3cb"),
    )
    test_list: Sequence[Sequence[str]] = (("test_batch", "40351d587109b95175f43aff81a1287e"),)
    meta: ClassVar[dict[str, str]] = {
        "filename": "batches.meta",
        "key": "label_names",
        "md5": "5ff9c542aee3614f3951f8cda6e48888",
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
        self.train = train
        if download:
            self.download()
        wanted = self.train_list if train else self.test_list
        others = self.test_list if train else self.train_list
        parts, self.targets = [], []
        for name, md5 in wanted:
            images, labels = self._read(name, md5)
            parts.append(images)
            self.targets.extend(labels)
        for name, md5 in others:
            if not check_integrity(self._folder / name, md5):
                raise self._missing(name)
        # Stored channel by channel; shown as pixels (N, H, W, C) without moving the bytes.
        self.data: Any = np.vstack(parts).reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
        file = self.meta["filename"]
        names = read_array_pickle(self._bytes(file, self.meta["md5"]), self._folder / file)
        self.classes: list[str] = list(names[self.meta["key"]])
        self.class_to_idx = {name: place for place, name in enumerate(self.classes)}

    @property
    def _folder(self) -> Path:
        return Path(self.root) / self.base_folder

    def _missing(self, name: str) -> RuntimeError:
        path = self._folder / name
        state = "its md5 is wrong" if path.is_file() else "it is not there"
        files = ", ".join(each for each, _ in (*self.train_list, *self.test_list))
        return RuntimeError(
            "Dataset not found or corrupted. You can use download=True to download it, or put the "
            f"files into {self._folder}: {files}, {self.meta['filename']}. ({path}: {state})"
        )

    def _bytes(self, name: str, md5: str) -> bytes:
        path = self._folder / name
        if not path.is_file():
            raise self._missing(name)
        data = path.read_bytes()
        if hashlib.md5(data, usedforsecurity=False).hexdigest() != md5:
            raise self._missing(name)
        return data

    def _read(self, name: str, md5: str) -> tuple[Array, list[int]]:
        entry = read_array_pickle(self._bytes(name, md5), self._folder / name)
        images = entry.get("data")
        labels = entry.get("labels", entry.get("fine_labels"))
        if (
            not isinstance(images, np.ndarray) or images.dtype != np.uint8
            or images.shape[1:] != (3 * SIDE * SIDE,) or not isinstance(labels, list)
            or len(labels) != len(images)
        ):  # fmt: skip
            raise RuntimeError(f"{self._folder / name} is not a CIFAR file: no images and labels")
        return images, labels

    def pixels(self) -> Array:
        images: Array = self.data
        return images

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        targets = self.targets
        chosen = np.array([targets[each] for each in indices])
        return wrap(chosen) if chosen.dtype == np.int64 else None

    def fetch_batch(self, indices: Sequence[int]) -> list[Tensor] | None:
        images = self.data
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
            return None
        return super().fetch_batch(indices)

    def sample(self, index: int) -> tuple[Any, int]:
        picture = self.data[index]
        return (picture if self.takes_pixels() else image_module().fromarray(picture)), (
            self.targets[index]
        )

    def __len__(self) -> int:
        return len(self.data)

    def _check_integrity(self) -> bool:
        files = (*self.train_list, *self.test_list, (self.meta["filename"], self.meta["md5"]))
        return all(check_integrity(self._folder / name, md5) for name, md5 in files)

    def download(self) -> None:
        """Get the archive and unpack it, unless all files are there already."""
        if not self._check_integrity():
            extract_archive(download([self.url], self.root, self.filename, self.tgz_md5))

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """Photographs of a hundred classes: ``root/cifar-100-python/``."""

    base_folder = "cifar-100-python"
    url = "https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz"
    filename = "cifar-100-python.tar.gz"
    tgz_md5 = "eb9058c3a382ffc7106e4002c42a8d85"
    train_list = (("train", "16019d7e3df5f24257cddd939b257f8d"),)
    test_list = (("test", "f0ef6b0ae62326f3e7ffdfab6717acfc"),)
    meta: ClassVar[dict[str, str]] = {
        "filename": "meta",
        "key": "fine_label_names",
        "md5": "7973b15100ade9c7d40fb424638fde48",
    }
