"""Try many random programs and record it: ``python -m tests.oracle.run 20000 [first seed]``."""

from __future__ import annotations

import datetime
import sys
import time
from pathlib import Path

from rushlight import __version__
from rushlight.runtime import cpu
from tests.oracle.check import Oracle
from tests.oracle.peer import Peer

RECORD = Path(__file__).parent / "RECORD.md"


def main(count: int, first: int) -> int:
    """Check ``count`` seeds from ``first`` on; the number that differ."""
    oracle = Oracle(Peer.start())
    start = time.monotonic()
    wrong = 0
    for seed in range(first, first + count):
        if found := oracle.check(seed):
            wrong += 1
            print(found, flush=True)
        if (seed - first + 1) % 500 == 0:
            seconds = time.monotonic() - start
            print(f"{seed - first + 1} programs, {wrong} differ, {seconds:.0f} s", flush=True)
    seeds = f"{first} to {first + count - 1}"
    line = (
        f"| {datetime.date.today()} | {__version__} | {cpu.host().name} | {seeds} "
        f"| {count} | {oracle.against_peer} | {wrong} | {time.monotonic() - start:.0f} |\n"
    )
    with RECORD.open("a") as record:
        record.write(line)
    if oracle.peer is not None:
        oracle.peer.stop()
    return wrong


if __name__ == "__main__":
    chosen = [int(each) for each in sys.argv[1:]]
    sys.exit(1 if main(*(chosen + [20000, 1_000_000][len(chosen) :])) else 0)
