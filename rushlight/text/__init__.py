"""torchtext's names: corpora by their published layout, tokenisers, vocabularies, transforms."""

from rushlight.text import data, datasets, functional, transforms, vocab

__version__ = "0.18.0"  # whose interface this is

__all__ = ["data", "datasets", "functional", "transforms", "vocab"]


def disable_torchtext_deprecation_warning() -> None:
    """Nothing to do: the warning that torchtext 0.18 is the last one is not made here."""
