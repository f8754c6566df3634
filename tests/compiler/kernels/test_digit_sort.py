"""Long rows are sorted by digits: every width of key, signs, digits that are all alike, nan."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.compiler.kernels.digit_sort import LEAST

COUNT = LEAST + 13


def _numbers(kind: str, most: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    if kind.startswith("float"):
        with np.errstate(over="ignore"):
            made = (rng.standard_normal(COUNT) * most).astype(kind)
        made[::7], made[3::11], made[5], made[50], made[60] = 0, -0.0, np.nan, np.inf, -np.inf
        return made
    limits = np.iinfo(kind)
    return rng.integers(max(-most, limits.min), min(most, limits.max), COUNT, kind, endpoint=True)


@pytest.mark.parametrize("most", [3, 2**15, 2**62])
@pytest.mark.parametrize(
    "kind", ["int64", "int32", "int16", "int8", "uint8", "float32", "float64", "float16"]
)
def test_stable(kind: str, most: int) -> None:
    numbers = _numbers(kind, most)
    for count in (LEAST - 1, LEAST, COUNT):
        given = torch.from_numpy(numbers[:count].copy())
        wanted = np.argsort(numbers[:count], kind="stable")
        assert np.array_equal(given.sort(stable=True).indices.numpy(), wanted)
        falling = count - 1 - np.argsort(numbers[:count][::-1], kind="stable")[::-1]
        assert np.array_equal(given.argsort(descending=True, stable=True).numpy(), falling)


def test_along_an_axis_in_the_middle() -> None:
    rows = np.random.default_rng(1).integers(-99, 99, (2, COUNT, 2))
    found = torch.from_numpy(rows).argsort(dim=1, stable=True).numpy()
    assert np.array_equal(found, np.argsort(rows, 1, kind="stable"))


def test_distinct_numbers() -> None:
    numbers = np.random.default_rng(2).integers(-50, 50, (3, COUNT))
    values, inverse, counts = torch.unique(
        torch.from_numpy(numbers), return_inverse=True, return_counts=True
    )
    wanted = np.unique(numbers, return_inverse=True, return_counts=True)
    assert np.array_equal(values.numpy(), wanted[0])
    assert np.array_equal(inverse.numpy(), wanted[1].reshape(numbers.shape))
    assert np.array_equal(counts.numpy(), wanted[2])
    with pytest.raises(RuntimeError, match="unique cannot be applied"):
        torch.unique(torch.empty(0, 3), dim=1)


def test_draws_without_replacement_are_those_of_the_whole_order() -> None:
    weights = torch.rand(200)
    weights[::3] = 0
    torch.manual_seed(3)
    some = torch.multinomial(weights, 5)
    torch.manual_seed(3)
    assert torch.equal(some, torch.multinomial(weights, 60)[:5])
    torch.manual_seed(3)
    rare = torch.multinomial(torch.tensor([0.0] * 40 + [1.0, 1.0]), 2)
    assert sorted(rare.tolist()) == [40, 41]
