"""Tokens to numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from rushlight.nn import Module


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
