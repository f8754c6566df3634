"""Cityscapes: streets of fifty cities, every pixel named (Cordts and others, 2016)."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from rushlight.utils.download import extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image


class CityscapesClass(NamedTuple):
    """What a pixel may show. ``train_id``: its number in training, 255 or -1 for none."""

    name: str
    id: int
    train_id: int
    category: str
    category_id: int
    has_instances: bool
    ignore_in_eval: bool
    color: tuple[int, int, int]


_ROWS: tuple[tuple[Any, ...], ...] = (
    ("unlabeled", 0, 255, "void", 0, False, True, (0, 0, 0)),
    ("ego vehicle", 1, 255, "void", 0, False, True, (0, 0, 0)),
    ("rectification border", 2, 255, "void", 0, False, True, (0, 0, 0)),
    ("out of roi", 3, 255, "void", 0, False, True, (0, 0, 0)),
    ("static", 4, 255, "void", 0, False, True, (0, 0, 0)),
    ("dynamic", 5, 255, "void", 0, False, True, (111, 74, 0)),
    ("ground", 6, 255, "void", 0, False, True, (81, 0, 81)),
    ("road", 7, 0, "flat", 1, False, False, (128, 64, 128)),
    ("sidewalk", 8, 1, "flat", 1, False, False, (244, 35, 232)),
    ("parking", 9, 255, "flat", 1, False, True, (250, 170, 160)),
    ("rail track", 10, 255, "flat", 1, False, True, (230, 150, 140)),
    ("building", 11, 2, "construction", 2, False, False, (70, 70, 70)),
    ("wall", 12, 3, "construction", 2, False, False, (102, 102, 156)),
    ("fence", 13, 4, "construction", 2, False, False, (190, 153, 153)),
    ("guard rail", 14, 255, "construction", 2, False, True, (180, 165, 180)),
    ("bridge", 15, 255, "construction", 2, False, True, (150, 100, 100)),
    ("tunnel", 16, 255, "construction", 2, False, True, (150, 120, 90)),
    ("pole", 17, 5, "object", 3, False, False, (153, 153, 153)),
    ("polegroup", 18, 255, "object", 3, False, True, (153, 153, 153)),
    ("traffic light", 19, 6, "object", 3, False, False, (250, 170, 30)),
    ("traffic sign", 20, 7, "object", 3, False, False, (220, 220, 0)),
    ("vegetation", 21, 8, "nature", 4, False, False, (107, 142, 35)),
    ("terrain", 22, 9, "nature", 4, False, False, (152, 251, 152)),
    ("sky", 23, 10, "sky", 5, False, False, (70, 130, 180)),
    ("person", 24, 11, "human", 6, True, False, (220, 20, 60)),
    ("rider", 25, 12, "human", 6, True, False, (255, 0, 0)),
    ("car", 26, 13, "vehicle", 7, True, False, (0, 0, 142)),
    ("truck", 27, 14, "vehicle", 7, True, False, (0, 0, 70)),
    ("bus", 28, 15, "vehicle", 7, True, False, (0, 60, 100)),
    ("caravan", 29, 255, "vehicle", 7, True, True, (0, 0, 90)),
    ("trailer", 30, 255, "vehicle", 7, True, True, (0, 0, 110)),
    ("train", 31, 16, "vehicle", 7, True, False, (0, 80, 100)),
    ("motorcycle", 32, 17, "vehicle", 7, True, False, (0, 0, 230)),
    ("bicycle", 33, 18, "vehicle", 7, True, False, (119, 11, 32)),
    ("license plate", -1, -1, "vehicle", 7, False, True, (0, 0, 142)),
)  # fmt: skip
_ENDINGS = {
    "instance": "instanceIds.png", "semantic": "labelIds.png", "color": "color.png",
    "polygon": "polygons.json",
}  # fmt: skip


class Cityscapes(VisionDataset):
    """``root/leftImg8bit/SPLIT/CITY/`` and ``root/gtFine`` or ``gtCoarse`` beside it.

    A sample is (image, target), the target of each ``target_type`` ("instance", "semantic",
    "color": images; "polygon": a dict). In the order of the names of cities and files. Where a
    folder is missing the official archives in ``root`` are unpacked; RuntimeError if they are not
    there either.
    """

    CityscapesClass = CityscapesClass
    classes: ClassVar[list[CityscapesClass]] = [CityscapesClass(*row) for row in _ROWS]

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        mode: str = "fine",
        target_type: Sequence[str] | str = "instance",
        transform: Function | None = None,
        target_transform: Function | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        chosen(mode, "mode", ("fine", "coarse"))
        splits = ("train", "test", "val") if mode == "fine" else ("train", "train_extra", "val")
        chosen(split, f"split if mode is '{mode}'", splits)
        self.mode = "gtFine" if mode == "fine" else "gtCoarse"
        base = Path(self.root)
        self.images_dir = str(base / "leftImg8bit" / split)
        self.targets_dir = str(base / self.mode / split)
        self.split = split
        self.target_type = [target_type] if isinstance(target_type, str) else list(target_type)
        for each in self.target_type:
            chosen(each, "target_type", ("instance", "semantic", "polygon", "color"))
        self._unpack(base)
        self.images: list[str] = []
        self.targets: list[list[str]] = []
        for city in sorted(Path(self.images_dir).iterdir()):
            for file in sorted(city.iterdir()):
                stem = file.name.split("_leftImg8bit")[0]
                labels = Path(self.targets_dir) / city.name
                self.images.append(str(file))
                self.targets.append(
                    [str(labels / f"{stem}_{self.mode}_{_ENDINGS[t]}") for t in self.target_type]
                )

    def _unpack(self, base: Path) -> None:
        folders = (Path(self.images_dir), Path(self.targets_dir))
        if all(each.is_dir() for each in folders):
            return
        extra = "_trainextra" if self.split == "train_extra" else "_trainvaltest"
        coarse = "" if self.mode == "gtCoarse" else "_trainvaltest"
        archives = (base / f"leftImg8bit{extra}.zip", base / f"{self.mode}{coarse}.zip")
        if not all(each.is_file() for each in archives):
            raise RuntimeError(
                "Dataset not found or incomplete. Please make sure all required folders for the "
                'specified "split" and "mode" are inside the "root" directory'
            )
        for each in archives:
            extract_archive(each, base)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image: Any = open_image(self.images[index]).convert("RGB")
        found: list[Any] = []
        for kind, path in zip(self.target_type, self.targets[index], strict=True):
            if kind == "polygon":
                found.append(json.loads(Path(path).read_text()))
            else:
                found.append(open_image(path))
        target: Any = tuple(found) if len(found) > 1 else found[0]
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.images)

    def extra_repr(self) -> str:
        return f"Split: {self.split}\nMode: {self.mode}\nType: {self.target_type}"
