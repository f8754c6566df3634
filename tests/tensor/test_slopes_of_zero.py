"""Results that do not move with their input have a gradient all the same: of zeros."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import rushlight as torch

Call = Callable[[Any], Any]
HALVES = [0.5, 0.25, 0.75]


@pytest.mark.parametrize(
    ("call", "node"),
    [
        (lambda x: torch.fill(x, 2.0), "FillBackward0"),
        (torch.bernoulli, "BernoulliBackward0"),
        (torch.poisson, "PoissonBackward0"),
        (lambda x: (x * 1).bernoulli_(0.3), "BernoulliBackward2"),
        (lambda x: (x * 1).bernoulli_(torch.tensor(0.3)), "BernoulliBackward1"),
        (lambda x: (x * 1).uniform_(), "UniformBackward0"),
        (lambda x: (x * 1).normal_(), "NormalBackward0"),
        (lambda x: (x * 1).exponential_(), "ExponentialBackward0"),
        (lambda x: (x * 1).cauchy_(), "CauchyBackward0"),
        (lambda x: (x * 1).geometric_(0.5), "GeometricBackward0"),
        (lambda x: (x * 1).log_normal_(), "LogNormalBackward0"),
        (lambda x: (x * 1).random_(), "RandomBackward2"),
        (lambda x: (x * 1).random_(3), "RandomBackward1"),
        (lambda x: (x * 1).random_(1, 3), "RandomBackward0"),
    ],
)
def test_named_as_in_pytorch(call: Call, node: str) -> None:
    x = torch.tensor(HALVES, requires_grad=True)
    made = call(x)
    assert made.grad_fn.name() == node
    assert torch.autograd.grad(made.sum(), x)[0].tolist() == [0, 0, 0]
    with torch.no_grad():
        assert not call(x).requires_grad
    assert not call(torch.tensor(HALVES)).requires_grad


def test_draws_are_the_same_with_and_without_a_gradient() -> None:
    draws = []
    for wanted in (False, True):
        torch.manual_seed(3)
        x = torch.tensor(HALVES, requires_grad=wanted)
        draws.append([torch.bernoulli(x).tolist(), (x * 1).normal_().tolist()])
    assert draws[0] == draws[1]


def test_what_fills_gets_the_whole_cotangent() -> None:
    x, value = torch.ones(3, requires_grad=True), torch.tensor(2.0, requires_grad=True)
    grads = torch.autograd.grad((torch.fill(x, value) * torch.arange(3.0)).sum(), (x, value))
    assert grads[0].tolist() == [0, 0, 0] and grads[1].item() == 3


def test_the_zeroth_power_of_a_matrix() -> None:
    a = torch.ones(2, 2, requires_grad=True)
    made = torch.linalg.matrix_power(a, 0)
    assert made.tolist() == [[1, 0], [0, 1]]
    assert torch.autograd.grad(made.sum(), a)[0].tolist() == [[0, 0], [0, 0]]


def test_no_reflectors_and_no_residuals() -> None:
    a = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    assert torch.linalg.householder_product(a, torch.zeros(0)).requires_grad
    solution, residuals = torch.linalg.lstsq(a, torch.ones(2, 1))[:2]
    assert solution.requires_grad and residuals.requires_grad and residuals.shape == (0,)
    assert torch.autograd.grad(residuals.sum(), a)[0].tolist() == [[0, 0], [0, 0]]


def test_the_slope_of_a_norm_of_nothing_is_a_direction_of_zeros() -> None:
    x, seed = torch.zeros(3, requires_grad=True), torch.ones((), requires_grad=True)
    for order in (2, 3, -0.5):
        made = torch.linalg.vector_norm(x, order)
        (slope,) = torch.autograd.grad(made, x, seed, create_graph=True)
        assert slope.tolist() == [0, 0, 0]
        assert torch.autograd.grad(slope.sum(), seed)[0].item() == 0
