"""MNIST and the sets in its format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rushlight.base.warn import warn
from rushlight.tensor import Tensor, from_numpy
from rushlight.utils.data.arrays import Array, wrap
from rushlight.utils.download import check_integrity, download, unpack_gzip
from rushlight.vision.datasets.idx import idx_problem, read_idx
from rushlight.vision.datasets.vision import Function, PixelDataset
from rushlight.vision.pillow import image_module
from rushlight.vision.transforms.convert import detached_array


def read_image_file(path: str | Path) -> Tensor:
    """(N, H, W) uint8 of an idx file. Raises TypeError or ValueError for other contents."""
    return _read(path, 3)


def read_label_file(path: str | Path) -> Tensor:
    """(N,) int64 of an idx file of bytes. Raises TypeError or ValueError for other contents."""
    return _read(path, 1).long()


def _read(path: str | Path, dimensions: int) -> Tensor:
    values = read_idx(Path(path))
    if values.dtype != np.uint8:
        raise TypeError(f"x should be of dtype torch.uint8 instead of {values.dtype} ({path})")
    if values.ndim != dimensions:
        raise ValueError(f"x should have {dimensions} dimension instead of {values.ndim} ({path})")
    return from_numpy(values)


class MNIST(PixelDataset):
    """Handwritten digits, 28x28 gray: 60,000 to train with, 10,000 to test.

    Reads ``root/MNIST/raw/`` with the four unpacked idx files. ``data`` is (N, 28, 28) uint8,
    ``targets`` (N) int64. Raises RuntimeError if the files are missing or damaged.
    """

    mirrors = (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    )
    resources: ClassVar[Any] = (
        ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
        ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
        ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
        ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
    )
    classes = (
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four", "5 - five", "6 - six",
        "7 - seven", "8 - eight", "9 - nine",
    )  # fmt: skip

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes: Any = list(type(self).classes)
        self.train = train
        if download:
            self.download()
        if not self._check_exists():
            files = ", ".join(self._file_names())
            raise RuntimeError(
                "Dataset not found. You can use download=True to download it, or put the unpacked "
                f"files into {self.raw_folder}: {files}"
            )
        self.data, self.targets = self._load()

    def _file_names(self) -> list[str]:
        """What must be in ``raw_folder``."""
        return [name.removesuffix(".gz") for name, _ in self.resources]

    def _files(self) -> tuple[Path, Path]:
        """The unpacked files of images and of labels."""
        split = "train" if self.train else "t10k"
        folder = Path(self.raw_folder)
        return folder / f"{split}-images-idx3-ubyte", folder / f"{split}-labels-idx1-ubyte"

    def _load(self) -> tuple[Tensor, Tensor]:
        folder = Path(self.raw_folder)
        images, labels = (read_idx(each) for each in self._files())
        if images.ndim != 3 or images.dtype != np.uint8 or labels.shape != images.shape[:1]:
            raise RuntimeError(
                f"{folder} is damaged: images {images.shape} of {images.dtype} and labels "
                f"{labels.shape} do not belong together"
            )
        return from_numpy(images), from_numpy(labels.astype(np.int64))

    def pixels(self) -> Array:
        images = detached_array(self.data)
        return images[..., None]

    def batch_labels(self, indices: Sequence[int]) -> Tensor | None:
        if not isinstance(self.targets, Tensor):
            return None
        targets = detached_array(self.targets)
        return wrap(targets[indices].astype(np.int64))

    def sample(self, index: int) -> tuple[Any, Any]:
        target = int(self.targets[index]) if not isinstance(self.targets, Tensor) else int(
            detached_array(self.targets)[index]
        )  # fmt: skip
        return self._picture(index), target

    def _picture(self, index: int) -> Any:
        picture = detached_array(self.data)[index]
        return picture if self.takes_pixels() else image_module().fromarray(picture)

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """Where the idx files are."""
        return str(Path(self.root) / type(self).__name__ / "raw")

    @property
    def processed_folder(self) -> str:
        """Where torchvision before 0.9 kept its own copy."""
        return str(Path(self.root) / type(self).__name__ / "processed")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """Class name -> label."""
        return {name: place for place, name in enumerate(self.classes)}

    def _check_exists(self) -> bool:
        return all(
            check_integrity(Path(self.raw_folder) / name.removesuffix(".gz"))
            for name, _ in self.resources
        )

    def download(self) -> None:
        """Get what is missing; no network if the files, packed or not, are there already."""
        folder = Path(self.raw_folder)
        for name, md5 in self.resources:
            unpacked, packed = folder / name.removesuffix(".gz"), folder / name
            if unpacked.is_file():
                continue
            if not packed.is_file():
                download([mirror + name for mirror in self.mirrors], folder, name, md5)
            unpack_gzip(packed, unpacked)
            problem = idx_problem(unpacked)
            if problem is not None:
                unpacked.unlink()
                raise RuntimeError(f"{packed} is damaged: {problem}. Delete it and try again.")

    def extra_repr(self) -> str:
        return f"Split: {'Train' if self.train is True else 'Test'}"

    # Names of 2017.

    def _renamed(self, old: str, new: str) -> Any:
        warn(f"{old} has been renamed {new}", UserWarning)
        return getattr(self, new)

    @property
    def train_data(self) -> Any:
        """``data``, as it was called in 2017."""
        return self._renamed("train_data", "data")

    @property
    def test_data(self) -> Any:
        """``data``, as it was called in 2017."""
        return self._renamed("test_data", "data")

    @property
    def train_labels(self) -> Any:
        """``targets``, as they were called in 2017."""
        return self._renamed("train_labels", "targets")

    @property
    def test_labels(self) -> Any:
        """``targets``, as they were called in 2017."""
        return self._renamed("test_labels", "targets")


class FashionMNIST(MNIST):
    """Clothes, in MNIST's format: ``root/FashionMNIST/raw/``."""

    mirrors = ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
    )
    classes = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
    )  # fmt: skip


class KMNIST(MNIST):
    """Cursive Japanese characters, in MNIST's format: ``root/KMNIST/raw/``."""

    mirrors = ("http://codh.rois.ac.jp/kmnist/dataset/kmnist/",)
    resources = (
        ("train-images-idx3-ubyte.gz", "bdb82020997e1d708af4cf47b453dcf7"),
        ("train-labels-idx1-ubyte.gz", "e144d726b3acfaa3e44228e80efcd344"),
        ("t10k-images-idx3-ubyte.gz", "5c965bf0a639b31b8f53240b1b52f4d7"),
        ("t10k-labels-idx1-ubyte.gz", "7320c461ea6c1c855c0b718fb2a4b134"),
    )
    classes = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
