"""Of equal extremes the first place wins, in whatever order memory is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch


@pytest.mark.parametrize("dtype", ["int32", "float32"])
@pytest.mark.parametrize("kind", ["argmin", "argmax"])
def test_the_first_place_of_a_permuted_tensor(kind: str, dtype: str) -> None:
    array = np.random.default_rng(3).integers(0, 3, (5, 6, 40)).astype(dtype)
    x = torch.from_numpy(array)
    for order in ((0, 2, 1), (1, 2, 0), (2, 1, 0)):
        wanted = array.transpose(order)
        flat = wanted.reshape(wanted.shape[0], -1)
        find: Callable[..., Any] = getattr(np, kind)
        found = getattr(x.permute(order).flatten(1), kind)(1)
        assert found.tolist() == find(flat, 1).tolist(), order
        assert getattr(x.permute(order), kind)().item() == find(wanted), order
        assert getattr(x.permute(order).flip(1), kind)().item() == find(wanted[:, ::-1]), order


def test_the_first_nan_of_a_permuted_tensor() -> None:
    array = np.random.default_rng(3).integers(0, 3, (5, 6, 40)).astype("float32")
    array[array == 2] = np.nan
    found = torch.from_numpy(array).permute(2, 1, 0).flatten(1).max(1)
    wanted = array.transpose(2, 1, 0).reshape(40, -1)
    assert found.indices.tolist() == np.argmax(wanted, 1).tolist()
    assert found.values.isnan().tolist() == np.isnan(wanted).any(1).tolist()
