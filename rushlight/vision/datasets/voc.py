"""Pascal VOC: photographs with masks or boxes, 2007 to 2012."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.vision import Function, VisionDataset
from rushlight.vision.pillow import open_image

HOST = "https://thor.robots.ox.ac.uk/pascal/VOC/"
KIT = "VOCdevkit"
# Folder and name of the archive, md5, where the year is inside.
YEARS = {
    "2012": ("voc2012", "VOCtrainval_11-May-2012.tar", "6cd6e144f989b92b3379bac3b3de84fd",
             f"{KIT}/VOC2012"),
    "2011": ("voc2011", "VOCtrainval_25-May-2011.tar", "6c3384ef61512963050cb5d687e5bf1e",
             f"TrainVal/{KIT}/VOC2011"),
    "2010": ("voc2010", "VOCtrainval_03-May-2010.tar", "da459979d0c395079b5c75ee67908abb",
             f"{KIT}/VOC2010"),
    "2009": ("voc2009", "VOCtrainval_11-May-2009.tar", "a3e00b113cfcfebf17e343f59da3caa1",
             f"{KIT}/VOC2009"),
    "2008": ("voc2008", "VOCtrainval_14-Jul-2008.tar", "2629fa636546599198acfcfbfcf1904a",
             f"{KIT}/VOC2008"),
    "2007": ("voc2007", "VOCtrainval_06-Nov-2007.tar", "c52e279531787c972589f7e41ab4ae64",
             f"{KIT}/VOC2007"),
    "2007-test": ("voc2007", "VOCtest_06-Nov-2007.tar", "b6e924de25625d8de591ea690078ad9f",
                  f"{KIT}/VOC2007"),
}  # fmt: skip


class _VOC(VisionDataset):
    """``images`` and ``targets`` are lists of paths; ``image_set``: train, val, trainval, and for
    2007 test."""

    splits_folder: str
    target_folder: str
    target_ending: str

    def __init__(
        self,
        root: str | Path,
        year: str = "2012",
        image_set: str = "train",
        download: bool = False,
        transform: Function | None = None,
        target_transform: Function | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        super().__init__(root, transforms, transform, target_transform)
        self.year = chosen(year, "year", [str(each) for each in range(2007, 2013)])
        sets = ["train", "trainval", "val"] + (["test"] if year == "2007" else [])
        self.image_set = chosen(image_set, "image_set", sets)
        key = "2007-test" if image_set == "test" else year
        folder, self.filename, self.md5, base = YEARS[key]
        self.url = f"{HOST}{folder}/{self.filename}"
        home = Path(self.root) / base
        if download:
            download_and_extract_archive(self.url, self.root, filename=self.filename, md5=self.md5)
        if not home.is_dir():
            raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} (there is no folder {home})")
        listed = home / "ImageSets" / self.splits_folder / f"{image_set}.txt"
        names = [line.strip() for line in listed.read_text().splitlines()]
        self.images = [str(home / "JPEGImages" / f"{name}.jpg") for name in names]
        self.targets = [
            str(home / self.target_folder / (name + self.target_ending)) for name in names
        ]

    def target_at(self, index: int) -> Any:
        """The target before transforms."""
        raise NotImplementedError(f"{type(self).__name__} has no targets")

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = open_image(self.images[index]).convert("RGB")
        target = self.target_at(index)
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.images)


class VOCSegmentation(_VOC):
    """(image, image of class numbers): ``root/VOCdevkit/VOC2012/`` and so on."""

    splits_folder = "Segmentation"
    target_folder = "SegmentationClass"
    target_ending = ".png"

    @property
    def masks(self) -> list[str]:
        """The paths of the masks."""
        return self.targets

    def target_at(self, index: int) -> Any:
        return open_image(self.masks[index])


class VOCDetection(_VOC):
    """(image, the annotation as a dict; ``["annotation"]["object"]`` is a list)."""

    splits_folder = "Main"
    target_folder = "Annotations"
    target_ending = ".xml"

    @property
    def annotations(self) -> list[str]:
        """The paths of the annotations."""
        return self.targets

    def target_at(self, index: int) -> Any:
        path = self.annotations[index]
        try:
            root = ElementTree.parse(path).getroot()
        except ElementTree.ParseError as error:
            error.msg = f"{path}: {error.msg}"
            raise
        return self.parse_voc_xml(root)

    @staticmethod
    def parse_voc_xml(node: Any) -> dict[str, Any]:
        """An element as {tag: text} or {tag: {child: value, or a list where there are more}}."""
        children = list(node)
        if not children:
            return {node.tag: node.text.strip()} if node.text else {}
        collected: dict[str, list[Any]] = {}
        for child in children:
            for tag, value in VOCDetection.parse_voc_xml(child).items():
                collected.setdefault(tag, []).append(value)
        if node.tag == "annotation":  # a list even of one object, or of none
            collected["object"] = [collected.get("object", [])]
        return {
            node.tag: {
                tag: values[0] if len(values) == 1 else values for tag, values in collected.items()
            }
        }
