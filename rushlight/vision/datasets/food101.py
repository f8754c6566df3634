"""Food101: photographs of dishes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "http://data.vision.ee.ethz.ch/cvl/food-101.tar.gz"
MD5 = "85eeb15f3717b99a5da872d97d918f87"


class Food101(ListedImages):
    """101 dishes, 1000 photographs each: ``root/food-101/``. ``split``: train or test."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        self._split = chosen(split, "split", ("train", "test"))
        folder = Path(self.root) / "food-101"
        self._require(folder / "images", download, [(URL, MD5)])
        self._require(folder / "meta", False, [])
        listed = json.loads((folder / "meta" / f"{split}.json").read_text())
        self._number(sorted(listed))
        pairs = [(name, path) for name, paths in listed.items() for path in paths]
        self._labels = [self.class_to_idx[name] for name, _ in pairs]
        self._image_files = [folder / "images" / f"{path}.jpg" for _, path in pairs]

    def extra_repr(self) -> str:
        return f"split={self._split}"
