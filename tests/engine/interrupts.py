"""python -m tests.engine.interrupts WHAT: a program that Ctrl-C hits at unforeseeable places."""

from __future__ import annotations

import importlib
import pkgutil
import random
import signal
import sys
import sysconfig
import time
from collections.abc import Callable
from typing import Any

import rushlight as torch
from rushlight import compiler, engine, ir, nn, runtime
from rushlight.engine.trace import local


def import_all() -> None:
    """What steps would import late: an interrupt while Python imports leaves Python's own lock
    held, and whatever thread imports something next waits for ever."""
    for package in (runtime, ir, compiler):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            importlib.import_module(found.name)
    importlib.import_module("llvmlite.binding")
    sysconfig.get_config_vars()  # a module of its own


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


class Alarm:
    """KeyboardInterrupt at unforeseeable places: a timer whose handler raises it."""

    def __init__(self) -> None:
        self.armed = False
        self.count = 0
        signal.signal(signal.SIGALRM, self)

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


def steps(seed: int, planning: bool) -> None:
    """Whole training steps: parameters stay finite, and training goes on where it was."""
    alarm, rng = Alarm(), random.Random(seed)
    model, optimizer = make()
    good = torch.tensor([0, 1, 2, 0])
    for _ in range(4):
        first = step(model, optimizer, good)
    if planning:
        engine.clear()

    def many() -> None:
        for _ in range(1000):  # longer than any machine takes until the alarm
            step(model, optimizer, good)

    for _ in range(150):
        alarm.during(many, rng.uniform(1e-5, 3e-3))
        assert all(torch.isfinite(p).all().item() for p in model.parameters())
        step(model, optimizer, good)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert alarm.count > 50, alarm.count
    assert step(model, optimizer, good) < first
    trace = local.trace
    assert len(trace.inputs) == trace.step.inputs
    assert all(value.pos < trace.step.count for value in trace.values)


def updates() -> None:
    """Each addition happens once or not at all, and in order, wherever the interrupt comes."""
    alarm, rng = Alarm(), random.Random(7)
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
        assert len(set(seen)) == 1, seen
        assert seen[0] in (done, done + 1), (seen[0], done)
        done = int(seen[0])


PROGRAMS: dict[str, Callable[[], None]] = {
    "steps": lambda: steps(0, False),
    "steps again": lambda: steps(1, False),
    "planning": lambda: steps(2, True),
    "updates": updates,
}

if __name__ == "__main__":
    import_all()
    PROGRAMS[sys.argv[1]]()
