"""Data sets that are a list of image files, each with a label."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.vision import Function, VisionDataset

NOT_FOUND = "Dataset not found. You can use download=True to download it"
NOT_FOUND_OR_CORRUPTED = "Dataset not found or corrupted. You can use download=True to download it"


class ListedImages(VisionDataset):
    """``_image_files`` and ``_labels``: the image at a path through ``loader``, and its label.

    A subclass fills the two lists in its ``__init__``, after ``_require``.
    """

    _image_files: Sequence[Any]
    _labels: Sequence[Any]

    def __init__(
        self,
        root: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.loader = loader

    def _require(self, folder: Path, download: bool, archives: Sequence[tuple[str, str | None]],
                 into: Path | None = None) -> None:  # fmt: skip
        """The folder must be there. With ``download`` the archives (url, md5) are unpacked first,
        unless it is there already. Raises RuntimeError if it is not."""
        if download and not folder.is_dir():
            for url, md5 in archives:
                download_and_extract_archive(url, into or self.root, md5=md5)
        if not folder.is_dir():
            raise RuntimeError(f"{NOT_FOUND} (there is no folder {folder})")

    def _number(self, names: Sequence[str]) -> None:
        """``classes`` and ``class_to_idx``."""
        self.classes: Any = list(names)
        self.class_to_idx = {name: place for place, name in enumerate(names)}

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = self.loader(self._image_files[index])
        label = self._labels[index]
        if self.transform is not None:
            image = self.transform(image)
        return image, label if self.target_transform is None else self.target_transform(label)

    def __len__(self) -> int:
        return len(self._image_files)
