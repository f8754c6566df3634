"""ImageNet: the thousand classes of ILSVRC 2012."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from rushlight.serialization import load, save
from rushlight.utils.download import check_integrity, extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import ImageFolder
from rushlight.vision.datasets.mat import read_mat

ARCHIVES = {
    "train": ("ILSVRC2012_img_train.tar", "1d675b47d978889d74fa0da5fadfb00e"),
    "val": ("ILSVRC2012_img_val.tar", "29b22e2961454d5413ddabcf34fc5622"),
    "devkit": ("ILSVRC2012_devkit_t12.tar.gz", "fa75699e90414af021442c21a62c3abf"),
}
META_FILE = "meta.bin"


class ImageNet(ImageFolder):
    """``root/train/WNID/`` and ``root/val/WNID/``, made from the archives in ``root`` if needed.

    The names of the classes are in ``root/meta.bin``, made from the devkit. ``split``: train, val.
    """

    def __init__(self, root: str | Path, split: str = "train", **kwargs: Any) -> None:
        self.root: Any = str(Path(root).expanduser())
        self.split = chosen(split, "split", ("train", "val"))
        home = Path(self.root)
        if not check_integrity(home / META_FILE):
            parse_devkit_archive(home)
        if not Path(self.split_folder).is_dir():
            (parse_train_archive if split == "train" else parse_val_archive)(home)
        names = load_meta_file(home)[0]
        super().__init__(self.split_folder, **kwargs)
        self.root = str(home)
        self.wnids, self.wnid_to_idx = self.classes, self.class_to_idx
        self.classes: Any = [names[each] for each in self.wnids]
        self.class_to_idx = {
            name: place for place, several in enumerate(self.classes) for name in several
        }

    @property
    def split_folder(self) -> str:
        """Where the split's images are."""
        return str(Path(self.root) / self.split)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


def load_meta_file(root: str | Path) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """(names by WordNet number, the number of each validation image)."""
    path = Path(root) / META_FILE
    if not check_integrity(path):
        raise RuntimeError(
            f"The meta file {META_FILE} is not present in the root directory {root} or is "
            "corrupted. This file is automatically created by the ImageNet dataset."
        )
    names, images = load(path, weights_only=True)
    return names, images


def _archive(root: Path, what: str) -> Path:
    name, md5 = ARCHIVES[what]
    if not check_integrity(root / name, md5):
        raise RuntimeError(
            f"The archive {name} is not present in the root directory or is corrupted. "
            f"You need to download it externally and place it in {root}."
        )
    return root / name


def parse_devkit_archive(root: str | Path) -> None:
    """Write ``meta.bin`` from the devkit's tables."""
    home = Path(root)
    archive = _archive(home, "devkit")
    with tempfile.TemporaryDirectory() as folder:
        extract_archive(archive, folder)
        data = Path(folder) / "ILSVRC2012_devkit_t12" / "data"
        rows = read_mat(data / "meta.mat")["synsets"].reshape(-1)
        # Only the leaves of the tree have images.
        leaves = [row for row in rows if int(row["num_children"].item()) == 0]
        wnids = {int(row["ILSVRC2012_ID"].item()): row["WNID"] for row in leaves}
        names = {row["WNID"]: tuple(row["words"].split(", ")) for row in leaves}
        truth = (data / "ILSVRC2012_validation_ground_truth.txt").read_text().split()
    save((names, [wnids[int(each)] for each in truth]), home / META_FILE)


def parse_train_archive(root: str | Path) -> None:
    """Unpack the training images into ``root/train/WNID/``."""
    home = Path(root)
    folder = home / "train"
    extract_archive(_archive(home, "train"), folder)
    for each in sorted(folder.glob("*.tar")):
        extract_archive(each, folder / each.stem)
        each.unlink()


def parse_val_archive(root: str | Path) -> None:
    """Unpack the validation images and sort them into ``root/val/WNID/``."""
    home = Path(root)
    wnids = load_meta_file(home)[1]
    folder = home / "val"
    extract_archive(_archive(home, "val"), folder)
    images = sorted(folder.iterdir())
    for wnid, image in zip(wnids, images, strict=True):
        (folder / wnid).mkdir(exist_ok=True)
        shutil.move(image, folder / wnid / image.name)
