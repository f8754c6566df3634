"""The programs of tests/models under real PyTorch: what they print there is what we keep."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.models.printed import difference
from tests.oracle.pipe import PEER

MODELS = Path(__file__).parents[1] / "models"
SCRIPTS = sorted((MODELS / "programs").glob("*.py"))

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here"),
]


def test_pytorch_prints_what_is_kept(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(PEER), str(MODELS / "run_programs.py"), "pytorch", *map(str, SCRIPTS)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    failures = {row["name"]: row["failure"] for row in rows if row["failure"]}
    differences = {
        row["name"]: difference(
            row["output"], (MODELS / "programs" / f"{row['name']}.txt").read_text()
        )
        for row in rows
    }
    assert failures == {}
    assert {name: text for name, text in differences.items() if text} == {}
