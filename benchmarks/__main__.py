"""python -m benchmarks [NAME ...]: measure beside PyTorch, write results, README and the plot.

Without names everything that does not take minutes; ``--long`` adds the large networks, whole
programs and torch.compile. ``--quick`` only looks whether it runs.
"""

from __future__ import annotations

import argparse
from typing import Any

from benchmarks.busy import busy_rows
from benchmarks.catalogue import WORKLOADS
from benchmarks.fresh import fresh_rows, slow_fresh_rows
from benchmarks.measure import measured, shown
from benchmarks.peer import find_peer
from benchmarks.programs import program_rows
from benchmarks.results import commit_now, write

_START, _BUSY, _PROGRAMS = "start", "busy", "programs"


def main() -> None:
    """Measure what was asked for; rows of workloads that were not stay as they are."""
    names = [_START, _BUSY, _PROGRAMS, *WORKLOADS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    parser.add_argument("--peer", help="a Python with PyTorch (default: found or made, peer.py)")
    parser.add_argument("--quick", action="store_true", help="short rounds; nothing is written")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each workload in a round")
    parser.add_argument("--compile", action="store_true", help="beside torch.compile too")
    parser.add_argument("--long", action="store_true", help="all of it, also what takes minutes")
    options = parser.parse_args()
    for name in options.names:
        if name not in names:
            parser.error(f"no workload {name!r}; there are {', '.join(names)}")
    peer = find_peer(options.peer)
    commit = commit_now()  # of what the processes load from here on
    if peer is None:
        without = (
            "PyTorch is not here: measuring Rushlight alone (--peer names a Python that has it)"
        )
        print(without, flush=True)
    seconds, rounds = (0.1, 2) if options.quick else (options.seconds, options.rounds)
    compiled = options.compile or options.long

    def asked(name: str, long: bool = False) -> bool:
        return name in options.names or (not options.names and (options.long or not long))

    rows: list[dict[str, Any]] = []
    versions: dict[str, str] = {}
    for name, each in WORKLOADS.items():
        if asked(name, each.long):
            for size, wanted in zip(each.sizes, each.wanted, strict=True):
                found = measured(each, size, wanted, peer, rounds, seconds, versions, compiled)
                rows += map(shown, found)
    if asked(_BUSY):
        rows += map(shown, busy_rows(peer, rounds, seconds))
    if asked(_START):
        rows += map(shown, fresh_rows(peer, min(rounds, 5)))
        if options.long:
            rows += map(shown, slow_fresh_rows(peer, min(rounds, 3)))
    if asked(_PROGRAMS, long=True):
        rows += map(shown, program_rows(peer))
    if not options.quick:
        write(rows, versions, commit)


if __name__ == "__main__":
    main()
