"""torchtext.legacy: fields, examples and bucketed batches, as torchtext had them until 0.11.

Until 0.8 the same names were in ``torchtext.data`` and ``torchtext.datasets``; they still are here.
"""

from rushlight.text.legacy import data, datasets, vocab

__all__ = ["data", "datasets", "vocab"]
