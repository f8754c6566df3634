"""The end of a program runs on a worker while Python goes on: nobody sees anything but the time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.engine import plan as plans
from rushlight.engine.flush import clear
from rushlight.runtime import tail
from rushlight.runtime.tail import Tail


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    clear()  # programs are new, and have not decided anything
    yield
    torch.set_num_threads(before)


@pytest.fixture
def tails(monkeypatch: pytest.MonkeyPatch) -> list[Tail]:
    """From its first run on each program leaves to a worker whatever can be left; those tails."""
    made: list[Tail] = []
    begin = Tail.__init__

    def at_once(self: Tail, *arguments: Any) -> None:
        begin(self, *arguments)
        self.over, self.first, self._starts = True, self._needed, [0]
        made.append(self)

    monkeypatch.setattr(plans, "_TAILS", frozenset((0,)))
    monkeypatch.setattr(plans, "_SHARING", frozenset())
    monkeypatch.setattr(Tail, "__init__", at_once)
    return made


def _network() -> tuple[Any, Any, Any, Any]:
    torch.manual_seed(0)
    nn = torch.nn
    model: Any = nn.Sequential(nn.Conv2d(1, 8, 5), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 400, 10))
    optimizer: Any = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return model, optimizer, torch.randn(4, 1, 24, 24), torch.tensor([1, 5, 0, 9])


def _step(model: Any, optimizer: Any, x: Any, y: Any) -> Any:
    optimizer.zero_grad()
    loss: Any = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


def _trained(steps: int) -> tuple[list[float], list[Any]]:
    model, optimizer, x, y = _network()
    losses = [_step(model, optimizer, x, y).item() for _ in range(steps)]
    return losses, [each.tolist() for each in model.state_dict().values()]


def test_training_gives_the_same_bits(tails: list[Tail], monkeypatch: pytest.MonkeyPatch) -> None:
    with_tails = _trained(30)
    assert any(each.first < each._total for each in tails)
    monkeypatch.setattr(plans, "_TAILS", frozenset())
    tails.clear()
    clear()
    assert _trained(30) == with_tails
    assert not tails


def test_what_is_tried_gives_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    prepare = Tail._prepare

    def note(self: Tail) -> None:
        prepare(self)
        seen.append((self.first, self._total))

    monkeypatch.setattr(Tail, "_prepare", note)
    monkeypatch.setattr(tail, "_HANDOVER_NS", -(10**9))  # always worth a try
    tried = _trained(92)
    assert any(first < commands for first, commands in seen)
    assert any(first == commands for first, commands in seen[8:])
    monkeypatch.setattr(plans, "_TAILS", frozenset())
    clear()
    assert _trained(92) == tried


def _running(tails: list[Tail]) -> tuple[Any, Any]:
    """A network of which a step may still be running, and its loss."""
    model, optimizer, x, y = _network()
    for _ in range(3):
        loss = _step(model, optimizer, x, y)
    assert tail.held is not None
    assert tail.held.first < tail.held._total
    return model, loss


def test_the_loss_is_there_at_once(tails: list[Tail], monkeypatch: pytest.MonkeyPatch) -> None:
    _, loss = _running(tails)
    running = tail.held
    assert running is not None
    place = next(i for i, each in enumerate(running._results) if each is loss._value.buffer)
    running.first = running._ready[place]  # as it is where somebody has read it before
    loss.item()
    assert tail.held is running
    running.first -= 1
    loss.item()
    assert tail.held is None


@pytest.mark.parametrize(
    "look",
    [
        lambda w: w.sum(1).tolist(), lambda w: w.detach().numpy().sum(), lambda w: w[0, 0].item(),
        lambda w: w.data_ptr(), lambda w: str(w), lambda w: np.from_dlpack(w.detach()).sum(),
        lambda w: w.detach().clone().numpy(), lambda w: w.view(torch.int32).tolist(),
        lambda w: memoryview(w.detach().numpy()).tobytes(), lambda w: w.untyped_storage().tolist(),
        lambda w: w.detach().share_memory_(), lambda w: torch.stack([w.detach()] * 9),
        lambda w: torch.cat([w.detach()] * 9, 1),
    ],
)  # fmt: skip
def test_who_looks_waits(tails: list[Tail], look: Any) -> None:
    model, _ = _running(tails)
    look(model[3].weight)
    assert tail.held is None or tail.held.first == tail.held._total


def test_numpy_memory_is_written_at_once_and_read_anew(tails: list[Tail]) -> None:
    model, optimizer, _, y = _network()
    memory = np.zeros((4, 1, 24, 24), np.float32)
    x = torch.from_numpy(memory)
    rows = [np.random.default_rng(i).standard_normal(memory.shape, np.float32) for i in range(9)]
    losses = []
    for row in rows:
        memory[...] = row  # the tail of the step before may still be running
        losses.append(_step(model, optimizer, x, y).item())
        shown = model[3].bias.detach().numpy()
        assert shown.tolist() == model[3].bias.tolist()
    again, optimizer, _, y = _network()
    assert losses == [_step(again, optimizer, torch.tensor(row), y).item() for row in rows]


def test_labels_out_of_range_are_refused_where_they_were(tails: list[Tail]) -> None:
    model, optimizer, x, y = _network()
    before = _step(model, optimizer, x, y).item()
    weight = model[3].weight.detach().clone()
    with pytest.raises(IndexError):
        _step(model, optimizer, x, torch.tensor([1, 5, 0, 10])).item()
    assert torch.equal(model[3].weight, weight)
    assert _step(model, optimizer, x, y).item() < before


def test_memory_stays_until_the_tail_has_ended(tails: list[Tail]) -> None:
    model, loss = _running(tails)
    running = tail.held
    assert running is not None
    held = [each for part in running._kept for each in part]
    del model, loss
    assert held
    assert all(each is not None and each.address for each in held)
    (torch.ones(3) + 1).tolist()
    assert running._kept == ()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_child_finds_the_step_done(tails: list[Tail]) -> None:
    model, _ = _running(tails)
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, repr(model[3].bias.tolist()).encode())
        os._exit(0)
    os.close(writer)
    told = os.read(reader, 1 << 16).decode()
    os.close(reader)
    assert os.waitpid(child, 0)[1] == 0
    assert told == repr(model[3].bias.tolist())


def test_one_thread_has_no_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.set_num_threads(1)
    made: list[Any] = []
    monkeypatch.setattr(plans, "Tail", lambda *arguments: made.append(arguments))
    _trained(12)
    assert not made
