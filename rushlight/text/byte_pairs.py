"""Byte pair encoding of words, and how GPT-2 and CLIP write bytes and cut a text into words."""

from __future__ import annotations

import functools
import itertools
import re
import sys
import unicodedata
from collections.abc import Sequence

_PRINTED = (*range(33, 127), *range(161, 173), *range(174, 256))
CONTRACTIONS = "'s|'t|'re|'ve|'m|'ll|'d"


@functools.cache
def byte_letters() -> dict[int, str]:
    """A printed character for each byte: its own where it has one, else one behind the first 256.

    >>> byte_letters()[ord("a")], byte_letters()[ord(" ")]
    ('a', 'Ġ')
    """
    letters = {byte: chr(byte) for byte in _PRINTED}
    others = [byte for byte in range(256) if byte not in letters]
    letters.update((byte, chr(256 + place)) for place, byte in enumerate(others))
    return letters


def written(text: str) -> str:
    """The bytes (UTF-8) of a text as ``byte_letters`` writes them.

    >>> written(" é")
    'ĠÃ©'
    """
    letters = byte_letters()
    return "".join(letters[byte] for byte in text.encode("utf-8"))


def read(letters: str) -> str:
    """The text whose bytes ``written`` has written so; what is no UTF-8 becomes U+FFFD."""
    bytes_ = {letter: byte for byte, letter in byte_letters().items()}
    return bytes(bytes_[letter] for letter in letters).decode("utf-8", errors="replace")


@functools.cache
def _ranges(category: str) -> str:
    """The characters of a Unicode category ("L", "N"), for between [ and ] in a pattern."""
    parts, first = [], None
    for code in range(sys.maxunicode + 2):
        inside = code <= sys.maxunicode and unicodedata.category(chr(code))[0] == category
        if inside and first is None:
            first = code
        elif not inside and first is not None:
            parts.append(f"\\U{first:08x}-\\U{code - 1:08x}")
            first = None
    return "".join(parts)


@functools.cache
def gpt2_words() -> re.Pattern[str]:
    """Words with the space before them: contractions, letters, numbers, the rest, spaces."""
    letters, numbers = _ranges("L"), _ranges("N")
    return re.compile(
        rf"{CONTRACTIONS}| ?[{letters}]+| ?[{numbers}]+| ?[^\s{letters}{numbers}]+|\s+(?!\S)|\s+"
    )


@functools.cache
def clip_words() -> re.Pattern[str]:
    """Words without spaces; each digit is one of its own."""
    letters, numbers = _ranges("L"), _ranges("N")
    return re.compile(
        rf"<\|startoftext\|>|<\|endoftext\|>|{CONTRACTIONS}"
        rf"|[{letters}]+|[{numbers}]|[^\s{letters}{numbers}]+",
        re.IGNORECASE,
    )


class BytePairs:
    """Merges by rank: of all neighbours in a word, those that come first in the list are joined.

    Sennrich, Haddow and Birch, "Neural machine translation of rare words with subword units"
    (2016).

    >>> BytePairs([("l", "o"), ("lo", "w")]).parts(("l", "o", "w", "l"))
    ('low', 'l')
    """

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    def parts(self, word: tuple[str, ...]) -> tuple[str, ...]:
        """What is left of the letters of a word when nothing more can be joined."""
        found = self._known.get(word)
        if found is None:
            found = self._known[word] = self._joined(word)
        return found

    def _joined(self, word: tuple[str, ...]) -> tuple[str, ...]:
        never = len(self.ranks)
        while len(word) > 1:
            pairs = itertools.pairwise(word)
            first = min(pairs, key=lambda pair: self.ranks.get(pair, never))
            if first not in self.ranks:
                break
            parts: list[str] = []
            place = 0
            while place < len(word):
                if word[place : place + 2] == first:
                    parts.append(first[0] + first[1])
                    place += 2
                else:
                    parts.append(word[place])
                    place += 1
            word = tuple(parts)
        return word


def merges_of(lines: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs, one a line. Raises ValueError for a line that is no pair."""
    merges = []
    for line in lines:
        pair = line.split()
        if len(pair) != 2:
            raise ValueError(f"a line of merges holds two parts, this one {len(pair)}: {line!r}")
        merges.append((pair[0], pair[1]))
    return merges
