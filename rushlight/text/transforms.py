"""torchtext.transforms: modules from tokens to padded tensors."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.dtype import int64
from rushlight.nn import Module, Sequential
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor
from rushlight.text import functional as F
from rushlight.text.character_pairs import CharBPETokenizer
from rushlight.text.masking import MaskTransform
from rushlight.text.patterns import RegexTokenizer
from rushlight.text.sentence_pieces import SentencePieceTokenizer
from rushlight.text.tokenizers import BERTTokenizer, CLIPTokenizer, GPT2BPETokenizer
from rushlight.text.vocab import Vocab

__all__ = [
    "AddToken",
    "BERTTokenizer",
    "CLIPTokenizer",
    "CharBPETokenizer",
    "GPT2BPETokenizer",
    "LabelToIndex",
    "MaskTransform",
    "PadTransform",
    "RegexTokenizer",
    "SentencePieceTokenizer",
    "Sequential",
    "StrToIntTransform",
    "ToTensor",
    "Truncate",
    "VocabTransform",
]


class VocabTransform(Module):
    """Tokens to their numbers: a list, or a batch of lists.

    >>> VocabTransform(Vocab(["a", "b"]))([["b"], ["a", "b"]])
    [[1], [0, 1]]
    """

    def __init__(self, vocab: Vocab) -> None:
        super().__init__()
        if not isinstance(vocab, Vocab):
            raise AssertionError(f"vocab must be a Vocab, got {type(vocab).__name__}")
        self.vocab = vocab

    def forward(self, input: Any) -> Any:
        """The numbers."""
        if F.is_batch(input):
            return [self.vocab(row) for row in input]
        return self.vocab(input)


class ToTensor(Module):
    """Lists of numbers to a tensor, as ``functional.to_tensor`` does."""

    def __init__(self, padding_value: int | None = None, dtype: Dtype = int64) -> None:
        super().__init__()
        self.padding_value = padding_value
        self.dtype = dtype

    def forward(self, input: Any) -> Tensor:
        """(L,) or (N, longest)."""
        return F.to_tensor(input, self.padding_value, self.dtype)


class LabelToIndex(Module):
    """Labels to numbers, by a list of names or a file with one name a line.

    ``sort_names=True`` numbers them by alphabet.

    >>> LabelToIndex(["neg", "pos"])(["pos", "neg"])
    [1, 0]
    """

    def __init__(
        self,
        label_names: list[str] | None = None,
        label_path: str | None = None,
        *,
        sort_names: bool = False,
    ) -> None:
        super().__init__()
        if (label_names is None) == (label_path is None):
            raise AssertionError("label_names or label_path is required, and not both")
        if label_path is not None:
            with open(label_path, encoding="utf-8") as file:  # noqa: PTH123
                label_names = [line.strip() for line in file if line.strip()]
        names = sorted(label_names or ()) if sort_names else list(label_names or ())
        self._label_vocab = Vocab(names)

    def forward(self, input: Any) -> Any:
        """The number of a label, or of each in a list."""
        if isinstance(input, str):
            return self._label_vocab[input]
        return self._label_vocab(input)

    @property
    def label_names(self) -> list[str]:
        """The names by number."""
        return self._label_vocab.get_itos()


class Truncate(Module):
    """The first ``max_seq_len`` of each list."""

    def __init__(self, max_seq_len: int) -> None:
        super().__init__()
        self.max_seq_len = max_seq_len

    def forward(self, input: Any) -> Any:
        """The shortened list or batch."""
        return F.truncate(input, self.max_seq_len)


class AddToken(Module):
    """One token before each list, or behind with ``begin=False``."""

    def __init__(self, token: int | str, begin: bool = True) -> None:
        super().__init__()
        self.token = token
        self.begin = begin

    def forward(self, input: Any) -> Any:
        """The longer list or batch."""
        return F.add_token(input, self.token, self.begin)


class PadTransform(Module):
    """Fill the last axis up to ``max_length`` with ``pad_value``; longer ones stay."""

    def __init__(self, max_length: int, pad_value: int) -> None:
        super().__init__()
        self.max_length = max_length
        self.pad_value = float(pad_value)

    def forward(self, x: Tensor) -> Tensor:
        """(*, L) -> (*, max(L, max_length))."""
        missing = self.max_length - x.shape[-1]
        return nn_functional.pad(x, (0, missing), value=self.pad_value) if missing > 0 else x


class StrToIntTransform(Module):
    """Digits to numbers: a list of strings, or a batch of them."""

    def forward(self, input: Any) -> Any:
        """The numbers."""
        return F.str_to_int(input)
