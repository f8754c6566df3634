"""Omniglot: characters of fifty alphabets, each drawn by twenty people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from rushlight.utils.download import check_integrity, download_and_extract_archive
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED, ListedImages
from rushlight.vision.datasets.vision import Function
from rushlight.vision.pillow import open_image

URL = "https://raw.githubusercontent.com/brendenlake/omniglot/master/python/"


def _gray(path: str) -> Any:
    return open_image(path).convert("L")


class Omniglot(ListedImages):
    """Reads ``root/omniglot-py/images_background/ALPHABET/CHARACTER/*.png`` (or evaluation)."""

    folder = "omniglot-py"
    zips_md5: ClassVar[dict[str, str]] = {
        "images_background": "68d2efa1b9178cc56df9314c21c6e718",
        "images_evaluation": "6b91aef0f799c5bb55b94e3f2daec811",
    }

    def __init__(
        self,
        root: str | Path,
        background: bool = True,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] | None = None,
    ) -> None:
        home = Path(root).expanduser() / self.folder
        super().__init__(str(home), transform, target_transform, loader or _gray)
        self.background = background
        name = "images_background" if background else "images_evaluation"
        self._archive = (name + ".zip", self.zips_md5[name])
        if download:
            self.download()
        if not check_integrity(home / self._archive[0], self._archive[1]):
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({home / self._archive[0]})")
        self.target_folder = str(home / name)
        self._alphabets = [each.name for each in _folders(home / name)]
        self._characters = [
            str(Path(alphabet, each.name))
            for alphabet in self._alphabets
            for each in _folders(home / name / alphabet)
        ]
        pairs = [
            (str(path), place)
            for place, character in enumerate(self._characters)
            for path in sorted((home / name / character).iterdir())
            if path.suffix == ".png"
        ]
        self._image_files = [path for path, _ in pairs]
        self._labels = [place for _, place in pairs]

    def download(self) -> None:
        """Get and unpack the archive, unless it is there."""
        name, md5 = self._archive
        if not check_integrity(Path(self.root) / name, md5):
            download_and_extract_archive(URL + name, self.root, filename=name, md5=md5)


def _folders(folder: Path) -> list[Path]:
    return sorted(each for each in folder.iterdir() if each.is_dir())
