"""Arguments in which a function has no derivative: an error, not a gradient of zeros."""

from __future__ import annotations

import pytest

import rushlight as torch


@pytest.mark.parametrize("name", ["zeta", "gammainc", "gammaincc"])
def test_the_first_argument_has_no_derivative(name: str) -> None:
    function = getattr(torch.special, name)
    a = torch.tensor([1.5, 2.0], requires_grad=True)
    x = torch.tensor([1.0, 3.0], requires_grad=True)
    (slope,) = torch.autograd.grad(function(a, x).sum(), x)
    assert slope.abs().sum().item() > 0
    with pytest.raises(NotImplementedError, match="the derivative for"):
        torch.autograd.grad((function(a, x) + a).sum(), a)[0].tolist()
