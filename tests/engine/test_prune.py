"""A trie that has grown too large: what is used stays, what is not goes, and memory has an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rushlight as torch
from rushlight.engine import clear, trace
from rushlight.engine.flush import stats
from rushlight.engine.step import Step

F, nn = torch.nn.functional, torch.nn


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    clear()
    yield
    clear()


def steps_under(root: Step) -> int:
    return 1 + sum(map(steps_under, root.children.values()))


def train(net: nn.Sequential, length: int) -> float:
    net.zero_grad()
    loss = F.mse_loss(net(torch.ones(length, 4)), torch.ones(length, 4))
    loss.backward()
    return loss.item() + net[0].weight.grad.sum().item()


def test_what_is_used_is_not_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
    wanted = {length: train(net, length) for length in range(5, 8)}
    once = stats.plans
    assert train(net, 5) == wanted[5]
    again = trace.local.trace
    size = again.steps + again.planned
    monkeypatch.setattr(trace, "STEP_LIMIT", 4 * size)
    others = 0
    for length in range(20, 120):
        train(net, length)
        others += 1
        for known in wanted:
            assert train(net, known) == wanted[known]
        assert again.steps + again.planned <= 5 * size  # and no more than one trace beyond
    assert again.steps == steps_under(again.ground) - 1
    # Each of the others has a plan or two (what it is cut into), and those in use have no new ones.
    before = stats.plans
    for known in wanted:
        assert train(net, known) == wanted[known]
    assert stats.plans == before
    assert before - once <= 2 * others


def test_what_is_not_used_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    for size in range(3, 9):
        (torch.ones(size) * 2).sum().item()
    here = trace.local.trace
    monkeypatch.setattr(trace, "STEP_LIMIT", here.steps + here.planned - 1)
    plans = stats.plans
    (torch.ones(4) * 2).sum().item()
    monkeypatch.undo()
    (torch.ones(4) * 2).sum().item()  # the last that was used
    (torch.ones(8) * 2).sum().item()  # and the one before
    assert stats.plans == plans
    (torch.ones(3) * 2).sum().item()
    assert stats.plans > plans


def test_a_known_backward_pass_goes_with_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))
    first = [train(net, length) for length in (5, 6)]
    monkeypatch.setattr(trace, "STEP_LIMIT", 0)
    torch.zeros(1).item()
    monkeypatch.undo()
    here = trace.local.trace
    assert not here.ground.children
    assert [train(net, length) for length in (5, 6, 5)] == [*first, first[0]]
    assert here.steps == steps_under(here.ground) - 1


def test_loops_that_are_cut_stay_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.full((8, 8), 0.5)

    def loop(rounds: int) -> float:
        total = torch.zeros(())
        for k in range(rounds):
            total = total + ((torch.full((8, 8), float(k)) @ weight).relu() - 1).sum()
        return total.item()

    wanted = loop(60)
    assert trace.local.trace.turns
    loop(60)
    plans = stats.plans
    monkeypatch.setattr(trace, "STEP_LIMIT", 0)
    torch.zeros(1).item()
    monkeypatch.undo()
    assert trace.local.trace.turns
    assert loop(60) == wanted
    made = stats.plans - plans
    assert loop(90) == pytest.approx(64.0 * sum(4.0 * k - 1 for k in range(1, 90)) - 64.0)
    assert stats.plans - plans <= made + 2
