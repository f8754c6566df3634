"""Cotangents given by the user that are windows into other memory."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import rushlight as torch


@pytest.mark.parametrize("pass_on", [torch.positive, lambda x: x, lambda x: x + torch.zeros(2, 3)])
def test_gradient_has_memory_of_its_own(
    pass_on: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    base = torch.arange(20.0)
    x = torch.ones(2, 3, requires_grad=True)
    (grad,) = torch.autograd.grad(pass_on(x), x, base[4:10].view(2, 3))
    assert grad.detach().numpy().tolist() == [[4, 5, 6], [7, 8, 9]]
    grad.add_(1)
    assert base[4].item() == 4


def test_a_draw_has_no_slope() -> None:
    mean = torch.tensor([1.0, 2.0], requires_grad=True)
    drawn = torch.normal(mean, torch.tensor([[1.0], [2.0]]))
    drawn.sum().backward()
    assert drawn.grad_fn.name() == "NormalBackward0"
    assert mean.grad.tolist() == [0, 0]
