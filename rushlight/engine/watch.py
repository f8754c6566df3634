"""Watching plans run: what each command of a plan took, for whoever asks.

Nobody watches most of the time, and then a run of a plan pays one look at an empty list. While
somebody does, each program notes the clock after each of its commands.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, NamedTuple

import numpy as np

from rushlight.compiler.plan import Plan
from rushlight.runtime.executor import Failure


class Ran(NamedTuple):
    """One run of a plan. Clocks are ``time.perf_counter_ns``'s.

    ``plan`` is None where the reference interpreter ran; there are no commands then. ``ends`` has
    one more element than there are commands: the start of the first, then the end of each.
    ``fresh`` are the bytes that were taken for results.
    """

    plan: Plan | None
    begin: int
    end: int
    ends: np.ndarray[Any, np.dtype[np.int64]]
    fresh: int


Watcher = Callable[[Ran], None]
watchers: list[Watcher] = []
_NO_COMMANDS = np.zeros(0, np.int64)


def watch(watcher: Watcher) -> Callable[[], None]:
    """Tell ``watcher`` of each run that goes well, on the thread that ran it; returns what ends it.

    >>> import rushlight as torch
    >>> seen = []
    >>> stop = watch(seen.append)
    >>> (torch.ones(3) + 1).tolist()
    [2.0, 2.0, 2.0]
    >>> stop()
    >>> len(seen), len(seen[0].ends) - 1 == len(seen[0].plan.labels)
    (1, True)
    """
    watchers.append(watcher)

    def stop() -> None:
        if watcher in watchers:
            watchers.remove(watcher)

    return stop


os.register_at_fork(after_in_child=watchers.clear)  # who watches is in the other process


def run_watched(plan: Plan, address: int, fresh: int) -> Failure | None:
    """Run the program of ``plan`` on the table at ``address``, then tell all who watch."""
    program = plan.program
    program.profile()
    try:
        begin = perf_counter_ns()
        failure = program.run(address)
        end = perf_counter_ns()
        assert program.times is not None
        ends = program.times
    finally:
        program.profile(False)
    if failure is None:
        tell(Ran(plan, begin, end, ends, fresh))
    return failure


def tell_interpreted(begin: int, fresh: int) -> None:
    """The interpreter has run something since ``begin``."""
    tell(Ran(None, begin, perf_counter_ns(), _NO_COMMANDS, fresh))


def tell(ran: Ran) -> None:
    """Tell all who watch."""
    for watcher in tuple(watchers):
        watcher(ran)


def show(ran: Ran) -> None:
    """RUSHLIGHT_DEBUG=1: every command of the plan and how long it took."""
    if ran.plan is None:
        print(f"--- interpreted: {(ran.end - ran.begin) / 1e3:.1f} us")
        return
    print(f"--- plan: {len(ran.plan.labels)} commands, {ran.plan.arena_bytes} bytes of arena")
    for label, nanoseconds in zip(ran.plan.labels, np.diff(ran.ends), strict=True):
        print(f"{nanoseconds / 1e3:10.1f} us  {label}")
