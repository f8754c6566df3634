"""torchtext.transforms' tokenisers, from the files that were published with each model."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rushlight.nn import Module
from rushlight.text import byte_pairs, word_pieces

CLIP_BEGIN, CLIP_END = "<|startoftext|>", "<|endoftext|>"


class _Tokenizer(Module):
    """Texts to tokens, or to their numbers (as texts, which StrToIntTransform reads)."""

    def __init__(self, numbers: dict[str, int], return_tokens: bool) -> None:
        super().__init__()
        self._numbers = numbers
        self._return_tokens = return_tokens

    @abstractmethod
    def _tokens(self, text: str) -> list[str]:
        """The tokens of one text."""

    def _one(self, text: str) -> list[str]:
        tokens = self._tokens(text)
        if self._return_tokens:
            return tokens
        missing = [token for token in tokens if token not in self._numbers]
        if missing:
            raise RuntimeError(
                f"{type(self).__name__}: its vocabulary does not have {missing[0]!r}: do the files "
                "belong together?"
            )
        return [str(self._numbers[token]) for token in tokens]

    def forward(self, input: Any) -> Any:
        """A list of tokens for a text, a list of lists for a list of texts."""
        if isinstance(input, (list, tuple)):
            return [self._one(text) for text in input]
        if isinstance(input, str):
            return self._one(input)
        raise TypeError("Input type not supported")


def _lines(path: str | Path) -> list[str]:
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    return lines if lines[-1] else lines[:-1]


def _vocabulary(path: str | Path) -> dict[str, int]:
    """Token: number. Raises ValueError for a file that says anything else."""
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(found, dict) or not all(type(each) is int for each in found.values()):
        raise ValueError(f"{path}: a vocabulary is a JSON object of tokens and their numbers")
    return found


class GPT2BPETokenizer(_Tokenizer):
    """GPT-2's byte pairs, from its ``encoder.json`` and ``vocab.bpe``.

    Radford et al., "Language models are unsupervised multitask learners" (2019).
    """

    def __init__(
        self, encoder_json_path: str, vocab_bpe_path: str, return_tokens: bool = False
    ) -> None:
        super().__init__(_vocabulary(encoder_json_path), return_tokens)
        merges = byte_pairs.merges_of(_lines(vocab_bpe_path)[1:])  # the first line is the version
        self._pairs = byte_pairs.BytePairs(merges)

    def _tokens(self, text: str) -> list[str]:
        return [
            part
            for word in byte_pairs.gpt2_words().findall(text)
            for part in self._pairs.parts(tuple(byte_pairs.written(word)))
        ]

    def decode(self, tokens: Sequence[str]) -> str:
        """The text of these numbers (as texts)."""
        names = {str(number): token for token, number in self._numbers.items()}
        return byte_pairs.read("".join(names[each] for each in tokens))

    def add_special_tokens(self, special_tokens_dict: Any) -> int:
        """NotImplementedError: how torchtext treats the spaces beside them is not known here."""
        raise NotImplementedError("GPT2BPETokenizer.add_special_tokens: split the text there first")


class CLIPTokenizer(_Tokenizer):
    """CLIP's byte pairs of lower-case words, from its ``merges_path``; begin and end are not added.

    Without ``encoder_json_path`` the tokens are numbered as in CLIP: the bytes, the bytes at the
    end of a word, the merges (the first ``num_merges``), begin and end. Radford et al., "Learning
    transferable visual models from natural language supervision" (2021).
    """

    def __init__(
        self, merges_path: str, encoder_json_path: str | None = None, num_merges: int | None = None,
        return_tokens: bool = False,
    ) -> None:  # fmt: skip
        merges = byte_pairs.merges_of(_lines(merges_path)[1:][:num_merges])
        if encoder_json_path is None:
            bytes_ = list(byte_pairs.byte_letters().values())
            tokens = [*bytes_, *(f"{each}</w>" for each in bytes_), *map("".join, merges)]
            numbers = {each: place for place, each in enumerate([*tokens, CLIP_BEGIN, CLIP_END])}
        else:
            numbers = _vocabulary(encoder_json_path)
        super().__init__(numbers, return_tokens)
        self._pairs = byte_pairs.BytePairs(merges)

    def _tokens(self, text: str) -> list[str]:
        tokens: list[str] = []
        for word in byte_pairs.clip_words().findall(text.lower().strip()):
            if word in (CLIP_BEGIN, CLIP_END):
                tokens.append(word)
                continue
            *letters, last = byte_pairs.written(word)
            tokens += self._pairs.parts((*letters, f"{last}</w>"))
        return tokens


class BERTTokenizer(_Tokenizer):
    """BERT's word pieces, from its ``vocab.txt``; [CLS] and [SEP] are not added.

    Words of ``never_split`` stay as they are. Devlin et al., "BERT: Pre-training of deep
    bidirectional transformers" (2019).
    """

    def __init__(
        self, vocab_path: str, do_lower_case: bool = True, strip_accents: bool | None = None,
        return_tokens: bool = False, never_split: list[str] | None = None,
    ) -> None:  # fmt: skip
        numbers = {name.strip(): place for place, name in enumerate(_lines(vocab_path))}
        super().__init__(numbers, return_tokens)
        self._lower, self._strip_accents = do_lower_case, strip_accents
        self._never_split = frozenset(never_split or ())

    def _tokens(self, text: str) -> list[str]:
        found: list[str] = []
        for word in word_pieces.words(text, self._lower, self._strip_accents, self._never_split):
            found += (
                [word] if word in self._never_split else word_pieces.pieces(word, self._numbers)
            )
        return found
