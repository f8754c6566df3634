"""Exceptions and interrupts in the middle of a step leave a trace that goes on."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight import engine, nn
from rushlight.engine.trace import Trace
from tests.engine.interrupts import make, step


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


def test_what_does_not_depend_on_the_failure_is_computed() -> None:
    """However much it is, and made in no order that loops are known by."""
    engine.clear()
    rng, steps = random.Random(0), ["add", "subtract", "minimum", "negative"]
    known, made = [np.arange(4.0)], [torch.arange(4.0, dtype=torch.float64)]
    for _ in range(200):
        place, step = rng.randrange(len(made)), rng.choice(steps)
        more = () if step == "negative" else (rng.randrange(len(made)),)
        known.append(getattr(np, step)(known[place], *(known[each] for each in more)))
        made.append(getattr(torch, step)(made[place], *(made[each] for each in more)))
    bad = made[0][torch.tensor([9])] * 2
    with pytest.raises(IndexError):
        bad.tolist()
    for array, tensor in zip(known, made, strict=True):
        assert tensor.tolist() == array.tolist()


@pytest.mark.parametrize("what", ["steps", "steps again", "planning", "updates"])
def test_interrupts_anywhere(what: str) -> None:
    """In a process of its own, which has imported before the first one whatever it will need."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.engine.interrupts", what],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


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


def test_what_no_process_has_room_for_is_refused_where_it_is_called_for() -> None:
    x = torch.ones(3)
    y = x + 1
    with pytest.raises(RuntimeError, match="can't allocate memory: you tried to allocate 2251"):
        torch.zeros(2**49)
    with pytest.raises(RuntimeError, match="can't allocate memory"):
        torch.ones(1).expand(2**50).clone()
    assert y.tolist() == [2, 2, 2]
    wide = torch.ones(1).expand(2**50)  # has no bytes of its own
    assert wide[2**49].item() == 1
    assert (torch.empty(2**50, device="meta") + 1).shape == (2**50,)
