"""cumprod's gradient: linear in time and memory, exact where zeros stand, twice differentiable."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch


@pytest.mark.parametrize("zeros", [(), (2,), (1, 3), (0,), (4,), (0, 1, 2, 3, 4)])
def test_slopes_beside_finite_differences(zeros: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 5, dtype=torch.float64)
    for place in zeros:
        x[:, place] = 0
    x.requires_grad_()
    weight = torch.randn(3, 5, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: x.cumprod(1) * weight, (x,))
    assert torch.autograd.gradgradcheck(lambda x: x.cumprod(1) * weight, (x,))


def test_a_long_row_does_not_take_its_square_of_memory() -> None:
    x = torch.full((1_000_000,), 1.0, requires_grad=True)
    x.cumprod(0).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy()[[0, -1]], [1_000_000, 1])
