"""The vocabulary of a field: ``itos``, ``stoi`` and, if wanted, vectors of the words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import rushlight as torch
from rushlight.tensor import Tensor
from rushlight.text.vocab.vectors import CharNGram, FastText, GloVe, Vectors, pretrained_aliases

__all__ = ["CharNGram", "FastText", "GloVe", "Vectors", "Vocab", "pretrained_aliases"]


class Vocab:
    """Words by falling frequency, those of the same by alphabet, behind (or before) ``specials``.

    ``itos`` lists them, ``stoi`` numbers them: an unknown word has the number of ``<unk>``, or
    without one among ``specials`` raises KeyError. ``vectors`` (words, dim) once they are loaded.

    >>> words = Vocab(Counter("abracadabra"), min_freq=2)
    >>> words.itos, words.stoi["z"]
    (['<unk>', '<pad>', 'a', 'b', 'r'], 0)
    """

    UNK = "<unk>"

    def __init__(
        self,
        counter: Counter[str],
        max_size: int | None = None,
        min_freq: int = 1,
        specials: Sequence[str] = ("<unk>", "<pad>"),
        vectors: Any = None,
        unk_init: Callable[[Tensor], Tensor] | None = None,
        vectors_cache: str | None = None,
        specials_first: bool = True,
    ) -> None:
        self.freqs = counter
        specials = list(specials)
        counted = [(word, count) for word, count in counter.items() if word not in specials]
        counted.sort(key=lambda each: each[0])
        counted.sort(key=lambda each: each[1], reverse=True)
        words = [word for word, count in counted if count >= max(min_freq, 1)]
        # With the specials behind them, they do not count for max_size: as it was.
        words = words if max_size is None else words[:max_size]
        self.itos: list[str] = specials + words if specials_first else words + specials
        self.unk_index = self.itos.index(self.UNK) if self.UNK in specials else None
        self.stoi: defaultdict[str, Any] = defaultdict(
            None if self.unk_index is None else self._unknown
        )
        self.stoi.update({word: place for place, word in enumerate(self.itos)})
        self.vectors: Tensor | None = None
        if vectors is not None:
            self.load_vectors(vectors, unk_init=unk_init, cache=vectors_cache)

    def _unknown(self) -> int | None:
        return self.unk_index

    def __getitem__(self, token: str) -> Any:
        return self.stoi.get(token, self.stoi.get(self.UNK))

    def __len__(self) -> int:
        return len(self.itos)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Vocab):
            return NotImplemented
        same_vectors = self.vectors is other.vectors or (
            self.vectors is not None
            and other.vectors is not None
            and torch.equal(self.vectors, other.vectors)
        )
        return same_vectors and (self.freqs, dict(self.stoi), self.itos) == (
            other.freqs, dict(other.stoi), other.itos,
        )  # fmt: skip

    __hash__ = None  # type: ignore[assignment]

    def lookup_indices(self, tokens: Sequence[str]) -> list[Any]:
        """The numbers of the tokens."""
        return [self[token] for token in tokens]

    def extend(self, v: Vocab, sort: bool = False) -> None:
        """Add the words of another one behind."""
        for word in sorted(v.itos) if sort else v.itos:
            if word not in self.stoi:
                self.stoi[word] = len(self.itos)
                self.itos.append(word)

    def load_vectors(self, vectors: Any, **kwargs: Any) -> None:
        """One row of numbers for each word, of one source or several side by side.

        A source is a ``Vectors`` or the name of published ones (``"glove.6B.100d"``), for which
        ``kwargs`` are. Raises ValueError for anything else.
        """
        tables = []
        for each in vectors if isinstance(vectors, list) else [vectors]:
            if isinstance(each, str):
                if each not in pretrained_aliases:
                    raise ValueError(
                        f"Got string input vector {each}, but allowed pretrained vectors are "
                        f"{list(pretrained_aliases)}"
                    )
                tables.append(pretrained_aliases[each](**kwargs))
            elif isinstance(each, Vectors):
                tables.append(each)
            else:
                raise ValueError(
                    f"Got input vectors of type {type(each)}, expected str or Vectors object"
                )
        rows = [torch.cat([table[word.strip()] for table in tables]) for word in self.itos]
        self.vectors = torch.stack(rows)

    def set_vectors(
        self, stoi: dict[str, int], vectors: Tensor, dim: int,
        unk_init: Callable[[Tensor], Tensor] = Tensor.zero_,
    ) -> None:  # fmt: skip
        """Rows of a table that ``stoi`` numbers; ``unk_init`` makes those of other words."""
        rows = [
            vectors[stoi[word]] if word in stoi else unk_init(torch.empty(dim))
            for word in self.itos
        ]
        self.vectors = torch.stack([torch.as_tensor(row) for row in rows])
