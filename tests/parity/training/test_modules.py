"""Every layer of torch.nn in every situation beside PyTorch."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.pipe import PEER
from tests.parity.training.compare import differences
from tests.parity.training.known import known
from tests.parity.training.run_modules import ROWS

ROOT = Path(__file__).parents[3]

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here"),
]


def both(
    module: str, file: str, arguments: Sequence[str], folder: Path, part: str = ""
) -> tuple[Any, Any]:
    """What ``python -m module ENGINE FILE ARGUMENTS`` wrote under Rushlight and under PyTorch."""
    running = []
    for engine, python in (("rushlight", sys.executable), ("pytorch", str(PEER))):
        given = [each.format(engine=engine, folder=folder) for each in (file, *arguments)]
        command = [python, "-m", f"tests.parity.training.{module}", engine, *given]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        running.append(subprocess.Popen(command, cwd=ROOT, env=environment))
    assert [each.wait(timeout=900) for each in running] == [0, 0]
    mine, theirs = (
        pickle.loads((folder / f"{engine}{part}.pkl").read_bytes())
        for engine in ("rushlight", "pytorch")
    )
    return mine, theirs


@pytest.fixture(scope="module")
def seen(tmp_path_factory: Any) -> tuple[Any, Any]:
    return both("run_modules", "{folder}/{engine}.pkl", ["first"], tmp_path_factory.mktemp("seen"))


def test_every_layer_of_pytorch_has_a_row(seen: tuple[Any, Any]) -> None:
    mine, theirs = seen
    assert set(theirs["classes"]) <= set(mine["classes"])
    assert set(theirs["classes"]) <= {row[0] for row in ROWS}


def test_layers_do_what_pytorchs_do(seen: tuple[Any, Any]) -> None:
    mine, theirs = seen
    assert list(mine["seen"]) == list(theirs["seen"])
    found = []
    for key, wanted in theirs["seen"].items():
        _, title, situation = key
        for line in differences(mine["seen"][key], wanted):
            if not known(title, situation, line):
                found.append(f"{title}, {situation}: {line}")
    assert found == []
