"""SUN397: photographs of places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "http://vision.princeton.edu/projects/2010/SUN/SUN397.tar.gz"
MD5 = "8ca2778205c41d23104230ba66911c7a"


class SUN397(ListedImages):
    """397 kinds of places, 108,753 photographs: ``root/SUN397/``."""

    def __init__(
        self,
        root: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform, target_transform, loader)
        folder = Path(self.root) / "SUN397"
        self._require(folder, download, [(URL, MD5)])
        lines = (folder / "ClassName.txt").read_text().splitlines()
        self._number([line[3:].strip() for line in lines])  # without "/a/"
        self._image_files = list(folder.rglob("sun_*.jpg"))
        self._labels = [
            self.class_to_idx["/".join(path.relative_to(folder).parts[1:-1])]
            for path in self._image_files
        ]
