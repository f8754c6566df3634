"""Functions of the user that have ``jvp`` and no ``backward``: forward mode asks nothing else."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
import rushlight.autograd.forward_ad as forward_ad


class Scaled(torch.autograd.Function):
    """A sigmoid by a Python number; its ``jvp`` writes to the tangent it is given."""

    @staticmethod
    def forward(ctx: Any, x: Any, factor: float) -> Any:
        ctx.save_for_forward(x)
        ctx.factor = factor
        return torch.sigmoid(x) * factor

    @staticmethod
    def jvp(ctx: Any, tangent: Any, nothing: None) -> Any:
        (x,) = ctx.saved_tensors
        made = torch.sigmoid(x)
        return tangent.mul_(ctx.factor) * (made * (1 - made))


class ProductAndSum(torch.autograd.Function):
    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x * y, x + y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_forward(*inputs)

    @staticmethod
    def jvp(ctx: Any, u: Any, v: Any) -> Any:
        x, y = ctx.saved_tensors
        return u * y + x * v, u + v


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def vjp(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * 3 * x * x


def test_a_tangent_by_a_jvp_that_writes() -> None:
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(torch.tensor([0.3, 1.0]), torch.tensor([1.0, 2.0]))
        tangent = forward_ad.unpack_dual(Scaled.apply(dual, 3)).tangent
    assert tangent.tolist() == pytest.approx([0.7333750, 1.1796716], rel=1e-5)


def test_two_outputs() -> None:
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    u, v = torch.tensor([1.0, 0.0]), torch.tensor([5.0, 1.0])
    _, (product, total) = torch.func.jvp(ProductAndSum.apply, (x, y), (u, v))
    assert product.tolist() == [8.0, 2.0]
    assert total.tolist() == [6.0, 1.0]


def test_one_input_of_two_moves() -> None:
    y = torch.tensor([3.0, 4.0])
    _, made = torch.func.jvp(
        lambda x: ProductAndSum.apply(x, y)[0], (torch.ones(2),), (torch.tensor([1.0, 0.0]),)
    )
    assert made.tolist() == [3.0, 0.0]


def test_vjp_is_another_name_of_backward() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    Cube.apply(x).sum().backward()
    assert x.grad.tolist() == [3.0, 12.0]


def test_a_function_with_neither_is_refused() -> None:
    class Bare(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x**3

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match="either the backward or vjp method"):
        Bare.apply(x).sum().backward()
