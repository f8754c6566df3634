"""torchtext.vocab: tokens to numbers and back, and vectors of words."""

from rushlight.text.vocab.vectors import CharNGram, FastText, GloVe, Vectors, pretrained_aliases
from rushlight.text.vocab.vocab import Vocab
from rushlight.text.vocab.vocab_factory import build_vocab_from_iterator, vocab

__all__ = [
    "CharNGram",
    "FastText",
    "GloVe",
    "Vectors",
    "Vocab",
    "build_vocab_from_iterator",
    "pretrained_aliases",
    "vocab",
]
