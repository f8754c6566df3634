"""CLEVRClassification: how many things are in a rendered scene."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "https://dl.fbaipublicfiles.com/clevr/CLEVR_v1.0.zip"
MD5 = "b11922020e72d0cd9154779b2d3d07d2"


class CLEVRClassification(ListedImages):
    """The number of objects (None in the test split): ``root/clevr/CLEVR_v1.0/``."""

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
        self._split = chosen(split, "split", ("train", "val", "test"))
        base = Path(self.root) / "clevr"
        folder = base / "CLEVR_v1.0"
        self._require(folder, download, [(URL, MD5)], base)
        files = sorted((folder / "images" / split).glob("*"))
        self._image_files = files
        self._labels = [None] * len(files)
        if split != "test":
            scenes = json.loads((folder / "scenes" / f"CLEVR_{split}_scenes.json").read_text())
            counts = {each["image_filename"]: len(each["objects"]) for each in scenes["scenes"]}
            self._labels = [counts[each.name] for each in files]

    def extra_repr(self) -> str:
        return f"split={self._split}"
