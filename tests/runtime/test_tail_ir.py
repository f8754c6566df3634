"""The last commands of a program run on a worker; whoever comes next finds them done."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from rushlight.runtime import pool
from rushlight.runtime.executor import Command, Program

Kernels = dict[str, int]
SetThreads = Callable[[int], None]
UP = 7


def _waiting(kernels: Kernels) -> tuple[Program, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A program whose tail waits for a flag; flag, what it said, counts of head and tail."""
    flag, said = np.zeros(1, np.int64), np.zeros(1, np.int64)
    head, end = np.zeros(50, np.int64), np.zeros(50, np.int64)
    commands = [
        Command(kernels["count"], 50, ((2, 0),)),
        Command(kernels["await"], 1, ((0, 0), (1, 0)), sure=True),
        Command(kernels["count"], 50, ((3, 0),), sure=True),
    ]
    return Program(commands), flag, said, head, end


def _table(*arrays: np.ndarray) -> np.ndarray:
    return np.array([array.ctypes.data for array in arrays], np.int64)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_the_call_returns_before_the_tail_has_ended(
    kernels: Kernels, threads: SetThreads, count: int
) -> None:
    threads(count)
    program, *arrays = _waiting(kernels)
    flag, said, head, end = arrays
    slots = _table(*arrays)
    for turn in range(1, 50):
        flag[0] = said[0] = 0
        assert program.start_head(slots.ctypes.data, 1) == 0
        assert program.runs == turn
        assert (head == turn).all()
        assert said[0] == 0
        assert (end == turn - 1).all()
        flag[0] = UP
        pool.native().settle()
        assert said[0] == 1
        assert (end == turn).all()


@pytest.mark.parametrize("count", [2, 5])
def test_the_next_program_waits(kernels: Kernels, threads: SetThreads, count: int) -> None:
    threads(count)
    x, y = np.ones(20_000, np.float32), np.zeros(20_000, np.float32)
    half = Command(kernels["halve"], 20_000, ((0, 0), (0, 0)))
    tail = [Command(kernels["saxpy"], 20, ((0, 0), (1, 0)), (1000,), sure=True)] * 3
    program, slots = Program([half, *tail]), _table(x, y)
    want, value = 0.0, 1.0
    for _ in range(100):
        program.start_head(slots.ctypes.data, 1)
        value *= 0.5
        want += 6 * value
    pool.native().settle()
    assert (y == np.float32(want)).all() or np.allclose(y, want, rtol=1e-6)
    assert (y == y[0]).all()


def test_one_thread_does_all_at_once(kernels: Kernels, threads: SetThreads) -> None:
    threads(1)
    program, *arrays = _waiting(kernels)
    arrays[0][0] = UP
    assert program.start_head(_table(*arrays).ctypes.data, 1) == 0
    assert arrays[1][0] == 1
    assert (arrays[3] == 1).all()


def test_a_failure_in_the_head_leaves_no_tail(kernels: Kernels, threads: SetThreads) -> None:
    threads(2)
    counts = np.zeros(10, np.int64)
    program = Program(
        [Command(kernels["fail"], 5, (), (2,)), Command(kernels["count"], 10, ((0, 0),), sure=True)]
    )
    code = program.start_head(_table(counts).ctypes.data, 1)
    pool.native().settle()
    assert (program.failure(code).command, code) == (0, 102)
    assert (counts == 0).all()
    assert program.runs == 0


def test_new_numbers_of_threads_and_other_threads_wait_for_it(
    kernels: Kernels, threads: SetThreads
) -> None:
    threads(2)
    program, *arrays = _waiting(kernels)
    flag, said, _, end = arrays
    slots = _table(*arrays)
    program.start_head(slots.ctypes.data, 1)
    other = threading.Thread(target=lambda: pool.native().settle())
    other.start()
    flag[0] = UP
    other.join()
    assert (said[0], end[0]) == (1, 1)
    flag[0] = said[0] = 0
    program.start_head(slots.ctypes.data, 1)
    lifted = threading.Timer(0.05, lambda: flag.__setitem__(0, UP))
    lifted.start()
    threads(3)
    assert (said[0], end[0]) == (1, 2)
    lifted.join()
