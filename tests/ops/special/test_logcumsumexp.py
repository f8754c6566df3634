"""Running logarithms of sums: rows that doubles reach, and those they do not."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("dim", [0, 1])
@pytest.mark.parametrize("spread", [1.0, 60.0, 200.0, 3000.0])
def test_as_one_by_one_in_double(dim: int, spread: float) -> None:
    array = (spread * np.random.default_rng(3).standard_normal((70, 90))).astype(np.float32)
    array[0, 5:9], array[:, 7], array[11] = -INF, -INF, -INF
    got = torch.logcumsumexp(torch.tensor(array), dim).numpy()
    wanted = np.logaddexp.accumulate(array.astype(np.float64), dim)
    np.testing.assert_allclose(got, wanted, 2e-7, 2e-7)


def test_what_is_no_number_stays_in_its_row_and_behind() -> None:
    rows = np.array(
        [[1, NAN, 2, 3], [1, INF, 2, -INF], [-INF, -INF, -INF, -INF], [-3e38, 0, 3e38, 1], [0] * 4],
        np.float32,
    )
    got = torch.logcumsumexp(torch.tensor(rows), 1).numpy()
    np.testing.assert_array_equal(
        got[:4],
        np.array(
            [[1, NAN, NAN, NAN], [1, INF, INF, INF], [-INF] * 4, [-3e38, 0, 3e38, 3e38]], np.float32
        ),
    )
    np.testing.assert_allclose(got[4], np.log([1, 2, 3, 4]), 2e-7)
    columns = torch.logcumsumexp(torch.tensor(rows.T.copy()), 0).numpy()
    np.testing.assert_array_equal(columns, got.T)
