"""torchtext.vocab: tokens to numbers and back."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping, Sequence

from rushlight.nn import Module

__all__ = ["Vocab", "build_vocab_from_iterator", "vocab"]


class Vocab(Module):
    """A numbered list of different tokens; ``vocab(tokens)`` gives their numbers.

    A token that is not in it has the default index, if one was set; otherwise asking for it is a
    RuntimeError.

    >>> numbers = Vocab(["<unk>", "a", "b"])
    >>> numbers.set_default_index(0)
    >>> numbers(["b", "what", "a"]), numbers["b"], "c" in numbers, len(numbers)
    ([2, 0, 1], 2, False, 3)
    """

    def __init__(self, vocab: Sequence[str] | Vocab) -> None:
        super().__init__()
        default = vocab.get_default_index() if isinstance(vocab, Vocab) else None
        self._itos = list(vocab.get_itos() if isinstance(vocab, Vocab) else vocab)
        self._stoi = {token: index for index, token in enumerate(self._itos)}
        self._default: int | None = default
        if len(self._stoi) != len(self._itos):
            double = next(token for token, count in Counter(self._itos).items() if count > 1)
            raise RuntimeError(f"Duplicate token found in tokens list: {double}")

    @property
    def vocab(self) -> Vocab:
        """Itself: torchtext keeps its C++ object under this name."""
        return self

    def forward(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of the tokens."""
        return self.lookup_indices(tokens)

    def __len__(self) -> int:
        return len(self._itos)

    def __contains__(self, token: object) -> bool:
        return token in self._stoi

    def __getitem__(self, token: str) -> int:
        index = self._stoi.get(token, self._default)
        if index is None:
            raise RuntimeError(f"Token {token} not found and default index is not set")
        return index

    def set_default_index(self, index: int | None) -> None:
        """The number of every token that is not here; None makes asking for it an error again."""
        self._default = index

    def get_default_index(self) -> int | None:
        """What ``set_default_index`` set."""
        return self._default

    def insert_token(self, token: str, index: int) -> None:
        """Put a new token at ``index``; those behind move on by one.

        Raises RuntimeError if ``index`` is not in [0, len] or the token is there already.
        """
        if not 0 <= index <= len(self):
            raise RuntimeError(
                f"Specified index {index} is out of bounds for vocab of size {len(self)}"
            )
        if token in self._stoi:
            raise RuntimeError(
                f"Token {token} already exists in the Vocab with index: {self._stoi[token]}"
            )
        self._itos.insert(index, token)
        for place in range(index, len(self._itos)):
            self._stoi[self._itos[place]] = place

    def append_token(self, token: str) -> None:
        """Put a new token at the end. Raises RuntimeError if it is there already."""
        self.insert_token(token, len(self))

    def lookup_token(self, index: int) -> str:
        """The token with this number. Raises RuntimeError if there is none."""
        if not 0 <= index < len(self):
            raise RuntimeError(
                f"Specified index {index} is out of bounds for vocab of size {len(self)}"
            )
        return self._itos[index]

    def lookup_tokens(self, indices: Iterable[int]) -> list[str]:
        """The tokens with these numbers."""
        return [self.lookup_token(index) for index in indices]

    def lookup_indices(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of the tokens."""
        return [self[token] for token in tokens]

    def get_stoi(self) -> dict[str, int]:
        """Token -> number, a copy."""
        return dict(self._stoi)

    def get_itos(self) -> list[str]:
        """The tokens by number, a copy."""
        return list(self._itos)


def vocab(
    ordered_dict: Mapping[str, int],
    min_freq: int = 1,
    specials: Sequence[str] | None = None,
    special_first: bool = True,
) -> Vocab:
    """A Vocab of the tokens that occur ``min_freq`` times or more, in the mapping's order.

    ``specials`` come before all others, or behind with ``special_first=False``.

    >>> vocab({"a": 5, "b": 1, "c": 2}, min_freq=2, specials=["<pad>"]).get_itos()
    ['<pad>', 'a', 'c']
    """
    extra = list(specials or ())
    known = set(extra)
    tokens = [
        token for token, count in ordered_dict.items() if count >= min_freq and token not in known
    ]
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
