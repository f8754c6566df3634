"""Numbers written one by one at places that differ: the same trace each time."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.engine.flush import clear, stats
from rushlight.tensor.tensor import Tensor


def _one_hot(letters: list[int], chained: bool) -> Tensor:
    x = torch.zeros(len(letters), 1, 26)
    for i, letter in enumerate(letters):
        if chained:
            x[i][0][letter] = 1
        else:
            x[i, 0, letter] = 1
    return x


@pytest.mark.parametrize("chained", [False, True])
def test_words_of_a_length_share_their_plans(chained: bool) -> None:
    clear()
    rng = np.random.default_rng(0)
    before = stats.plans
    for _ in range(40):
        letters = rng.integers(0, 26, 5).tolist()
        x = _one_hot(letters, chained)
        assert x.argmax(-1).flatten().tolist() == letters
        assert x.sum().item() == 5
    assert stats.plans - before <= 20  # of 80 results that were asked for


def test_rows_views_and_memory_that_others_see() -> None:
    base = torch.zeros(2, 3, 4, dtype=torch.int64)
    expected = np.zeros((2, 3, 4), np.int64)
    seen, row = base.numpy(), base[1, 2]
    for number, (i, j) in enumerate([(0, 1), (1, 2), (1, 0), (0, 0), (0, -1)]):
        base[i, j] = number + 1
        expected[i, j] = number + 1
        base[i, j, 1:3] = -number
        expected[i, j, 1:3] = -number
        row[number % 4] = 9
        expected[1, 2, number % 4] = 9
        assert base.tolist() == seen.tolist() == expected.tolist()
    assert base._version == 15


def test_gradients_and_their_refusals_stay() -> None:
    for i in (0, 2, 1, 2):
        w = torch.ones(3, requires_grad=True)
        y = w * 2
        y[i] = 5.0
        (y * y).sum().backward()
        assert w.grad.tolist() == [0.0 if k == i else 8.0 for k in range(3)]
        a = torch.zeros(3)
        product = (w * a).sum()
        a[i] = 1
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            product.backward()
