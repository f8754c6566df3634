"""What a new process pays: import, first step with empty and full cache."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.catalogue import WORKLOADS
from benchmarks.measure import compared

_ROOT = Path(__file__).resolve().parents[1]

_IMPORT = """
import sys, time
sys.path[:0] = [{root!r}]
begin = time.perf_counter()
import {library}
print(time.perf_counter() - begin)
"""

# The model is made before the clock starts: a first step is what the user waits for at the loop.
_FIRST_STEP = """
import sys, time
sys.path[:0] = [{root!r}]
import {library} as torch
from benchmarks.catalogue import WORKLOADS
step = WORKLOADS[{name!r}].build(torch, {size})
begin = time.perf_counter()
step()
print(time.perf_counter() - begin)
"""


def _seconds(python: Path, text: str, cache: str, byte_code: str) -> float:
    """What a new process running the program ``text`` says it took."""
    # Byte code is there as it is after pip or a first run, whatever this machine's settings say.
    environment = {**os.environ, "RUSHLIGHT_CACHE": cache, "PYTHONPYCACHEPREFIX": byte_code}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [str(python), "-c", text], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def _filled(program: str, library: str, name: str, size: int) -> str:
    return program.format(root=str(_ROOT), library=library, name=name, size=size)


def fresh_rows(peer: Path | None, rounds: int) -> list[dict[str, Any]]:
    """Import, and the tutorial CNN's first step."""
    with tempfile.TemporaryDirectory() as cache, tempfile.TemporaryDirectory() as compiled:
        own = Path(sys.executable)
        ours, theirs = [], []
        for number in range(rounds + 1):
            found = _seconds(own, _filled(_IMPORT, "rushlight", "", 0), cache, compiled)
            other = peer and _seconds(peer, _filled(_IMPORT, "torch", "", 0), cache, compiled)
            if number:  # the first wrote the byte code
                ours.append(found)
                theirs += [other] if other is not None else []
    row = {"name": "import", "unit": "s", **compared(ours, theirs, float)}
    return [row, *first_step_rows("cnn", 4, peer, rounds)]


def slow_fresh_rows(peer: Path | None, rounds: int) -> list[dict[str, Any]]:
    """First steps of networks that take longer to compile."""
    sizes = (("resnet18", 8), ("resnet152", 4))
    return [row for name, size in sizes for row in first_step_rows(name, size, peer, rounds)]


def first_step_rows(name: str, size: int, peer: Path | None, rounds: int) -> list[dict[str, Any]]:
    """The first step in a new process, with nothing compiled before and with everything."""
    title = WORKLOADS[name].title.format(size).removesuffix(", step")
    own = Path(sys.executable)
    text = _filled(_FIRST_STEP, "rushlight", name, size)
    other = _filled(_FIRST_STEP, "torch", name, size)
    rows = []
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as compiled:

        def cold() -> float:
            with tempfile.TemporaryDirectory() as empty:
                return _seconds(own, text, empty, compiled)

        def warm() -> float:
            return _seconds(own, text, kept, compiled)

        warm()  # fills the caches that a warm start finds
        if peer is not None:
            _seconds(peer, other, kept, compiled)
        kinds: tuple[tuple[str, Callable[[], float]], ...] = (("empty", cold), ("full", warm))
        for cache, start in kinds:
            ours, theirs = [], []
            for _ in range(rounds):
                ours.append(start())
                if peer is not None:
                    theirs.append(_seconds(peer, other, kept, compiled))
            row = {"name": f"{title}, first step, {cache} cache", "unit": "s"}
            rows.append(row | compared(ours, theirs, float))
    return rows
