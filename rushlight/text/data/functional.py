"""torchtext.data.functional: from streams of text to data sets and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from rushlight.text.sentence_pieces import (
    generate_sp_model,
    load_sp_model,
    sentencepiece_numericalizer,
    sentencepiece_tokenizer,
)
from rushlight.utils.data import Dataset

__all__ = [
    "custom_replace",
    "generate_sp_model",
    "load_sp_model",
    "numericalize_tokens_from_iterator",
    "sentencepiece_numericalizer",
    "sentencepiece_tokenizer",
    "simple_space_split",
    "to_map_style_dataset",
]


class _Collected(Dataset):
    """All samples of a stream, in a list."""

    def __init__(self, samples: Iterable[Any]) -> None:
        self._data = list(samples)

    def __len__(self) -> int:
        return len(self._data)

    def __getitem__(self, index: int) -> Any:
        return self._data[index]


def to_map_style_dataset(iter_data: Iterable[Any]) -> Dataset:
    """A data set with ``len`` and ``[index]`` that holds everything the stream gives.

    >>> kept = to_map_style_dataset(iter([(1, "bad"), (2, "good")]))
    >>> len(kept), kept[1]
    (2, (2, 'good'))
    """
    return _Collected(iter_data)


def simple_space_split(iterator: Iterable[str]) -> Iterator[list[str]]:
    """Each line split at white space."""
    for line in iterator:
        yield line.split()


def numericalize_tokens_from_iterator(
    vocab: Mapping[str, int],
    iterator: Iterable[Iterable[str]],
    removed_tokens: Iterable[str] | None = None,
) -> Iterator[Iterator[int]]:
    """For each list of tokens an iterator over their numbers, ``removed_tokens`` left out.

    >>> [list(ids) for ids in numericalize_tokens_from_iterator({"a": 0, "b": 1}, [["b", "a"]])]
    [[1, 0]]
    """
    removed = frozenset(removed_tokens or ())
    for tokens in iterator:
        yield iter([vocab[token] for token in tokens if token not in removed])


def custom_replace(
    replace_pattern: Iterable[tuple[str, str]],
) -> Callable[[Iterable[str]], Iterator[str]]:
    """A function that rewrites every line by (regular expression, replacement) pairs in turn.

    >>> list(custom_replace([(r"S", "s"), (r"\\s+", " ")])(["Sentence   one"]))
    ['sentence one']
    """
    rules = [(re.compile(pattern), new) for pattern, new in replace_pattern]

    def rewrite(lines: Iterable[str]) -> Iterator[str]:
        for line in lines:
            for pattern, new in rules:
                line = pattern.sub(new, line)
            yield line

    return rewrite
