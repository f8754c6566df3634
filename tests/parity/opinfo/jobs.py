"""Many operators checked, by one process or by several."""

from __future__ import annotations

import multiprocessing
import time
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.parity.opinfo.check import Outcome, check, load, strict


def _checked(kept: Path, dtypes: frozenset[str], exact: bool, name: str) -> tuple[Outcome, float]:
    """The outcome of one operator and the seconds it took."""
    warnings.simplefilter("ignore")
    strict.on = exact
    started = time.process_time()
    outcome = check(name, load(kept, name), dtypes)
    return outcome, time.process_time() - started


def outcomes_of(
    kept: Path, dtypes: frozenset[str], names: list[str], jobs: int, exact: bool
) -> Iterator[tuple[Outcome, float]]:
    one = partial(_checked, kept, dtypes, exact)
    if jobs == 1:
        yield from map(one, names)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(one, names)
