"""Every hostile file is a clear error; nothing is run, written, waited for or taken in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# The files are made before the limits: some need more memory to make than to refuse.
PROGRAM = """
import io, json, pickle, resource, signal, sys, time
sys.path.insert(0, {here!r})
import hostile_files
import rushlight as torch

def same(a, b):
    return list(a) == list(b) and all(
        torch.equal(a[k], b[k]) if isinstance(a[k], torch.Tensor) else a[k] == b[k] for k in a)

files = list(hostile_files.every_file())
state = hostile_files.state()
for way in (False, True):  # the error paths are imported before the limit
    try: torch.load(io.BytesIO(hostile_files.good(way)[:-9]))
    except Exception: pass
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + {memory}, used + {memory}))
def late(*_): raise TimeoutError("too slow")
signal.signal(signal.SIGPROF, late)
report = []
for name, data in files:
    signal.setitimer(signal.ITIMER_PROF, 10)  # of work: others may keep the machine busy
    try:
        loaded = torch.load(io.BytesIO(data))
        harmless = isinstance(loaded, dict) and same(loaded, state)
        report.append((name, "", "harmless" if harmless else "loaded " + type(loaded).__name__))
        del loaded
    except BaseException as error:
        report.append((name, type(error).__name__, str(error)))
        del error
    signal.setitimer(signal.ITIMER_PROF, 0)
print(json.dumps(report))
"""
MEMORY = 1 << 28  # the largest file has 5 MB


@pytest.fixture(scope="module")
def report(tmp_path_factory) -> tuple[list[list[str]], list[Path]]:
    folder = tmp_path_factory.mktemp("inside") / "work"
    folder.mkdir()
    program = PROGRAM.format(here=str(Path(__file__).parent), memory=MEMORY)
    # The address space is for files: a thread that compiles takes some, too.
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=900,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(folder),
             "RUSHLIGHT_HOT": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    left = [
        path for path in folder.parent.rglob("*") if path.is_file() and ".cache" not in str(path)
    ]
    return json.loads(done.stdout.splitlines()[-1]), left


def test_there_are_enough_of_them(report) -> None:
    assert len(report[0]) >= 300
    assert len({name for name, _, _ in report[0]}) > 290


def test_every_one_is_a_clear_error(report) -> None:
    allowed = {"RuntimeError", "UnpicklingError", "EOFError", "ValueError", "NotImplementedError"}
    wrong = [row for row in report[0] if row[1] not in allowed]
    # A bit of a time stamp or of the padding, or a name's case where nobody looks, changes nothing.
    harmless = [name for name, error, text in wrong if not error and text == "harmless"]
    assert all(name.startswith(("flip", "directory byte")) for name in harmless), harmless
    assert [row for row in wrong if row[0] not in harmless] == []
    silent = [row for row in report[0] if row[1] and len(row[2]) < 10]
    assert silent == []
    assert max(len(text) for _, _, text in report[0]) < 1500


def test_nothing_was_run_or_written(report) -> None:
    assert report[1] == []
