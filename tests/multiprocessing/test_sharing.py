"""Tensors in shared memory, sent and inherited; spawn and what becomes of failures."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

import rushlight as torch
import rushlight.multiprocessing as mp
from rushlight import nn


def train(model: Any, steps: int) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    for _ in range(steps):
        optimizer.zero_grad()
        model.weight.sum().backward()
        optimizer.step()


def double(received: Any, sent: Any) -> None:
    tensor = received.get()
    tensor.mul_(2)
    sent.put(tensor.sum().item())


def add_index(index: int, *totals: Any) -> None:
    totals[index].add_(index + 1)


def fail(index: int, how: str) -> None:
    if how == "raise" and index == 1:
        raise ValueError("no such thing")
    if how == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "exit":
        raise SystemExit(3)


def test_forked_training_changes_the_parents_parameters() -> None:
    model = nn.Linear(2, 1, bias=False)
    nn.init.zeros_(model.weight)
    assert not model.weight.is_shared()
    model.share_memory()
    assert model.weight.is_shared()
    process = mp.get_context("fork").Process(target=train, args=(model, 3))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert model.weight.tolist() == [[-1.5, -1.5]]
    assert model.weight.is_shared()
    train(model, 1)
    assert model.weight.tolist() == [[-2.0, -2.0]]
    assert model.weight.is_shared()


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_tensor_that_is_sent_is_shared(method: str) -> None:
    context = mp.get_context(method)
    there, back = context.Queue(), context.Queue()
    tensor = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    process = context.Process(target=double, args=(there, back))
    process.start()
    there.put(tensor)
    assert back.get(timeout=300) == 30.0
    process.join()
    assert tensor.tolist() == [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]


def test_what_is_not_sent() -> None:
    queue = mp.get_context("fork").SimpleQueue()
    with pytest.raises(RuntimeError, match="Cowardly refusing"):
        queue.put(torch.ones(2, requires_grad=True) * 2)


def test_views_move_along() -> None:
    base = torch.arange(4)
    view = base[1:]
    view.share_memory_()
    assert base.is_shared()
    base[1] = 7
    assert view.tolist() == [7, 2, 3]
    assert view.is_shared()


def test_spawn() -> None:
    totals = (torch.zeros(2), torch.zeros(()))
    mp.spawn(add_index, totals, nprocs=2)
    assert totals[0].tolist() == [1.0, 1.0]
    assert totals[1].item() == 2.0


@pytest.mark.parametrize(
    ("how", "error", "text"),
    [
        ("raise", mp.ProcessRaisedException, "ValueError: no such thing"),
        ("kill", mp.ProcessExitedException, "terminated with signal SIGKILL"),
        ("exit", mp.ProcessExitedException, "terminated with exit code 3"),
    ],
)
def test_failures(how: str, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        mp.start_processes(fail, (how,), nprocs=2, start_method="fork")
