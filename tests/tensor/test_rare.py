"""Rare families are loaded by the first look-up that needs them, from every place users look."""

from __future__ import annotations

import inspect
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
        "torch.eye(2).det()",
        "torch.linalg.solve(torch.eye(2), torch.ones(2))",
        "torch.ones(3).norm()",
        "torch.ones(3).to_sparse().coalesce().indices()",
        "torch.ones(3).renorm_",
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
    _run(source)


def _run(source: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", source],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_methods_of_rare_families_are_all_listed() -> None:
    functions.load_rare()
    found: dict[str, set[str]] = {}
    for op in ops.OPS.values():
        family = op.body.__module__.removeprefix("rushlight.ops.").split(".")[0]
        if family in ops.RARE:
            names = {op.name, *op.aliases} if op.method else set()
            found.setdefault(family, set()).update(names, {f"{each}_" for each in names})
            if not op.inplace:
                found[family] -= {f"{each}_" for each in names}
    assert {name: set(told.split()) for name, told in ops.RARE.items()} == found
    made = {}
    for name in functions.RARE:
        module = f"rushlight.tensor.functions.{name}"
        listed = {
            each
            for each, function in functions.FUNCTIONS.items()
            if f"{inspect.unwrap(function).__globals__['__name__']}.".startswith(f"{module}.")
        }
        made[name] = listed & functions.METHODS | {
            f"{each}_" for each in listed & functions.INPLACE
        }
    assert {name: set(told.split()) for name, told in functions.RARE.items()} == made


def test_late_methods() -> None:
    """On the class from the start: for ``super()``, for patches, for sub-classes that listen."""
    source = """
import rushlight as torch
from rushlight import ops
from rushlight.tensor import functions

def loaded(): return not functions.load_rare.__globals__["_waiting"]

class Mine(torch.Tensor):
    _plain = True
    def det(self):
        return super().det() + 1

assert "xlogy_" in dir(torch.Tensor) and "renorm_" in vars(torch.Tensor)
torch.Tensor.svd = lambda self: "patched"
assert torch.ones(2).svd() == "patched"
x = torch.eye(2)
assert x.inverse().tolist() == x.tolist() and torch.Tensor.inverse(x).tolist() == x.tolist()
assert x.svd() == "patched"
assert torch.ones(2).xlogy_(torch.ones(2)).tolist() == [0, 0]
assert torch.full((1, 2), 5.0).renorm_(1, 0, 1.0).sum().item() <= 1.0001
assert torch.Tensor.det.__name__ == "det"
"""
    _run(source)


def test_subclass_hears_of_late_functions() -> None:
    source = """
import rushlight as torch

heard = []

class Mine(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        heard.append(func.__name__)
        return super().__torch_function__(func, types, args, kwargs or {})

x = torch.eye(2).as_subclass(Mine)
x.inverse(), x.det(), x.renorm(1, 0, 1.0), torch.xlogy(x, x)
assert heard == ["inverse", "det", "renorm", "xlogy"], heard
"""
    _run(source)
