"""Lazy modules: they wait for a shape, take it from the input or from a file, and become plain."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_reading_before_the_first_input_raises() -> None:
    layer = nn.LazyLinear(3)
    assert repr(layer.weight) == "<UninitializedParameter>"
    assert isinstance(layer.weight, nn.Parameter)
    with pytest.raises(RuntimeError, match="Can't access the shape"):
        print(layer.weight.shape)
    with pytest.raises(ValueError, match="uninitialized parameter"):
        print(layer.weight + 1)
    with pytest.raises(ValueError, match="uninitialized parameter"):
        layer.weight.numel()


def test_the_parameter_stays_the_same_object() -> None:
    layer = nn.LazyConv2d(4, 3)
    weight = layer.weight
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    layer(torch.ones(1, 2, 5, 5)).sum().backward()
    assert type(layer) is nn.Conv2d
    assert layer.weight is weight
    assert type(weight) is nn.Parameter
    before = weight.detach().clone()
    optimizer.step()
    assert not torch.equal(before, weight)


def test_dtype_is_remembered() -> None:
    layer = nn.LazyBatchNorm1d().double()
    assert layer(torch.ones(2, 3, dtype=torch.float64)).dtype is torch.float64
    assert layer.running_mean.dtype is torch.float64


def test_loading_gives_the_shape() -> None:
    plain, lazy = nn.Linear(5, 3), nn.LazyLinear(3)
    lazy.load_state_dict(plain.state_dict())
    assert torch.equal(lazy.weight, plain.weight)
    assert type(lazy) is nn.LazyLinear
    x = torch.randn(2, 5)
    assert torch.equal(lazy(x), plain(x))
    assert lazy.in_features == 5


def test_lazy_loads_lazy_and_copies() -> None:
    first, second = nn.LazyLinear(3), nn.LazyLinear(3)
    second.load_state_dict(first.state_dict())
    again = copy.deepcopy(first)
    assert again(torch.ones(1, 2)).shape == (1, 3)
    assert first.has_uninitialized_params()


def test_groups_must_divide_what_comes() -> None:
    with pytest.raises(ValueError, match="divisible by groups"):
        nn.LazyConv1d(4, 1, groups=2)(torch.ones(1, 3, 4))
    with pytest.raises(RuntimeError, match="Expected 3D"):
        nn.LazyConv2d(4, 1)(torch.ones(3))
