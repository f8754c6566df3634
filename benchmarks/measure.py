"""The rows of one workload: every form of PyTorch and every number of threads, round by round."""

from __future__ import annotations

import os
import statistics
from pathlib import Path
from typing import Any

from benchmarks.pair import OURS, Child, children, close
from benchmarks.workload import CHANNELS_LAST, COMPILE, EAGER, Workload

Row = dict[str, Any]
Rounds = dict[str, list[float]]  # seconds of a step, for each process


def measured(
    each: Workload, size: int, wanted: float | None, peer: Path | None, rounds: int, seconds: float,
    versions: dict[str, str], compiled: bool = False,
) -> list[Row]:  # fmt: skip
    """Two to four new processes that take turns. ``compiled``: ``torch.compile`` too."""
    forms = tuple(form for form in each.forms if compiled or form != COMPILE)
    both = children(peer, forms)
    if peer is not None:
        versions["torch"] = both[EAGER].version
    taken: dict[int, Rounds] = {threads: {who: [] for who in both} for threads in each.threads}
    copies: dict[int, list[float]] = {threads: [] for threads in each.threads}
    peaks: dict[str, int] = {}
    skipped: dict[str, str] = {}
    for _ in range(rounds):
        for threads in each.threads:
            for who, child in both.items():
                if who in skipped:
                    continue
                request = {"name": each.name, "size": size, "threads": threads}
                answer = child.ask(**request, seconds=seconds)
                if "skipped" in answer:
                    skipped[who] = answer["skipped"]
                    continue
                taken[threads][who].append(answer["seconds"])
                peaks[who] = answer["peak"]
            if each.bytes_moved:
                copies[threads].append(both[OURS].ask(copy=threads)["rate"])
    rows = []
    for threads in each.threads:
        name = each.title.format(size) + (", 1 thread" if threads == 1 else "")
        row: Row = {"name": name, "unit": each.unit, **_compared(each, taken, threads)}
        row |= {"workload": each.name, "size": size, "threads": threads}
        row["load"] = os.getloadavg()[0]
        row |= {f"{who}_skipped": why for who, why in skipped.items()}
        if wanted is not None and threads == each.threads[0]:
            row["wanted"] = wanted
        if each.bytes_moved:
            row["of_copy"] = row["rushlight"] * 1e9 / statistics.median(copies[threads])
        row |= _roofline(both[OURS], each, size, threads, taken[threads][OURS])
        rows.append(row)
    if each.memory:
        rows.append(memory_row(each.title.format(size), peaks))
    close(both)
    return rows


def compared(ours: list[float], theirs: list[float], amount: Any) -> Row:
    """Medians in the row's unit, and the ratio of times round by round."""
    ratios = [them / us for us, them in zip(ours, theirs, strict=False)]
    return {
        "rushlight": amount(statistics.median(ours)),
        "torch": amount(statistics.median(theirs)) if theirs else None,
        "ratio": statistics.median(ratios) if ratios else None,
        "spread": [min(ratios), max(ratios)] if ratios else None,
        "rounds": len(ours),
    }


def _compared(each: Workload, taken: dict[int, Rounds], threads: int) -> Row:
    """Ours against PyTorch's best.

    Of its memory formats, and where it has two threads of its numbers of threads: where anything
    else runs, PyTorch with two threads can be a hundred times slower than with one (its threads
    wait for each other at every barrier). That would flatter us.
    """
    mine = taken[threads]
    if EAGER not in mine:
        return compared(mine[OURS], [], each.amount)
    allowed = taken.values() if threads > 1 else [mine]
    formats = (EAGER, CHANNELS_LAST)
    tried = [found[form] for found in allowed for form in formats if found.get(form)]
    best = [min(times) for times in zip(*tried, strict=True)]
    row = compared(mine[OURS], best, each.amount)
    row["torch_same_threads"] = each.amount(statistics.median(mine[EAGER]))
    if mine.get(CHANNELS_LAST):
        row["torch_channels_last"] = each.amount(statistics.median(mine[CHANNELS_LAST]))
    if mine.get(COMPILE):
        compiled = compared(mine[OURS], mine[COMPILE], each.amount)
        row |= {"torch_compile": compiled["torch"], "ratio_compile": compiled["ratio"]}
    return row


def _roofline(child: Child, each: Workload, size: int, threads: int, times: list[float]) -> Row:
    """Which share of the machine's limit a step reaches, by what its plans compute and move."""
    found = child.ask(name=each.name, size=size, threads=threads, roofline=True)
    if not found["least"]:
        return {}
    return {
        "of_roofline": found["least"] / statistics.median(times),
        "in_kernels": found["kernels"] / statistics.median(times),
        "step_flops": found["flops"],
        "step_bytes": found["bytes"],
        "peak_flops": found["peak_flops"],
        "peak_bandwidth": found["peak_bandwidth"],
    }


def memory_row(title: str, peaks: dict[str, int]) -> Row:
    """Peak memory of the whole processes; here too more than 1 is in Rushlight's favour."""
    ours = peaks[OURS] / 2**20
    other = min((peaks[who] for who in peaks if who in (EAGER, CHANNELS_LAST)), default=None)
    theirs = None if other is None else other / 2**20
    row: Row = {"name": title.removesuffix(", step") + ", peak memory", "unit": "MiB"}
    return row | {
        "rushlight": ours, "torch": theirs, "ratio": theirs / ours if theirs else None,
    }  # fmt: skip


def shown(row: Row) -> Row:
    """Print a row as it comes."""
    other = f"{row['torch']:9.4g}" if row["torch"] is not None else f"{'-':>9}"
    line = f"{row['name']:56} {row['rushlight']:9.4g} {other} {row['unit']:8}"
    if row["ratio"] is not None:
        line += f" {row['ratio']:6.2f}x"
    if row.get("spread"):
        line += f" ({row['spread'][0]:.2f} to {row['spread'][1]:.2f})"
    if "wanted" in row:
        line += f" wanted {row['wanted']}"
    if "ratio_compile" in row:
        line += f" compile {row['ratio_compile']:.2f}x"
    if "of_copy" in row:
        line += f" {row['of_copy']:.0%} of copy"
    if "of_roofline" in row:
        line += f" {row['of_roofline']:.0%} of roofline"
    print(line, flush=True)
    return row
