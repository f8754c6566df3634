"""torch.futures and torch.jit.fork."""

import threading

import pytest

import rushlight as torch
from rushlight.futures import Future, collect_all, wait_all


def test_values_and_errors() -> None:
    first, second = Future(), Future()
    both = collect_all([first, second])
    chained = first.then(lambda done: done.value() + 1)
    assert not first.done() and not both.done()
    with pytest.raises(RuntimeError):
        first.value()
    first.set_result(1)
    assert chained.wait() == 2 and not both.done()
    second.set_exception(ValueError("late"))
    assert both.wait() == [first, second]
    with pytest.raises(ValueError, match="late"):
        wait_all([first, second])
    with pytest.raises(RuntimeError):
        first.set_result(2)
    assert torch.jit.wait(torch.jit.fork(max, 3, 4)) == 4


def test_waiting_for_another_thread() -> None:
    later: Future[int] = Future()
    threading.Timer(0.05, lambda: later.set_result(7)).start()
    assert later.wait() == 7
