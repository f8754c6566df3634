"""Where the time of a step goes: each command of its plans, and Python around them.

    python -m benchmarks.where cnn 4 --threads 2 [--rows 20]

Prints for every plan of one steady step: time, share, GFLOP/s, GB/s and share of the roofline of
each command (medians over many runs, or the best), then what is left of the whole step: recording,
flushing, Python. (``rushlight profile SCRIPT`` does this for a program.)
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from typing import Any

import numpy as np

import rushlight as torch
from benchmarks.catalogue import WORKLOADS
from rushlight.compiler.plan import Plan
from rushlight.engine.watch import Ran, watch
from rushlight.profiler.roofline import peaks


class Runs:
    """The runs of one plan: nanoseconds of each command, and of each run from its call on."""

    def __init__(self) -> None:
        self.commands: list[np.ndarray[Any, Any]] = []
        self.whole: list[int] = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name")
    parser.add_argument("size", type=int, nargs="?", default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--best", action="store_true", help="the fastest run, on a busy machine")
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    step = WORKLOADS[options.name].build(torch, options.size)
    for _ in range(5):
        step()
    plans: dict[Plan | None, Runs] = {}

    def note(ran: Ran) -> None:
        runs = plans.setdefault(ran.plan, Runs())
        runs.commands.append(np.diff(ran.ends))
        runs.whole.append(ran.end - ran.begin)

    stop = watch(note)
    whole, end = [], time.perf_counter() + options.seconds
    while len(whole) < 5 or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        whole.append(time.perf_counter() - begin)
    stop()
    middle = min if options.best else statistics.median
    native = sum(show(*each, len(whole), options.rows, options.best) for each in plans.items())
    total = middle(whole)
    rest = total - native
    print(f"step {total * 1e6:.0f} us = plans {native * 1e6:.0f} + Python {rest * 1e6:.0f}")


def show(plan: Plan | None, runs: Runs, steps: int, rows: int, best: bool) -> float:
    """Print a plan's commands, the longest first; its seconds in one step."""
    around = 1e-9 * (min(runs.whole) if best else statistics.median(runs.whole))
    often = len(runs.whole) / steps
    if plan is None:
        print(f"interpreted: {often:.2f} runs a step, {around * 1e6:.1f} us")
        return around * often
    times = np.array(runs.commands) * 1e-9
    each = times.min(axis=0) if best else np.median(times, axis=0)
    inside = float(each.sum())
    machine = peaks()
    print(f"plan: {often:.2f} runs a step, {around * 1e6:.1f} us, commands {inside * 1e6:.1f} us, "
          f"{plan.flops / inside / 1e9:.1f} GFLOP/s, arena {plan.arena_bytes}")  # fmt: skip
    commands = plan.program.commands
    print(f"{'no':>4} {'us':>9} {'share':>6} {'GFLOP/s':>8} {'GB/s':>7} {'limit':>6} {'chunks':>7}")
    for place in np.argsort(-each)[:rows]:
        seconds, (flops, moved) = max(float(each[place]), 1e-9), plan.costs[place]
        chunks = f"{commands[place].chunks}{'s' if commands[place].serial else ''}"
        rates = f"{flops / seconds / 1e9:8.1f} {moved / seconds / 1e9:7.1f}"
        limit = f"{machine.least_seconds(flops, moved) / seconds:6.0%}"
        share = f"{seconds * 1e6:9.2f} {seconds / inside:6.1%}"
        print(f"{place:4} {share} {rates} {limit} {chunks:>7} {plan.labels[place]}")
    kinds: dict[str, list[float]] = {}
    for label, seconds in zip(plan.labels, each, strict=True):
        kind = re.sub(r"\d+", "", label.split("(")[0].split("[")[0]).strip()
        kinds.setdefault(kind, []).append(float(seconds))
    for kind, spent in sorted(kinds.items(), key=lambda item: -sum(item[1]))[:rows]:
        print(f"{len(spent):4} {sum(spent) * 1e6:9.2f} {sum(spent) / inside:6.1%} {kind}")
    return around * often


if __name__ == "__main__":
    main()
