"""Reviews of films, bad or good (A. Maas et al., 2011)."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rushlight.text.datasets.corpus import CACHE, Corpus, Folder, Splits, by_split

SPLITS = ("train", "test")
URL = "http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz"
MD5 = "7c2ac02c03563afcf9b574c7e56c153a"
CLASSES = {"neg": 1, "pos": 2}


def _from_folder(folder: Path) -> Iterator[tuple[int, str]]:
    for name, label in CLASSES.items():
        for path in sorted((folder / name).glob("*.txt"), key=_number):
            yield label, path.read_text(encoding="utf-8")


def _number(path: Path) -> tuple[int, str]:
    """Files are called NUMBER_STARS.txt."""
    number = path.name.partition("_")[0]
    return int(number) if number.isdigit() else -1, path.name


def _from_archive(archive: Path, split: str) -> Iterator[tuple[int, str]]:
    """The files as they stand in the archive; nothing is unpacked to disk."""
    with tarfile.open(archive, "r|gz") as stream:
        for entry in stream:
            parts = entry.name.split("/")
            if len(parts) == 4 and parts[1] == split and parts[2] in CLASSES and entry.isfile():
                content = stream.extractfile(entry)
                if content is not None:
                    yield CLASSES[parts[2]], content.read().decode("utf-8")


def _reviews(root: str | Path, split: str) -> Iterator[tuple[int, str]]:
    folder = Folder(root, "IMDB")
    unpacked = folder.find(f"aclImdb/{split}")
    if unpacked is not None:
        return _from_folder(unpacked)
    return _from_archive(folder.archive("aclImdb_v1.tar.gz", [URL], MD5), split)


def IMDB(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """50,000 reviews of films, half to train with: (1 for bad or 2 for good, text).

    A Corpus, or a tuple of them for several splits. Reads ``root/datasets/IMDB/aclImdb/`` or the
    archive ``aclImdb_v1.tar.gz`` beside it, downloaded when first iterated. Raises TypeError for
    another split.
    """
    return by_split(
        "IMDB", split, SPLITS, lambda each: Corpus("IMDB", each, partial(_reviews, root, each))
    )
