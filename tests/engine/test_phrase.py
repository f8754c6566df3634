"""Programs whose structure is new in each step run in phrases: few plans, for any structure."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import nn
from rushlight.base import config
from rushlight.engine import phrase, twins
from rushlight.engine.flush import clear, flush, stats
from rushlight.engine.trace import local
from rushlight.nn import functional as F
from rushlight.tensor.tensor import Tensor

Tree = tuple[int, list["Tree"]]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phrase, "PATIENCE", 0)


def _made(work: Callable[[], Any]) -> tuple[Any, int, int]:
    """What ``work`` gives, how many plans it made, and in how many flushes."""
    plans, flushes = stats.plans, stats.flushes
    result = work()
    flush()
    return result, stats.plans - plans, stats.flushes - flushes


def _unrolled(cell: nn.Module, x: Tensor) -> Tensor:
    h = torch.zeros(2, 5)
    for row in x:
        h = torch.tanh(cell(h) + row)
    return (h * h).sum()


def _gradients(model: nn.Module) -> list[np.ndarray]:
    return [each.grad.numpy().copy() for each in model.parameters()]


def _recurrences(lengths: list[int], one_by_one: bool) -> tuple[list[Any], list[int], list[int]]:
    """Gradients of a recurrence of each length; how many plans and flushes each took."""
    clear()
    torch.manual_seed(0)
    cell = nn.Linear(5, 5)
    found, plans, flushes = [], [], []
    for length in lengths:
        x = torch.randn(length, 2, 5)
        cell.zero_grad()

        def step(x: Tensor = x) -> None:
            _unrolled(cell, x).backward()

        if one_by_one:
            clear()
        made = _made(step)
        plans.append(made[1])
        flushes.append(made[2])
        found.append(_gradients(cell))
    return found, plans, flushes


def test_lengths_that_have_soon_been_met_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [15, 17, 19, 16, 20, 18]
    monkeypatch.setattr(phrase, "PATIENCE", 800)
    _, plans, flushes = _recurrences(lengths * 3, one_by_one=False)
    assert (sum(plans[12:]), set(flushes)) == (0, {1})
    monkeypatch.setattr(phrase, "PATIENCE", 200)
    _, _, flushes = _recurrences(lengths * 3, one_by_one=False)
    assert max(flushes) > 3


def test_lengths_not_met_before(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [31, 17, 25, 38, 22, 47, 15, 33, 28, 41, 19, 44, 36, 23, 29]
    found, plans, flushes = _recurrences(lengths, one_by_one=False)
    assert plans[:4] == [1, 1, 1, 1]
    assert sum(plans[8:]) <= 6 and all(count > 3 for count in flushes[5:])
    monkeypatch.setattr(config, "INTERPRET", True)
    whole, _, flushes = _recurrences(lengths, one_by_one=True)
    assert set(flushes) == {1}
    for mine, theirs in zip(found, whole, strict=True):
        for a, b in zip(mine, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


class _TreeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 6)
        self.own, self.below, self.out = nn.Linear(6, 18), nn.Linear(6, 18), nn.Linear(6, 2)
        self.gate = nn.Linear(6, 6)

    def forward(self, tree: Tree) -> tuple[Tensor, Tensor]:
        x = self.embed(torch.tensor([tree[0]]))
        children = [self(each) for each in tree[1]]
        total: Any = sum(h for h, _ in children) if children else torch.zeros(1, 6)
        i, o, u = (self.own(x) + self.below(total)).chunk(3, 1)
        c = torch.sigmoid(i) * torch.tanh(u)
        for h, old in children:
            c = c + torch.sigmoid(self.gate(h)) * old
        return torch.sigmoid(o) * torch.tanh(c), c


def _tree(draw: random.Random, depth: int) -> Tree:
    count = draw.randint(0, 3) if depth else 0
    return draw.randrange(20), [_tree(draw, depth - 1) for _ in range(count)]


def _train(trees: list[Tree], one_by_one: bool = False) -> tuple[list[float], list[int]]:
    """Losses, and the plans made for each tree."""
    clear()
    torch.manual_seed(0)
    net = _TreeNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    losses, made = [], []
    for tree in trees:

        def step(tree: Tree = tree) -> float:
            if one_by_one:
                clear()
            optimizer.zero_grad()
            loss = F.cross_entropy(net.out(net(tree)[0]), torch.tensor([1]))
            loss.backward()
            optimizer.step()
            return loss.item()

        loss, plans, _ = _made(step)
        losses.append(loss)
        made.append(plans)
    return losses, made


def test_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(3)
    trees = [(0, [_tree(draw, 2), _tree(draw, 2)]) for _ in range(36)]
    losses, made = _train(trees)
    # A few forms of a program are whole plans; the update after a long one is another.
    assert made[:3] == [2, 1, 1]
    assert sum(made[-15:]) <= 15
    monkeypatch.setattr(config, "INTERPRET", True)
    np.testing.assert_allclose(losses, _train(trees, one_by_one=True)[0], rtol=2e-4)


def test_a_program_of_few_forms_is_not_cut() -> None:
    clear()
    cell = nn.Linear(5, 5)
    optimizer = torch.optim.SGD(cell.parameters(), lr=0.1, momentum=0.9)
    for length in (30, 12, 30, 12, 20, 30, 12, 20):
        for batch in (2, 3, 4, 5):
            x = torch.ones(length, batch, 5)

            def step(x: Tensor = x) -> None:
                optimizer.zero_grad()
                h = torch.zeros(x.shape[1], 5)
                for row in x:
                    h = torch.tanh(cell(h) + row)
                (h * h).sum().backward()
                optimizer.step()

            _made(step)
    assert not local.trace.phrases.ends


def test_branches_that_depend_on_values() -> None:
    """Many combinations of branches: phrases are made shorter until they come again."""
    clear()
    torch.manual_seed(0)
    draw = random.Random(0)
    layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])

    def step() -> None:
        total: Any = 0
        for _ in range(6):
            x = torch.randn(1, 4)
            for layer in layers:
                x = torch.tanh(layer(x))
                if x.sum() > 0:
                    x = x * 2
            for _ in range(draw.randint(0, 3)):
                x = layers[0](x)
            total = total + (x**2).mean()
        total.backward()

    made = [_made(step)[1] for _ in range(40)]
    assert local.trace.phrases.shortest == phrase.LEAST
    assert sum(made[-12:]) <= 30


def test_parts_that_each_have_a_size_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """What eight sizes decide is another combination each time, and would need another mould."""
    monkeypatch.setattr(twins, "PARTS", 2)
    clear()
    torch.manual_seed(0)
    draw = random.Random(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 8))
    sizes = [[draw.randint(1, 6) for _ in range(8)] for _ in range(40)]

    def step(rows: list[int]) -> list[np.ndarray]:
        net.zero_grad()
        outs = []
        for row in rows:
            y = net(torch.arange(row * 6.0).reshape(row, 6).cos())
            outs.append((y @ y.t()).softmax(1).mean(0).max())
        torch.stack(outs).square().sum().backward()
        return _gradients(net)

    found, made = [], []
    for rows in sizes:
        gradients, plans, _ = _made(lambda rows=rows: step(rows))  # type: ignore[misc]
        found.append(gradients)
        made.append(plans)
    assert local.trace.phrases.ends
    assert sum(made[-8:]) <= 16, made
    moulds = twins.stats.moulds
    for rows in sizes[-8:]:
        step(rows)
    assert twins.stats.moulds == moulds
    for rows, gradients in zip(sizes[-3:], found[-3:], strict=True):
        clear()  # nothing is known of sizes, and nothing cut
        for one, alone in zip(gradients, step(rows), strict=True):
            np.testing.assert_allclose(one, alone, rtol=1e-5, atol=1e-6)
