"""Every optimiser of torch.optim with every option beside PyTorch, states exchanged half-way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.oracle.pipe import PEER
from tests.parity.training.compare import differences
from tests.parity.training.known import known_of_optimizers
from tests.parity.training.test_modules import both

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here"),
]
MIXTURES = "3"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    made: Path = tmp_path_factory.mktemp("optimizers")
    return made


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, tuple[Any, Any]]:
    return {
        part: both("run_optimizers", part, ["{folder}", MIXTURES], folder, f"-{part}")
        for part in ("first", "second")
    }


@pytest.mark.parametrize("part", ["first", "second"])
def test_twenty_steps(part: str, seen: dict[str, tuple[Any, Any]]) -> None:
    mine, theirs = seen[part]
    # A class or an option without values here is an error in PyTorch's process.
    assert set(theirs) <= set(mine)
    found = []
    for case, wanted in theirs.items():
        for line in differences(mine[case], wanted):
            if not known_of_optimizers(case, line):
                found.append(f"{case}: {line}")
    assert found == []
