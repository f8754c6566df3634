"""LFW: faces of well-known people, alone or in pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rushlight.utils.download import check_integrity
from rushlight.vision.datasets.choices import chosen
from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.listed import NOT_FOUND_OR_CORRUPTED
from rushlight.vision.datasets.vision import Function, VisionDataset

# Folder, archive and md5 of the three alignments.
ALIGNMENTS = {
    "original": ("lfw", "lfw.tgz", "a17d05bd522c52d84eca14327a23d494"),
    "funneled": ("lfw_funneled", "lfw-funneled.tgz", "1b42dfed7d15c9b2dd63d5e5840c86ad"),
    "deepfunneled": (
        "lfw-deepfunneled", "lfw-deepfunneled.tgz", "68331da3eb755a505a502b5aacb3c201",
    ),
}  # fmt: skip
CHECKSUMS = {
    "pairs.txt": "9f1ba174e4e1c508ff7cdf10ac338a7d",
    "pairsDevTest.txt": "5132f7440eb68cf58910c8a45a2ac10b",
    "pairsDevTrain.txt": "4f27cbf15b2da4a85c1907eb4181ad21",
    "people.txt": "450f0863dd89e85e73936a6d71a3474b",
    "peopleDevTest.txt": "e4bf5be0a43b5dcd9dc5ccfcb8fb19c5",
    "peopleDevTrain.txt": "54eaac34beb6d042ed3a7d883e247a21",
    "lfw-names.txt": "a6d0a479bd074669f656265a6e693f6d",
}
PARTS = {"10fold": "", "train": "DevTrain", "test": "DevTest"}
NAMES = "lfw-names.txt"


class _LFW(VisionDataset):
    """Reads ``root/lfw-py/``: the archive, its folder, and the lists of names."""

    data: list[Any]
    targets: list[int]

    def __init__(
        self,
        root: str | Path,
        split: str,
        image_set: str,
        view: str,
        transform: Function | None,
        target_transform: Function | None,
        download: bool,
        loader: Callable[[Any], Any],
    ) -> None:
        home = Path(root).expanduser() / "lfw-py"
        super().__init__(str(home), transform=transform, target_transform=target_transform)
        self.image_set = chosen(image_set.lower(), "image_set", ALIGNMENTS)
        self.split = chosen(split.lower(), "split", PARTS)
        self.view = view
        folder, archive, md5 = ALIGNMENTS[self.image_set]
        self.labels_file = f"{view}{PARTS[self.split]}.txt"
        if download:
            raise ValueError(
                "LFW dataset is no longer available for automatic download. Please download the "
                f"dataset manually and place it in {home}; a commonly used mirror is "
                "https://www.kaggle.com/datasets/jessicali9530/lfw-dataset"
            )
        needed = {archive: md5, self.labels_file: CHECKSUMS[self.labels_file]}
        if view == "people":
            needed[NAMES] = CHECKSUMS[NAMES]
        for name, wanted in needed.items():
            if not check_integrity(home / name, wanted):
                raise RuntimeError(f"{NOT_FOUND_OR_CORRUPTED} ({home / name})")
        self.images_dir = str(home / folder)
        self._loader = loader

    def _lines(self, name: str) -> list[str]:
        return (Path(self.root) / name).read_text().splitlines()

    def _path(self, identity: str, number: int | str) -> str:
        return str(Path(self.images_dir) / identity / f"{identity}_{int(number):04d}.jpg")

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        return f"Alignment: {self.image_set}\nSplit: {self.split}"


class LFWPeople(_LFW):
    """(image, number of the person)."""

    def __init__(
        self,
        root: str | Path,
        split: str = "10fold",
        image_set: str = "funneled",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(
            root, split, image_set, "people", transform, target_transform, download, loader
        )
        names = [line.split()[0] for line in self._lines(NAMES)]
        self.class_to_idx = {name: place for place, name in enumerate(names)}
        lines = self._lines(self.labels_file)
        folds, place = (int(lines[0]), 1) if self.split == "10fold" else (1, 0)
        self.data, self.targets = [], []
        for _ in range(folds):
            count = int(lines[place])
            for line in lines[place + 1 : place + count + 1]:
                identity, images = line.strip().split("\t")
                self.data += [self._path(identity, each + 1) for each in range(int(images))]
                self.targets += [self.class_to_idx[identity]] * int(images)
            place += count + 1

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image, target = self._loader(self.data[index]), self.targets[index]
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}\nClasses (identities): {len(self.class_to_idx)}"


class LFWPairs(_LFW):
    """(image, image, 1 if both show the same person)."""

    def __init__(
        self,
        root: str | Path,
        split: str = "10fold",
        image_set: str = "funneled",
        transform: Function | None = None,
        target_transform: Function | None = None,
        download: bool = False,
        loader: Callable[[Any], Any] = default_loader,
    ) -> None:
        super().__init__(
            root, split, image_set, "pairs", transform, target_transform, download, loader
        )
        first, *lines = (line.strip().split("\t") for line in self._lines(self.labels_file))
        folds = int(first[0]) if self.split == "10fold" else 1
        count = int(first[-1])
        self.pair_names, self.data, self.targets = [], [], []
        for row in lines[: folds * 2 * count]:
            same = len(row) == 3  # a name and two numbers, or two of each
            name, number, *others = row
            other, second = (name, others[0]) if same else (others[0], others[1])
            self.pair_names.append((name, other))
            self.data.append((self._path(name, number), self._path(other, second)))
            self.targets.append(int(same))

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        first, second = (self._loader(path) for path in self.data[index])
        target = self.targets[index]
        if self.transform is not None:
            first, second = self.transform(first), self.transform(second)
        if self.target_transform is not None:
            return first, second, self.target_transform(target)
        return first, second, target
