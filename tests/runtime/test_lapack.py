"""LU and least squares by the library that NumPy brings along, where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.runtime import lapack

RNG = np.random.default_rng(2)


def matrices(shape: tuple[int, ...], kind: str) -> np.ndarray:
    made = RNG.normal(size=shape)
    return (made + 1j * RNG.normal(size=shape) if kind in "FD" else made).astype(kind)


@pytest.mark.parametrize("kind", "fdFD")
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (7, 2), (3, 2, 6, 6)], ids=str)
def test_lu(shape: tuple[int, ...], kind: str) -> None:
    a = matrices(shape, kind)
    kept = a.copy()
    found = lapack.lu(a)
    if found is None:
        pytest.skip("NumPy stands on another library")
    np.testing.assert_array_equal(a, kept)
    made, pivots, info = found
    m, n = shape[-2:]
    steps = min(m, n)
    assert made.dtype == a.dtype and pivots.dtype == info.dtype == np.int32 and not info.any()
    for place in np.ndindex(shape[:-2]):
        low = np.tril(made[place][:, :steps], -1) + np.eye(m, steps)
        product = low @ np.triu(made[place][:steps])
        for row in reversed(range(steps)):
            other = pivots[place][row] - 1
            product[[row, other]] = product[[other, row]]
        np.testing.assert_allclose(product, a[place], atol=1e-5)


def test_lu_says_where_a_pivot_is_zero() -> None:
    found = lapack.lu(np.array([[1.0, 2, 3], [2, 4, 6], [0, 0, 1]]))
    assert found is None or found[2].item() == 2


@pytest.mark.parametrize("kind", "fd")
@pytest.mark.parametrize("shape", [(9, 4), (4, 9), (2, 3, 5, 5)], ids=str)
def test_least_squares(shape: tuple[int, ...], kind: str) -> None:
    a, b = matrices(shape, kind), matrices((*shape[:-1], 2), kind)
    found = lapack.least_squares(a, b, 1e-6)
    if found is None:
        pytest.skip("NumPy stands on another library")
    near = 1e-3 if kind == "f" else 1e-9
    np.testing.assert_allclose(found[0], np.linalg.pinv(a) @ b, rtol=near, atol=near)
    assert (found[1] == min(shape[-2:])).all() and found[1].shape == shape[:-2]


def test_columns_that_depend_on_others_count_as_zero() -> None:
    a = matrices((8, 3), "d")
    a[:, 2] = a[:, 0] - a[:, 1]
    found = lapack.least_squares(a, matrices((8, 1), "d"), 1e-9)
    assert found is None or found[1].item() == 2


def test_what_it_does_not_know() -> None:
    assert lapack.lu(np.ones((2, 2), np.int64)) is None
    assert lapack.least_squares(matrices((2, 2), "F"), matrices((2, 2), "F"), 0.0) is None
