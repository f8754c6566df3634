"""iNaturalist: animals and plants, by species (Van Horn and others, 2018 and 2021)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rushlight.utils.download import download_and_extract_archive
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.vision import Function, VisionDataset, transformed
from rushlight.vision.pillow import open_image

URL = "https://ml-inat-competition-datasets.s3.amazonaws.com/"
# What each version's archive is called, and its md5.
ARCHIVES = {
    "2017": ("2017/train_val_images", "7c784ea5e424efaec655bd392f87301f"),
    "2018": ("2018/train_val2018", "b1c6952ce38f31868cc50ea72d066cc3"),
    "2019": ("2019/train_val2019", "c60a6e2962c9b8ccbd458d12c8582644"),
    "2021_train": ("2021/train", "e0526d53c7f7b2e3167b2b43bb2690ed"),
    "2021_train_mini": ("2021/train_mini", "db6ed8330e634445efc8fec83ae81442"),
    "2021_valid": ("2021/val", "f6f6e0e242e3d4c9569ba56400938afc"),
}
RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")


class INaturalist(VisionDataset):
    """``root/VERSION/CATEGORY/``; of 2017 to 2019 ``root/VERSION/SUPER/CATEGORY/``.

    ``target_type``: "full" (the species), or "kingdom" to "genus" (2021), "super" (before); a
    list gives tuples. Files in the order of their names.
    """

    def __init__(
        self,
        root: str | Path,
        version: str = "2021_train",
        target_type: Sequence[str] | str = "full",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[str], Any] | None = None,
    ) -> None:
        self.version = chosen(version, "version", ARCHIVES)
        folder = str(Path(root) / version)
        super().__init__(folder, transform=transform, target_transform=target_transform)
        base = Path(self.root)
        if download and not self._there(base):
            self._download(base)
        if not self._there(base):
            raise RuntimeError(NOT_FOUND_OR_CORRUPTED)
        self.all_categories: list[str] = []
        self.categories_index: dict[str, dict[str, int]] = {}
        self.categories_map: list[dict[str, int]] = []
        recent = version.startswith("2021")
        kinds = ("full", *RANKS) if recent else ("full", "super")
        wanted = [target_type] if isinstance(target_type, str) else target_type
        self.target_type = [chosen(each, "target_type", kinds) for each in wanted]
        if recent:
            self._by_ranks(base)
        else:
            self._by_groups(base)
        self.index = [
            (place, file.name)
            for place, name in enumerate(self.all_categories)
            for file in sorted((base / name).iterdir())
        ]
        self.loader = loader

    @staticmethod
    def _there(base: Path) -> bool:
        return base.is_dir() and any(base.iterdir())

    def _download(self, base: Path) -> None:
        name, md5 = ARCHIVES[self.version]
        download_and_extract_archive(
            f"{URL}{name}.tar.gz", base.parent, filename=f"{self.version}.tgz", md5=md5
        )
        (base.parent / Path(name).name).rename(base)

    def _by_ranks(self, base: Path) -> None:
        """Folders are ``00012_kingdom_..._genus_species``."""
        self.all_categories = sorted(each.name for each in base.iterdir())
        self.categories_index = {rank: {} for rank in RANKS}
        for place, folder in enumerate(self.all_categories):
            pieces = folder.split("_")
            if len(pieces) != 8:
                raise RuntimeError(f"Unexpected category name {folder}, wrong number of pieces")
            if pieces[0] != f"{place:05d}":
                raise RuntimeError(f"Unexpected category id {pieces[0]}, expecting {place:05d}")
            row = {}
            for rank, name in zip(RANKS, pieces[1:7], strict=True):
                numbers = self.categories_index[rank]
                row[rank] = numbers.setdefault(name, len(numbers))
            self.categories_map.append(row)

    def _by_groups(self, base: Path) -> None:
        """Folders are groups of categories; those are numbers, but in 2017 names."""
        groups = sorted(each.name for each in base.iterdir())
        self.categories_index = {"super": {name: place for place, name in enumerate(groups)}}
        found: dict[int, tuple[str, int]] = {}
        for place, group in enumerate(groups):
            for category in sorted(each.name for each in (base / group).iterdir()):
                if self.version != "2017" and not category.isdecimal():
                    raise RuntimeError(f"Unexpected non-numeric dir name: {category}")
                number = len(found) if self.version == "2017" else int(category)
                if number in found:
                    raise RuntimeError(f"Duplicate category {category}")
                found[number] = (str(Path(group) / category), place)
        for number in range(max(found, default=-1) + 1):
            if number not in found:
                raise RuntimeError(f"Missing category {number}")
            path, place = found[number]
            self.all_categories.append(path)
            self.categories_map.append({"super": place})

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        number, name = self.index[index]
        path = str(Path(self.root) / self.all_categories[number] / name)
        image: Any = open_image(path) if self.loader is None else self.loader(path)
        kinds = self.categories_map[number] | {"full": number}
        found = tuple(kinds[each] for each in self.target_type)
        target: Any = found if len(found) > 1 else found[0]
        return transformed(self, image, target)

    def __len__(self) -> int:
        return len(self.index)

    def category_name(self, category_type: str, category_id: int) -> str:
        """What number ``category_id`` of a kind is called. Raises ValueError for no such one."""
        if category_type == "full":
            return self.all_categories[category_id]
        if category_type not in self.categories_index:
            raise ValueError(f"Invalid category type '{category_type}'")
        for name, number in self.categories_index[category_type].items():
            if number == category_id:
                return name
        raise ValueError(f"Invalid category id {category_id} for {category_type}")
