"""KITTI: what a car sees, with boxes around other traffic (Geiger and others, 2012)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image

URL = "https://s3.eu-central-1.amazonaws.com/avg-kitti/"
ARCHIVES = ("data_object_image_2.zip", "data_object_label_2.zip")


def _described(line: str) -> dict[str, Any]:
    word, *rest = line.split(" ")
    numbers = [float(each) for each in rest]
    return {
        "type": word, "truncated": numbers[0], "occluded": int(rest[1]), "alpha": numbers[2],
        "bbox": numbers[3:7], "dimensions": numbers[7:10], "location": numbers[10:13],
        "rotation_y": numbers[13],
    }  # fmt: skip


class Kitti(VisionDataset):
    """``root/Kitti/raw/training/image_2`` and ``label_2``; ``testing/image_2`` has no labels.

    A target is a list of dicts: type, truncated, occluded, alpha, bbox (4 numbers), dimensions
    (3), location (3), rotation_y; None if not ``train``. In the order of the names.
    """

    image_dir_name = "image_2"
    labels_dir_name = "label_2"

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Function | None = None,
        target_transform: Function | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.train = train
        raw = Path(self.root) / type(self).__name__ / "raw"
        folder = raw / ("training" if train else "testing")
        needed = [folder / self.image_dir_name]
        needed += [folder / self.labels_dir_name] if train else []
        if download and not all(each.is_dir() for each in needed):
            for name in ARCHIVES:
                download_and_extract_archive(URL + name, raw, filename=name)
        if not all(each.is_dir() for each in needed):
            raise RuntimeError("Dataset not found. You may use download=True to download it.")
        files = sorted(needed[0].iterdir())
        self.images = [str(each) for each in files]
        self.targets = [
            str(needed[1] / f"{each.name.split('.')[0]}.txt") for each in files if train
        ]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = open_image(self.images[index])
        target: Any = None
        if self.train:
            lines = Path(self.targets[index]).read_text().splitlines()
            target = [_described(line) for line in lines if line]
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.images)
