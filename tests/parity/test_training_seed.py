"""Same seed, same run: what ``manual_seed(0)`` decides is PyTorch's, number by number.

``training_runs.py`` makes the numbers, here and in a process with PyTorch. What PyTorch gave is
also kept in ``training_losses.json``, for machines without it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.oracle.pipe import PEER

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DATA = ROOT.parent / "laid"
RUNS = HERE / "training_runs.py"
KEPT = HERE / "training_losses.json"
CURVES = ("tutorial", "batch_norm", "perceptron", "words")

needs_peer = pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here")
needs_data = pytest.mark.skipif(
    not (DATA / "cifar-10-batches-py").exists(), reason="CIFAR-10 is not laid out"
)


def numbers(engine: str, names: str, *arguments: str) -> list[Any]:
    """What the runs give under "rushlight" or "pytorch"."""
    python = str(PEER) if engine == "pytorch" else sys.executable
    done = subprocess.run(
        [python, str(RUNS), engine, names, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT) if engine == "rushlight" else "",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def furthest(losses: list[float], wanted: list[float]) -> float:
    """The largest relative difference."""
    assert len(losses) == len(wanted)
    return max(abs(a - b) / abs(b) for a, b in zip(losses, wanted, strict=True))


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    names = ("streams", "weights", "shuffles", *CURVES)
    return dict(zip(names, numbers("rushlight", ",".join(names)), strict=True))


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(KEPT.read_text())
    return found


@pytest.mark.parametrize("name", ["streams", "weights", "shuffles"])
def test_random_numbers_are_pytorchs(name: str, ours: dict[str, Any], kept: dict[str, Any]) -> None:
    # Equal to the bit: nothing was rounded differently on the way.
    assert ours[name] == kept[name]


@pytest.mark.parametrize("name", CURVES)
def test_losses_follow_pytorchs(name: str, ours: dict[str, Any], kept: dict[str, Any]) -> None:
    assert furthest(ours[name], kept[name]) < 1e-3


@pytest.mark.parity
@needs_peer
def test_pytorch_gives_what_is_kept(kept: dict[str, Any]) -> None:
    names = ("streams", "weights", "shuffles", *CURVES)
    theirs = dict(zip(names, numbers("pytorch", ",".join(names)), strict=True))
    assert {name: theirs[name] for name in names[:3]} == {name: kept[name] for name in names[:3]}
    assert all(furthest(theirs[name], kept[name]) < 1e-3 for name in CURVES)


@needs_data
def test_classifier_follows_the_losses_that_are_kept(kept: dict[str, Any]) -> None:
    (losses,) = numbers("rushlight", "classifier", str(DATA))
    assert furthest(losses, kept["classifier"]) < 1e-3


@pytest.mark.parity
@needs_peer
@needs_data
def test_pytorchs_classifier_gives_what_is_kept(kept: dict[str, Any]) -> None:
    (theirs,) = numbers("pytorch", "classifier", str(DATA))
    assert furthest(theirs, kept["classifier"]) < 1e-3
