"""torchtext's names: corpora by their published layout, tokenisers, vocabularies, transforms."""

from rushlight.text import data, datasets, functional, transforms, vocab

__version__ = "0.18.0"  # whose interface this is

__all__ = ["data", "datasets", "functional", "transforms", "vocab"]
