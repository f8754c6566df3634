"""Writes through ``.data`` are not counted: the backward pass reads what is there by then."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

import rushlight as torch


def _leaves() -> tuple[torch.Tensor, torch.Tensor]:
    return (
        torch.ones(3, 4, requires_grad=True),
        torch.arange(8.0).reshape(2, 4).requires_grad_(),
    )


def test_backward_reads_the_changed_weight() -> None:
    weight, x = _leaves()
    y = torch.nn.functional.linear(x, weight)
    weight.data.fill_(5)
    y.sum().backward()
    assert x.grad.tolist() == [[15.0] * 4] * 2


def test_a_part_of_the_weight_and_a_view_that_was_saved() -> None:
    weight, x = _leaves()
    y = x @ weight.t()
    weight.data[0].zero_()
    weight.data[1] = 3
    y.sum().backward()
    assert x.grad.tolist() == [[4.0] * 4] * 2


def test_a_saved_result() -> None:
    x = torch.zeros(2, requires_grad=True)
    y = x.exp()
    y.data.add_(1)
    y.data.mul_(3)
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_function_and_version() -> None:
    class Product(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, b: Any) -> Any:
            ctx.save_for_backward(a, b)
            return a * b

        @staticmethod
        def backward(ctx: Any, gradient: Any) -> Any:
            a, b = ctx.saved_tensors
            return gradient * b, gradient * a

    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = Product.apply(a, b)
    a.data.mul_(3)
    assert a._version == 0
    y.sum().backward()
    assert b.grad.tolist() == [3.0, 3.0]


def test_a_counted_write_after_it_is_refused() -> None:
    x = torch.ones(2, requires_grad=True)
    v = x * 1
    y = v.pow(2)
    v.data.copy_(torch.tensor([10.0, 20.0]))
    with torch.no_grad():
        v.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_second_gradient_is_of_the_changed_value() -> None:
    w = torch.ones(2, 3, requires_grad=True)
    z = w[0] * w[1]
    w.data.mul_(3)
    assert z.grad_fn._saved_self.tolist() == [3.0] * 3
    (g,) = torch.autograd.grad(z.sum(), w, create_graph=True)
    assert g.tolist() == [[3.0] * 3] * 2
    g.sum().backward()
    assert w.grad.tolist() == [[1.0] * 3] * 2


def test_hooks_of_saved_views_and_leaves() -> None:
    w = torch.ones(2, 3, requires_grad=True)
    seen: list[torch.Tensor] = []

    def pack(kept: torch.Tensor) -> torch.Tensor:
        seen.append(kept)
        return kept * 1.0

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda kept: kept):
        z = w[0] * w[1]
        v = w * w
    assert [each.sum().item() for each in seen] == [3.0, 3.0, 6.0, 6.0]
    assert seen[2] is w and seen[0].grad_fn is not None
    (z.sum() + v.sum()).backward()
    assert w.grad.tolist() == [[3.0] * 3] * 2


def test_a_view_that_became_a_leaf_stays_one() -> None:
    """Others write to what it is a view of: the numbers are theirs, the gradient is its own."""
    base = torch.zeros(4)
    leaf = base[:2].requires_grad_()
    base[1:].add_(3)
    assert leaf.is_leaf
    assert leaf.requires_grad
    (leaf * leaf).sum().backward()
    assert leaf.grad is not None
    assert leaf.grad.tolist() == [0.0, 6.0]


def test_a_graph_that_is_kept_does_not_keep_every_value_since() -> None:
    weight = torch.ones(3, requires_grad=True)
    kept = (weight * weight).sum()
    passed = []
    for _ in range(4):
        weight.data += 1
        (weight * 2).sum().item()
        passed.append(weakref.ref(weight._read_value()))
    assert [each() is None for each in passed] == [True, True, True, False]
    kept.backward()
    assert weight.grad.tolist() == [10.0] * 3


def test_a_counted_write_after_uncounted_ones_is_still_noticed() -> None:
    weight = torch.ones(3, requires_grad=True)
    kept = (weight * weight).sum()
    for _ in range(2):
        weight.data += 1
        (weight * 2).sum().item()
    with torch.no_grad():
        weight.mul_(2)
    weight.data += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        kept.backward()
