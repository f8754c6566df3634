"""Texts with a class, as CSV: class, title, text (X. Zhang et al., arXiv:1509.01626)."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from rushlight.text.datasets.corpus import CACHE, Corpus, Folder, Splits, by_split

SPLITS = ("train", "test")

NEWS_URL = "https://raw.githubusercontent.com/mhjabreel/CharCnn_Keras/master/data/ag_news_csv/"
NEWS_MD5 = {
    "train": "b1a00f826fdfbd249f79597b59e1dc12",
    "test": "d52ea96a97a2d943681189a97654912d",
}


def read_labelled_csv(path: Path) -> Iterator[tuple[int, str]]:
    """(class, the other columns joined by a space) of each row.

    Raises RuntimeError that names the row if a class is no number.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.reader(file), 1):
            try:
                label = int(row[0])
            except (IndexError, ValueError) as error:
                raise RuntimeError(
                    f"{path}, row {number}: a row starts with the number of its class, got "
                    f"{row[:1]!r:.60}"
                ) from error
            yield label, " ".join(row[1:])


def _news(root: str | Path, split: str) -> Iterator[tuple[int, str]]:
    name = f"{split}.csv"
    path = Folder(root, "AG_NEWS").fetch(name, [NEWS_URL + name], NEWS_MD5[split])
    return read_labelled_csv(path)


def AG_NEWS(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """News in four classes: (class 1 to 4, title and text); 120,000 to train, 7,600 to test.

    A Corpus, or a tuple of them for several splits. Reads ``root/datasets/AG_NEWS/train.csv``,
    downloaded when first iterated. Raises TypeError for another split.
    """
    return by_split(
        "AG_NEWS", split, SPLITS,
        lambda each: Corpus("AG_NEWS", each, partial(_news, root, each)),
    )  # fmt: skip


def _drive(identity: str) -> list[str]:
    """Where Google's Drive gives a file; large ones after a question, answered in the second."""
    return [
        f"https://drive.google.com/uc?export=download&id={identity}",
        f"https://drive.usercontent.google.com/download?id={identity}&export=download&confirm=t",
    ]


def _read_packed(
    root: str | Path, name: str, stem: str, identity: str, md5: str, split: str
) -> Iterator[tuple[int, str]]:
    path = Folder(root, name).member(f"{stem}/{split}.csv", f"{stem}.tar.gz", _drive(identity), md5)
    return read_labelled_csv(path)


def _packed(name: str, root: str | Path, split: Splits, stem: str, identity: str, md5: str) -> Any:
    """Corpora of an archive with ``stem/train.csv`` and ``stem/test.csv``."""
    read = partial(_read_packed, root, name, stem, identity, md5)
    return by_split(name, split, SPLITS, lambda each: Corpus(name, each, partial(read, each)))


def AmazonReviewFull(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Amazon's reviews with their stars: (1 to 5, title and text); 3,000,000 and 650,000.

    A Corpus, or a tuple of them for several splits. Reads
    ``root/datasets/AmazonReviewFull/amazon_review_full_csv/train.csv``, unpacked from the archive
    beside it, which is downloaded when first iterated. Raises TypeError for another split.
    """
    return _packed(
        "AmazonReviewFull", root, split, "amazon_review_full_csv", "0Bz8a_Dbh9QhbZVhsUnRWRDhETzA",
        "57d28bd5d930e772930baddf36641c7c",
    )  # fmt: skip


def AmazonReviewPolarity(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Amazon's reviews, bad or good: (1 or 2, title and text); 3,600,000 and 400,000.

    As ``AmazonReviewFull``, from ``amazon_review_polarity_csv``.
    """
    return _packed(
        "AmazonReviewPolarity", root, split, "amazon_review_polarity_csv",
        "0Bz8a_Dbh9QhbaW12WVVZS2drcnM", "fe39f8b653cada45afd5792e0f0e8f9b",
    )  # fmt: skip


def YelpReviewFull(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Yelp's reviews with their stars: (1 to 5, text); 650,000 and 50,000.

    As ``AmazonReviewFull``, from ``yelp_review_full_csv``.
    """
    return _packed(
        "YelpReviewFull", root, split, "yelp_review_full_csv", "0Bz8a_Dbh9QhbZlU4dXhHTFhZQU0",
        "f7ddfafed1033f68ec72b9267863af6c",
    )  # fmt: skip


def YelpReviewPolarity(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Yelp's reviews, bad or good: (1 or 2, text); 560,000 and 38,000.

    As ``AmazonReviewFull``, from ``yelp_review_polarity_csv``.
    """
    return _packed(
        "YelpReviewPolarity", root, split, "yelp_review_polarity_csv",
        "0Bz8a_Dbh9QhbNUpYQ2N3SGlFaDg", "620c8ae4bd5a150b730f1ba9a7c6a4d3",
    )  # fmt: skip


def DBpedia(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """What things are, by Wikipedia: (1 to 14, title and text); 560,000 and 70,000.

    As ``AmazonReviewFull``, from ``dbpedia_csv``.
    """
    return _packed(
        "DBpedia", root, split, "dbpedia_csv", "0Bz8a_Dbh9QhbQ2Vic1kxMmZZQ1k",
        "dca7b1ae12b1091090db52aa7ec5ca64",
    )  # fmt: skip


def SogouNews(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Chinese news in five classes, in Latin letters: (1 to 5, title and text).

    450,000 and 60,000; as ``AmazonReviewFull``, from ``sogou_news_csv``.
    """
    return _packed(
        "SogouNews", root, split, "sogou_news_csv", "0Bz8a_Dbh9QhbUkVqNEszd0pHaFE",
        "0c1700ba70b73f964dd8de569d3fd03e",
    )  # fmt: skip


def YahooAnswers(root: str | Path = CACHE, split: Splits = SPLITS) -> Any:
    """Questions and their best answers in ten classes: (1 to 10, all text).

    1,400,000 and 60,000; as ``AmazonReviewFull``, from ``yahoo_answers_csv``.
    """
    return _packed(
        "YahooAnswers", root, split, "yahoo_answers_csv", "0Bz8a_Dbh9Qhbd2JNdDBsQUdocVU",
        "f3f9899b997a42beb24157e62e3eea8d",
    )  # fmt: skip
