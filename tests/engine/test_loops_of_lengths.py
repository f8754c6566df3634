"""Loops with gradients whose length changes from step to step: cut by rounds or by phrases."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch
from rushlight.engine import phrase, turn
from rushlight.engine.flush import clear, stats
from rushlight.engine.trace import local
from rushlight.tensor.tensor import Tensor

LENGTHS = [50, 41, 57, 46, 53, 61, 44]


def _rounds(weight: Tensor, start: Tensor, count: int) -> Tensor:
    y = start
    for _ in range(count):
        y = y + 0.1 * torch.tanh(y @ weight)
    return (y * y).sum()


def _expected(weight: np.ndarray, start: np.ndarray, count: int) -> tuple[float, np.ndarray]:
    """The sum and its slope by the weight, in double precision."""
    kept, y = [], start
    for _ in range(count):
        kept.append((y, np.tanh(y @ weight)))
        y = y + 0.1 * kept[-1][1]
    slope, g = np.zeros_like(weight), 2 * y
    for before, bent in reversed(kept):
        inner = 0.1 * g * (1 - bent * bent)
        slope += before.T @ inner
        g = g + inner @ weight.T
    return float((y * y).sum()), slope


@pytest.mark.parametrize("by", ["turns", "phrases"])
def test_loops_of_any_length(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "turns":
        monkeypatch.setattr(turn, "GRADIENT_CALLS", 128)
        monkeypatch.setattr(phrase, "COUNTS", 10**6)
    monkeypatch.setattr(phrase, "PATIENCE", 0)
    clear()
    rng = np.random.default_rng(3)
    weight, start = rng.normal(size=(4, 4)) / 4, rng.normal(size=(5, 4))
    w, s = torch.tensor(weight, requires_grad=True), torch.tensor(start)
    made = []
    for count in LENGTHS:
        before = stats.plans
        w.grad = None
        loss = _rounds(w, s, count)
        loss.backward()
        wanted, slope = _expected(weight, start, count)
        np.testing.assert_allclose(loss.item(), wanted, rtol=1e-12)
        np.testing.assert_allclose(w.grad.numpy(), slope, rtol=1e-10, atol=1e-12)
        made.append(stats.plans - before)
    assert bool(local.trace.turns) == (by == "turns"), made
    assert bool(local.trace.phrases.ends) == (by == "phrases"), made
    # A trace in one piece would have three or four of these positions a round.
    steps, before = local.trace.steps, stats.plans
    for count in (150, 111):
        w.grad = None
        _rounds(w, s, count).backward()
        np.testing.assert_allclose(w.grad.numpy(), _expected(weight, start, count)[1], rtol=1e-10)
    assert local.trace.steps - steps < 1500
    assert stats.plans - before < 12


def test_a_few_lengths_that_come_back_stay_whole() -> None:
    clear()
    w, s = torch.ones(3, 3, requires_grad=True), torch.ones(2, 3)
    for number in range(5):
        for count in (40, 45, 50):
            flushes = stats.flushes
            w.grad = None
            _rounds(w * 0.1, s, count).backward()
            assert torch.isfinite(w.grad.sum())
            assert stats.flushes - flushes == 1, number


def test_an_error_in_a_later_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "GRADIENT_CALLS", 512)
    clear()
    w, s = torch.ones(3, 3, requires_grad=True), torch.ones(2, 3)
    for count in LENGTHS:
        w.grad = None
        _rounds(w * 0.1, s, count).backward()
        w.grad.sum().item()
    y = s
    for count in range(150):
        y = y + 0.1 * torch.tanh(y @ (w * 0.1))
        if count == 140:
            try:
                y @ torch.ones(4, 4)
            except RuntimeError:
                y = y * 1
    y.sum().backward()
    assert bool(torch.isfinite(w.grad).all())
