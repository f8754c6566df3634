"""GradScaler: factors, skipped steps, the order of calls, saved states."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import rushlight as torch
from rushlight.amp import GradScaler


def made(**settings: Any) -> tuple[Any, Any, Any]:
    weight = torch.nn.Parameter(torch.ones(2))
    return weight, torch.optim.SGD([weight], lr=1.0), GradScaler("cpu", **settings)


def test_the_factor_grows_and_shrinks() -> None:
    weight, optimizer, scaler = made(init_scale=4.0, growth_interval=2)
    factors = []
    for step in range(6):
        optimizer.zero_grad()
        loss = weight.sum() * (float("inf") if step == 3 else 0.25)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        factors.append((scaler.get_scale(), weight[0].item()))
    assert factors == [(4, 0.75), (8, 0.5), (8, 0.25), (4, 0.25), (4, 0.0), (8, -0.25)]
    assert scaler.state_dict() == {
        "scale": 8.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 2,
        "_growth_tracker": 0,
    }
    other = GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == pickle.loads(pickle.dumps(scaler)).get_scale() == 8.0


def test_unscale_before_the_step() -> None:
    weight, optimizer, scaler = made(init_scale=8.0)
    scaler.scale(weight.sum()).backward()
    scaler.unscale_(optimizer)
    assert weight.grad.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    assert weight.tolist() == [0.0, 0.0]
    with pytest.raises(RuntimeError, match=r"step\(\) has already been called"):
        scaler.step(optimizer)
    scaler.update(2.0)
    assert scaler.get_scale() == 2.0


def test_wrong_order() -> None:
    weight, optimizer, scaler = made()
    with pytest.raises(AssertionError, match="_scale is None"):
        scaler.step(optimizer)
    assert [each.shape for each in scaler.scale([weight, (weight,)])[1]] == [(2,)]
    with pytest.raises(ValueError, match="outputs must be"):
        scaler.scale(3)
    with pytest.raises(AssertionError, match="No inf checks"):
        scaler.update()
    with pytest.raises(AssertionError, match="growth factor"):
        GradScaler("cpu", growth_factor=1.0)


def test_disabled() -> None:
    weight, optimizer, _ = made()
    scaler = GradScaler("cpu", enabled=False)
    weight.sum().backward()
    assert scaler.scale(weight) is weight
    scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == [0.0, 0.0]
    assert scaler.get_scale() == 1.0
    assert scaler.state_dict() == {}
    with pytest.warns(UserWarning, match="CUDA is not available"):
        assert not GradScaler().is_enabled()
