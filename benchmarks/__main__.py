"""python -m benchmarks [NAME ...]: measure beside PyTorch, write results.json, README."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.fresh import classifier_row, fresh_rows
from benchmarks.pair import Child, Outcome, children
from benchmarks.peer import find_peer
from benchmarks.workload import Workload, load

_ROOT = Path(__file__).resolve().parents[1]
_RESULTS = _ROOT / "benchmarks" / "results.json"
_START = "start"


def main() -> None:
    """Measure what was asked for; rows of workloads that were not stay as they are."""
    table = load()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{_START}, {', '.join(table)}")
    parser.add_argument("--peer", help="a Python with PyTorch (default: found or made, peer.py)")
    parser.add_argument("--quick", action="store_true", help="short rounds; nothing is written")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--long", action="store_true", help="also what takes minutes")
    options = parser.parse_args()
    for name in options.names:
        if name != _START and name not in table:
            parser.error(f"no workload {name!r}; there are {_START}, {', '.join(table)}")
    peer = find_peer(options.peer)
    commit = _commit()  # of what the processes load from here on
    if peer is None:
        print("PyTorch is not here: measuring Rushlight alone", flush=True)
    seconds, rounds = (0.15, 3) if options.quick else (0.5, options.rounds)
    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    for name, each in table.items():
        if name in options.names or (not options.names and (options.long or not each.long)):
            for size, wanted in zip(each.sizes, each.wanted, strict=True):
                rows += _measured(each, size, wanted, peer, rounds, seconds, versions)
    if not options.names or _START in options.names:
        rows += [_shown(row) for row in fresh_rows(peer, min(rounds, 5))]
    if options.long:
        rows.append(_shown(classifier_row(peer)))
    if not options.quick:
        _write(rows, versions, commit)


def _measured(
    each: Workload, size: int, wanted: float | None, peer: Path | None, rounds: int, seconds: float,
    versions: dict[str, str],
) -> list[dict[str, Any]]:  # fmt: skip
    """The rows of one workload at one size: two new processes, every number of threads."""
    both = children(peer)
    versions.update(torch=both[-1].version if peer is not None else "")
    outcomes = {threads: Outcome() for threads in each.threads}
    copies: dict[int, list[float]] = {threads: [] for threads in each.threads}
    peaks: list[int] = []
    for _ in range(rounds):
        for threads, outcome in outcomes.items():
            request = {"name": each.name, "size": size, "threads": threads, "seconds": seconds}
            answers = [child.ask(**request) for child in both]
            outcome.add([answer["seconds"] for answer in answers])
            peaks = [answer["peak"] for answer in answers]
            if each.bytes_moved:
                copies[threads].append(both[0].ask(copy=threads)["rate"])
    # Where anything else runs, PyTorch with two threads can be a hundred times slower than with
    # one (its threads wait for each other at every barrier). That would flatter us: what counts
    # is PyTorch with the better of the numbers of threads, round by round.
    better = [list(times) for times in zip(*(o.theirs for o in outcomes.values()), strict=True)]
    rows = []
    for threads, outcome in outcomes.items():
        raw = statistics.median(outcome.theirs) if outcome.theirs else None
        if threads > 1:
            outcome.theirs = [min(times) for times in better]
        name = each.title.format(size) + (", 1 thread" if threads == 1 else "")
        row = {"name": name, "unit": each.unit, **outcome.row(each.amount)}
        row |= {"workload": each.name, "size": size, "threads": threads}
        if raw is not None:
            row["torch_same_threads"] = each.amount(raw)
        if wanted is not None and threads == each.threads[0]:
            row["wanted"] = wanted
        if each.bytes_moved:
            row["of_copy"] = row["rushlight"] * 1e9 / statistics.median(copies[threads])
        rows.append(_shown(row))
    if each.memory:
        rows.append(_shown(_memory(each.title.format(size), peaks)))
    _close(both)
    return rows


def _memory(title: str, peaks: list[int]) -> dict[str, Any]:
    """Peak memory of the whole processes; here too more than 1 is in Rushlight's favour."""
    ours, *theirs = [peak / 2**20 for peak in peaks]
    other = theirs[0] if theirs else None
    row = {"name": title.removesuffix(", step") + ", peak memory", "unit": "MiB"}
    return row | {"rushlight": ours, "torch": other, "ratio": other / ours if other else None}


def _close(both: list[Child]) -> None:
    for child in both:
        child.close()


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    """Print a row as it comes."""
    other = f"{row['torch']:9.4g}" if row["torch"] is not None else f"{'-':>9}"
    line = f"{row['name']:54} {row['rushlight']:9.4g} {other} {row['unit']:8}"
    if row["ratio"] is not None:
        line += f" {row['ratio']:6.2f}x"
    if row.get("spread"):
        line += f" ({row['spread'][0]:.2f} to {row['spread'][1]:.2f})"
    if "wanted" in row:
        line += f" wanted {row['wanted']}"
    if "of_copy" in row:
        line += f" {row['of_copy']:.0%} of copy"
    print(line, flush=True)
    return row


def _write(rows: list[dict[str, Any]], versions: dict[str, str], commit: str) -> None:
    """Put the rows into results.json (measured again: replaced) and the table into the README."""
    old = json.loads(_RESULTS.read_text())["rows"] if _RESULTS.exists() else []
    date = str(datetime.date.today())
    new = {row["name"]: row | {"commit": commit, "date": date} for row in rows}
    kept = [new.pop(row["name"], row) for row in old]
    facts = {"machine": _machine(), "date": date, "commit": commit, "torch": versions.get("torch")}
    results = {**facts, "rows": [_rounded(row) for row in [*kept, *new.values()]]}
    _RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    subprocess.run([sys.executable, str(_ROOT / "tools" / "readme_table.py")], check=True)


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    def four(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.4g}")
        return [four(each) for each in value] if isinstance(value, list) else value

    return {key: four(value) for key, value in row.items()}


def _commit() -> str:
    """The commit, and whether the package has changes that are not in it."""
    words = ("git", "describe", "--always", "--abbrev=7", "--exclude=*", "--dirty= (edited)")
    done = subprocess.run(words, cwd=_ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _machine() -> str:
    name = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                name = line.split(":", 1)[1].strip()
                break
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[1]
    # The suite itself keeps at most all cores busy: more than that is somebody else.
    busy = f", busy with other work (load average {load:.1f})" if load > cores + 0.5 else ""
    return f"{cores} cores of {name}{busy}"


if __name__ == "__main__":
    main()
