"""FGVCAircraft: photographs of aeroplanes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "https://www.robots.ox.ac.uk/~vgg/data/fgvc-aircraft/archives/fgvc-aircraft-2013b.tar.gz"
LEVELS = {"variant": "variants", "family": "families", "manufacturer": "manufacturers"}


class FGVCAircraft(ListedImages):
    """10,000 aeroplanes by variant, family or manufacturer: ``root/fgvc-aircraft-2013b/``."""

    def __init__(
        self,
        root: str | Path,
        split: str = "trainval",
        annotation_level: str = "variant",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        self._split = chosen(split, "split", ("train", "val", "trainval", "test"))
        self._annotation_level = chosen(annotation_level, "annotation_level", LEVELS)
        base = Path(self.root) / "fgvc-aircraft-2013b"
        self._require(base, download, [(URL, None)])
        folder = base / "data"
        names = (folder / f"{LEVELS[annotation_level]}.txt").read_text().splitlines()
        self._number([each.strip() for each in names])
        table = folder / f"images_{annotation_level}_{split}.txt"
        lines = [line.strip().split(" ", 1) for line in table.read_text().splitlines()]
        self._image_files = [str(folder / "images" / f"{image}.jpg") for image, _ in lines]
        self._labels = [self.class_to_idx[name] for _, name in lines]
