"""Programs that go wrong, run from outside as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
Start = Callable[..., "subprocess.Popen[str]"]

TRAINING = """
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

class Rows(Dataset):
    def __len__(self):
        return 64

    def __getitem__(self, index):
        return torch.full((6,), float(index)), index % 3

def train(data, workers, after=lambda step: None):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)
    for step, (x, y) in enumerate(DataLoader(data, 4, shuffle=True, num_workers=workers)):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        after(step)
    return model, loss.item()
"""


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """``start(source, **environment)``: the program under way, in a group of its own.

    The source begins with ``TRAINING``.
    """

    def begin(source: str, **environment: str) -> subprocess.Popen[str]:
        program = tmp_path / "program.py"
        # What a machine of one core is told; and nothing is compiled, and kept, beside a program
        # whose files are watched.
        quiet = {"PYTHONWARNINGS": "ignore:This DataLoader will create", "RUSHLIGHT_HOT": "0"}
        program.write_text(TRAINING + textwrap.dedent(source))
        return subprocess.Popen(
            [sys.executable, "-m", "rushlight", "run", "program.py"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **quiet, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    return begin


@pytest.fixture
def run(start: Start) -> Callable[..., tuple[int, str, str]]:
    """``run(source, **environment)``: exit status, what it printed, its errors."""

    def to_the_end(source: str, **environment: str) -> tuple[int, str, str]:
        with start(source, **environment) as process:
            out, errors = process.communicate(timeout=120)
        return process.returncode, out, errors

    return to_the_end
