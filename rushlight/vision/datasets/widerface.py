"""WIDER FACE: faces in crowds (Yang and others, 2016)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from rushlight.utils.data.arrays import Array, wrap
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.vision import Function, VisionDataset, transformed
from rushlight.vision.pillow import open_image

FOLDERS = ("WIDER_train", "WIDER_val", "WIDER_test", "wider_face_split")
COLUMNS = ("blur", "expression", "illumination", "occlusion", "pose", "invalid")


def _annotations(rows: Array) -> dict[str, Any]:
    described = {"bbox": wrap(rows[:, :4].copy())}
    for place, name in enumerate(COLUMNS, start=4):
        described[name] = wrap(rows[:, place].copy())
    return described


class WIDERFace(VisionDataset):
    """``root/widerface/WIDER_train`` (``_val``, ``_test``) and ``wider_face_split`` beside them.

    A target is a dict of int64: bbox (faces, 4) as x, y, width, height; blur, expression,
    illumination, occlusion, pose and invalid (faces,). None in the test split. The archives are
    behind Google Drive: ``download=True`` raises NotImplementedError where they are not unpacked.
    """

    BASE_FOLDER = "widerface"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        base = Path(root) / self.BASE_FOLDER
        super().__init__(str(base), transform=transform, target_transform=target_transform)
        self.split = chosen(split, "split", ("train", "val", "test"))
        base = Path(self.root)
        if not all((base / each).exists() for each in FOLDERS):
            if download:
                raise NotImplementedError(
                    f"WIDERFace: download from Google Drive; unpack {', '.join(FOLDERS)} in {base}"
                )
            raise RuntimeError(
                "Dataset not found or corrupted. "
                "You can use download=True to download and prepare it"
            )
        self.img_info: list[dict[str, Any]] = []
        images = base.absolute() / f"WIDER_{split}" / "images"
        lists = base / "wider_face_split"
        if split == "test":
            names = (lists / "wider_face_test_filelist.txt").read_text().splitlines()
            self.img_info = [{"img_path": str(images / name.rstrip())} for name in names]
            return
        lines = iter((lists / f"wider_face_{split}_bbx_gt.txt").read_text().splitlines())
        for name in lines:
            # Without a face there is one line of zeros.
            count = max(int(next(lines)), 1)
            rows = [next(lines).split() for _ in range(count)]
            self.img_info.append(
                {
                    "img_path": str(images / name.rstrip()),
                    "annotations": _annotations(np.array(rows, np.int64)),
                }
            )

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        about = self.img_info[index]
        image: Any = open_image(about["img_path"])
        target: Any = about.get("annotations")
        return transformed(self, image, target)

    def __len__(self) -> int:
        return len(self.img_info)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"
