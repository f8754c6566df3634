"""Adaptive maxima of equal elements: the first of a window, row by row, has the slope."""

from __future__ import annotations

import pytest

import rushlight as torch
import rushlight.nn.functional as F


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_windows_that_overlap(kind: torch.dtype) -> None:
    x = torch.ones(1, 1, 4, dtype=kind, requires_grad=True)
    F.adaptive_max_pool1d(x, 3).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[1, 1, 1, 0]]]


def test_the_upper_of_two_goes_before_the_left() -> None:
    x = torch.tensor([[[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]], requires_grad=True)
    F.adaptive_max_pool2d(x, 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[[[0, 2, 0], [1, 0, 0], [0, 0, 1]]]]


def test_slopes_are_those_at_the_indices() -> None:
    x = (torch.arange(2.0 * 5 * 7).reshape(1, 2, 5, 7) * 37 % 11 % 3).requires_grad_()
    made, places = F.adaptive_max_pool2d(x, (3, 4), return_indices=True)
    g = torch.arange(24.0).reshape(made.shape)
    (slope,) = torch.autograd.grad(F.adaptive_max_pool2d(x, (3, 4)), x, g)
    wanted = torch.zeros(1, 2, 35).scatter_add_(2, places.flatten(2), g.flatten(2))
    assert torch.equal(slope, wanted.reshape(x.shape))
