"""Plans that keep the memory of their results for the next run: never what somebody looks at."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np

import rushlight as torch
from rushlight import engine

_RUNS = 12  # a plan keeps its memory from the fifth on


def test_results_that_somebody_holds_stay() -> None:
    engine.clear()
    x = torch.ones(3, 5)
    held: list[tuple[Any, ...]] = []
    for number in range(_RUNS):
        total = x * number
        other = total + 1
        other.sum().item()
        # Every third one lives on: as a tensor, as an array, as a view, as what another took over.
        if number % 3 == 0:
            held.append((number, total, other.numpy(), total[1], other.detach()))
    for number, total, array, row, other in held:
        np.testing.assert_array_equal(total.numpy(), np.full((3, 5), number))
        np.testing.assert_array_equal(array, np.full((3, 5), number + 1))
        np.testing.assert_array_equal(row.numpy(), np.full(5, number))
        np.testing.assert_array_equal(other.numpy(), np.full((3, 5), number + 1))


def test_results_that_another_plan_overwrote() -> None:
    engine.clear()
    total = torch.zeros(7)
    for number in range(_RUNS):
        made = torch.arange(7.0) * number
        made.tolist()
        made += 1  # in the memory that the plan before it keeps
        made.tolist()
        total += made
    expected = np.arange(7.0) * sum(range(_RUNS)) + _RUNS
    np.testing.assert_array_equal(total.numpy(), expected)


def test_memory_goes_back_with_the_plan() -> None:
    engine.clear()
    x = torch.ones(3, 5)
    for number in range(_RUNS):
        last = x * number
        last.tolist()
    buffer = weakref.ref(last._value.buffer)
    del last
    assert buffer() is not None
    engine.clear()
    gc.collect()
    assert buffer() is None
