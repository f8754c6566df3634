"""Schedules by themselves: known rates, order of calls, saving."""

from __future__ import annotations

import math
from typing import Any

import pytest

import rushlight as torch
from rushlight import nn, optim
from rushlight.optim import lr_scheduler


def optimizer(rate: float = 1.0) -> Any:
    return optim.SGD([nn.Parameter(torch.ones(1))], lr=rate)


def rates(scheduler: Any, steps: int) -> list[float]:
    seen = []
    for _ in range(steps):
        seen.append(scheduler.get_last_lr()[0])
        scheduler.optimizer.step()
        scheduler.step()
    return seen


def test_step_lr() -> None:
    found = rates(lr_scheduler.StepLR(optimizer(), 2, gamma=0.5), 5)
    assert found == [1.0, 1.0, 0.5, 0.5, 0.25]


def test_cosine() -> None:
    found = rates(lr_scheduler.CosineAnnealingLR(optimizer(), 4), 9)
    assert found == pytest.approx([(1 + math.cos(math.pi * t / 4)) / 2 for t in range(9)])


def test_warm_restarts() -> None:
    found = rates(lr_scheduler.CosineAnnealingWarmRestarts(optimizer(), 2, 2), 7)
    assert found == pytest.approx([1, 0.5, 1, 0.853553, 0.5, 0.146447, 1], abs=1e-6)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer(), 2)
    scheduler.step(0.5)
    assert scheduler.get_last_lr() == pytest.approx([0.853553], abs=1e-6)


def test_linear_and_exponential_chained() -> None:
    opt = optimizer()
    scheduler = lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(opt, 0.5, total_iters=2), lr_scheduler.ExponentialLR(opt, 0.5)]
    )
    assert rates(scheduler, 4) == pytest.approx([0.5, 0.375, 0.25, 0.125])


def test_sequential() -> None:
    opt = optimizer()
    parts = [lr_scheduler.ConstantLR(opt, 0.1, 2), lr_scheduler.ExponentialLR(opt, 0.5)]
    scheduler = lr_scheduler.SequentialLR(opt, parts, [3])
    assert rates(scheduler, 5) == pytest.approx([0.1, 0.1, 1.0, 1.0, 0.5])


def test_one_cycle_moves_the_momentum() -> None:
    opt = optim.SGD([nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.9)
    scheduler = lr_scheduler.OneCycleLR(opt, 1.0, total_steps=10)
    assert opt.param_groups[0]["momentum"] == 0.95
    found = rates(scheduler, 10)
    assert max(found) == pytest.approx(1.0)
    assert found[0] == pytest.approx(1 / 25)
    with pytest.raises(ValueError, match="Tried to step 11 times"):
        scheduler.step()


def test_plateau() -> None:
    opt = optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(opt, patience=1)
    for measure in (1.0, torch.tensor(1.0), 1.0, 0.5):
        scheduler.step(measure)
    assert opt.param_groups[0]["lr"] == pytest.approx(0.1)


def test_a_tensor_rate_is_filled() -> None:
    rate = torch.tensor(1.0)
    opt = optim.SGD([nn.Parameter(torch.ones(1))], lr=rate)
    scheduler = lr_scheduler.ExponentialLR(opt, 0.5)
    opt.step()
    scheduler.step()
    assert opt.param_groups[0]["lr"] is rate
    assert rate.item() == 0.5


def test_saving() -> None:
    scheduler = lr_scheduler.StepLR(optimizer(), 2)
    rates(scheduler, 3)
    other = lr_scheduler.StepLR(optimizer(), 7)
    other.load_state_dict(scheduler.state_dict())
    assert other.last_epoch == 3
    assert other.step_size == 2
    assert "optimizer" not in scheduler.state_dict()


def test_order_of_calls() -> None:
    opt = optimizer()
    scheduler = lr_scheduler.StepLR(opt, 1)
    with pytest.warns(UserWarning, match="before `optimizer.step"):
        scheduler.step()
    opt = optimizer()
    scheduler = lr_scheduler.StepLR(opt, 1)
    opt.step = lambda: None
    with pytest.warns(UserWarning, match="has been overridden"):
        scheduler.step()
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_the_old_base_class_has_its_old_name() -> None:
    assert lr_scheduler._LRScheduler is lr_scheduler.LRScheduler
