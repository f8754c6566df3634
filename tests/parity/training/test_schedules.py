"""Every schedule of torch.optim.lr_scheduler beside PyTorch: 50 steps, states exchanged at 20."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.oracle.pipe import PEER
from tests.parity.training.compare import differences
from tests.parity.training.test_modules import both

pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not PEER.exists(), reason="PyTorch is not here"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: Any) -> Path:
    made: Path = tmp_path_factory.mktemp("schedules")
    return made


@pytest.mark.parametrize("part", ["first", "second"])  # in this order, in one folder
def test_fifty_steps(part: str, folder: Path) -> None:
    mine, theirs = both("run_schedules", part, ["{folder}"], folder, f"-{part}")
    # A class or a parameter without values there is an error in PyTorch's process.
    assert set(theirs) <= set(mine)
    found = [f"{case}: {line}" for case in theirs for line in differences(mine[case], theirs[case])]
    assert found == []
