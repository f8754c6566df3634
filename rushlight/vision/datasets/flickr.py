"""Flickr8k and Flickr30k: photographs, each with five sentences."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from rushlight.vision.datasets.folder import default_loader
from rushlight.vision.datasets.vision import Function, VisionDataset, transformed


class Flickr8kParser(HTMLParser):
    """The page of captions: in a table, links to the photographs and lists of sentences.

    A link's last but one part begins the name of the file in ``root``. "Image Not Found" in place
    of a link: its sentences are left out.
    """

    def __init__(self, root: str | Path) -> None:
        super().__init__()
        self.root = root
        self.annotations: dict[str, list[str]] = {}
        self._in_table = False
        self._tag: str | None = None
        self._image: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self._in_table = self._in_table or tag == "table"

    def handle_endtag(self, tag: str) -> None:
        self._tag = None
        self._in_table = self._in_table and tag != "table"

    def handle_data(self, data: str) -> None:
        if not self._in_table:
            return
        if data == "Image Not Found":
            self._image = None
        elif self._tag == "a":
            name = data.split("/")[-2]
            files = sorted(Path(self.root).glob(f"{name}_*.jpg"))
            if not files:
                raise FileNotFoundError(f"Flickr8k: no photograph {name}_*.jpg in {self.root}")
            self._image = str(files[0])
            self.annotations[self._image] = []
        elif self._tag == "li" and self._image is not None:
            self.annotations[self._image].append(data.strip())


class _Captions(VisionDataset):
    """(photograph, its sentences), in the order of the names."""

    annotations: dict[str, list[str]]
    ids: list[str]

    def __init__(
        self,
        root: str | Path,
        ann_file: str | Path,
        transform: Function | None = None,
        target_transform: Function | None = None,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.ann_file = str(Path(ann_file).expanduser())
        self.annotations = self._read(Path(self.ann_file).read_text())
        self.ids = sorted(self.annotations)
        self.loader = loader

    def _read(self, text: str) -> dict[str, list[str]]:
        raise NotImplementedError(f"{type(self).__name__} has no _read")

    def _path(self, name: str) -> str:
        return name

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        name = self.ids[index]
        image: Any = self.loader(self._path(name))
        target: Any = self.annotations[name]
        return transformed(self, image, target)

    def __len__(self) -> int:
        return len(self.ids)


class Flickr8k(_Captions):
    """8,000 photographs in ``root``; ``ann_file`` is the page of their captions."""

    def _read(self, text: str) -> dict[str, list[str]]:
        parser = Flickr8kParser(self.root)
        parser.feed(text)
        return parser.annotations


class Flickr30k(_Captions):
    """31,000 photographs in ``root``; ``ann_file`` has a line ``name.jpg#number<tab>sentence``."""

    def _read(self, text: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for line in text.splitlines():
            name, sentence = line.strip().split("\t")
            found.setdefault(name[:-2], []).append(sentence)
        return found

    def _path(self, name: str) -> str:
        return str(Path(self.root) / name)
