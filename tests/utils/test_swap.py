"""swap_tensors."""

from __future__ import annotations

import weakref

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.utils import swap_tensors


def test_who_holds_one_has_the_other() -> None:
    layer = nn.Linear(2, 3)
    weight, other = layer.weight, nn.Parameter(torch.zeros(3, 2))
    values = weight.tolist()
    layer(torch.ones(1, 2)).sum().backward()
    swap_tensors(weight, other)
    assert layer.weight is weight
    assert weight.tolist() == [[0.0, 0.0]] * 3
    assert other.tolist() == values
    assert weight.grad is None
    assert other.grad is not None
    assert weight.requires_grad


def test_views_and_classes() -> None:
    view, plain = torch.arange(6)[2:4], nn.Parameter(torch.ones(1))
    swap_tensors(view, plain)
    assert isinstance(view, nn.Parameter)
    assert not isinstance(plain, nn.Parameter)
    assert plain.tolist() == [2, 3]


def test_weak_references_are_refused() -> None:
    a, b = torch.ones(1), torch.ones(2)
    kept = weakref.ref(a)
    with pytest.raises(RuntimeError, match="Cannot swap t1"):
        swap_tensors(a, b)
    assert kept() is a
