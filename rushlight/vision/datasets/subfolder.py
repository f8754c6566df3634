"""Data sets that are an ImageFolder somewhere below their root: EuroSAT, Country211."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import ImageFolder, default_loader
from rushlight.vision.datasets.listed import NOT_FOUND
from rushlight.vision.datasets.vision import Function


class _Below(ImageFolder):
    """The classes are folders in ``folder``; ``root`` stays what was given."""

    def _open(
        self, root: str | Path, folder: Path, base: Path, archive: tuple[str, str, Path],
        transform: Function | None, target_transform: Function | None, download: bool,
        loader: Callable[[Any], Any],
    ) -> None:  # fmt: skip
        url, md5, into = archive
        if download and not base.is_dir():
            download_and_extract_archive(url, into, md5=md5)
        if not base.is_dir():
            raise RuntimeError(f"{NOT_FOUND} (there is no folder {base})")
        ImageFolder.__init__(self, str(folder), transform, target_transform, loader)
        self.root = str(Path(root).expanduser())


class EuroSAT(_Below):
    """Ten kinds of land, seen by a satellite: ``root/eurosat/2750/``."""

    def __init__(
        self,
        root: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        base = Path(root).expanduser() / "eurosat"
        archive = (
            "https://huggingface.co/datasets/torchgeo/eurosat/resolve/"
            "c877bcd43f099cd0196738f714544e355477f3fd/EuroSAT.zip",
            "c8fa014336c82ac7804f0398fcb19387", base,
        )  # fmt: skip
        folder = base / "2750"
        self._open(root, folder, folder, archive, transform, target_transform, download, loader)


class Country211(_Below):
    """Photographs from 211 countries: ``root/country211/``. ``split``: train, valid or test."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        self._split = chosen(split, "split", ("train", "valid", "test"))
        home = Path(root).expanduser()
        base = home / "country211"
        archive = (
            "https://openaipublic.azureedge.net/clip/data/country211.tgz",
            "84988d7644798601126c29e9877aab6a", home,
        )  # fmt: skip
        self._open(root, base / split, base, archive, transform, target_transform, download, loader)
