"""Small programs as people write them: each prints what PyTorch printed from the same seed.

``programs/NAME.txt`` is PyTorch's output, kept, so that no PyTorch is needed here. With one at
hand, ``tests/parity/test_training_programs.py`` runs them there again.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models.printed import difference

HERE = Path(__file__).parent
SCRIPTS = sorted((HERE / "programs").glob("*.py"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """All of them in one process: each alone would spend most of its time starting."""
    done = subprocess.run(
        [sys.executable, str(HERE / "run_programs.py"), "rushlight", *map(str, SCRIPTS)],
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
        cwd=tmp_path_factory.mktemp("programs"),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return {row["name"]: row for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_prints_what_pytorch_printed(script: Path, outputs: dict[str, dict[str, str]]) -> None:
    row = outputs[script.stem]
    assert row["failure"] == ""
    wanted = script.with_suffix(".txt").read_text()
    assert difference(row["output"], wanted) == "", row["output"]
