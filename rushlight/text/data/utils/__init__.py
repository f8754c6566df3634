"""torchtext.data.utils: tokenisers and n-grams."""

from rushlight.text.data.tokens import get_tokenizer, interleave_keys, ngrams_iterator

__all__ = ["get_tokenizer", "interleave_keys", "ngrams_iterator"]
