"""Whole tutorial programs, from start to what they print at their end. Each takes minutes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import compared

_ROOT = Path(__file__).resolve().parents[1]
_PROGRAMS = _ROOT.parent / "shared" / "programs"
_RUNNER = _ROOT.parent / "shared" / "peer" / "run_peer.py"
_LAID = _ROOT.parent / "laid"


@dataclass(frozen=True)
class Program:
    """A file, where it looks for which data, and what PyTorch of today wants spelt otherwise."""

    file: str
    folder: str
    data: str
    era: tuple[str, ...] = ()
    mended: tuple[tuple[str, str], ...] = ()
    wanted: float | None = None


PROGRAMS = (
    Program("classifier_2024.py", "data", "cifar-10-batches-py", wanted=5.0),
    Program(
        "mnist_2022.py", "data", "MNIST", ("--era", "2022"),
        ((".next()", ".__next__()"), ("(0.5, 0.5, 0.5), (0.5, 0.5, 0.5)", "(0.5,), (0.5,)")),
        wanted=4.0,
    ),
    Program(
        "logreg_2017.py", "input", "MNIST", ("--era", "2017"), (("loss.data[0]", "loss.item()"),),
        wanted=4.0,
    ),
)  # fmt: skip


def program_rows(peer: Path | None) -> list[dict[str, Any]]:
    """Each program once with Rushlight, once with PyTorch; those whose data is here."""
    rows = []
    for program in PROGRAMS:
        path = _PROGRAMS / program.file
        if not path.exists() or not (_LAID / program.data).exists():
            print(f"{program.file}: needs {path} and {_LAID / program.data}", flush=True)
            continue
        own = [sys.executable, "-m", "rushlight", "run", *program.era, str(path)]
        ours = [_seconds(own, program)]
        theirs = []
        if peer is not None:
            text = path.read_text()
            for old, new in program.mended:
                text = text.replace(old, new)
            with tempfile.TemporaryDirectory() as folder:
                mended = Path(folder) / program.file
                mended.write_text(text)
                theirs = [_seconds([str(peer), str(_RUNNER), str(mended)], program)]
        row = {"name": f"{program.file}, the whole program", "unit": "s", "wanted": program.wanted}
        rows.append(row | compared(ours, theirs, float) | {"load": os.getloadavg()[0]})
    return rows


def _seconds(command: list[str], program: Program) -> float:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / program.folder
        data.mkdir()
        (data / program.data).symlink_to(_LAID / program.data)
        environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONPATH": str(_ROOT)}
        begin = time.perf_counter()
        subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin
