"""Vectors of words that others trained: read from text files, kept in PyTorch's format beside them.

A file has a word and its numbers a line, separated by spaces; a first line of two numbers (how many
words, how many numbers each) is left out.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, ClassVar

import numpy as np

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.utils.download import download, extract_archive

Unknown = Callable[[Tensor], Tensor]


class Vectors:
    """A table from words to vectors of ``dim`` numbers; ``vectors[word]`` is (dim,).

    ``name`` is a file, or one in the folder ``cache`` that is downloaded from ``url`` if it is not
    there. What was read is stored as ``NAME.pt`` in ``cache`` and loaded from there the next time.
    A word that is not in it has ``unk_init(tensor)``, zeros unless said otherwise. Raises
    RuntimeError if there is no such file or its lines differ in length.
    """

    def __init__(
        self,
        name: str,
        cache: str | None = None,
        url: str | None = None,
        unk_init: Unknown | None = None,
        max_vectors: int | None = None,
    ) -> None:
        self.unk_init: Unknown = unk_init if unk_init is not None else Tensor.zero_
        self.itos: list[str]
        self.stoi: dict[str, int]
        self.vectors: Tensor
        self.dim: int
        self.cache(name, cache if cache is not None else ".vector_cache", url, max_vectors)

    def cache(
        self, name: str, cache: str, url: str | None = None, max_vectors: int | None = None
    ) -> None:
        """Read the vectors, from the stored tensors if there are any."""
        folder = Path(cache)
        path = Path(name) if Path(name).is_file() else folder / name
        ending = f"_{max_vectors}.pt" if max_vectors else ".pt"
        stored = folder / (path.name + ending)
        if stored.is_file():
            self.itos, self.stoi, self.vectors, self.dim = torch.load(stored)
            return
        if not path.is_file() and url:
            _fetch(url, folder)
        if not path.is_file():
            raise RuntimeError(f"no vectors found at {path}")
        self.itos, table = _read(path, max_vectors)
        self.stoi = {word: number for number, word in enumerate(self.itos)}
        self.vectors = torch.from_numpy(table)
        self.dim = table.shape[1]
        folder.mkdir(parents=True, exist_ok=True)
        torch.save((self.itos, self.stoi, self.vectors, self.dim), stored)

    def __getitem__(self, token: str) -> Tensor:
        if token in self.stoi:
            return self.vectors[self.stoi[token]]
        return self.unk_init(torch.empty(self.dim))

    def __contains__(self, token: object) -> bool:
        return token in self.stoi

    def __len__(self) -> int:
        return len(self.vectors)

    def get_vecs_by_tokens(
        self, tokens: str | list[str], lower_case_backup: bool = False
    ) -> Tensor:
        """(dim,) of one word, (L, dim) of a list; with ``lower_case_backup`` in lower case too."""
        if isinstance(tokens, str):
            return self.get_vecs_by_tokens([tokens], lower_case_backup)[0]
        return torch.stack([
            self[token if not lower_case_backup or token in self.stoi else token.lower()]
            for token in tokens
        ])  # fmt: skip


def _fetch(url: str, folder: Path) -> None:
    name = url.rpartition("/")[2]
    packed = download([url], folder, name)
    if name.endswith((".zip", ".tar.gz")):
        extract_archive(packed, folder)


def _open(path: Path) -> BinaryIO:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _entries(path: Path) -> Iterator[tuple[bytes, list[bytes]]]:
    """(word, its numbers) of each line. Only a space separates: words may have other white ones."""
    with _open(path) as file:
        for line in file:
            word, *numbers = line.rstrip().split(b" ")
            if len(numbers) == 1:
                warn(f"{path}: {word!r} with one number is left out, likely a header")
            else:
                yield word, numbers


def _read(path: Path, most: int | None) -> tuple[list[str], Any]:
    words: list[str] = []
    rows: list[Any] = []
    for word, numbers in _entries(path):
        if rows and len(numbers) != len(rows[0]):
            raise RuntimeError(
                f"Vector for token {word!r} has {len(numbers)} dimensions, but previously read "
                f"vectors have {len(rows[0])} dimensions. All vectors must have the same number of "
                "dimensions."
            )
        try:
            words.append(word.decode("utf-8"))
        except UnicodeDecodeError:
            continue
        rows.append(np.array(numbers, dtype=np.float64).astype(np.float32))
        if len(rows) == most:
            break
    if not rows:
        raise RuntimeError(f"no vectors found at {path}")
    return words, np.stack(rows)


class GloVe(Vectors):
    """J. Pennington et al., 2014: "6B", "42B", "840B" or "twitter.27B"."""

    url: ClassVar = {
        name: f"http://nlp.stanford.edu/data/glove.{name}{ending}.zip"
        for name, ending in (("42B", ".300d"), ("840B", ".300d"), ("twitter.27B", ""), ("6B", ""))
    }

    def __init__(self, name: str = "840B", dim: int | str = 300, **kwargs: Any) -> None:
        super().__init__(f"glove.{name}.{dim}d.txt", url=self.url[name], **kwargs)


class FastText(Vectors):
    """P. Bojanowski et al., arXiv:1607.04606: trained on the Wikipedia of a language."""

    url_base = "https://dl.fbaipublicfiles.com/fasttext/vectors-wiki/wiki.{}.vec"

    def __init__(self, language: str = "en", **kwargs: Any) -> None:
        url = self.url_base.format(language)
        super().__init__(url.rpartition("/")[2], url=url, **kwargs)


class CharNGram(Vectors):
    """K. Hashimoto et al., arXiv:1611.01587: a word is the mean of its runs of 2 to 4 letters.

    ``vectors[word]`` is (1, 100).
    """

    name = "charNgram.txt"
    url = (
        "http://www.logos.t.u-tokyo.ac.jp/~hassy/publications/arxiv2016jmt/"
        "jmt_pre-trained_embeddings.tar.gz"
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(self.name, url=self.url, **kwargs)

    def __getitem__(self, token: str) -> Tensor:
        nothing = torch.zeros(1, self.dim)
        if token == "<unk>":
            return self.unk_init(nothing)
        letters = ["#BEGIN#", *token, "#END#"]
        runs = (
            f"{length}gram-{''.join(letters[start : start + length])}"
            for length in (2, 3, 4)
            for start in range(len(letters) - length + 1)
        )
        known = [self.stoi[run] for run in runs if run in self.stoi]
        if not known:
            return self.unk_init(nothing)
        total = nothing
        for number in known:
            total = total + self.vectors[number]
        return total / len(known)


pretrained_aliases: dict[str, Callable[..., Vectors]] = {
    "charngram.100d": CharNGram,
    "fasttext.en.300d": partial(FastText, language="en"),
    "fasttext.simple.300d": partial(FastText, language="simple"),
    "glove.42B.300d": partial(GloVe, name="42B", dim="300"),
    "glove.840B.300d": partial(GloVe, name="840B", dim="300"),
    **{
        f"glove.twitter.27B.{dim}d": partial(GloVe, name="twitter.27B", dim=dim)
        for dim in ("25", "50", "100", "200")
    },
    **{
        f"glove.6B.{dim}d": partial(GloVe, name="6B", dim=dim)
        for dim in ("50", "100", "200", "300")
    },
}
