"""Triangular systems in blocks: what the other triangle holds does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.ops.linalg import elimination
from rushlight.ops.linalg.elimination import order_of, substituted


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("n", [0, 1, 3, 32, 33, 63, 64, 65, 200])
@pytest.mark.parametrize("by", ["blas", "blocks"])
def test_solves(n: int, unit: bool, upper: bool, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "blocks":  # NumPy stands on a library that does not offer it
        monkeypatch.setattr(elimination, "solve_triangle", lambda *given: False)
    rng = np.random.default_rng(n)
    a = rng.standard_normal((2, n, n)) / max(n, 1) + 2 * np.eye(n)
    b = rng.standard_normal((2, n, 3))
    triangle = np.triu(a) if upper else np.tril(a)
    if unit:
        np.einsum("...ii->...i", triangle)[...] = 1
    a[:, ~(np.triu if upper else np.tril)(np.ones((n, n), bool))] = np.nan  # nobody reads it
    kept = b.copy()
    assert np.allclose(triangle @ substituted(a, b, upper, unit), b, atol=1e-12)
    assert (b == kept).all()


def test_a_zero_on_the_diagonal_makes_infinities() -> None:
    a = np.diag([2.0, 0.0, 4.0])
    upper = substituted(a, np.ones((3, 1)), True, False)[:, 0]
    assert upper[1:].tolist() == [np.inf, 0.25]
    assert np.isnan(upper[0])  # less 0 * inf
    lower = substituted(a, np.ones((3, 1)), False, False)[:, 0]
    assert lower[:2].tolist() == [0.5, np.inf]
    assert substituted(a, np.ones((3, 1)), False, True)[:, 0].tolist() == [1, 1, 1]


def test_single_precision_and_few_batch_axes() -> None:
    rng = np.random.default_rng(0)
    a = (np.tril(rng.standard_normal((5, 5))) + 4 * np.eye(5)).astype(np.float32)
    b = rng.standard_normal((2, 3, 5, 2)).astype(np.float32)
    found = substituted(a, b, False, False)
    assert found.dtype == np.float32 and np.allclose(a @ found, b, atol=1e-5)
    turned = np.ascontiguousarray(a.T).T  # columns lie together
    assert (substituted(turned, b, False, False) == found).all()


def test_exchanges_one_after_another() -> None:
    pivots = np.array([[[3, 2, 3]], [[1, 3, 4]]], np.int32)
    assert order_of(pivots, 4).tolist() == [[[2, 1, 0, 3]], [[0, 2, 3, 1]]]
    assert order_of(np.zeros((0, 2), np.int32), 2).shape == (0, 2)
