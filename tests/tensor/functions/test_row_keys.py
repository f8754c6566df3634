"""Distinct slices: rows sorted by one number each."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.tensor.functions.row_keys import row_keys

RNG = np.random.default_rng(12)
KINDS = {
    "few whole floats": RNG.integers(0, 3, (40, 4)).astype(np.float32),
    "floats": RNG.normal(size=(30, 2)).round(1),
    "different floats": RNG.normal(size=(10, 50)).astype(np.float32),
    "bytes": RNG.integers(0, 2, (50, 6)).astype(np.uint8),
    "flags": RNG.integers(0, 2, (50, 4)).astype(bool),
    "many columns": RNG.integers(-1, 2, (30, 200)).repeat(2, axis=0),
    "far apart": RNG.choice([-(2**62), 0, 5, 2**62], (60, 3)),
    "as many values as rows": np.array([[9, 1], [0, 2], [9, 0], [0, 1], *[[9, 5]] * 6]),
    "one column": RNG.integers(0, 9, (30, 1)),
    "infinite": RNG.choice([-np.inf, 0.0, -0.0, np.inf], (20, 2)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_distinct_rows(kind: str) -> None:
    rows = KINDS[kind]
    expected = sorted({tuple(row) for row in rows.tolist()})
    for axis in (0, 1):
        given = torch.tensor(rows if axis == 0 else rows.T.copy())
        values, inverse, counts = torch.unique(
            given, dim=axis, return_inverse=True, return_counts=True
        )
        found = values.numpy() if axis == 0 else values.numpy().T
        assert [tuple(row) for row in found.tolist()] == expected
        np.testing.assert_array_equal(found[inverse.numpy()], rows)
        assert counts.tolist() == [
            sum(tuple(row) == each for row in rows.tolist()) for each in expected
        ]
        np.testing.assert_array_equal(torch.unique(given, dim=axis).numpy(), values.numpy())


def test_rows_with_nan_have_no_keys() -> None:
    assert row_keys(np.array([[1.0, np.nan]])) is None
    rows = torch.tensor([[1.0, float("nan")], [1.0, float("nan")], [0.0, 2.0]])
    assert torch.unique(rows, dim=0).shape == (3, 2)


def test_blocks_of_any_rank() -> None:
    blocks = torch.tensor(RNG.integers(0, 2, (2, 9, 2)))
    values, inverse = torch.unique(blocks, dim=1, return_inverse=True)
    np.testing.assert_array_equal(values.numpy()[:, inverse.numpy()], blocks.numpy())
