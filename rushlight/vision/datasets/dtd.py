"""DTD: photographs of textures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "https://www.robots.ox.ac.uk/~vgg/data/dtd/download/dtd-r1.0.1.tar.gz"
MD5 = "fff73e5086ae6bdbea199a49dfb8a4c1"
PARTITIONS = 10


class DTD(ListedImages):
    """47 kinds of textures: ``root/dtd/dtd/``. ``split``: train, val or test, in ten partitions."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        partition: int = 1,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        self._split = chosen(split, "split", ("train", "val", "test"))
        if not isinstance(partition, int) or not 1 <= partition <= PARTITIONS:
            raise ValueError(
                "Parameter 'partition' should be an integer with `1 <= partition <= 10`, but got "
                f"{partition} instead"
            )
        self._partition = partition
        base = Path(self.root) / type(self).__name__.lower()
        folder = base / "dtd"
        self._require(folder, download, [(URL, MD5)], base)
        table = folder / "labels" / f"{split}{partition}.txt"
        lines = [line.strip().split("/") for line in table.read_text().splitlines()]
        self._number(sorted({name for name, _ in lines}))
        self._image_files = [folder / "images" / name / file for name, file in lines]
        self._labels = [self.class_to_idx[name] for name, _ in lines]

    def extra_repr(self) -> str:
        return f"split={self._split}, partition={self._partition}"
