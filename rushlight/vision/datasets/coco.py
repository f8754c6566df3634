"""COCO: photographs with boxes, outlines or captions, in one JSON file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image


class CocoIndex:
    """An annotation file: ``imgs``, ``anns`` and ``cats`` by number, ``imgToAnns``.

    The part of pycocotools' COCO that needs no masks. Raises RuntimeError for other files.
    """

    def __init__(self, path: str | Path) -> None:
        try:
            self.dataset: Any = json.loads(Path(path).read_text())
            self._list()
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise RuntimeError(f"{path} is not a COCO annotation file: {error!r}") from error

    def _list(self) -> None:
        self.imgs = {each["id"]: each for each in self.dataset["images"]}
        self.anns = {each["id"]: each for each in self.dataset.get("annotations", [])}
        self.cats = {each["id"]: each for each in self.dataset.get("categories", [])}
        self.imgToAnns: dict[int, list[Any]] = {}
        for each in self.dataset.get("annotations", []):
            self.imgToAnns.setdefault(each["image_id"], []).append(each)

    def getImgIds(self) -> list[int]:
        """The numbers of all images."""
        return list(self.imgs)

    def getCatIds(self) -> list[int]:
        """The numbers of all categories."""
        return list(self.cats)

    def getAnnIds(self, imgIds: int | list[int]) -> list[int]:
        """The numbers of the annotations of one image or several."""
        wanted = imgIds if isinstance(imgIds, list) else [imgIds]
        return [each["id"] for one in wanted for each in self.imgToAnns.get(one, [])]

    def loadAnns(self, ids: list[int]) -> list[Any]:
        """The annotations with these numbers."""
        return [self.anns[each] for each in ids]

    def loadImgs(self, ids: int | list[int]) -> list[Any]:
        """The images with these numbers."""
        return [self.imgs[each] for each in (ids if isinstance(ids, list) else [ids])]

    def loadCats(self, ids: int | list[int]) -> list[Any]:
        """The categories with these numbers."""
        return [self.cats[each] for each in (ids if isinstance(ids, list) else [ids])]


class CocoDetection(VisionDataset):
    """(image, list of its annotations): images in ``root``, annotations in ``annFile``."""

    def __init__(
        self,
        root: str | Path,
        annFile: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.coco = CocoIndex(annFile)
        self.ids = sorted(self.coco.imgs)

    def _load_image(self, id: int) -> Any:
        name = self.coco.loadImgs(id)[0]["file_name"]
        if not isinstance(name, str):
            raise RuntimeError(f"COCO image {id} has the file name {name!r}; it should be text")
        return open_image(Path(self.root) / name).convert("RGB")

    def _load_target(self, id: int) -> list[Any]:
        return self.coco.loadAnns(self.coco.getAnnIds(id))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not isinstance(index, int):
            raise ValueError(f"Index must be of type integer, got {type(index)} instead.")
        number = self.ids[index]
        image, target = self._load_image(number), self._load_target(number)
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.ids)


class CocoCaptions(CocoDetection):
    """(image, list of its captions)."""

    def _load_target(self, id: int) -> list[Any]:
        return [each["caption"] for each in super()._load_target(id)]
