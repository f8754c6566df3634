"""Who makes plans: the compiler's own files, this machine, the versions of what it stands on.

A plan on disk (``kept.py``) is good for whoever is the same in all of that. Files are compared by
what is in them; sizes and times would not do, as installers may give every release the same time.

What is in memory may differ from what is in the files by now: somebody edits them, or installs
another version. So a process that began before the last change of a file keeps no plans.
"""

from __future__ import annotations

import functools
import os
import sys
from pathlib import Path

import numpy as np

from rushlight.base import config
from rushlight.base.version import __version__
from rushlight.runtime import code, cpu
from rushlight.runtime.digest import digest

# Whose files decide how a graph is planned and run.
FOLDERS = ("base", "compiler", "ir", "runtime")
PACKAGE = Path(__file__).parents[1]


@functools.cache
def maker() -> bytes | None:
    """What plans depend on besides their graphs; None where the files cannot tell."""
    files = _files()
    if not files or not unchanged():
        return None
    contents = [digest(Path(path).read_bytes()) for path in files]
    names = [os.path.relpath(path, PACKAGE) for path in files]
    facts = (__version__, sys.version, np.__version__, cpu.host(), cpu.cores(), names)
    return digest(code.machine_facts() + repr(facts).encode() + b"".join(contents))


def unchanged() -> bool:
    """Whether every file is older than this process, which then runs what is in them."""
    return all(Path(path).stat().st_ctime_ns < config.STARTED_NS for path in _files())


@functools.cache
def _files() -> tuple[str, ...]:
    found = [path for name in FOLDERS for path in (PACKAGE / name).rglob("*.py")]
    found += (PACKAGE / "ops").rglob("*loops.py")  # kernels are made of them (ir/routine.py)
    return tuple(sorted(map(str, found)))
