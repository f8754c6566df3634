"""Caltech101 and Caltech256: photographs of things."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rushlight.utils.download import download_and_extract_archive, extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.mat import read_mat
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image

# Some folders of annotations are called differently from those of images.
RENAMED = {"Faces": "Faces_2", "Faces_easy": "Faces_3", "Motorbikes": "Motorbikes_16",
           "airplanes": "Airplanes_Side_2"}  # fmt: skip


class _Caltech(VisionDataset):
    """Images by category: ``index`` is the number of each in its category, ``y`` the category."""

    categories: list[str]
    index: list[int]
    y: list[int]

    def _count(self, folder: Path) -> None:
        self.index, self.y = [], []
        for place, name in enumerate(self.categories):
            count = sum(each.suffix == ".jpg" for each in (folder / name).iterdir())
            self.index += range(1, count + 1)
            self.y += [place] * count

    def _transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.index)


class Caltech101(_Caltech):
    """101 categories: ``root/caltech101/101_ObjectCategories/``.

    ``target_type``: category, annotation (the outline, (2, N) points) or a list of both.
    """

    def __init__(
        self,
        root: str | Path,
        target_type: Sequence[str] | str = "category",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        home = Path(root).expanduser() / "caltech101"
        super().__init__(str(home), transform=transform, target_transform=target_transform)
        wanted = [target_type] if isinstance(target_type, str) else target_type
        self.target_type = [
            chosen(each, "target_type", ("category", "annotation")) for each in wanted
        ]
        self._home = home
        if download:
            self.download()
        if not self._check_integrity():
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({home})")
        folder = home / "101_ObjectCategories"
        self.categories = sorted({each.name for each in folder.iterdir()} - {"BACKGROUND_Google"})
        self.annotation_categories = [RENAMED.get(each, each) for each in self.categories]
        self._count(folder)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        place, number = self.y[index], self.index[index]
        path = self._home / "101_ObjectCategories" / self.categories[place]
        image = open_image(path / f"image_{number:04d}.jpg")
        targets: list[Any] = []
        for kind in self.target_type:
            if kind == "category":
                targets.append(place)
            else:
                outlines = self._home / "Annotations" / self.annotation_categories[place]
                targets.append(read_mat(outlines / f"annotation_{number:04d}.mat")["obj_contour"])
        return self._transformed(image, tuple(targets) if len(targets) > 1 else targets[0])

    def _check_integrity(self) -> bool:
        return (self._home / "101_ObjectCategories").is_dir()

    def download(self) -> None:
        """Get and unpack the archive, unless it is there."""
        if self._check_integrity():
            return
        download_and_extract_archive(
            "https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
            self._home, filename="caltech-101.zip", md5="3138e1922a9193bfa496528edbbc45d0",
        )  # fmt: skip
        inside = self._home / "caltech-101"
        for each in sorted(inside.glob("*.tar*")):
            extract_archive(each, self._home)
        shutil.rmtree(inside)

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}"


class Caltech256(_Caltech):
    """256 categories: ``root/caltech256/256_ObjectCategories/``."""

    def __init__(
        self,
        root: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        home = Path(root).expanduser() / "caltech256"
        super().__init__(str(home), transform=transform, target_transform=target_transform)
        self._home = home
        folder = home / "256_ObjectCategories"
        if download and not folder.is_dir():
            download_and_extract_archive(
                "https://data.caltech.edu/records/nyy15-4j048/files/256_ObjectCategories.tar",
                home, filename="256_ObjectCategories.tar", md5="67b4f42ca05d46448c6bb8ecd2220f6d",
            )  # fmt: skip
        if not folder.is_dir():
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({home})")
        self.categories = sorted(each.name for each in folder.iterdir() if each.is_dir())
        self._count(folder)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        place = self.y[index]
        name = f"{place + 1:03d}_{self.index[index]:04d}.jpg"
        path = self._home / "256_ObjectCategories" / self.categories[place] / name
        return self._transformed(open_image(path), place)
