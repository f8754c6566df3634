"""Rare families are loaded by the first look-up that needs them, from every place users look."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import rushlight
from rushlight import ops
from rushlight.tensor import functions

ROOT = Path(rushlight.__file__).parent.parent


@pytest.mark.parametrize(
    "expression",
    [
        "torch.special.bessel_j0(torch.zeros(1))",
        "torch.hamming_window(3)",
        "torch.trapezoid(torch.ones(3))",
        "torch.lstm_cell",
        "F.grid_sample",
        "F.ctc_loss",
        "F.max_unpool2d",
        "torch.fft.rfft(torch.ones(4))",
        "torch.nn.LSTM(2, 3)(torch.ones(4, 1, 2))",
        "torch.nn.MultiheadAttention(4, 2)",
        "torch.cdist(torch.ones(2, 3), torch.ones(2, 3))",
    ],
)
def test_found_when_first_asked_for(expression: str) -> None:
    source = f"""
import sys
import rushlight as torch
from rushlight import ops
from rushlight.tensor import functions

assert not [n for n in ops.RARE if f"rushlight.ops.{{n}}" in sys.modules]
assert not [n for n in functions.RARE if f"rushlight.tensor.functions.{{n}}" in sys.modules]
import rushlight.nn.functional as F
{expression}
"""
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_rare_families_have_no_methods() -> None:
    functions.load_rare()
    for op in ops.OPS.values():
        family = op.body.__module__.removeprefix("rushlight.ops.").split(".")[0]
        assert not (family in ops.RARE and (op.method or op.inplace)), op.name
    for name, function in functions.FUNCTIONS.items():
        family = function.__module__.removeprefix("rushlight.tensor.functions.").split(".")[0]
        if family in functions.RARE:
            assert name not in functions.METHODS | functions.INPLACE, name
