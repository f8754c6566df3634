"""Containers of modules and parameters."""

from __future__ import annotations

from collections import OrderedDict

import pytest

import rushlight as torch
from rushlight import nn


def names(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_children()]


def test_sequential() -> None:
    one, two, three = nn.Identity(), nn.ReLU(), nn.Tanh()
    chain = nn.Sequential(one, two)
    assert chain.append(three) is chain
    assert [*chain] == [one, two, three]
    assert chain[-1] is three
    assert [*chain[:2]] == [one, two]
    del chain[0]
    assert names(chain) == ["0", "1"]
    chain.insert(1, one)
    assert [*chain] == [two, one, three]
    chain[1] = nn.Sigmoid()
    assert isinstance(chain[1], nn.Sigmoid)
    assert chain.pop(0) is two
    chain += nn.Sequential(nn.ELU())
    assert len(chain + chain) == 6
    assert len(chain * 2) == 6
    named = nn.Sequential(OrderedDict(a=one, b=two))
    assert named.a is one


def test_sequential_calls_in_order() -> None:
    class Plus(nn.Module):
        def forward(self, x: int) -> int:
            return x * 10 + 1

    assert nn.Sequential(Plus(), Plus())(1) == 111


def test_module_list() -> None:
    layers = nn.ModuleList([nn.Linear(1, 1) for _ in range(3)])
    first, last = layers[0], layers[-1]
    del layers[1]
    assert [*layers] == [first, last]
    layers.insert(1, nn.ReLU())
    layers.extend([nn.Tanh()])
    assert names(layers) == ["0", "1", "2", "3"]
    assert isinstance(layers[1:3], nn.ModuleList)
    assert layers.pop(0) is first
    assert len(layers + nn.ModuleList([nn.ELU()])) == 4
    with pytest.raises(IndexError, match="index 7 is out of range"):
        layers[7]
    with pytest.raises(NotImplementedError, match="forward"):
        layers(1)


def test_module_dict() -> None:
    table = nn.ModuleDict({"a": nn.ReLU()})
    table.update([("b", nn.Tanh())])
    table["c"] = nn.ELU()
    assert list(table) == ["a", "b", "c"]
    assert "b" in table
    assert [name for name, _ in table.items()] == list(table.keys())
    removed = table["a"]
    assert table.pop("a") is removed
    table.clear()
    assert len(table) == 0
    with pytest.raises(ValueError, match="has length 1; 2 is required"):
        table.update(["a"])


def test_parameter_list() -> None:
    weights = nn.ParameterList([torch.ones(2), nn.Parameter(torch.zeros(3)), "text"])
    assert isinstance(weights[0], nn.Parameter)
    assert weights[2] == "text"
    assert len(list(weights.parameters())) == 2
    weights.append(torch.ones(1))
    weights[0] = torch.zeros(1)
    assert weights[0].tolist() == [0.0]
    assert len(weights[1:]) == 3


def test_parameter_dict() -> None:
    weights = nn.ParameterDict({"b": torch.ones(2), "a": torch.zeros(1)})
    assert list(weights) == ["a", "b"]
    assert isinstance(weights["a"], nn.Parameter)
    assert weights.get("missing") is None
    assert weights.setdefault("c", torch.ones(3)).shape[0] == 3
    joined = weights | nn.ParameterDict({"d": torch.ones(1)})
    assert list(joined) == ["a", "b", "c", "d"]
    assert list(weights.state_dict()) == ["a", "b", "c"]
    assert weights.popitem()[0] == "c"
    weights.pop("a")
    assert len(list(weights.parameters())) == 1
