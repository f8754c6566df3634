"""FER2013: facial expressions, in a table."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.utils.download import check_integrity
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import image_module

SIDE = 48
FILES = {
    "train": ("train.csv", "3f0dfb3d3fd99c811a1299cb947e3131"),
    "test": ("test.csv", "b02c2298636a634e8c2faabbf3ea9a23"),
    "fer": ("fer2013.csv", "f8428a1edbd21e88f42c73edd2a14f95"),
    "icml": ("icml_face_data.csv", "b114b9e04e6949e5fe8b6a98b3892b1d"),
}
USES = {"train": ("Training",), "test": ("PublicTest", "PrivateTest")}
PAGE = (
    "https://www.kaggle.com/c/"
    "challenges-in-representation-learning-facial-expression-recognition-challenge"
)


class FER2013(VisionDataset):
    """Seven expressions, 48x48 gray: ``root/fer2013/fer2013.csv`` (or icml_face_data.csv), which
    have both splits, else train.csv and test.csv; the label is None where test.csv has none."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
    ) -> None:
        self._split = chosen(split, "split", ("train", "test"))
        super().__init__(root, transform=transform, target_transform=target_transform)
        folder = Path(self.root) / "fer2013"
        both = [key for key in ("fer", "icml") if (folder / FILES[key][0]).exists()]
        name, md5 = FILES[both[0] if both else split]
        if not check_integrity(folder / name, md5):
            raise RuntimeError(
                f"{name} not found in {folder} or corrupted. You can download it from {PAGE}"
            )
        self._samples: list[tuple[Array, int | None]] = []
        with (folder / name).open(newline="") as file:
            for line in csv.DictReader(file, skipinitialspace=True):
                if both and line["Usage"] not in USES[split]:
                    continue
                image = np.array(line["pixels"].split(), np.uint8).reshape(SIDE, SIDE)
                known = bool(both) or split == "train"
                self._samples.append((image, int(line["emotion"]) if known else None))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        pixels, target = self._samples[index]
        image = image_module().fromarray(pixels)
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self._samples)

    def extra_repr(self) -> str:
        return f"split={self._split}"
