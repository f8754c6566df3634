"""PatchCamelyon: patches of lymph nodes, with a tumour or without (Veeling and others, 2018)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND
from rushlight.vision.datasets.vision import Function, VisionDataset, transformed
from rushlight.vision.pillow import from_array

SPLITS = {"train": "train", "test": "test", "val": "valid"}


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise RuntimeError(
            "h5py is not found. This dataset needs to have h5py installed: please run "
            "pip install h5py"
        ) from error
    return h5py


class PCAM(VisionDataset):
    """(image of 96 x 96, 0 or 1) from ``root/pcam/camelyonpatch_level_2_split_train_x.h5``.

    The files are behind Google Drive: ``download=True`` raises NotImplementedError where they are
    not unpacked. Needs the package h5py.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        self._h5py = _h5py()
        self._split = chosen(split, "split", tuple(SPLITS))
        super().__init__(root, transform=transform, target_transform=target_transform)
        stem = f"camelyonpatch_level_2_split_{SPLITS[split]}"
        folder = Path(self.root) / "pcam"
        self._images, self._labels = (folder / f"{stem}_{part}.h5" for part in "xy")
        if not (self._images.exists() and self._labels.exists()):
            if download:
                raise NotImplementedError(
                    f"PCAM: download from Google Drive; unpack {self._images.name} and "
                    f"{self._labels.name} in {folder}"
                )
            raise RuntimeError(f"{NOT_FOUND} ({self._images})")

    def __getitem__(self, idx: int) -> tuple[Any, Any]:
        with self._h5py.File(self._images) as file:
            image = from_array(file["x"][idx]).convert("RGB")
        with self._h5py.File(self._labels) as file:
            target = int(file["y"][idx, 0, 0, 0])
        return transformed(self, image, target)

    def __len__(self) -> int:
        with self._h5py.File(self._images) as file:
            return int(file["x"].shape[0])
