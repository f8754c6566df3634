"""SBU: photographs of Flickr with what their owners wrote (Ordonez and others, 2011)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.utils.download import check_integrity, download_and_extract_archive, download_url
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.vision import Function, VisionDataset, transformed

LISTS = ("SBU_captioned_photo_dataset_urls.txt", "SBU_captioned_photo_dataset_captions.txt")


class SBU(VisionDataset):
    """(image, caption) of those photographs that are in ``root/dataset``, beside the two lists.

    ``download`` fetches the archive of the lists, then every photograph that is still there.
    """

    url = "https://www.cs.rice.edu/~vo9/sbucaptions/SBUCaptionedPhotoDataset.tar.gz"
    filename = "SBUCaptionedPhotoDataset.tar.gz"
    md5_checksum = "9aec147b3488753cf758b4d493422285"

    def __init__(
        self,
        root: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = True,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader
        self._folder = Path(self.root) / "dataset"
        if download:
            self.download()
        if not self._complete():
            raise RuntimeError(NOT_FOUND_OR_CORRUPTED)
        urls, captions = (
            (self._folder / name).read_text(encoding="utf-8").split("\n") for name in LISTS
        )
        self.photos: list[str] = []
        self.captions: list[str] = []
        for url, caption in zip(urls, captions, strict=False):
            name = Path(url.rstrip()).name
            if name and (self._folder / name).exists():
                self.photos.append(name)
                self.captions.append(caption.rstrip())

    def _complete(self) -> bool:
        return check_integrity(Path(self.root) / self.filename, self.md5_checksum)

    def download(self) -> None:
        """The lists and the photographs, unless the archive is there."""
        if self._complete():
            return
        download_and_extract_archive(
            self.url, self.root, self.root, self.filename, self.md5_checksum
        )
        for url in (self._folder / LISTS[0]).read_text(encoding="utf-8").split():
            try:
                download_url(url, self._folder)
            except RuntimeError:  # many were taken off the network since
                continue

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = self.loader(str(self._folder / self.photos[index]))
        return transformed(self, image, self.captions[index])

    def __len__(self) -> int:
        return len(self.photos)
