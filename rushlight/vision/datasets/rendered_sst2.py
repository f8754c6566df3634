"""RenderedSST2: sentences about films as pictures of text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader, make_dataset
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "https://openaipublic.azureedge.net/clip/data/rendered-sst2.tgz"
MD5 = "2384d08e9dcfa4bd55b324e610496ee5"
FOLDERS = {"train": "train", "val": "valid", "test": "test"}


class RenderedSST2(ListedImages):
    """Negative or positive: ``root/rendered-sst2/``. ``split``: train, val or test."""

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
        self._split = chosen(split, "split", FOLDERS)
        base = Path(self.root) / "rendered-sst2"
        self._require(base, download, [(URL, MD5)])
        self._number(["negative", "positive"])
        samples = make_dataset(base / FOLDERS[split], self.class_to_idx, ("png",))
        self._samples = samples
        self._image_files = [path for path, _ in samples]
        self._labels = [label for _, label in samples]

    def extra_repr(self) -> str:
        return f"split={self._split}"
