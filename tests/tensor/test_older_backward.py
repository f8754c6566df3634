"""Older ways to ask for gradients, and views that say that they are."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_grad_variables_is_grad_tensors() -> None:
    x = torch.ones(3, requires_grad=True)
    with pytest.warns(FutureWarning, match="`grad_variables` is deprecated"):
        torch.autograd.backward(x.sum(), grad_variables=torch.tensor(2.0))
    assert x.grad.tolist() == [2.0, 2.0, 2.0]
    with (
        pytest.warns(FutureWarning),
        pytest.raises(RuntimeError, match="Please only use `grad_tensors`"),
    ):
        torch.autograd.backward(x.sum(), torch.tensor(1.0), grad_variables=torch.tensor(2.0))


def test_inputs_are_the_fourth_argument_of_the_method() -> None:
    x, y = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    (x * y).sum().backward(None, False, False, [x])
    assert x.grad.tolist() == [1.0, 1.0]
    assert y.grad is None


def test_views_and_reversed() -> None:
    x = torch.arange(3.0)
    assert [x._is_view(), x[:1]._is_view(), x.view(3)._is_view()] == [False, True, True]
    assert reversed(x).tolist() == [2.0, 1.0, 0.0]
    assert reversed(torch.tensor(1.0)).item() == 1.0
