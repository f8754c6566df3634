"""Times of kernels beside PyTorch's for the same work: alternating rounds, the best of each.

One thread is timed by the processor time it takes, which a busy machine does not lengthen.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rushlight.runtime import pool

_PEER_PYTHON = os.environ.get("PEER", "/work/peer/bin/python")
# Long enough for a steady clock, short enough for many shapes.
_SECONDS = 0.15

_PEER_PROGRAM = """
import json, sys, time, torch
import torch.nn.functional as F
request = json.load(sys.stdin)
torch.set_num_threads(request["threads"])
torch.set_grad_enabled(False)
times = []
for text in request["cases"]:
    names = {"torch": torch, "F": F}
    exec(text, names)
    call = names["call"]
    call(); call()
    clock = time.process_time if request["threads"] == 1 else time.perf_counter
    best, end = 1e9, time.perf_counter() + request["seconds"]
    while time.perf_counter() < end:
        begin = clock(); call(); best = min(best, clock() - begin)
    times.append(best)
print(json.dumps(times))
"""


@dataclass(frozen=True)
class Case:
    """One row: our call, and PyTorch's as a program that defines ``call()``."""

    name: str
    flops: int
    call: Callable[[], None]
    peer: str


def best(call: Callable[[], None], threads: int) -> float:
    """The shortest time of one call, in seconds."""
    call()
    call()
    clock = time.process_time if threads == 1 else time.perf_counter
    shortest, end = 1e9, time.perf_counter() + _SECONDS
    while time.perf_counter() < end:
        begin = clock()
        call()
        shortest = min(shortest, clock() - begin)
    return shortest


def peer_times(cases: list[Case], threads: int) -> list[float]:
    """PyTorch's times, or nothing where it is not installed."""
    if not Path(_PEER_PYTHON).exists():
        return []
    request = {"cases": [case.peer for case in cases], "threads": threads, "seconds": _SECONDS}
    done = subprocess.run(
        [_PEER_PYTHON, "-c", _PEER_PROGRAM],
        input=json.dumps(request), capture_output=True, text=True, check=True,
    )  # fmt: skip
    times: list[float] = json.loads(done.stdout.splitlines()[-1])
    return times


def compare(cases: list[Case]) -> None:
    """Print a table: milliseconds and GFLOP/s of both, and how many times faster we are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    options = parser.parse_args()
    pool.set_num_threads(options.threads)
    cases = [case for case in cases if options.only in case.name]
    ours, theirs = [1e9] * len(cases), [1e9] * len(cases)
    for _ in range(options.rounds):
        mine = [best(case.call, options.threads) for case in cases]
        ours = [min(old, new) for old, new in zip(ours, mine, strict=True)]
        peer = peer_times(cases, options.threads) or [float("nan")] * len(cases)
        theirs = [min(old, new) for old, new in zip(theirs, peer, strict=True)]
    print(f"{'':44} {'ms':>9} {'GFLOP/s':>8} {'torch ms':>9} {'GFLOP/s':>8} {'faster':>7}")
    for case, mine, other in zip(cases, ours, theirs, strict=True):
        print(
            f"{case.name:44} {mine * 1e3:9.4f} {case.flops / mine / 1e9:8.1f} "
            f"{other * 1e3:9.4f} {case.flops / other / 1e9:8.1f} {other / mine:6.2f}x"
        )
