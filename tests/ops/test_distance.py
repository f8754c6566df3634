"""Gradients of distances: sums of differences, or products of matrices where there are many."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch

EXACT = "donot_use_mm_for_euclid_dist"


@pytest.mark.parametrize(
    ("left", "right"),
    [((30, 3), (40, 3)), ((2, 1, 5, 4), (3, 60, 4)), ((30, 40), (33, 40)), ((7, 1), (26, 1))],
)
def test_products_give_the_same_gradients(left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Far from the origin, too, and 0 for rows that are equal."""
    rng = np.random.default_rng(3)
    x, y = (torch.tensor(rng.normal(size=shape) + 1e6) for shape in (left, right))
    y[..., 0, :] = x[..., 1, :][0] if y.ndim > 2 else x[1]
    x, y = x.requires_grad_(), y.requires_grad_()
    weight = torch.tensor(rng.normal(size=tuple(torch.cdist(x, y).shape)))
    found = [
        torch.autograd.grad((torch.cdist(x, y, compute_mode=mode) * weight).sum(), (x, y))
        for mode in (EXACT, "use_mm_for_euclid_dist_if_necessary")
    ]
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("columns", [1, 5, 32, 33])
@pytest.mark.parametrize("p", [0.0, 1.0, 2.0, 3.0, float("inf")])
def test_short_and_long_rows(columns: int, p: float) -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(6, columns)), rng.normal(size=(35, columns))
    gaps = np.abs(a[:, None] - b[None])
    expected = {
        0.0: (gaps != 0).sum(-1),
        float("inf"): gaps.max(-1),
    }.get(p)
    if expected is None:
        expected = (gaps**p).sum(-1) ** (1 / p)
    got = torch.cdist(torch.tensor(a), torch.tensor(b), p=p).numpy()
    np.testing.assert_allclose(got, expected, rtol=1e-12)
    whole = torch.nn.functional.pdist(torch.tensor(b), p=p).numpy()
    square = torch.cdist(torch.tensor(b), torch.tensor(b), p=p).numpy()
    np.testing.assert_array_equal(whole, square[np.triu_indices(35, 1)])


def test_rows_without_columns_are_no_distance_apart() -> None:
    for p in (0.0, 2.0, float("inf")):
        assert torch.cdist(torch.ones(2, 0), torch.ones(3, 0), p=p).tolist() == [[0.0] * 3] * 2


def test_distances_by_products_are_those_of_squares() -> None:
    rng = np.random.default_rng(5)
    x, y = (torch.tensor(rng.normal(size=(3, n, 2))) for n in (4, 5))
    found = torch.cdist(x, y, compute_mode="use_mm_for_euclid_dist")
    assert torch.allclose(found, torch.cdist(x, y), atol=1e-7)
    near = torch.tensor([[3000.0, 0.0], [3000.01, 0.0]])
    assert abs(torch.cdist(near, near)[0, 1] - 0.01) < 0.001
    # 9e6 has steps of 1 in float32: the user asked for the quick way.
    quick = torch.cdist(near, near, compute_mode="use_mm_for_euclid_dist")[0, 1]
    assert abs(quick - 0.01) > 0.005
