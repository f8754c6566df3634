"""A long training loop: flat memory, nothing compiled after its second step, donation."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

import rushlight as torch
from rushlight import engine, nn
from rushlight.engine.plan import KEPT_ARENA
from rushlight.runtime import code
from rushlight.runtime.buffer import pool

ROOT = Path(__file__).parents[2]
BATCH, RAGGED = 8, 3


def make() -> tuple[nn.Module, torch.optim.Optimizer, torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(12, 16), nn.ReLU(), nn.Linear(16, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    x = torch.randn(5 * BATCH + RAGGED, 12)
    return model, optimizer, x, torch.randint(0, 4, (len(x),))


def epoch(
    model: nn.Module, optimizer: torch.optim.Optimizer, x: torch.Tensor, y: torch.Tensor
) -> list[float]:
    losses = []
    for start in range(0, len(x), BATCH):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(
            model(x[start : start + BATCH]), y[start : start + BATCH]
        )
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("steps", [500, pytest.param(10_000, marks=pytest.mark.slow)])
def test_long_loop_is_flat_and_compiles_nothing(steps: int) -> None:
    engine.clear()
    model, optimizer, x, y = make()
    first = epoch(model, optimizer, x, y)
    for _ in range(5):  # plans that run again and again keep their small memory
        epoch(model, optimizer, x, y)
    gc.collect()  # what an earlier test left in cycles is not to be freed in between
    plans, compiled, live = engine.stats.plans, code.stats().compiled, pool.stats().live
    flushes = engine.stats.flushes
    for _ in range(steps // len(first)):
        last = epoch(model, optimizer, x, y)
    assert engine.stats.plans == plans
    assert code.stats().compiled == compiled
    # One block a step would be more. (Which of the results of plans are somebody's varies.)
    assert abs(pool.stats().live - live) < 64 * steps // 2
    assert engine.stats.flushes > flushes
    assert sum(last) < sum(first)


def test_a_loop_leaves_no_objects_behind() -> None:
    """Nothing is kept from step to step, not even in cycles that only the collector would find."""
    # In a process of its own: in this one other things come and go.
    source = """
        import gc
        from rushlight.runtime.hot.begin import begin
        from tests.engine.test_loop import epoch, make
        program = make()
        for _ in range(3):
            epoch(*program)
        begin(wait=True)  # what a first run on a machine translates
        gc.collect()
        gc.disable()
        before = len(gc.get_objects())
        for _ in range(20):
            epoch(*program)
        print(len(gc.get_objects()) - before)
        """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], cwd=ROOT, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    assert int(done.stdout) < 20


def test_second_step_is_the_last_that_compiles() -> None:
    engine.clear()
    model, optimizer, x, y = make()
    for _ in range(2):
        epoch(model, optimizer, x[:BATCH], y[:BATCH])
    plans, compiled = engine.stats.plans, code.stats().compiled
    for _ in range(3):
        epoch(model, optimizer, x[:BATCH], y[:BATCH])
    assert (engine.stats.plans, code.stats().compiled) == (plans, compiled)


def test_another_batch_size_compiles_no_kernel() -> None:
    engine.clear()
    model, optimizer, x, y = make()
    for size in (BATCH, BATCH):
        epoch(model, optimizer, x[:size], y[:size])
    compiled = code.stats().compiled
    for size in (5, 7, 6):
        epoch(model, optimizer, x[:size], y[:size])
    assert code.stats().compiled == compiled


def test_parameters_stay_where_they_are() -> None:
    model, optimizer, x, y = make()
    for _ in range(2):
        epoch(model, optimizer, x, y)
    before = [p.data_ptr() for p in model.parameters()]
    state = [optimizer.state[p]["momentum_buffer"].data_ptr() for p in model.parameters()]
    for _ in range(3):
        epoch(model, optimizer, x, y)
    assert [p.data_ptr() for p in model.parameters()] == before
    assert [optimizer.state[p]["momentum_buffer"].data_ptr() for p in model.parameters()] == state


def test_accumulated_gradients_stay_where_they_are() -> None:
    w = torch.ones(256, requires_grad=True)
    for _ in range(3):
        (w * 2).sum().backward()
        w.grad.sum().item()
    before = w.grad.data_ptr()
    for _ in range(3):
        (w * 2).sum().backward()
        w.grad.sum().item()
    assert w.grad.data_ptr() == before
    assert w.grad[0].item() == 12.0


def test_only_what_is_referred_to_is_computed() -> None:
    engine.clear()
    x = torch.ones(1000)
    before = pool.stats().live
    y = x * 2
    for _ in range(20):
        y = y + 1
    assert y[0].item() == 22.0
    # x and y, none of the steps between; plans keep what little memory they need themselves
    assert pool.stats().live - before <= 2 * 4096 + KEPT_ARENA


def test_flush_between_forward_and_backward() -> None:
    x = torch.linspace(-1, 1, 24).reshape(4, 6)
    grads = []
    for look in (False, True):
        torch.manual_seed(3)
        layer = nn.Linear(6, 5)
        hidden = layer(x).tanh()
        loss = (hidden * hidden).mean()
        if look:
            assert loss.item() > 0
            str(hidden)
        loss.backward()
        grads.append(layer.weight.grad.tolist())
    assert np.allclose(grads[0], grads[1], rtol=1e-5, atol=1e-7)  # fused differently: last bits
