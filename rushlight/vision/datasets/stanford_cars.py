"""StanfordCars: photographs of cars."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import ListedImages
from rushlight.vision.datasets.mat import read_mat
from rushlight.vision.datasets.vision import Function

GONE = "The original URL is broken so the StanfordCars dataset cannot be downloaded anymore."


class StanfordCars(ListedImages):
    """196 models of cars: ``root/stanford_cars/`` with its devkit. ``split``: train or test."""

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
        self._split = chosen(split, "split", ("train", "test"))
        base = Path(self.root) / "stanford_cars"
        if download:
            self.download()
        kit = base / "devkit"
        table = kit / "cars_train_annos.mat" if split == "train" else (
            base / "cars_test_annos_withlabels.mat"
        )  # fmt: skip
        images = base / f"cars_{split}"
        for needed in (kit, table, images):
            if not needed.exists():
                raise RuntimeError(f"Dataset not found. ({needed} is missing)")
        rows = read_mat(table)["annotations"].reshape(-1)
        self._image_files = [str(images / row["fname"]) for row in rows]
        self._labels = [int(row["class"].item()) - 1 for row in rows]
        self._number(list(read_mat(kit / "cars_meta.mat")["class_names"].reshape(-1)))

    def download(self) -> None:
        """Raises ValueError: the files are gone from where they were."""
        raise ValueError(GONE)
