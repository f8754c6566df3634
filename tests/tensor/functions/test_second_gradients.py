"""Second derivatives through operations in place, and of distances between rows that are equal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch
from rushlight.nn import functional as F


def _written(x: torch.Tensor, write: Callable[[torch.Tensor], object]) -> torch.Tensor:
    made = x * 1
    write(made)
    return made


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        (lambda x: (x * 1).sin_(), lambda x: x.sin()),
        (lambda x: (x * 1).mul_(x).add_(1).sin_(), lambda x: (x * x + 1).sin()),
        (lambda x: _written(x, lambda y: y[1:].sin_()), lambda x: torch.cat([x[:1], x[1:].sin()])),
        (lambda x: F.elu(x * 1, inplace=True), lambda x: F.elu(x)),
        (lambda x: (x * 1).pow_(3), lambda x: x**3),
    ],
)
def test_a_write_in_place_is_differentiated_twice(
    inside: Callable[[torch.Tensor], torch.Tensor], outside: Callable[[torch.Tensor], torch.Tensor]
) -> None:
    x = torch.tensor([0.3, -1.2, 0.7], requires_grad=True, dtype=torch.float64)
    weights = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    found = []
    for function in (inside, outside):
        (first,) = torch.autograd.grad(function(x).sum(), x, create_graph=True)
        (second,) = torch.autograd.grad((first * weights).sum(), x, create_graph=True)
        (third,) = torch.autograd.grad(second.sum(), x)
        found.append((first, second, third))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0])
def test_distances_of_rows_to_themselves_have_second_gradients(p: float) -> None:
    x = torch.arange(8.0, dtype=torch.float64).view(4, 2).sin().requires_grad_()
    assert torch.autograd.gradgradcheck(lambda a: F.pdist(a, p), (x,))
