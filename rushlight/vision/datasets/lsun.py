"""LSUN: a million photographs of each of ten kinds of scene (Yu and others, 2015)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.choices import iterable_to_str, verify_str_arg
from rushlight.vision.datasets.vision import Function, VisionDataset, transformed
from rushlight.vision.pillow import image_module

CATEGORIES = ("bedroom", "bridge", "church_outdoor", "classroom", "conference_room", "dining_room",
              "kitchen", "living_room", "restaurant", "tower")  # fmt: skip
PARTS = ("train", "val", "test")


def _lmdb() -> Any:
    try:
        import lmdb
    except ImportError as error:
        raise ModuleNotFoundError(
            "LSUN's files need the package lmdb, which is not installed: pip install lmdb",
            name="lmdb",
        ) from error
    return lmdb


class LSUNClass(VisionDataset):
    """(image, None) of one folder of LMDB. The keys are read anew each time: nothing is pickled."""

    def __init__(
        self,
        root: str,
        transform: Function | None = None,
        target_transform: Function | None = None,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.env = _lmdb().open(
            root, max_readers=1, readonly=True, lock=False, readahead=False, meminit=False
        )
        with self.env.begin(write=False) as reading:
            self.length: int = reading.stat()["entries"]
            self.keys = list(reading.cursor().iternext(keys=True, values=False))

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        with self.env.begin(write=False) as reading:
            content = reading.get(self.keys[index])
        return transformed(self, image_module().open(io.BytesIO(content)).convert("RGB"), None)

    def __len__(self) -> int:
        return self.length


def _checked(word: str, what: str, valid: tuple[str, ...]) -> None:
    message = f"Unknown value '{word}' for {what}. Valid values are {{{iterable_to_str(valid)}}}."
    verify_str_arg(word, valid_values=valid, custom_msg=message)


def _classes(classes: Any) -> list[str]:
    """The folders that ``classes`` means, without their ending."""
    if isinstance(classes, str) and classes in PARTS:
        return ["test"] if classes == "test" else [f"{each}_{classes}" for each in CATEGORIES]
    if not isinstance(classes, Iterable):
        raise ValueError(
            f"Expected type str or Iterable for argument classes, but got type {type(classes)}."
        )
    names = list(classes)
    for name in names:
        if not isinstance(name, str):
            raise ValueError(
                f"Expected type str for elements in argument classes, but got type {type(name)}."
            )
        category, _, part = name.rpartition("_")
        _checked(category, "LSUN class", CATEGORIES)
        _checked(part, "postfix", PARTS)
    return names


class LSUN(VisionDataset):
    """(image, number of its class) from ``root/bedroom_train_lmdb`` and so on.

    ``classes``: train, val, test, or a list such as ``["bedroom_train", "church_outdoor_train"]``.
    """

    def __init__(
        self,
        root: str | Path,
        classes: str | list[str] = "train",
        transform: Function | None = None,
        target_transform: Function | None = None,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.classes = _classes(classes)
        folders = [str(Path(self.root) / f"{each}_lmdb") for each in self.classes]
        self.dbs = [LSUNClass(folder, transform=transform) for folder in folders]
        self.indices = list(accumulate(len(each) for each in self.dbs))
        self.length = self.indices[-1] if self.indices else 0

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        target: Any = sum(end <= index for end in self.indices)
        start = self.indices[target - 1] if target else 0
        image, _ = self.dbs[target][index - start]
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return self.length

    def extra_repr(self) -> str:
        return f"Classes: {self.classes}"
