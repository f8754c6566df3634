"""How one attribute of the samples becomes a tensor: tokens, vocabulary, padding."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

import rushlight as torch
from rushlight.base.dtype import dtype as Dtype
from rushlight.text.data import get_tokenizer
from rushlight.text.legacy.data.dataset import Dataset
from rushlight.text.legacy.vocab import Vocab


class RawField:
    """Values that stay what they are, but for two functions: of one value, of a batch of them."""

    def __init__(
        self,
        preprocessing: Callable[[Any], Any] | None = None,
        postprocessing: Callable[..., Any] | None = None,
        is_target: bool = False,
    ) -> None:
        self.preprocessing = preprocessing
        self.postprocessing = postprocessing
        self.is_target = is_target

    def preprocess(self, x: Any) -> Any:
        """One value, when its example is made."""
        return x if self.preprocessing is None else self.preprocessing(x)

    def process(self, batch: Any, *args: Any, **kwargs: Any) -> Any:
        """The values of a batch."""
        return batch if self.postprocessing is None else self.postprocessing(batch)


class Field(RawField):
    """Text or numbers: ``preprocess`` makes tokens of a line, ``process`` a tensor of many.

    The tensor is (longest, N), with ``batch_first`` (N, longest); with ``include_lengths`` a pair
    of it and the lengths. ``sequential=False`` means one token a sample, (N,). ``build_vocab``
    numbers the tokens; ``use_vocab=False`` takes values that are numbers.

    >>> text = Field(lower=True, batch_first=True, init_token="<s>")
    >>> text.build_vocab([["a", "b"], ["a"]])
    >>> text.process([text.preprocess("A b"), ["b"]]).tolist()
    [[2, 3, 4], [2, 4, 1]]
    """

    vocab_cls = Vocab
    vocab: Vocab

    def __init__(
        self,
        sequential: bool = True,
        use_vocab: bool = True,
        init_token: str | None = None,
        eos_token: str | None = None,
        fix_length: int | None = None,
        dtype: Dtype = torch.long,
        preprocessing: Callable[[Any], Any] | None = None,
        postprocessing: Callable[..., Any] | None = None,
        lower: bool = False,
        tokenize: Any = None,
        tokenizer_language: str = "en",
        include_lengths: bool = False,
        batch_first: bool = False,
        pad_token: str | None = "<pad>",
        unk_token: str | None = "<unk>",
        pad_first: bool = False,
        truncate_first: bool = False,
        stop_words: Iterable[str] | None = None,
        is_target: bool = False,
    ) -> None:
        super().__init__(preprocessing, postprocessing, is_target)
        self.sequential = sequential
        self.use_vocab = use_vocab
        self.init_token = init_token
        self.eos_token = eos_token
        self.unk_token = unk_token
        self.fix_length = fix_length
        self.dtype = dtype
        self.lower = lower
        self.tokenizer_args = (tokenize, tokenizer_language)
        self.tokenize = get_tokenizer(tokenize, tokenizer_language)
        self.include_lengths = include_lengths
        self.batch_first = batch_first
        self.pad_token = pad_token if sequential else None
        self.pad_first = pad_first
        self.truncate_first = truncate_first
        if stop_words is not None and not isinstance(stop_words, Iterable):
            raise ValueError("Stop words must be convertible to a set")
        self.stop_words = None if stop_words is None else set(stop_words)

    def preprocess(self, x: Any) -> Any:
        """A line as its tokens."""
        if self.sequential and isinstance(x, str):
            x = self.tokenize(x.rstrip("\n"))
        if self.lower:
            x = [token.lower() for token in x] if isinstance(x, list) else x.lower()
        if self.sequential and self.use_vocab and self.stop_words is not None:
            x = [token for token in x if token not in self.stop_words]
        return super().preprocess(x)

    def process(self, batch: Any, device: Any = None) -> Any:
        """Padded and numbered."""
        return self.numericalize(self.pad(batch), device=device)

    def pad(self, minibatch: Iterable[Any]) -> Any:
        """Lists of one length: cut or filled, between ``init_token`` and ``eos_token``."""
        rows = list(minibatch)
        if not self.sequential:
            return rows
        first = [] if self.init_token is None else [self.init_token]
        last = [] if self.eos_token is None else [self.eos_token]
        if self.fix_length is None:
            longest = max(len(row) for row in rows)
        else:
            longest = self.fix_length - len(first) - len(last)
        padded, lengths = [], []
        for row in rows:
            part = list(row[-longest:] if self.truncate_first else row[:longest])
            filling = [self.pad_token] * max(0, longest - len(row))
            whole = [*first, *part, *last]
            padded.append(filling + whole if self.pad_first else whole + filling)
            lengths.append(len(whole))
        return (padded, lengths) if self.include_lengths else padded

    def build_vocab(self, *args: Any, **kwargs: Any) -> None:
        """Count the tokens of data sets (of their columns with this field) or lists of samples.

        ``kwargs`` are those of ``Vocab``: ``max_size``, ``min_freq``, ``vectors`` ...
        """
        sources: list[Any] = []
        for each in args:
            if isinstance(each, Dataset):
                sources += [getattr(each, n) for n, field in each.fields.items() if field is self]
            else:
                sources.append(each)
        counter: Counter[Any] = Counter()
        for sample in chain.from_iterable(sources):
            tokens = sample if self.sequential else [sample]
            nested = isinstance(tokens, list) and any(isinstance(each, list) for each in tokens)
            counter.update(chain.from_iterable(tokens) if nested else tokens)
        known = [self.unk_token, self.pad_token, self.init_token, self.eos_token]
        known += kwargs.pop("specials", [])
        specials = list(dict.fromkeys(token for token in known if token is not None))
        self.vocab = self.vocab_cls(counter, specials=specials, **kwargs)

    def numericalize(self, arr: Any, device: Any = None) -> Any:
        """The tensor of padded tokens; with lengths of a pair (tokens, lengths)."""
        if self.include_lengths and not isinstance(arr, tuple):
            raise ValueError(
                "Field has include_lengths set to True, but input data is not a tuple of "
                "(data batch, batch lengths)."
            )
        lengths = None
        if isinstance(arr, tuple):
            arr, counted = arr
            lengths = torch.tensor(counted, dtype=self.dtype, device=device)
        arr = self._numbered(arr) if self.use_vocab else self._as_numbers(arr)
        if self.postprocessing is not None:
            arr = self.postprocessing(arr, self.vocab if self.use_vocab else None)
        made = torch.tensor(arr, dtype=self.dtype, device=device)
        if self.sequential and not self.batch_first:
            made = made.t()
        if self.sequential:
            made = made.contiguous()
        return made if lengths is None else (made, lengths)

    def _numbered(self, arr: Any) -> Any:
        stoi = self.vocab.stoi
        if self.sequential:
            return [[stoi[token] for token in row] for row in arr]
        return [stoi[token] for token in arr]

    def _as_numbers(self, arr: Any) -> Any:
        if self.dtype.is_complex or self.dtype is torch.bool:
            raise ValueError(
                f"Specified Field dtype {self.dtype} can not be used with use_vocab=False because "
                "we do not know how to numericalize it."
            )
        if self.sequential:
            return arr
        number = float if self.dtype.is_floating_point else int
        return [number(value) if isinstance(value, str) else value for value in arr]


class LabelField(Field):
    """One label a sample: (N,), without ``<unk>`` and ``<pad>``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "sequential": False, "unk_token": None, "is_target": True})
