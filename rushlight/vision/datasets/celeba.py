"""CelebA: faces of celebrities with forty attributes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rushlight.tensor import Tensor, from_numpy
from rushlight.utils.data.arrays import Array
from rushlight.utils.download import check_integrity
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image

PARTITION = "list_eval_partition.txt"
TABLES = {
    "list_attr_celeba.txt": "75e246fa4810816ffd6ee81facbd244c",
    "identity_CelebA.txt": "32bd1bd63d3c78cd57e08160ec5ed1e2",
    "list_bbox_celeba.txt": "00566efa6fedff7a56946cd1c10f1c16",
    "list_landmarks_align_celeba.txt": "cc24ecafdb5b50baae59b03474781f8c",
    PARTITION: "d32c9cbf5e040fd4025c592c306e6668",
}
SPLITS = {"train": 0, "valid": 1, "test": 2, "all": None}


class CelebA(VisionDataset):
    """Reads ``root/celeba/``: five tables and the folder ``img_align_celeba``.

    ``target_type``: attr (40 zeros and ones), identity, bbox (x, y, width, height), landmarks
    (10 numbers), or a list of them. Its files are on Google Drive, which wants a browser: there is
    no download here.
    """

    base_folder = "celeba"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        target_type: Sequence[str] | str = "attr",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = split
        self.target_type = [target_type] if isinstance(target_type, str) else list(target_type)
        if not self.target_type and target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        self._home = Path(self.root) / self.base_folder
        if not self._check_integrity():
            if download:
                raise NotImplementedError(
                    "CelebA: its files are on Google Drive, which wants a browser. Put them into "
                    f"{self._home}: {', '.join(TABLES)}, and img_align_celeba.zip unpacked"
                )
            raise RuntimeError(
                "Dataset not found or corrupted. You can use download=True to download it "
                f"({self._home} needs {', '.join(TABLES)} and the folder img_align_celeba)"
            )
        part = SPLITS[chosen(split.lower() if isinstance(split, str) else split, "split", SPLITS)]
        _, names, partition = self._table(PARTITION)
        rows = np.arange(len(names)) if part is None else np.flatnonzero(partition[:, 0] == part)
        self.filename = [names[each] for each in rows]
        self.identity = self._rows("identity_CelebA.txt", rows)
        self.bbox = self._rows("list_bbox_celeba.txt", rows, header=1)
        self.landmarks_align = self._rows("list_landmarks_align_celeba.txt", rows, header=1)
        self.attr_names, _, marks = self._table("list_attr_celeba.txt", header=1)
        self.attr = from_numpy((marks[rows] + 1) // 2)

    def _rows(self, name: str, rows: Array, header: int | None = None) -> Tensor:
        return from_numpy(self._table(name, header)[2][rows])

    def _table(self, name: str, header: int | None = None) -> tuple[list[str], list[str], Array]:
        """(names of the columns, names of the rows, (N, columns) int64)."""
        lines = (self._home / name).read_text().splitlines()
        columns: list[str] = []
        if header is not None:
            columns, lines = lines[header].split(" "), lines[header + 1 :]
        words = [line.split() for line in lines]
        return columns, [row[0] for row in words], np.array([row[1:] for row in words], np.int64)

    def _check_integrity(self) -> bool:
        tables = all(check_integrity(self._home / name, md5) for name, md5 in TABLES.items())
        return tables and (self._home / "img_align_celeba").is_dir()

    def _target(self, kind: str, index: int) -> Tensor:
        if kind == "attr":
            return self.attr[index, :]
        if kind == "identity":
            return self.identity[index, 0]
        if kind == "bbox":
            return self.bbox[index, :]
        if kind == "landmarks":
            return self.landmarks_align[index, :]
        raise ValueError(f'Target type "{kind}" is not recognized.')

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = open_image(self._home / "img_align_celeba" / self.filename[index])
        targets = tuple(self._target(kind, index) for kind in self.target_type)
        if self.transform is not None:
            image = self.transform(image)
        if not targets:
            return image, None
        target: Any = targets if len(targets) > 1 else targets[0]
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.attr)

    def extra_repr(self) -> str:
        return f"Target type: {self.target_type}\nSplit: {self.split}"
