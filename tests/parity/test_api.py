"""What users see, block by block: printed values, forms and errors as PyTorch gives them.

A block of ``api/*.txt`` (blocks are set apart by empty lines) is run by itself, here and in a
process with PyTorch; both print, and the error that ends it is printed with its class.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.printed import difference
from tests.oracle.pipe import PEER

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = sorted((HERE / "api").glob("*.txt"))

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here"),
]


def outcomes(engine: str, file: Path) -> list[str]:
    """What each block gives under "rushlight" or "pytorch"."""
    python = str(PEER) if engine == "pytorch" else sys.executable
    done = subprocess.run(
        [python, str(HERE / "run_api.py"), engine, str(file)],
        env={**os.environ, "PYTHONPATH": str(ROOT) if engine == "rushlight" else ""},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def differs(got: str, wanted: str) -> str:
    """How the outcomes differ. An error of ours may go on after PyTorch's text."""
    *lines, last = got.splitlines() or [""]
    *_, theirs = wanted.splitlines() or [""]
    if "Error: " in theirs and last.startswith(theirs.rstrip(".")):
        last = theirs
    return difference("\n".join([*lines, last]), wanted)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_blocks_end_alike(file: Path) -> None:
    blocks = file.read_text().strip().split("\n\n")
    ours, theirs = outcomes("rushlight", file), outcomes("pytorch", file)
    assert len(blocks) == len(ours) == len(theirs)
    wrong = {
        block: found
        for block, got, wanted in zip(blocks, ours, theirs, strict=True)
        if (found := differs(got, wanted))
    }
    assert wrong == {}
