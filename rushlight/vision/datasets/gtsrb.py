"""GTSRB: German traffic signs."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader, find_classes, make_dataset
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.vision import Function

URL = "https://sid.erda.dk/public/archives/daaeac0d7ce1152aea9b61d9f1e19370/"
TRAINING = ((URL + "GTSRB-Training_fixed.zip", "513f3c79a4c5141765e10e952eaa2478"),)
TEST = (
    (URL + "GTSRB_Final_Test_Images.zip", "c7e4e6327067d32654124b0fe9e82185"),
    (URL + "GTSRB_Final_Test_GT.zip", "fe31e9c9270bbcd7b84b7f21a9d9d9e5"),
)


class GTSRB(ListedImages):
    """43 traffic signs: ``root/gtsrb/GTSRB/``. ``split``: train or test."""

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform, target_transform, default_loader)
        self._split = chosen(split, "split", ("train", "test"))
        base = Path(self.root) / "gtsrb"
        training = split == "train"
        folder = base / "GTSRB" / ("Training" if training else "Final_Test/Images")
        self._require(folder, download, TRAINING if training else TEST, base)
        samples: list[tuple[Any, int]]
        if training:
            _, numbers = find_classes(folder)
            samples = make_dataset(folder, numbers, (".ppm",))
        else:
            with (base / "GT-final_test.csv").open(newline="") as file:
                rows = csv.DictReader(file, delimiter=";", skipinitialspace=True)
                samples = [(str(folder / row["Filename"]), int(row["ClassId"])) for row in rows]
        self._samples = samples
        self._image_files = [path for path, _ in samples]
        self._labels = [label for _, label in samples]
