"""torchtext.legacy.data: from files to batches of padded numbers."""

from typing import Any

from rushlight.base.left_out import LeftOut
from rushlight.text.data import get_tokenizer, interleave_keys
from rushlight.text.legacy.data.batch import Batch
from rushlight.text.legacy.data.dataset import Dataset, TabularDataset
from rushlight.text.legacy.data.example import Example
from rushlight.text.legacy.data.field import Field, LabelField, RawField
from rushlight.text.legacy.data.iterator import BPTTIterator, BucketIterator, Iterator, batch, pool
from rushlight.text.legacy.data.pipeline import Pipeline
from rushlight.text.legacy.data.shuffler import RandomShuffler

__all__ = [
    "BPTTIterator",
    "Batch",
    "BucketIterator",
    "Dataset",
    "Example",
    "Field",
    "Iterator",
    "LabelField",
    "Pipeline",
    "RandomShuffler",
    "RawField",
    "TabularDataset",
    "batch",
    "get_tokenizer",
    "interleave_keys",
    "pool",
]


def __getattr__(name: str) -> Any:
    if name in ("NestedField", "ReversibleField", "SubwordField"):
        raise LeftOut(
            f"torchtext.legacy.data.{name} is left out of Rushlight: it had few uses; Field pads "
            "words, and splits them where tokenize=list"
        )
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
