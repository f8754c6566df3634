"""What a new process pays: import, first step with empty and full cache, a whole program."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.pair import Outcome

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
from benchmarks.training import cnn
step = cnn(torch, 4)
begin = time.perf_counter()
step()
print(time.perf_counter() - begin)
"""


def _seconds(python: Path, program: str, library: str, cache: str, byte_code: str) -> float:
    """What a new process running ``program`` says it took."""
    text = program.format(root=str(_ROOT), library=library)
    # Byte code is there as it is after pip or a first run, whatever this machine's settings say.
    environment = {**os.environ, "RUSHLIGHT_CACHE": cache, "PYTHONPYCACHEPREFIX": byte_code}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [str(python), "-c", text], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def fresh_rows(peer: Path | None, rounds: int) -> list[dict[str, Any]]:
    """Rows of the three kinds of start."""
    rows = []
    own = Path(sys.executable)
    with tempfile.TemporaryDirectory() as kept, tempfile.TemporaryDirectory() as compiled:

        def alternate(ours: Callable[[], float], program: str) -> Outcome:
            outcome = Outcome()
            for _ in range(rounds):
                theirs = (
                    [_seconds(peer, program, "torch", kept, compiled)] if peer is not None else []
                )
                outcome.add([ours(), *theirs])
            return outcome

        def cold() -> float:
            with tempfile.TemporaryDirectory() as empty:
                return _seconds(own, _FIRST_STEP, "rushlight", empty, compiled)

        def starting(program: str) -> Callable[[], float]:
            return lambda: _seconds(own, program, "rushlight", kept, compiled)

        starting(_FIRST_STEP)()  # fills the caches that a warm start finds
        if peer is not None:
            _seconds(peer, _FIRST_STEP, "torch", kept, compiled)
        for name, ours, program in (
            ("import", starting(_IMPORT), _IMPORT),
            ("tutorial CNN, batch 4, first step, empty cache", cold, _FIRST_STEP),
            ("tutorial CNN, batch 4, first step, full cache", starting(_FIRST_STEP), _FIRST_STEP),
        ):
            row = {"name": name, "unit": "s", **alternate(ours, program).row(float)}
            rows.append(row)
    return rows


def classifier_row(peer: Path | None) -> dict[str, Any]:
    """classifier_2024.py whole, as its file is, on CIFAR-10: once each, Rushlight first."""
    program = _ROOT.parent / "shared" / "programs" / "classifier_2024.py"
    runner = _ROOT.parent / "shared" / "peer" / "run_peer.py"
    images = _ROOT.parent / "laid" / "cifar-10-batches-py"
    if not images.exists() or not program.exists():
        raise SystemExit(f"--long needs {program} and CIFAR-10 laid out in {images}")
    outcome = Outcome()
    commands = [[sys.executable, "-m", "rushlight", "run", str(program)]]
    if peer is not None:
        commands.append([str(peer), str(runner), str(program)])
    seconds = []
    for command in commands:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            data.mkdir()
            (data / images.name).symlink_to(images)
            environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(_ROOT)}
            begin = time.perf_counter()
            subprocess.run(command, cwd=folder, env=environment, check=True)
            seconds.append(time.perf_counter() - begin)
    outcome.add(seconds)
    return {"name": "classifier_2024.py, the whole program", "unit": "s", **outcome.row(float)}
