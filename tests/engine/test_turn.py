"""Loops that ask for no number are run round by round: few plans, for any number of rounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.engine import turn
from rushlight.engine.flush import clear, flush, stats
from rushlight.engine.trace import local
from rushlight.nn import functional as F
from rushlight.tensor.tensor import Tensor
from rushlight.utils.data import DataLoader, TensorDataset


def _model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))


def _loader(batches: int, ragged: int = 0) -> Any:
    count = batches * 4 + ragged
    rng = np.random.default_rng(1)
    x = torch.tensor(rng.normal(size=(count, 6)).astype("f"))
    y = torch.tensor(rng.integers(0, 3, count))
    return DataLoader(TensorDataset(x, y), batch_size=4)


def _accuracy(model: nn.Module, loader: Any, read: bool = False) -> int:
    correct, total = 0, 0
    with torch.no_grad():
        for x, y in loader:
            correct += (model(x).argmax(1) == y).sum()
            total += y.size(0)
            if read:
                correct.item()
    assert total == len(loader.dataset)
    return int(correct)


def _made(work: Callable[[], Any]) -> tuple[Any, int, int]:
    """What ``work`` gives, how many plans it made, and in how many flushes."""
    plans, flushes = stats.plans, stats.flushes
    result = work()
    flush()
    return result, stats.plans - plans, stats.flushes - flushes


@pytest.mark.parametrize("ragged", [0, 3])
def test_one_plan_for_any_number_of_batches(ragged: int) -> None:
    clear()
    model = _model()
    first, plans, flushes = _made(lambda: _accuracy(model, _loader(60, ragged)))
    assert plans <= 5 and flushes >= 20
    for batches in (60, 120, 480):
        loader = _loader(batches, ragged)
        again, plans, flushes = _made(lambda loader=loader: _accuracy(model, loader))
        assert plans <= 3, batches
        assert flushes < batches  # short rounds share a flush
    assert _made(lambda: _accuracy(model, _loader(60, ragged)))[:2] == (first, 0)
    assert again == _accuracy(model, _loader(480, ragged), read=True)


def test_a_loop_after_traces_of_many_sizes() -> None:
    """Those are not looked through for loops: what goes on beyond them still is."""
    clear()
    model = _model()
    for rows in (40, 50, 44, 53, 48, 42, 51, 47, 46):
        F.cross_entropy(model(torch.ones(rows, 6)), torch.zeros(rows, dtype=torch.int64)).backward()
        flush()
    assert local.trace.uncut
    _, plans, flushes = _made(lambda: _accuracy(model, _loader(60)))
    assert plans <= 5 and flushes >= 20


def test_losses_in_a_list() -> None:
    clear()
    model = _model()

    def mean() -> float:
        losses = []
        with torch.no_grad():
            for x, y in _loader(100):
                losses.append(F.cross_entropy(model(x), y))
        assert len(losses) == 100
        return float(torch.stack(losses).mean())

    first, plans, _ = _made(mean)
    assert plans <= 5
    with torch.no_grad():
        wanted = np.mean([F.cross_entropy(model(x), y).item() for x, y in _loader(100)])
    assert first == pytest.approx(wanted, rel=1e-5)
    _made(mean)
    assert _made(mean)[:2] == (first, 0)


def test_a_loop_with_gradients_and_one_backward_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "GRADIENT_CALLS", 512)
    clear()
    model = _model()
    data = list(_loader(150))

    def gradients() -> list[np.ndarray]:
        model.zero_grad()
        total: Any = 0
        for x, y in data:
            total = total + F.cross_entropy(model(x), y)
        total.backward()
        return [each.grad.numpy().copy() for each in model.parameters()]

    found, plans, flushes = _made(gradients)
    assert flushes > 20 and plans < 16
    model.zero_grad()
    for x, y in data:
        F.cross_entropy(model(x), y).backward()
        flush()
    for mine, parameter in zip(found, model.parameters(), strict=True):
        np.testing.assert_allclose(mine, parameter.grad.numpy(), rtol=2e-4, atol=1e-5)


def test_a_model_tested_with_gradients_switched_on() -> None:
    clear()
    model = _model()

    def correct(batches: int) -> float:
        count: Any = 0
        for x, y in _loader(batches):
            count += (model(x).argmax(1) == y).sum()
        return float(count)

    first, _, flushes = _made(lambda: correct(400))
    assert flushes > 20  # in one piece it would be 2,000 calls
    again, plans, _ = _made(lambda: correct(400))
    assert again == first and plans <= 2
    with torch.no_grad():
        assert correct(400) == first


def _unrolled(cell: nn.Module, x: Tensor) -> Tensor:
    h = torch.zeros(2, 5)
    for row in x:
        h = torch.tanh(cell(h) + row)
    return (h * h).sum()


def test_short_steps_stay_whole() -> None:
    clear()
    cell, x = nn.Linear(5, 5), torch.ones(20, 2, 5)
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.1)

    def step() -> None:
        optimizer.zero_grad()
        _unrolled(cell, x).backward()
        optimizer.step()

    for _ in range(5):
        assert _made(step)[2] == 1
    assert not local.trace.turns


def test_long_and_varying_steps_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "GRADIENT_CALLS", 512)
    clear()
    torch.manual_seed(1)
    cell = nn.Linear(5, 5)
    made = []
    for length in (300, 41, 57, 90, 33, 75, 62, 80, 44, 91, 300):
        x = torch.randn(length, 2, 5)
        cell.zero_grad()

        def step(x: Tensor = x) -> float:
            loss = _unrolled(cell, x)
            loss.backward()
            return loss.item()

        loss, plans, _ = _made(step)
        made.append(plans)
        whole, slope = _by_hand(cell, x)
        assert loss == pytest.approx(whole, rel=1e-4)
        np.testing.assert_allclose(cell.weight.grad.numpy(), slope, rtol=1e-3, atol=1e-4)
    assert local.trace.turns
    assert made[-1] <= 2, made
    assert sum(made[-5:]) <= 8, made


def _by_hand(cell: nn.Module, x: Tensor) -> tuple[float, np.ndarray]:
    weight, bias = (each.detach().numpy().astype("d") for each in cell.parameters())
    h, kept = np.zeros((2, 5)), []
    for row in x.numpy():
        kept.append(h)
        h = np.tanh(h @ weight.T + bias + row)
    loss, g, slope = (h * h).sum(), 2 * h, np.zeros_like(weight)
    for before, after in zip(reversed(kept), reversed([*kept[1:], h]), strict=True):
        inner = g * (1 - after * after)
        slope += inner.T @ before
        g = inner @ weight
    return float(loss), slope


def test_training_beside_it_is_not_cut() -> None:
    """What a loop without gradients has cut is whole where the same lines are part of a step."""
    clear()
    model = _model()
    outs = []
    with torch.no_grad():
        for x, _ in _loader(60):
            outs.append(model(x))
    assert torch.cat(outs).shape == (240, 3)
    assert local.trace.turns
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for number, (x, y) in enumerate(_loader(12)):
        before = stats.flushes
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
        assert stats.flushes - before == 1, number


def test_a_loop_beside_what_has_a_gradient_is_not_cut() -> None:
    clear()
    torch.manual_seed(0)
    table, weight = torch.randn(60, 3), torch.randn(3, requires_grad=True)

    def step() -> None:
        start = torch.tensor([3, 5, 8])
        guess = torch.tanh(table[start] * weight)
        wanted = torch.stack([table[start + i] + 0.5 for i in range(12)])  # no gradient in here
        weight.grad = None
        (guess - wanted).abs().mean().backward()
        assert weight.grad is not None
        weight.grad.sum().item()

    for _ in range(3):
        _, _, flushes = _made(step)
        assert flushes == 1


def test_many_layers_are_no_loop() -> None:
    clear()
    layers = [nn.Linear(4, 4) for _ in range(80)]
    x = torch.ones(2, 4)
    with torch.no_grad():
        for layer in layers:
            x = torch.tanh(layer(x))
    assert not local.trace.turns and local.trace.step.count > 160


def test_sums_of_gradients_are_no_loop() -> None:
    """A dense block: each layer reads all before it, so that its input has many gradients."""
    clear()
    torch.manual_seed(0)
    layers = nn.ModuleList([nn.Linear(4 * (k + 1), 4) for k in range(40)])

    def step() -> float:
        layers.zero_grad()
        features = [torch.ones(2, 4)]
        for layer in layers:
            features.append(F.relu(layer(torch.cat(features, 1))))
        loss = torch.cat(features, 1).sum()
        loss.backward()
        return loss.item()

    for _ in range(3):
        _, plans, flushes = _made(step)
    assert (plans, flushes) == (0, 1)


def test_the_cut_is_where_least_is_carried() -> None:
    """After the sum, not between a layer and the next: nothing but the sum is stored."""
    clear()
    big = nn.Sequential(nn.Linear(6, 500), nn.ReLU(), nn.Linear(500, 3))
    _accuracy(big, _loader(30))
    (found,) = local.trace.turns.values()
    end = found.root
    while end.cut is None:
        (end,) = end.children.values()
    assert end.call.name == "add"


def test_threads_and_errors_in_a_loop() -> None:
    clear()
    model = _model()
    total: Any = 0
    with torch.no_grad():
        for number, (x, _) in enumerate(_loader(80)):
            if number in (17, 50):
                with pytest.raises(RuntimeError):
                    model(x[:, :3])
            total = total + model(x).sum()
        wanted = sum(model(x).sum().item() for x, _ in _loader(80))
    assert total.item() == pytest.approx(wanted, rel=1e-4, abs=1e-3)


def test_a_chain_on_nothing_but_itself() -> None:
    clear()

    def chain(count: int) -> float:
        x = torch.full((3,), 0.5)
        for _ in range(count):
            x = x * 0.99 + torch.tanh(x)
            x = x / 2
        return x.sum().item()

    first, plans, _ = _made(lambda: chain(400))
    assert plans <= 4 and local.trace.turns
    second, plans, _ = _made(lambda: chain(1000))
    assert plans <= 2
    wanted = np.float32(0.5)
    for count in range(1000):
        if count == 400:
            assert first == pytest.approx(3 * wanted, rel=1e-4)
        wanted = np.float32((wanted * np.float32(0.99) + np.tanh(wanted)) / 2)
    assert second == pytest.approx(3 * wanted, rel=1e-4)


def test_a_model_asked_twice_in_a_round() -> None:
    clear()
    model = _model()

    def votes() -> float:
        total: Any = 0
        with torch.no_grad():
            for x, _ in _loader(90):
                total = total + (model(x) + model(-x)).sum() + x.mean()
        return float(total)

    first, plans, flushes = _made(votes)
    assert plans <= 4 and flushes >= 30
    _made(votes)
    assert _made(votes)[:2] == (first, 0)
