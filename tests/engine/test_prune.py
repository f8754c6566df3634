"""A trie that has grown too large: what is used stays, what is not goes, and memory has an end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import rushlight as torch
from rushlight.engine import clear, phrase, prune, trace, twins
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


def met(length: int) -> bool:
    """Whether this size, in a step of its own, needs no new plan."""
    plans = stats.plans
    train(NET, length)
    return stats.plans == plans


NET = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 4))


def test_casts_that_are_not_met_again_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new size puts an old one out; what counts them is right, and those in use stay."""
    for length in range(5, 12):
        train(NET, length)
    here = trace.local.trace
    room = here.steps + here.planned
    monkeypatch.setattr(prune, "ROOM", room)
    used = [9, 10]
    wanted = [train(NET, length) for length in used]
    for length in range(20, 80):
        train(NET, length)
        assert [train(NET, length) for length in used] == wanted
        assert here.steps + here.planned <= 2 * room
    assert here.steps == steps_under(here.ground) - 1
    assert here.planned == planned_under(here.ground)
    assert met(79) and met(9)
    assert not met(21)


def recurrence(weight: torch.Tensor, rows: int, length: int) -> float:
    """Of so many turns, on so many rows."""
    h = torch.ones(rows, 4)
    for _ in range(length):
        h = torch.tanh(h @ weight + h)
    loss = h.sum()
    if weight.requires_grad:
        loss.backward()
    return loss.item()


@pytest.mark.parametrize("learns", [False, True])
@pytest.mark.parametrize("kept", [0, 1 << 13])
def test_traces_that_are_cut_leave_the_trie_as_well(
    monkeypatch: pytest.MonkeyPatch, kept: int, learns: bool
) -> None:
    """Cut as turns of a loop or as phrases, and whether they stay from the first time on or not."""
    monkeypatch.setattr(phrase, "PATIENCE", 0)
    monkeypatch.setattr(twins, "KEPT_STEPS", kept)
    weight = torch.full((4, 4), 0.125, requires_grad=learns)
    for length in (25, 29, 33, 37, 41):
        recurrence(weight, 3, length)
    here = trace.local.trace
    assert here.phrases.ends if learns else here.turns
    for rows in range(5, 12):
        recurrence(weight, rows, 25)
    room = here.steps + here.planned
    monkeypatch.setattr(prune, "ROOM", room)
    for rows in range(20, 120):
        recurrence(weight, rows, 25)
    assert here.steps + here.planned <= 2 * room


def test_what_the_compiler_made_stays_longer_than_casts(monkeypatch: pytest.MonkeyPatch) -> None:
    for length in range(5, 12):
        train(NET, length)
    other = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 4))
    wanted = [train(other, 7) for _ in range(2)][-1]

    def stays(lengths: range) -> bool:
        for length in lengths:
            train(NET, length)
        plans = stats.plans
        assert train(other, 7) == wanted
        return stats.plans == plans

    monkeypatch.setattr(prune, "ROOM", 0)
    assert stays(range(20, 22))
    assert not met(20)
    assert not stays(range(30, 80))


def test_where_sizes_vary_steps_keep_no_graphs() -> None:
    """Not even those of a plan that the compiler made."""
    for length in range(5, 12):
        train(NET, length)
    here = trace.local.trace
    assert here.varies
    before = set(prune._all_steps([here.ground]))
    other = nn.Sequential(nn.Linear(4, 3), nn.Sigmoid(), nn.Linear(3, 4))
    casts = twins.stats.casts
    train(other, 7)
    assert twins.stats.casts == casts
    new = [step for step in prune._all_steps([here.ground]) if step not in before]
    assert new
    assert [step for step in new if step.nodes is not None] == []


def planned_under(step: Step) -> int:
    return prune.weight_of(step) + sum(map(planned_under, step.children.values()))


def test_what_leaves_the_trie_leaves_nothing_to_the_collector(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A backward pass that is known at a step knows where it came out, and so that step itself."""
    ways: list[list[Step]] = []
    known: list[bool] = []

    def watched(here: trace.Trace, path: list[Step]) -> None:
        ways.append(path)
        known.append(any(step.passages for step in path))
        prune.drop_way(here, path)

    monkeypatch.setattr(twins, "drop_way", watched)
    monkeypatch.setattr(twins, "KEPT_STEPS", 0)
    for length in range(5, 15):
        train(NET, length)
    assert len(ways) > 5 and any(known)
    here = trace.local.trace
    for path in ways:
        assert not any(step.passages for step in path)
    assert here.planned == planned_under(here.ground)
    assert here.steps == steps_under(here.ground) - 1
