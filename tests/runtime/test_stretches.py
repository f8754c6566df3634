"""Runs of numbers, and the triangles' places that are made of them, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.runtime.stretches import stretches


@pytest.mark.parametrize("counts", [[], [0], [0, 0, 3, 0], [1, 40, 0, 7], [5]])
def test_runs(counts: list[int]) -> None:
    first = np.array([9, -3, 2, 100][: len(counts)], np.int64)
    found = stretches(first, np.array(counts, np.int64))
    wanted = [(i, first[i] + k) for i, count in enumerate(counts) for k in range(count)]
    assert found.T.tolist() == [list(each) for each in wanted]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (5, 5), (4, 9), (9, 4)], ids=str)
@pytest.mark.parametrize("offset", [-10, -1, 0, 2, 10])
def test_triangles(shape: tuple[int, int], offset: int) -> None:
    rows, columns = shape
    ones = np.ones(shape)
    lower = torch.tril_indices(rows, columns, offset)
    upper = torch.triu_indices(rows, columns, offset, dtype=torch.int32)
    assert lower.dtype is torch.int64 and upper.dtype is torch.int32
    assert np.array_equal(lower.numpy(), np.nonzero(np.tril(ones, offset)))
    assert np.array_equal(upper.numpy(), np.nonzero(np.triu(ones, offset)))
