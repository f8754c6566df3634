"""torchtext.transforms.CharBPETokenizer: pairs of characters joined, from two files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rushlight.nn import Module
from rushlight.text.byte_pairs import BytePairs, merges_of

_WORD = re.compile(r"\S+\n?")


class CharBPETokenizer(Module):
    """Texts to numbers, or with ``return_tokens`` to the parts of their words.

    ``bpe_encoder_path`` is a JSON object of parts and their numbers; ``bpe_merges_path`` has two
    parts a line, behind a first line that says what it is. ``unk_token`` stands for what is not
    in the first file (without it: KeyError); ``suffix`` ends each word's last part;
    ``special_tokens`` stay whole.
    """

    def __init__(
        self,
        bpe_encoder_path: str | Path,
        bpe_merges_path: str | Path,
        return_tokens: bool = False,
        unk_token: str | None = None,
        suffix: str | None = None,
        special_tokens: Sequence[str] | None = None,
    ) -> None:
        super().__init__()
        self._numbers: dict[str, Any] = dict(json.loads(Path(bpe_encoder_path).read_text("utf-8")))
        self._parts = {number: part for part, number in self._numbers.items()}
        lines = Path(bpe_merges_path).read_text("utf-8").split("\n")
        self._pairs = BytePairs(merges_of(lines[1:-1]))
        self._return_tokens = return_tokens
        self._unk_token = unk_token
        self._suffix = suffix or ""
        self._whole = frozenset(special_tokens or ())
        for kind, tokens in (
            ("Unknown", [unk_token] if unk_token else []),
            ("Special", self._whole),
        ):
            for token in tokens:
                if token not in self._numbers:
                    raise RuntimeError(
                        f"{kind} token {token} not found in encoder. Special tokens must be in "
                        "encoder."
                    )

    @property
    def vocab_size(self) -> int:
        """How many parts have a number."""
        return len(self._numbers)

    def _tokenize(self, text: str) -> list[str]:
        tokens: list[str] = []
        for word in _WORD.findall(text):
            if word in self._whole:
                tokens.append(word)
            else:
                tokens += self._pairs.parts((*word[:-1], word[-1] + self._suffix))
        return tokens

    def encode(self, text: str) -> list[Any]:
        """The numbers of a text."""
        if not self._unk_token:
            return [self._numbers[token] for token in self._tokenize(text)]
        unknown = self._numbers[self._unk_token]
        return [self._numbers.get(token, unknown) for token in self._tokenize(text)]

    def decode(self, tokens: Iterable[Any]) -> str:
        """A text from numbers: with a suffix words are apart, without one parts are."""
        if self._unk_token:
            parts = [self._parts.get(number, self._unk_token) for number in tokens]
        else:
            parts = [self._parts[number] for number in tokens]
        return "".join(parts).replace(self._suffix, " ") if self._suffix else " ".join(parts)

    def forward(self, input: Any) -> Any:
        """A list for a text, a list of lists for a list of texts."""
        one = self._tokenize if self._return_tokens else self.encode
        if isinstance(input, list):
            return [one(text) for text in input]
        if isinstance(input, str):
            return one(input)
        raise TypeError("Input type not supported")
