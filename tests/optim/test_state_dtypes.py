"""Models whose dtype changes after steps: states stay what they were, as in PyTorch 2.13."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch

# Losses of three steps in float64 after three in float32, by PyTorch 2.13.
LOSSES = {
    "sgd": (0.155781623, 0.061601608, 0.022659975),
    "rmsprop": (0.067221233, 0.070126625, 0.227273915),
    "adagrad": (0.09178829, 0.039217961, 0.039912324),
    "rprop": (0.252666045, 0.123581352, 0.163750831),
}


def made(name: str, parameters: Any) -> Any:
    if name == "sgd":
        return torch.optim.SGD(parameters, 0.1, momentum=0.9)
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, 0.01, momentum=0.9)
    if name == "adagrad":
        return torch.optim.Adagrad(parameters, 0.1)
    return torch.optim.Rprop(parameters)


def stepped(model: Any, optimizer: Any, x: Any) -> float:
    optimizer.zero_grad()
    loss = (model(x) ** 2).mean()
    loss.backward()
    optimizer.step()
    return float(loss.item())


@pytest.mark.parametrize("name", list(LOSSES))
def test_a_model_made_double(name: str) -> None:
    torch.manual_seed(0)
    model = torch.nn.Linear(4, 3)
    optimizer = made(name, model.parameters())
    for _ in range(3):
        stepped(model, optimizer, torch.randn(5, 4))
    model.double()
    losses = [stepped(model, optimizer, torch.randn(5, 4, dtype=torch.float64)) for _ in range(3)]
    assert losses == pytest.approx(LOSSES[name], abs=1e-6)
    states = [state for state in optimizer.state[model.weight].values() if state.ndim == 2]
    assert all(state.dtype is torch.float32 for state in states)
    assert model.weight.dtype is torch.float64


@pytest.mark.parametrize("name", ["Adam", "AdamW", "Adamax", "NAdam", "RAdam"])
def test_averages_take_one_dtype(name: str) -> None:
    model = torch.nn.Linear(4, 3)
    optimizer = getattr(torch.optim, name)(model.parameters())
    stepped(model, optimizer, torch.randn(5, 4))
    model.double()
    before = model.weight.detach().clone()
    with pytest.raises(RuntimeError, match="expected dtype float for `end` but got dtype double"):
        stepped(model, optimizer, torch.randn(5, 4, dtype=torch.float64))
    assert torch.equal(model.weight, before)
