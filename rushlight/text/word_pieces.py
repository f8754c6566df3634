"""BERT's word pieces: words cut at spaces and marks, then into the longest known pieces."""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Iterator, Mapping

LONGEST = 100  # letters of a word that is looked at; longer ones are unknown
UNKNOWN = "[UNK]"
# Chinese characters, each a word of its own: Unicode's blocks of unified ideographs.
IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F), (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def _is_mark(letter: str) -> bool:
    """Punctuation, and what is neither letter, digit nor space in ASCII."""
    printed = letter.isascii() and not letter.isalnum() and letter.isprintable() and letter != " "
    return printed or unicodedata.category(letter).startswith("P")


def _is_ideograph(letter: str) -> bool:
    return any(first <= ord(letter) <= last for first, last in IDEOGRAPHS)


def _cleaned(text: str) -> str:
    """Without control characters; each kind of space is one space, ideographs have them around."""
    letters = []
    for letter in text:
        if letter in "\t\n\r" or unicodedata.category(letter) == "Zs":
            letters.append(" ")
        elif letter not in "\0\ufffd" and not unicodedata.category(letter).startswith("C"):
            letters.append(f" {letter} " if _is_ideograph(letter) else letter)
    return "".join(letters)


def _without_accents(word: str) -> str:
    apart = unicodedata.normalize("NFD", word)
    return "".join(letter for letter in apart if unicodedata.category(letter) != "Mn")


def _cut_at_marks(word: str) -> Iterator[str]:
    start = 0
    for place, letter in enumerate(word):
        if _is_mark(letter):
            if start < place:
                yield word[start:place]
            yield letter
            start = place + 1
    if start < len(word):
        yield word[start:]


def words(
    text: str, lower: bool = True, strip_accents: bool | None = None, keep: Container[str] = ()
) -> list[str]:
    """The words of a text and its marks; those in ``keep`` as they are.

    ``strip_accents`` None: as ``lower``.

    >>> words("Café, (New-York)!")
    ['cafe', ',', '(', 'new', '-', 'york', ')', '!']
    """
    found: list[str] = []
    strip = lower if strip_accents is None else strip_accents
    for word in _cleaned(text).split():
        if word in keep:
            found.append(word)
            continue
        plain = word.lower() if lower else word
        found += _cut_at_marks(_without_accents(plain) if strip else plain)
    return found


def pieces(word: str, vocabulary: Mapping[str, int]) -> list[str]:
    """The longest known beginning, then, marked by ##, of what is left; or ``[UNK]``.

    >>> pieces("unaffable", {"un": 0, "##aff": 1, "##able": 2})
    ['un', '##aff', '##able']
    """
    found: list[str] = []
    start = 0
    if len(word) > LONGEST:
        return [UNKNOWN]
    while start < len(word):
        mark = "##" if start else ""
        for end in range(len(word), start, -1):
            if mark + word[start:end] in vocabulary:
                found.append(mark + word[start:end])
                start = end
                break
        else:
            return [UNKNOWN]
    return found
