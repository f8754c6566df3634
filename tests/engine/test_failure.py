"""Exceptions and interrupts in the middle of a step leave a trace that goes on."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import rushlight as torch
from rushlight import engine, nn
from rushlight.engine.trace import Trace, local


def make() -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    return model, torch.optim.Adam(model.parameters(), lr=0.01)


def step(model: nn.Module, optimizer: torch.optim.Optimizer, y: torch.Tensor) -> float:
    x = torch.ones(4, 6)
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return float(loss.item())


def test_label_out_of_range_undoes_the_step() -> None:
    model, optimizer = make()
    good, bad = torch.tensor([0, 1, 2, 0]), torch.tensor([0, 1, 7, 0])
    step(model, optimizer, good)
    before = [p.tolist() for p in model.parameters()]
    with pytest.raises(IndexError, match="out of bounds"):
        step(model, optimizer, bad)
    assert [p.tolist() for p in model.parameters()] == before
    first = step(model, optimizer, good)
    assert step(model, optimizer, good) < first


def test_shape_error_in_the_middle() -> None:
    model, optimizer = make()
    good = torch.tensor([0, 1, 2, 0])
    step(model, optimizer, good)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            nn.functional.relu(model(torch.ones(4, 6))) @ torch.ones(5, 5)
        step(model, optimizer, good)


def test_what_failed_says_so_when_read() -> None:
    x = torch.arange(4.0)
    y = x[torch.tensor([9])] * 2
    with pytest.raises(IndexError):
        y.tolist()
    with pytest.raises(RuntimeError, match="the computation that was to make it failed"):
        y.tolist()
    assert (x + 1).tolist() == [1.0, 2.0, 3.0, 4.0]


class Alarm:
    """KeyboardInterrupt at unforeseeable places: a timer whose handler raises it."""

    def __init__(self) -> None:
        self.armed = False
        self.count = 0

    def __call__(self, number: int, frame: Any) -> None:
        if self.armed:
            self.armed = False
            self.count += 1
            raise KeyboardInterrupt

    def during(self, work: Callable[[], None], seconds: float) -> None:
        """Do some work; most likely it does not come to its end."""
        try:
            self.armed = True
            signal.setitimer(signal.ITIMER_REAL, seconds)
            work()
            self.armed = False
        except KeyboardInterrupt:
            pass


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    handler = Alarm()
    before = signal.signal(signal.SIGALRM, handler)
    yield handler
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


# An interrupt in a finaliser is reported by Python itself and goes no further.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", range(3))
def test_interrupts_anywhere(alarm: Alarm, seed: int) -> None:
    rng = random.Random(seed)
    model, optimizer = make()
    good = torch.tensor([0, 1, 2, 0])
    for _ in range(4):
        first = step(model, optimizer, good)
    if seed == 2:
        engine.clear()  # interrupts in planning, too

    def many() -> None:
        for _ in range(1000):  # longer than any machine takes until the alarm
            step(model, optimizer, good)

    for _ in range(150):
        alarm.during(many, rng.uniform(1e-5, 3e-3))
        assert all(torch.isfinite(p).all().item() for p in model.parameters())
        step(model, optimizer, good)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert alarm.count > 50
    assert step(model, optimizer, good) < first
    trace = local.trace
    assert len(trace.inputs) == trace.step.inputs
    assert all(value.pos < trace.step.count for value in trace.values)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupts_lose_no_update(alarm: Alarm) -> None:
    """Each addition happens once or not at all, and in order, wherever the interrupt comes."""
    rng = random.Random(7)
    total = torch.zeros(64)
    done = 0

    def add() -> None:
        nonlocal done
        for _ in range(30):
            total.add_(1)
            done += 1
            total.sum().item()

    limit = time.monotonic() + 3
    while alarm.count <= 20 or (alarm.count < 200 and time.monotonic() < limit):
        alarm.during(add, rng.uniform(1e-5, 4e-4))
        seen = total.tolist()
        assert len(set(seen)) == 1
        assert seen[0] in (done, done + 1)
        done = int(seen[0])


def test_an_interrupt_while_nodes_are_collected() -> None:
    """At every line of it: the next look at the trace starts over."""
    code = Trace.nodes.__code__

    def interrupted(line: int) -> bool:
        seen = 0

        def watch(frame: Any, event: str, argument: Any) -> Any:
            nonlocal seen
            if frame.f_code is not code:
                return None
            if event == "line":
                seen += 1
                if seen == line:
                    raise KeyboardInterrupt
            return watch

        engine.clear()
        x = torch.arange(3.0)
        y = (x + 1) * 2 - x
        sys.settrace(watch)
        try:
            y.tolist()
        except KeyboardInterrupt:
            return True
        finally:
            sys.settrace(None)
            assert y.tolist() == [2.0, 3.0, 4.0]
        return False

    line = 1
    while interrupted(line):
        line += 1
    assert line > 10
