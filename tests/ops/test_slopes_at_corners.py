"""Slopes where a formula breaks off: nan, the origin, numbers too small to be squared."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

import rushlight as torch
import rushlight.nn.functional as F


@pytest.mark.parametrize("call", [F.elu, F.selu, F.celu, F.hardswish])
def test_nan_has_the_slope_of_what_is_positive(
    call: Callable[[torch.Tensor], torch.Tensor],
) -> None:
    # As PyTorch's plain loop has it; its vector loop, of 16 elements and more, gives nan.
    x = torch.tensor([math.nan, 0.0, 7.0], requires_grad=True)
    call(x).sum().backward()
    assert x.grad is not None
    assert x.grad[0].item() == x.grad[2].item() > 0


def test_sinc_and_atan2_at_the_origin() -> None:
    x = torch.tensor([0.0, -0.0, 1e-30], requires_grad=True)
    torch.sinc(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 0]
    x.grad = None
    torch.atan2(x, x.detach()).sum().backward()
    assert x.grad.tolist() == [0, 0, 0]


def test_what_normalize_made_may_be_overwritten() -> None:
    x = torch.tensor([[3.0, 4.0]], requires_grad=True)
    made = F.normalize(x)
    made *= 2
    made[0, 0].backward()
    assert x.grad is not None
    torch.testing.assert_close(x.grad, torch.tensor([[0.256, -0.192]]))
