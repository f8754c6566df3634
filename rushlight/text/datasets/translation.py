"""Sentences in two languages (D. Elliott et al., arXiv:1605.00459)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rushlight.text.datasets.corpus import CACHE, Corpus, Folder, Splits, by_split
from rushlight.utils.download import extract_archive

SPLITS = ("train", "valid", "test")
URL = "https://raw.githubusercontent.com/neychev/small_DL_repo/master/datasets/Multi30k/"
# Split -> (stem of its files, archive, its sha256).
FILES = {
    "train": (
        "train", "training.tar.gz",
        "20140d013d05dd9a72dfde46478663ba05737ce983f478f960c1123c6671be5e",
    ),
    "valid": (
        "val", "validation.tar.gz",
        "a7aa20e9ebd5ba5adce7909498b94410996040857154dab029851af3a866da8c",
    ),
    "test": (
        "test", "mmt16_task1_test.tar.gz",
        "6d1ca1dba99e2c5dd54cae1226ff11c2551e6ce63527ebb072a1f70f72a5cd36",
    ),
}  # fmt: skip


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield line.rstrip("\r\n")


def _pairs(root: str | Path, languages: tuple[str, str], split: str) -> Iterator[tuple[str, str]]:
    stem, archive, sha256 = FILES[split]
    folder = Folder(root, "Multi30k")
    found = [folder.find(f"{stem}.{language}") for language in languages]
    if None in found:
        packed = folder.archive(archive, [URL + archive], sha256=sha256)
        extract_archive(packed, packed.parent)
        found = [packed.parent / f"{stem}.{language}" for language in languages]
    first, second = (_lines(path) for path in found if path is not None)
    for ours, theirs in zip_longest(first, second):
        if ours is None or theirs is None:
            raise RuntimeError(f"Multi30k: {stem} has not as many lines in both of {languages}")
        yield ours, theirs


def Multi30k(
    root: str | Path = CACHE,
    split: Splits = SPLITS,
    language_pair: Sequence[str] = ("de", "en"),
) -> Any:
    """What is seen on pictures: (German, English), or the other way; 29,000, 1,014 and 1,000.

    A Corpus, or a tuple of them for several splits. Reads ``root/datasets/Multi30k/train.de`` and
    ``train.en`` (``val``, ``test``), unpacked from the archives beside them, which are downloaded
    when first iterated. Raises TypeError for another split, AssertionError for other languages.
    """
    languages = tuple(language_pair)
    if languages not in (("de", "en"), ("en", "de")):
        raise AssertionError(
            f"language_pair must be either ('de','en') or ('en', 'de'), got {languages}"
        )
    return by_split(
        "Multi30k", split, SPLITS,
        lambda each: Corpus("Multi30k", each, partial(_pairs, root, languages, each)),
    )  # fmt: skip
