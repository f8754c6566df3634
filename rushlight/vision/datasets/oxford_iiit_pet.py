"""OxfordIIITPet: photographs of cats and dogs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image

URL = "https://www.robots.ox.ac.uk/~vgg/data/pets/data/"
ARCHIVES = (
    (URL + "images.tar.gz", "5c4f3ee8e5d25df40f4fd59a7f44e54c"),
    (URL + "annotations.tar.gz", "95a8c909bbe2e81eed6a22bccdf3f68f"),
)
KINDS = ("category", "binary-category", "segmentation")


class OxfordIIITPet(VisionDataset):
    """37 breeds: ``root/oxford-iiit-pet/``. ``split``: trainval or test.

    ``target_types``: category, binary-category (cat or dog), segmentation, or several of them.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "trainval",
        target_types: Sequence[str] | str = "category",
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
    ) -> None:
        self._split = chosen(split, "split", ("trainval", "test"))
        wanted = [target_types] if isinstance(target_types, str) else target_types
        self._target_types = [chosen(each, "target_types", KINDS) for each in wanted]
        super().__init__(root, transforms, transform, target_transform)
        base = Path(self.root) / "oxford-iiit-pet"
        images, annotations = base / "images", base / "annotations"
        if download and not (images.is_dir() and annotations.is_dir()):
            for url, md5 in ARCHIVES:
                download_and_extract_archive(url, base, md5=md5)
        if not (images.is_dir() and annotations.is_dir()):
            raise RuntimeError(f"{NOT_FOUND} ({base} needs the folders images and annotations)")
        rows = [line.split() for line in (annotations / f"{split}.txt").read_text().splitlines()]
        names = [row[0] for row in rows]
        self._labels = [int(row[1]) - 1 for row in rows]
        self._bin_labels = [int(row[2]) - 1 for row in rows]
        breeds = {
            label: name.rsplit("_", 1)[0] for name, label in zip(names, self._labels, strict=True)
        }
        self.bin_classes = ["Cat", "Dog"]
        self.classes = [
            " ".join(part.title() for part in breeds[label].split("_")) for label in sorted(breeds)
        ]
        self.bin_class_to_idx = {name: place for place, name in enumerate(self.bin_classes)}
        self.class_to_idx = {name: place for place, name in enumerate(self.classes)}
        self._images = [images / f"{name}.jpg" for name in names]
        self._segs = [annotations / "trimaps" / f"{name}.png" for name in names]

    def _target(self, kind: str, index: int) -> Any:
        if kind == "category":
            return self._labels[index]
        if kind == "binary-category":
            return self._bin_labels[index]
        return open_image(self._segs[index])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = open_image(self._images[index]).convert("RGB")
        targets = tuple(self._target(kind, index) for kind in self._target_types)
        target: Any = targets if len(targets) > 1 else (targets[0] if targets else None)
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self._images)
