"""hardtanh and relu6: the gradient asks the result, which may be written over all the same."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
import rushlight.nn.functional as F

INF, NAN = float("inf"), float("nan")


def test_the_slope_is_one_strictly_inside() -> None:
    x = torch.tensor([-INF, -1.0, -0.0, 0.0, 0.5, 5.9, 6.0, 7.0, INF, NAN], requires_grad=True)
    F.relu6(x).sum().backward()
    assert x.grad.tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0, 1]


@pytest.mark.parametrize("function", [F.relu6, lambda x: F.hardtanh(x, -0.5, 1.5)])
def test_the_result_may_be_written_over(function: Any) -> None:
    x = torch.tensor([-3.0, -0.25, 0.5, 1.0, 1.5, 9.0], requires_grad=True)
    (whole,) = torch.autograd.grad((function(x) * 3).sum(), x)
    y = function(x)
    y.mul_(3)
    (written,) = torch.autograd.grad(y.sum(), x)
    assert written.tolist() == whole.tolist()


def test_what_came_before_is_not_kept() -> None:
    x = torch.randn(4, requires_grad=True)
    y = F.relu6(x * 2)
    (kept,) = y.grad_fn.saved
    assert kept is y._value


def test_a_second_gradient_is_zeros() -> None:
    x = torch.tensor([-1.0, 2.0], requires_grad=True)
    (slope,) = torch.autograd.grad(F.relu6(x).sum() * 2, x, create_graph=True)
    (second,) = torch.autograd.grad(slope.sum(), x)
    assert second.tolist() == [0, 0]
