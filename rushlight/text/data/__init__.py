"""torchtext.data: from lines to tokens, from streams to data sets."""

from rushlight.text.data import functional, metrics, utils
from rushlight.text.data.functional import (
    custom_replace,
    generate_sp_model,
    load_sp_model,
    numericalize_tokens_from_iterator,
    sentencepiece_numericalizer,
    sentencepiece_tokenizer,
    simple_space_split,
    to_map_style_dataset,
)
from rushlight.text.data.metrics import bleu_score
from rushlight.text.data.tokens import get_tokenizer, interleave_keys, ngrams_iterator

__all__ = [
    "bleu_score",
    "custom_replace",
    "functional",
    "generate_sp_model",
    "get_tokenizer",
    "interleave_keys",
    "load_sp_model",
    "metrics",
    "ngrams_iterator",
    "numericalize_tokens_from_iterator",
    "sentencepiece_numericalizer",
    "sentencepiece_tokenizer",
    "simple_space_split",
    "to_map_style_dataset",
    "utils",
]
