"""What ``import rushlight`` leaves for later: an import has to be short."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import rushlight

ROOT = Path(rushlight.__file__).parent.parent
# Slow to import, and not needed by a program that trains a float32 network before its first step.
LATER = (
    "hashlib",
    "llvmlite",
    "ml_dtypes",
    "numpy.typing",
    "rushlight.nn",
    "rushlight.optim",
    "string",
    "traceback",
)


def test_not_imported_yet() -> None:
    source = f"import numpy, sys; before = {{*sys.modules}}; import rushlight\n" \
        f"print([n for n in {LATER} if n in sys.modules and n not in before])"  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("[]\n", "")
