"""From a line of text to its tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

Tokenizer = Callable[[str], list[str]]

# What "basic_english" puts in the place of each mark; white space is cut at the end.
_MARKS = {
    "'": " '  ", ".": " . ", "<br />": " ", ",": " , ", "(": " ( ", ")": " ) ",
    "!": " ! ", "?": " ? ", ";": " ", ":": " ",
}  # fmt: skip
_MARK = re.compile("|".join(map(re.escape, _MARKS)))


def basic_english(line: str) -> list[str]:
    """Lower case, marks as tokens of their own, quotation marks and colons dropped.

    >>> basic_english("You can now install Rushlight: it's easy!")
    ['you', 'can', 'now', 'install', 'rushlight', 'it', "'", 's', 'easy', '!']
    """
    return _MARK.sub(lambda found: _MARKS[found[0]], line.lower().replace('"', "")).split()


def split_at_spaces(line: str) -> list[str]:
    """``line.split()``, as a function that a worker process can be sent."""
    return line.split()


def get_tokenizer(tokenizer: str | Tokenizer | None, language: str = "en") -> Tokenizer:
    """The function from a string to its tokens.

    ``None`` splits at white space, ``"basic_english"`` is ``basic_english`` above, a callable is
    returned as it is. ``"spacy"``, ``"moses"``, ``"toktok"``, ``"revtok"`` and ``"subword"`` come
    from the packages spacy, sacremoses, nltk and revtok. Raises ValueError for another name,
    ImportError where the package is not installed.

    >>> get_tokenizer("basic_english")("Hello, world.")
    ['hello', ',', 'world', '.']
    """
    if tokenizer is None:
        return split_at_spaces
    if tokenizer == "basic_english":
        if language != "en":
            raise ValueError("Basic normalization is only available for Enlish(en)")
        return basic_english
    if callable(tokenizer):
        return tokenizer
    if tokenizer in _FOREIGN:
        return _FOREIGN[tokenizer](language)
    raise ValueError(
        f"Requested tokenizer {tokenizer}, valid choices are a callable that takes a single "
        'string as input, None, "basic_english", ' + ", ".join(f'"{name}"' for name in _FOREIGN)
    )


def _spacy(language: str) -> Tokenizer:
    import spacy

    return partial(_spacy_tokens, spacy.load(language))


def _spacy_tokens(model: Any, line: str) -> list[str]:
    return [token.text for token in model.tokenizer(line)]


def _moses(language: str) -> Tokenizer:
    from sacremoses import MosesTokenizer

    tokenize: Tokenizer = MosesTokenizer().tokenize
    return tokenize


def _toktok(language: str) -> Tokenizer:
    from nltk.tokenize.toktok import ToktokTokenizer

    tokenize: Tokenizer = ToktokTokenizer().tokenize
    return tokenize


def _revtok(language: str) -> Tokenizer:
    import revtok

    tokenize: Tokenizer = revtok.tokenize
    return tokenize


def _subword(language: str) -> Tokenizer:
    import revtok

    return partial(revtok.tokenize, decap=True)


_FOREIGN: dict[str, Callable[[str], Tokenizer]] = {
    "spacy": _spacy, "moses": _moses, "toktok": _toktok, "revtok": _revtok, "subword": _subword,
}  # fmt: skip


def ngrams_iterator(token_list: Sequence[str], ngrams: int) -> Iterator[str]:
    """The tokens, then all pairs of neighbours joined by a space, and so on up to ``ngrams``.

    >>> list(ngrams_iterator(["here", "we", "are"], 2))
    ['here', 'we', 'are', 'here we', 'we are']
    """
    yield from token_list
    for length in range(2, ngrams + 1):
        for start in range(len(token_list) - length + 1):
            yield " ".join(token_list[start : start + length])


def interleave_keys(a: int, b: int) -> int:
    """One sort key out of two 16-bit ones: their bits in turn, ``a``'s first.

    >>> interleave_keys(1, 0), interleave_keys(0, 1), interleave_keys(2, 3)
    (2, 1, 13)
    """
    result = 0
    for bit in reversed(range(16)):
        result = result << 2 | (a >> bit & 1) << 1 | (b >> bit & 1)
    return result
