"""Places365: photographs of kinds of places."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.utils.download import check_integrity, download_and_extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.vision import Function, VisionDataset

URL = "http://data.csail.mit.edu/places/places365/"
KITS = {
    "standard": ("filelist_places365-standard.tar", "35a0585fee1fa656440f3ab298f8479c"),
    "challenge": ("filelist_places365-challenge.tar", "70a8307e459c3de41690a7c76c931734"),
}
CATEGORIES = ("categories_places365.txt", "06c963b85866bd0649f97cb43dd16673")
LISTS = {
    "train-standard": ("places365_train_standard.txt", "30f37515461640559006b8329efbed1a"),
    "train-challenge": ("places365_train_challenge.txt", "b2931dc997b8c33c27e7329c073a6b57"),
    "val": ("places365_val.txt", "e9f2fd57bfd9d07630173f4e8708e4b1"),
    "test": ("places365_test.txt", "2fce8233fe493576d724142e45d93653"),
}
IMAGES = {
    ("train-standard", False): (
        "train_large_places365standard.tar", "67e186b496a84c929568076ed01a8aa1"),
    ("train-challenge", False): (
        "train_large_places365challenge.tar", "605f18e68e510c82b958664ea134545f"),
    ("val", False): ("val_large.tar", "9b71c4993ad89d2d8bcbdc4aef38042f"),
    ("test", False): ("test_large.tar", "41a4b6b724b1d2cd862fb3871ed59913"),
    ("train-standard", True): (
        "train_256_places365standard.tar", "53ca1c756c3d1e7809517cc47c5561c5"),
    ("train-challenge", True): (
        "train_256_places365challenge.tar", "741915038a5e3471ec7332404dfb64ef"),
    ("val", True): ("val_256.tar", "e27b17d8d44f4af9a78502beb927f808"),
    ("test", True): ("test_256.tar", "f532f6ad7b582262a2ec8009075e186b"),
}  # fmt: skip


class Places365(VisionDataset):
    """365 kinds of places: lists in ``root``, images in ``root/data_large_standard`` and so on.

    ``small`` images are 256x256. The label of a test image is None.
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train-standard",
        small: bool = False,
        download: bool = False,
        transform: Function | None = None,
        target_transform: Function | None = None,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = chosen(split, "split", LISTS)
        self.small = small
        self.loader = loader
        pairs = [line.split() for line in self._table(*CATEGORIES, download).splitlines()]
        self.class_to_idx = {name: int(place) for name, place in pairs}
        self.classes = sorted(self.class_to_idx)
        self.imgs: list[tuple[str, int | None]] = []
        for line in self._table(*LISTS[split], download).splitlines():
            name, *label = line.split()
            path = str(Path(self.images_dir) / name.lstrip("/"))
            self.imgs.append((path, int(label[0]) if label else None))
        self.targets = [label for _, label in self.imgs]
        if download and not Path(self.images_dir).exists():
            name, md5 = IMAGES[(split, small)]
            download_and_extract_archive(URL + name, self.root, md5=md5)
            if split.startswith("train"):
                Path(self.images_dir.rsplit("_", 1)[0]).rename(self.images_dir)

    @property
    def variant(self) -> str:
        """standard or challenge."""
        return "challenge" if "challenge" in self.split else "standard"

    @property
    def images_dir(self) -> str:
        """Where the images are."""
        size = "256" if self.small else "large"
        training = self.split.startswith("train")
        name = f"data_{size}_{self.variant}" if training else f"{self.split}_{size}"
        return str(Path(self.root) / name)

    def _table(self, name: str, md5: str, download: bool) -> str:
        path = Path(self.root) / name
        if not check_integrity(path, md5):
            if not download:
                raise RuntimeError(
                    f"The file {path} does not exist or is corrupted. You can set download=True "
                    "to download it."
                )
            archive, wanted = KITS[self.variant]
            download_and_extract_archive(URL + archive, self.root, md5=wanted)
        return path.read_text()

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.imgs[index]
        image = self.loader(path)
        if self.transforms is not None:
            image, target = self.transforms(image, target)
        return image, target

    def __len__(self) -> int:
        return len(self.imgs)

    def extra_repr(self) -> str:
        return f"Split: {self.split}\nSmall: {self.small}"
