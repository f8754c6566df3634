"""Long training steps: the update is a plan of its own."""

from __future__ import annotations

import pytest

import rushlight as torch
from rushlight import nn
from rushlight.base.events import subscribe
from rushlight.engine.flush import clear, stats
from rushlight.nn import functional as F
from rushlight.optim import stepping

LAYERS = 6


def train(
    kind: type[torch.optim.Optimizer], steps: int, **settings: float
) -> list[list[list[float]]]:
    """The weights after each step, in a trie that has not seen the model before."""
    torch.manual_seed(0)
    model = nn.Sequential(*[
        layer for _ in range(LAYERS) for layer in (nn.Linear(6, 6), nn.LayerNorm(6), nn.ReLU())
    ])  # fmt: skip
    optimizer = kind(model.parameters(), lr=0.01, **settings)
    inputs, targets = torch.randn(4, 6), torch.tensor([0, 1, 2, 3])
    clear()
    weights = []
    for _ in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
        weights.append([p.flatten().tolist() for p in model.parameters()])
    return weights


def test_the_second_step_plans_the_update_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stepping, "LONG", 32)
    planned: list[int] = []
    stop = subscribe("plan", lambda sinks, seconds: planned.append(len(sinks)))
    try:
        train(torch.optim.SGD, 4, momentum=0.9)
    finally:
        stop()
    tensors = 4 * LAYERS
    # Gradients; the first velocities with the parameters; both again, with velocities to go on.
    assert planned[-3:] == [tensors, 2 * tensors, 2 * tensors]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [(torch.optim.SGD, {"momentum": 0.9}), (torch.optim.AdamW, {}), (torch.optim.RMSprop, {})],
)
def test_the_numbers_are_those_of_one_plan(
    kind: type[torch.optim.Optimizer],
    settings: dict[str, float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    together = train(kind, 3, **settings)
    monkeypatch.setattr(stepping, "LONG", 32)
    assert train(kind, 3, **settings) == together


def test_short_steps_are_one_flush() -> None:
    clear()
    model = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.Linear(6, 6))
    optimizer = torch.optim.Adam(model.parameters())
    inputs = torch.randn(4, 6)
    inputs.sum().item()
    for _ in range(3):
        before = stats.flushes
        optimizer.zero_grad()
        model(inputs).sum().backward()
        optimizer.step()
        assert stats.flushes == before + 1
