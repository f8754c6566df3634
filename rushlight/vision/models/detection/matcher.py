"""Which true box each anchor or proposal stands for, and which of them are trained on.

No gradient passes here and every result's size is the data's, so all of it is done on the host.
"""

from __future__ import annotations

import numpy as np

import rushlight as torch
from rushlight.tensor import Tensor
from rushlight.utils.data.arrays import Array, wrap


class Matcher:
    """Overlaps (M true boxes, N proposals) -> the place of each proposal's true box, (N) int64.

    -1 where the best overlap is under ``low_threshold``, -2 where it is between the two. With
    ``allow_low_quality_matches`` the proposals that overlap a true box best keep theirs anyway.
    """

    BELOW_LOW_THRESHOLD = -1
    BETWEEN_THRESHOLDS = -2

    def __init__(
        self,
        high_threshold: float,
        low_threshold: float,
        allow_low_quality_matches: bool = False,
    ) -> None:
        if low_threshold > high_threshold:
            raise AssertionError("low_threshold should be <= high_threshold")
        self.high_threshold = high_threshold
        self.low_threshold = low_threshold
        self.allow_low_quality_matches = allow_low_quality_matches

    def __call__(self, match_quality_matrix: Tensor) -> Tensor:
        return wrap(self._match(match_quality_matrix.detach()._array()))

    def _match(self, quality: Array) -> Array:
        if quality.size == 0:
            what = "ground-truth" if quality.shape[0] == 0 else "proposal"
            raise ValueError(f"No {what} boxes available for one of the images during training")
        best = quality.max(axis=0)
        nearest = quality.argmax(axis=0)
        matches = nearest.copy()
        # In the tensor's precision: 0.7 of float32 is not 0.7 of a Python number.
        low, high = quality.dtype.type(self.low_threshold), quality.dtype.type(self.high_threshold)
        matches[best < low] = self.BELOW_LOW_THRESHOLD
        matches[(best >= low) & (best < high)] = self.BETWEEN_THRESHOLDS
        if self.allow_low_quality_matches:
            kept = (quality == quality.max(axis=1, keepdims=True)).any(axis=0)
            matches[kept] = nearest[kept]
        return matches


class SSDMatcher(Matcher):
    """One threshold; the best proposal of each true box is given to it."""

    def __init__(self, threshold: float) -> None:
        super().__init__(threshold, threshold, allow_low_quality_matches=False)

    def _match(self, quality: Array) -> Array:
        matches = super()._match(quality)
        matches[quality.argmax(axis=1)] = np.arange(quality.shape[0])
        return matches


class BalancedPositiveNegativeSampler:
    """Draws ``batch_size_per_image`` places, at most ``positive_fraction`` of them positive."""

    def __init__(self, batch_size_per_image: int, positive_fraction: float) -> None:
        self.batch_size_per_image = batch_size_per_image
        self.positive_fraction = positive_fraction

    def __call__(self, matched_idxs: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Labels (N) of each image: >= 1 positive, 0 negative -> two lists of masks (N) uint8."""
        positive, negative = [], []
        for labels in matched_idxs:
            values = labels.detach()._array()
            yes, no = np.flatnonzero(values >= 1), np.flatnonzero(values == 0)
            wanted = min(len(yes), int(self.batch_size_per_image * self.positive_fraction))
            rest = min(len(no), self.batch_size_per_image - wanted)
            positive.append(_drawn(yes, wanted, len(values)))
            negative.append(_drawn(no, rest, len(values)))
        return positive, negative


def _drawn(places: Array, count: int, size: int) -> Tensor:
    mask = np.zeros(size, np.uint8)
    mask[places[torch.randperm(len(places))._array()[:count]]] = 1
    return wrap(mask)
