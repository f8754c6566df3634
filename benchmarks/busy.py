"""Beside a busy neighbour: another process keeps one core busy while a workload runs.

PyTorch's threads wait for each other at every barrier, so a core that is shared with somebody else
costs it several times the time; a plan's chunks go to whichever thread is free.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.catalogue import WORKLOADS
from benchmarks.measure import compared
from benchmarks.pair import OURS, children, close
from benchmarks.workload import EAGER

# The workloads that issue 5 calls small, and by how much they may slow down.
SMALL = (("cnn", 4), ("perceptron", 4), ("logistic", 8))
ALLOWED = 1.6
_SETTLE = 0.2  # seconds until the neighbour has its core


@contextlib.contextmanager
def busy_core() -> Iterator[None]:
    """A process that does nothing but computing, bound to one core of ours."""
    core = max(os.sched_getaffinity(0))
    work = f"import os\nos.sched_setaffinity(0, {{{core}}})\nwhile True: pass"
    process = subprocess.Popen([sys.executable, "-c", work])
    try:
        time.sleep(_SETTLE)
        yield
    finally:
        process.kill()
        process.wait()


def busy_rows(peer: Path | None, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """For each small workload how many times slower a step is; a ratio above 1: PyTorch suffers
    more. All cores are used, quiet and busy alternate."""
    threads = len(os.sched_getaffinity(0))
    rows = []
    for name, size in SMALL:
        each = WORKLOADS[name]
        both = children(peer)
        slower: dict[str, list[float]] = {who: [] for who in both}
        times: dict[str, list[float]] = {who: [] for who in both}
        for _ in range(rounds):
            request = {"name": name, "size": size, "threads": threads, "seconds": seconds}
            quiet = {who: child.ask(**request)["seconds"] for who, child in both.items()}
            with busy_core():
                for who, child in both.items():
                    found = child.ask(**request)["seconds"]
                    times[who].append(found)
                    slower[who].append(found / quiet[who])
        close(both)
        title = each.title.format(size).removesuffix(", step")
        row = compared(slower[OURS], slower.get(EAGER, []), float)
        row |= {"name": f"{title}, slow-down beside a busy process", "unit": "times"}
        row |= {"allowed": ALLOWED, "load": os.getloadavg()[0]}
        row["rushlight_ms"] = 1e3 * statistics.median(times[OURS])
        if EAGER in times:
            row["torch_ms"] = 1e3 * statistics.median(times[EAGER])
        rows.append(row)
    return rows
