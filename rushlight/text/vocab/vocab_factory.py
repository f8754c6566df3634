"""Vocabularies out of counts and of streams of tokens."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, MutableMapping, Sequence

from rushlight.text.vocab.vocab import Vocab


def vocab(
    ordered_dict: MutableMapping[str, int],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
) -> Vocab:
    """A Vocab of the tokens that occur ``min_freq`` times or more, in the mapping's order.

    ``specials`` come before all others, or behind with ``special_first=False``; they are taken out
    of the mapping.

    >>> vocab({"a": 5, "b": 1, "c": 2}, min_freq=2, specials=["<pad>"]).get_itos()
    ['<pad>', 'a', 'c']
    """
    extra = list(specials or ())
    for token in extra:
        ordered_dict.pop(token, None)
    tokens = [token for token, count in ordered_dict.items() if count >= min_freq]
    return Vocab(extra + tokens if special_first else tokens + extra)


def build_vocab_from_iterator(
    iterator: Iterable[Iterable[str]],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
    max_tokens: int | None = None,
) -> Vocab:
    """A Vocab of all tokens in a stream of token lists, the frequent first, ties by alphabet.

    ``max_tokens`` bounds its size, ``specials`` included.

    >>> lines = [["the", "cat"], ["the", "dog"]]
    >>> build_vocab_from_iterator(lines, specials=["<unk>"]).get_itos()
    ['<unk>', 'the', 'cat', 'dog']
    """
    counter: Counter[str] = Counter()
    for tokens in iterator:
        counter.update(tokens)
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    if max_tokens is not None:
        taken = len(specials or ())
        if taken >= max_tokens:
            raise AssertionError(
                f"len(specials) must be < max_tokens, got {taken} specials and {max_tokens}"
            )
        ranked = ranked[: max_tokens - taken]
    return vocab(OrderedDict(ranked), min_freq, specials, special_first)
