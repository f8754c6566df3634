"""One trace a thread: training side by side, values handed over."""

from __future__ import annotations

import threading
from collections.abc import Callable

import rushlight as torch
from rushlight import nn


def run(*works: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def guarded(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert not any(thread.is_alive() for thread in threads)
    if failures:
        raise failures[0]


def test_two_threads_train() -> None:
    x, y = torch.linspace(-1, 1, 40).reshape(8, 5), torch.arange(8) % 3
    results: dict[int, list[float]] = {}
    models = []
    for _ in range(3):
        torch.manual_seed(1)
        models.append(nn.Linear(5, 3))

    def train(name: int) -> None:
        model = models[name]
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        losses = []
        for _ in range(60):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results[name] = losses

    run(lambda: train(0), lambda: train(1))
    train(2)
    assert results[0] == results[1] == results[2]
    assert results[0][-1] < results[0][0]


def test_made_in_one_thread_read_in_another() -> None:
    made: list[torch.Tensor] = []

    def make() -> None:
        made.append(torch.arange(6.0) * 2 + 1)

    run(make)
    run(lambda: None)  # a thread that may get the number of the one that ended
    assert made[0].tolist() == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
    assert (made[0] + made[0]).sum().item() == 72.0


def test_read_while_its_thread_goes_on() -> None:
    ready, stop = threading.Event(), threading.Event()
    shared: list[torch.Tensor] = [torch.zeros(3)]

    def make() -> None:
        for k in range(300):
            shared[0] = torch.full((3,), k) * 2.0
            if k % 7 == 0:
                shared[0].sum().item()
            ready.set()
        stop.set()

    def read() -> None:
        ready.wait(300)
        while not stop.is_set():
            seen = shared[0]
            first, second, third = (seen + 0.0).tolist()
            assert first == second == third
            assert first % 2 == 0

    run(make, read)


def test_grad_mode_is_per_thread() -> None:
    found: list[bool] = []
    with torch.no_grad():
        run(lambda: found.append(torch.is_grad_enabled()))
    assert found == [True]
