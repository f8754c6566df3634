"""What gradcheck looks at besides backward passes, one at a time."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight.autograd import gradcheck, gradgradcheck
from rushlight.autograd.gradcheck import GradcheckError


def inputs(*shape: int) -> torch.Tensor:
    return torch.linspace(0.5, 1.5, 6, dtype=torch.float64).reshape(shape).requires_grad_()


class Wrong(torch.autograd.Function):
    """Twice its input; the backward pass says three times."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor) -> torch.Tensor:
        return x * 2

    @staticmethod
    def backward(ctx: Any, g: torch.Tensor) -> torch.Tensor:
        return g * 3

    @staticmethod
    def jvp(ctx: Any, t: torch.Tensor) -> torch.Tensor:
        return t * 4


def test_all_of_them_agree() -> None:
    options = {"check_forward_ad": True, "check_batched_grad": True, "check_grad_dtypes": True}
    assert gradcheck(torch.sin, inputs(6), fast_mode=True, **options)
    pair = (inputs(2, 3), inputs(3, 2))
    assert gradcheck(lambda a, b: (a @ b, a.exp()), pair, **options)
    z = torch.complex(inputs(6).detach(), inputs(6).detach().flip(0)).requires_grad_()
    assert gradcheck(lambda z: z * z.conj(), z, check_forward_ad=True)
    assert gradgradcheck(torch.tanh, inputs(6), check_fwd_over_rev=True, check_batched_grad=True)


def test_each_says_what_is_wrong() -> None:
    x = inputs(6)
    with pytest.raises(GradcheckError, match="with respect to input 0,"):
        gradcheck(Wrong.apply, x)
    with pytest.raises(GradcheckError, match="input 0 in forward mode"):
        gradcheck(Wrong.apply, x, check_backward_ad=False, check_forward_ad=True)
    assert not gradcheck(Wrong.apply, x, raise_exception=False)
    with pytest.raises(TypeError, match="unexpected keyword argument 'check_foward_ad'"):
        gradcheck(torch.sin, x, check_foward_ad=True)
    with pytest.raises(NotImplementedError, match="check_batched_forward_grad"):
        gradcheck(torch.sin, x, check_batched_forward_grad=True)
