"""Counts of equal bins beside the same in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.runtime.histogram import counts_of


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bins, low, high", [(1, -1.0, 1.0), (7, -0.3, 2.0), (100, -9.0, 9.0)])
def test_counts(dtype: type, bins: int, low: float, high: float) -> None:
    numbers = np.random.default_rng(bins).standard_normal(1001).astype(dtype)
    numbers[:5] = np.nan, np.inf, -np.inf, low, high
    first, last = dtype(low), dtype(high)
    kept = numbers[(numbers >= first) & (numbers <= last)]
    places = ((kept - first) * dtype(bins) / (last - first)).astype(np.int64)
    wanted = np.bincount(np.minimum(places, bins - 1), minlength=bins)
    assert counts_of(numbers, bins, low, high).tolist() == wanted.tolist()
    assert counts_of(numbers[::-2], bins, low, high).sum() < wanted.sum()
    assert not counts_of(numbers[:0], bins, low, high).any()
