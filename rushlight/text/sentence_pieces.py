"""Pieces of words that a model found by itself, through the package sentencepiece.

Kudo and Richardson, "SentencePiece" (2018). ``pip install sentencepiece`` brings it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from rushlight.nn import Module


def _library() -> Any:
    try:
        import sentencepiece
    except ImportError as error:
        raise ImportError(
            "SentencePiece's models need the package sentencepiece, which is not installed: "
            "pip install sentencepiece"
        ) from error
    return sentencepiece


def generate_sp_model(
    filename: str,
    vocab_size: int = 20000,
    model_type: str = "unigram",
    model_prefix: str = "m_user",
) -> None:
    """Find ``vocab_size`` pieces in a file of text: ``<model_prefix>.model`` and ``.vocab``.

    ``model_type``: unigram, bpe, char or word.
    """
    _library().SentencePieceTrainer.train(
        input=filename, vocab_size=vocab_size, model_type=model_type, model_prefix=model_prefix
    )


def load_sp_model(spm: Any) -> Any:
    """The model in a file: its path, or the file opened for bytes."""
    if isinstance(spm, (str, os.PathLike)):
        return _library().SentencePieceProcessor(model_file=os.fspath(spm))
    if hasattr(spm, "read"):
        return _library().SentencePieceProcessor(model_proto=spm.read())
    raise TypeError(f"Unsupported type for spm argument: {type(spm).__name__}")


def sentencepiece_numericalizer(sp_model: Any) -> Callable[[Iterable[str]], Iterator[list[int]]]:
    """A function from lines to the numbers of their pieces, a list a line."""

    def numbers(lines: Iterable[str]) -> Iterator[list[int]]:
        for line in lines:
            yield sp_model.encode(line, out_type=int)

    return numbers


def sentencepiece_tokenizer(sp_model: Any) -> Callable[[Iterable[str]], Iterator[list[str]]]:
    """A function from lines to their pieces, a list a line."""

    def pieces(lines: Iterable[str]) -> Iterator[list[str]]:
        for line in lines:
            yield sp_model.encode(line, out_type=str)

    return pieces


class SentencePieceTokenizer(Module):
    """A text, or a list of texts, to pieces by the model in a file."""

    def __init__(self, sp_model_path: str) -> None:
        super().__init__()
        self.sp_model = load_sp_model(sp_model_path)

    def forward(self, input: Any) -> Any:
        """The pieces: a list, or a list of lists."""
        return self.sp_model.encode(input, out_type=str)
