"""Averaged models and SWALR: the numbers that PyTorch 2.13 gives."""

from __future__ import annotations

from typing import Any

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.optim import swa_utils


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, 4.0),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, 4.0),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.9)}, 2.131),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.9)}, 2.131),
    ],
)
def test_averages(settings: dict[str, Any], wanted: float) -> None:
    model = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    average = swa_utils.AveragedModel(model, **settings)
    for value in (1.0, 2.0, 6.0, 7.0):
        nn.init.constant_(model[0].weight, value)
        model[1].running_mean.fill_(value)
        average.update_parameters(model)
    assert average.module[0].weight.tolist()[0] == pytest.approx([wanted, wanted])
    assert average.module[1].running_mean.item() == 7.0
    assert average.n_averaged.item() == 4
    assert model[0].weight.tolist() == [[7.0, 7.0]]
    other = swa_utils.AveragedModel(model)
    other.load_state_dict(average.state_dict())
    assert other.n_averaged.item() == 4


def test_buffers_are_averaged_too() -> None:
    model = nn.BatchNorm1d(1)
    average = swa_utils.AveragedModel(model, use_buffers=True)
    for value in (1.0, 3.0):
        model.running_mean.fill_(value)
        average.update_parameters(model)
    assert average.module.running_mean.item() == 2.0


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [
        ("cos", [0.08828427, 0.06, 0.03171573, 0.02, 0.02, 0.02]),
        ("linear", [0.08, 0.06, 0.04, 0.02, 0.02, 0.02]),
    ],
)
def test_rates(strategy: str, wanted: list[float]) -> None:
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    schedule = swa_utils.SWALR(optimizer, 0.02, anneal_epochs=4, anneal_strategy=strategy)
    rates = []
    for _ in range(6):
        optimizer.step()
        schedule.step()
        rates += schedule.get_last_lr()
    assert rates == pytest.approx(wanted, abs=1e-8)


def test_update_bn() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2)).eval()
    batches = [torch.tensor([[1.0, 2], [3, 4]]), [torch.tensor([[5.0, 2], [3, 9]])]]
    swa_utils.update_bn(batches, model)
    assert model[0].running_mean.tolist() == [3.0, 4.25]
    assert model[0].running_var.tolist() == [2.0, 13.25]
    assert model[0].momentum == 0.1
    assert not model.training


def test_wrong_calls() -> None:
    model = nn.Linear(1, 1)
    mean = swa_utils.get_swa_avg_fn()
    with pytest.raises(AssertionError, match="Only one"):
        swa_utils.AveragedModel(model, avg_fn=mean, multi_avg_fn=swa_utils.get_swa_multi_avg_fn())
    with pytest.raises(ValueError, match="Invalid decay"):
        swa_utils.get_ema_avg_fn(1.5)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match="anneal_strategy"):
        swa_utils.SWALR(optimizer, 0.1, anneal_strategy="some")
