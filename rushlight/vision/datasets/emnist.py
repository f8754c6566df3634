"""EMNIST and QMNIST: more of NIST's handwriting, in MNIST's format."""

from __future__ import annotations

import lzma
import shutil
import string
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.serialization.atomic import atomic_writer
from rushlight.tensor import Tensor, from_numpy
from rushlight.utils.download import (
    check_integrity,
    download,
    download_and_extract_archive,
    unpack_gzip,
)
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.idx import read_idx
from rushlight.vision.datasets.mnist import MNIST
from rushlight.vision.transforms.convert import detached_array

# Letters whose capitals look the same.
MERGED = set("cijklmopsuvwxyz")
ALL = set(string.digits + string.ascii_letters)


class EMNIST(MNIST):
    """Digits and letters: ``root/EMNIST/raw/emnist-SPLIT-train-images-idx3-ubyte`` and so on.

    ``split``: byclass, bymerge, balanced, letters, digits or mnist.
    """

    url = "https://biometrics.nist.gov/cs_links/EMNIST/gzip.zip"
    md5 = "58c8d27c78d21e728a6bc7b3cc06412e"
    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": sorted(ALL),
        "bymerge": sorted(ALL - MERGED),
        "balanced": sorted(ALL - MERGED),
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": list(string.digits),
        "mnist": list(string.digits),
    }

    def __init__(self, root: str | Path, split: str, **kwargs: Any) -> None:
        self.split = chosen(split, "split", self.splits)
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[self.split]

    def _file(self, what: str) -> Path:
        part = "train" if self.train else "test"
        return Path(self.raw_folder) / f"emnist-{self.split}-{part}-{what}"

    @property
    def images_file(self) -> str:
        """The idx file of images."""
        return str(self._file("images-idx3-ubyte"))

    @property
    def labels_file(self) -> str:
        """The idx file of labels."""
        return str(self._file("labels-idx1-ubyte"))

    def _files(self) -> tuple[Path, Path]:
        return Path(self.images_file), Path(self.labels_file)

    def _file_names(self) -> list[str]:
        return [each.name for each in self._files()]

    def _check_exists(self) -> bool:
        return all(check_integrity(each) for each in self._files())

    def download(self) -> None:
        """Get all splits' files, unless this one's are there."""
        if self._check_exists():
            return
        folder = Path(self.raw_folder)
        download_and_extract_archive(self.url, folder, md5=self.md5)
        for packed in sorted((folder / "gzip").glob("*.gz")):
            unpack_gzip(packed, folder / packed.stem)
        shutil.rmtree(folder / "gzip")


QMNIST_URL = "https://raw.githubusercontent.com/facebookresearch/qmnist/master/"


class QMNIST(MNIST):
    """MNIST made again from NIST's originals, with 50,000 more test images.

    ``what``: train, test, test10k, test50k or nist. A label is a digit, or with ``compat=False``
    all eight numbers that are known of it. Reads ``root/QMNIST/raw/``.
    """

    subsets: ClassVar[dict[str, str]] = {
        "train": "train", "test": "test", "test10k": "test", "test50k": "test", "nist": "nist",
    }  # fmt: skip
    resources: ClassVar[Any] = {
        "train": (
            ("qmnist-train-images-idx3-ubyte.gz", "ed72d4157d28c017586c42bc6afe6370"),
            ("qmnist-train-labels-idx2-int.gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
        ),
        "test": (
            ("qmnist-test-images-idx3-ubyte.gz", "1394631089c404de565df7b7aeaf9412"),
            ("qmnist-test-labels-idx2-int.gz", "5b5b05890a5e13444e108efe57b788aa"),
        ),
        "nist": (
            ("xnist-images-idx3-ubyte.xz", "7f124b3b8ab81486c9d8c2749c17f834"),
            ("xnist-labels-idx2-int.xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
        ),
    }

    def __init__(
        self,
        root: str | Path,
        what: str | None = None,
        compat: bool = True,
        train: bool = True,
        **kwargs: Any,
    ) -> None:
        self.what = chosen(("train" if train else "test") if what is None else what, "what",
                           self.subsets)  # fmt: skip
        self.compat = compat
        super().__init__(root, train, **kwargs)

    def _files(self) -> tuple[Path, Path]:
        folder = Path(self.raw_folder)
        (images, _), (labels, _) = self.resources[self.subsets[self.what]]
        return folder / Path(images).stem, folder / Path(labels).stem

    @property
    def images_file(self) -> str:
        """The idx file of images."""
        return str(self._files()[0])

    @property
    def labels_file(self) -> str:
        """The idx file of labels."""
        return str(self._files()[1])

    def _file_names(self) -> list[str]:
        return [each.name for each in self._files()]

    def _check_exists(self) -> bool:
        return all(check_integrity(each) for each in self._files())

    def _load(self) -> tuple[Tensor, Tensor]:
        images, labels = (read_idx(each) for each in self._files())
        if images.dtype != np.uint8:
            raise TypeError(f"data should be of dtype torch.uint8 instead of {images.dtype}")
        if images.ndim != 3 or labels.ndim != 2:
            raise ValueError(
                f"data should have 3 dimensions and targets 2, not {images.ndim} and {labels.ndim}"
            )
        part = {"test10k": slice(0, 10000), "test50k": slice(10000, None)}.get(
            self.what, slice(None)
        )
        return from_numpy(images[part].copy()), from_numpy(labels[part].astype(np.int64))

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        if not self.compat or not isinstance(self.targets, Tensor):
            return None
        return from_numpy(detached_array(self.targets)[:, 0][indices].astype(np.int64))

    def sample(self, index: int) -> tuple[Any, Any]:
        known = self.targets[index]
        picture = self._picture(index)
        return picture, int(known[0]) if self.compat else known

    def download(self) -> None:
        """Get what is missing of the two files."""
        folder = Path(self.raw_folder)
        for (name, md5), unpacked in zip(
            self.resources[self.subsets[self.what]], self._files(), strict=True
        ):
            if unpacked.is_file():
                continue
            packed = download([QMNIST_URL + name], folder, name, md5)
            if packed.suffix == ".xz":
                with lzma.open(packed) as source, atomic_writer(unpacked) as target:
                    shutil.copyfileobj(source, target)
            else:
                unpack_gzip(packed, unpacked)

    def extra_repr(self) -> str:
        return f"Split: {self.what}"
