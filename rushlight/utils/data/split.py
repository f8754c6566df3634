"""Cut a data set into random parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from rushlight.base.warn import warn
from rushlight.tensor.generator import Generator, default_generator
from rushlight.utils.data.dataset import Dataset, Subset
from rushlight.utils.data.randomness import permutation


def random_split(
    dataset: Dataset[Any],
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[Any]]:
    """Random parts of the given lengths, or of the given fractions of the whole.

    With fractions, what rounding leaves over goes to the first parts, one each. Raises ValueError
    if lengths do not add up to the data set's length.

    >>> [len(part) for part in random_split(range(10), [0.75, 0.25])]
    [8, 2]
    """
    total = len(dataset)  # type: ignore[arg-type]
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _lengths_of_fractions(total, lengths)
    if sum(lengths) != total:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset! "
            f"({sum(lengths)} and {total})"
        )
    counts = [int(each) for each in lengths]
    order = permutation(total, generator)
    ends = accumulate(counts)
    return [Subset(dataset, order[end - n : end]) for end, n in zip(ends, counts, strict=True)]


def _lengths_of_fractions(total: int, fractions: Sequence[float]) -> list[int]:
    for place, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {place} is not between 0 and 1")
    counts = [math.floor(total * fraction) for fraction in fractions]
    for place in range(total - sum(counts)):
        counts[place % len(counts)] += 1
    for place, count in enumerate(counts):
        if count == 0:
            warn(
                f"Length of split at index {place} is 0. This might result in an empty dataset.",
            )
    return counts
