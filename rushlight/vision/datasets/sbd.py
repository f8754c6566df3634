"""SBD: outlines of VOC's objects (Hariharan and others, 2011)."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array
from rushlight.utils.download import download_and_extract_archive, download_url
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.mat import read_mat
from rushlight.vision.datasets.vision import VisionDataset
from rushlight.vision.pillow import from_array, open_image


class SBDataset(VisionDataset):
    """``root/img/NAME.jpg``, ``cls/NAME.mat``, ``train.txt``, ``val.txt``, ``train_noval.txt``.

    A target is (20, H, W), the edges of each class, or with ``mode="segmentation"`` an image of
    class numbers.
    """

    url = (
        "https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/"
        "benchmark.tgz"
    )
    md5 = "82b4d87ceb2ed10f6038a1cba92111cb"
    filename = "benchmark.tgz"
    voc_train_url = "https://www.cs.cornell.edu/~bharathh/train_noval.txt"
    voc_split_filename = "train_noval.txt"
    voc_split_md5 = "79bff800c5f0b1ec6b21080a3c066722"

    def __init__(
        self,
        root: str | Path,
        image_set: str = "train",
        mode: str = "boundaries",
        download: bool = False,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms)
        self.image_set = chosen(image_set, "image_set", ("train", "val", "train_noval"))
        self.mode = chosen(mode, "mode", ("segmentation", "boundaries"))
        self.num_classes = 20
        base = Path(self.root)
        if download:
            self._download(base)
        if not base.is_dir():
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} (there is no folder {base})")
        lines = (base / f"{image_set}.txt").read_text().splitlines()
        names = [line.strip() for line in lines]
        self.images = [str(base / "img" / f"{name}.jpg") for name in names]
        self.masks = [str(base / "cls" / f"{name}.mat") for name in names]

    def _download(self, base: Path) -> None:
        download_and_extract_archive(self.url, base, filename=self.filename, md5=self.md5)
        for name in ("cls", "img", "inst", "train.txt", "val.txt"):
            shutil.move(base / "benchmark_RELEASE" / "dataset" / name, base)
        if self.image_set == "train_noval":
            download_url(self.voc_train_url, base, self.voc_split_filename, self.voc_split_md5)

    def _target(self, path: str) -> Any:
        truth = read_mat(path)["GTcls"].flat[0]
        if self.mode == "segmentation":
            return from_array(truth["Segmentation"])
        edges: list[Array] = [each.dense() for each in truth["Boundaries"].flat]
        return np.stack(edges[: self.num_classes])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = open_image(self.images[index]).convert("RGB")
        target = self._target(self.masks[index])
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.images)

    def extra_repr(self) -> str:
        return f"Image set: {self.image_set}\nMode: {self.mode}"
