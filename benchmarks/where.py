"""Where the time of a step goes: each command of its plans, and Python around them.

    python -m benchmarks.where cnn 4 --threads 2 [--rows 20]

Prints for every plan of one steady step: time, share, GFLOP/s and GB/s of each command (medians
over many runs, or the best), then what is left of the whole step: recording, flushing, Python.
"""

from __future__ import annotations

import argparse
import importlib
import re
import statistics
import time
from typing import Any

import numpy as np

import rushlight as torch
from benchmarks.workload import load
from rushlight.compiler import pipeline

# The package's name ``flush`` is the function.
flush_module = importlib.import_module("rushlight.engine.flush")


class Watched:
    """A plan that notes how long each of its commands takes."""

    def __init__(self, plan: Any, launches: list[Any]) -> None:
        self.inner, self.launches = plan, launches
        self.runs: list[np.ndarray[Any, Any]] = []
        self.whole: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def run(self, *flight: Any) -> Any:
        if not hasattr(self.inner, "plan"):
            return self.inner.run(*flight)
        program = self.inner.plan.program
        if program.times is None:
            program.profile()
        begin = time.perf_counter()
        results = self.inner.run(*flight)
        self.whole.append(time.perf_counter() - begin)
        self.runs.append(np.diff(program.times))
        return results


def watch() -> list[Watched]:
    """From now on every new plan is watched."""
    plans: list[Watched] = []
    launches: list[Any] = []
    make_command, make_plan = pipeline._command, flush_module.make_plan

    def command(step: Any, *rest: Any) -> Any:
        launches.append(step.launch)
        return make_command(step, *rest)

    def plan(*facts: Any) -> Watched:
        launches.clear()
        plans.append(Watched(make_plan(*facts), []))
        plans[-1].launches = list(launches)
        return plans[-1]

    pipeline._command = command
    flush_module.make_plan = plan  # type: ignore[attr-defined]
    return plans


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
    step = load()[options.name].build(torch, options.size)
    plans = watch()
    for _ in range(5):
        step()
    for plan in plans:
        plan.runs.clear()
        plan.whole.clear()
    whole, end = [], time.perf_counter() + options.seconds
    while len(whole) < 5 or time.perf_counter() < end:
        begin = time.perf_counter()
        step()
        whole.append(time.perf_counter() - begin)
    total = min(whole) if options.best else statistics.median(whole)
    native = 0.0
    for plan in plans:
        if plan.runs:
            native += show(plan, len(whole), options.rows, options.best)
    rest = total - native
    print(f"step {total * 1e6:.0f} us = plans {native * 1e6:.0f} + Python {rest * 1e6:.0f}")


def show(plan: Watched, steps: int, rows: int, best: bool) -> float:
    """Print a plan's commands, the longest first; its seconds in one step."""
    often = len(plan.runs) / steps
    if not hasattr(plan.inner, "plan"):
        print("an interpreted plan")
        return 0.0
    runs = np.array(plan.runs) * 1e-9
    each = runs.min(axis=0) if best else np.median(runs, axis=0)
    around = min(plan.whole) if best else statistics.median(plan.whole)
    inside = float(each.sum())
    made = plan.inner.plan
    print(f"plan: {often:.2f} runs a step, {around * 1e6:.1f} us, commands {inside * 1e6:.1f} us, "
          f"{made.flops / inside / 1e9:.1f} GFLOP/s, arena {made.arena_bytes}")  # fmt: skip
    commands = made.program.commands
    print(f"{'no':>4} {'us':>9} {'share':>6} {'GFLOP/s':>8} {'GB/s':>7} {'chunks':>7}")
    for place in np.argsort(-each)[:rows]:
        launch, seconds = plan.launches[place], max(float(each[place]), 1e-9)
        chunks = f"{launch.chunks}{'s' if commands[place].serial else ''}"
        rates = f"{launch.flops / seconds / 1e9:8.1f} {launch.bytes / seconds / 1e9:7.1f}"
        share = f"{seconds * 1e6:9.2f} {seconds / inside:6.1%}"
        print(f"{place:4} {share} {rates} {chunks:>7} {launch.label}")
    kinds: dict[str, list[float]] = {}
    for place, seconds in enumerate(each):
        label = plan.launches[place].label
        kind = re.sub(r"\d+", "", label.split("(")[0].split("[")[0]).strip()
        kinds.setdefault(kind, []).append(float(seconds))
    ranked = sorted(kinds.items(), key=lambda item: -sum(item[1]))[:rows]
    for kind, times in ranked:
        share = sum(times) / inside
        print(f"{len(times):4} {sum(times) * 1e6:9.2f} {share:6.1%} {kind}")
    return around * often


if __name__ == "__main__":
    main()
