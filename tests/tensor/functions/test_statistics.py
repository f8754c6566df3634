"""Covariance, integration, membership: numbers worked out by hand or by NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch


def test_cov_and_corrcoef_are_numpys() -> None:
    rng = np.random.default_rng(0)
    data = rng.normal(size=(3, 7))
    counts = rng.integers(1, 4, 7)
    x = torch.from_numpy(data)
    np.testing.assert_allclose(torch.cov(x).numpy(), np.cov(data), rtol=1e-12)
    np.testing.assert_allclose(
        torch.cov(x, correction=0, fweights=torch.from_numpy(counts)).numpy(),
        np.cov(data, ddof=0, fweights=counts), rtol=1e-12,
    )  # fmt: skip
    np.testing.assert_allclose(torch.corrcoef(x).numpy(), np.corrcoef(data), rtol=1e-12)


def test_gradient_is_numpys() -> None:
    data = np.random.default_rng(1).normal(size=(4, 5))
    at = np.array([0.0, 1.0, 1.5, 4.0])
    for order in (1, 2):
        mine = torch.gradient(torch.from_numpy(data), dim=0, edge_order=order,
                              spacing=[torch.from_numpy(at)])  # fmt: skip
        np.testing.assert_allclose(
            mine[0].numpy(), np.gradient(data, at, axis=0, edge_order=order), rtol=1e-10
        )


def test_trapezoid() -> None:
    y = torch.tensor([[1.0, 2.0, 4.0]])
    assert torch.trapezoid(y).tolist() == [4.5]
    assert torch.trapz(y, torch.tensor([0.0, 2.0, 3.0])).tolist() == [6.0]
    assert torch.cumulative_trapezoid(y, dx=2.0).tolist() == [[3.0, 9.0]]


def test_isin_unravel_renorm() -> None:
    x = torch.tensor([[1, 2], [3, 4]])
    assert torch.isin(x, torch.tensor([2, 3])).tolist() == [[False, True], [True, False]]
    assert torch.isin(x, 4, invert=True).tolist() == [[True, True], [True, False]]
    row, column = torch.unravel_index(torch.tensor([5, 1]), (2, 3))
    assert (row.tolist(), column.tolist()) == ([1, 0], [2, 1])
    kept = torch.renorm(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    assert kept.flatten().tolist() == pytest.approx([0.6, 0.8, 0.3, 0.4], rel=1e-5)


def test_small_forms_of_counts_windows_and_systems() -> None:
    assert torch.bincount(torch.tensor([1, 2, 2], dtype=torch.uint8)).tolist() == [0, 1, 2]
    assert torch.bincount(torch.zeros(0, dtype=torch.uint8), minlength=2).tolist() == [0, 0]
    assert torch.signal.windows.general_cosine(3, a=[0.5]).tolist() == [0.5] * 3
    for batch in ((), (0,), (2,)):
        empty = torch.zeros(*batch, 0, dtype=torch.int32)
        found = torch.lu_solve(torch.ones(*batch, 0, 4), torch.ones(*batch, 0, 0), empty)
        assert found.shape == (*batch, 0, 4)
