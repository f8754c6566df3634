"""Imagenette: ten easy classes of ImageNet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader, find_classes, make_dataset
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "https://s3.amazonaws.com/fast-ai-imageclas/"
ARCHIVES = {
    "full": ("imagenette2.tgz", "fe2fc210e6bb7c5664d602c3cd71e612"),
    "320px": ("imagenette2-320.tgz", "3df6f0d01a2c9592104656642f5e78a3"),
    "160px": ("imagenette2-160.tgz", "e793b78cc4c9e9a4ccc0c1155377a412"),
}
NAMES: dict[str, tuple[str, ...]] = {
    "n01440764": ("tench", "Tinca tinca"),
    "n02102040": ("English springer", "English springer spaniel"),
    "n02979186": ("cassette player",),
    "n03000684": ("chain saw", "chainsaw"),
    "n03028079": ("church", "church building"),
    "n03394916": ("French horn", "horn"),
    "n03417042": ("garbage truck", "dustcart"),
    "n03425413": ("gas pump", "gasoline pump", "petrol pump", "island dispenser"),
    "n03445777": ("golf ball",),
    "n03888257": ("parachute", "chute"),
}


class Imagenette(ListedImages):
    """``root/imagenette2/`` (or -320, -160: ``size``). ``split``: train or val."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        size: str = "full",
        download: bool = False,
        transform: Function | None = None,
        target_transform: Function | None = None,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        self._split = chosen(split, "split", ("train", "val"))
        self._size = chosen(size, "size", ARCHIVES)
        name, md5 = ARCHIVES[size]
        base = Path(self.root) / name.removesuffix(".tgz")
        self._require(base, download, [(URL + name, md5)])
        folder = base / split
        self.wnids, self.wnid_to_idx = find_classes(folder)
        self.classes = [NAMES[each] for each in self.wnids]
        self.class_to_idx = {
            name: place for wnid, place in self.wnid_to_idx.items() for name in NAMES[wnid]
        }
        samples = make_dataset(folder, self.wnid_to_idx, ".jpeg")
        self._samples = samples
        self._image_files = [path for path, _ in samples]
        self._labels = [label for _, label in samples]
