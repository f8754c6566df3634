"""Operations against PyTorch: values, gradients, gradients of gradients, dtypes, errors, warnings.

Each line of ``cases/*.txt`` is a Python expression, after ``;;`` where statements come first. It is
evaluated with ``torch`` and ``F`` meaning PyTorch, then Rushlight. ``T(shape, seed)`` makes a
tensor of random numbers, ``L(shape, seed)`` a float64 leaf that gradients are taken for.
Skipped without PyTorch.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import rushlight
import rushlight.linalg
import rushlight.nn.functional

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.parity,
    pytest.mark.skipif(not hasattr(torch, "_C"), reason="this torch is Rushlight"),
]

_CASES = [
    pytest.param(line, id=f"{path.stem}-{number}")
    for path in sorted((Path(__file__).parent / "cases").glob("*.txt"))
    for number, line in enumerate(path.read_text().splitlines(), start=1)
]
_TOLERANCE = {"float64": 1e-9, "float32": 2e-5, "float16": 1e-2, "bfloat16": 1e-2}
# Zero second derivatives: PyTorch's may be no tensor at all there.
_SHOWN_AS_ZERO = ("ZeroTensor", "is not implemented", "does not require grad")


def _plain(module: Any, value: Any) -> Any:
    """Tensors as (dtype, array), so that both sides compare."""
    if isinstance(value, module.Tensor):
        name = str(value.dtype).rpartition(".")[2]
        array = value.detach().float() if name == "bfloat16" else value.detach()
        return name, np.asarray(array.tolist() if name == "bfloat16" else array.numpy())
    if isinstance(value, (tuple, list)):
        return [_plain(module, each) for each in value]
    return value


class Case:
    """One line, evaluated by one library."""

    def __init__(self, module: Any, functional: Any, line: str) -> None:
        self.module = module
        self.leaves: list[Any] = []
        self.warned: list[str] = []
        self.names = {
            "torch": module, "F": functional, "T": self.tensor, "L": self.leaf, "np": np,
        }  # fmt: skip
        self.line = line

    def tensor(
        self, shape: Any, seed: int = 0, dtype: Any = None, *, lo: float = -2, hi: float = 2,
        ints: Any = None,
    ) -> Any:  # fmt: skip
        rng = np.random.default_rng(seed)
        array = rng.integers(*ints, shape) if ints else rng.uniform(lo, hi, shape)
        kind = dtype or (self.module.int64 if ints else self.module.float32)
        return self.module.tensor(array, dtype=kind)

    def leaf(self, shape: Any, seed: int = 0, **how: Any) -> Any:
        made = self.tensor(shape, seed, self.module.float64, **how).requires_grad_()
        self.leaves.append(made)
        return made

    def run(self) -> Any:
        """("raised", class, message) or ("gave", values, gradients, second gradients)."""
        self.module.manual_seed(0)
        before, _, expression = self.line.rpartition(";;")
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                exec(before, self.names)
                value = eval(expression, self.names)
                gave = _plain(self.module, value)
            except Exception as error:
                return "raised", type(error).__name__.lstrip("_"), str(error)
        self.warned = [str(each.message).partition(" (Trig")[0] for each in caught]
        first, second = self.gradients(value)
        return "gave", gave, first, second

    def gradients(self, value: Any) -> tuple[Any, Any]:
        parts = value if isinstance(value, (tuple, list)) else [value]
        outs = [
            each for each in parts if isinstance(each, self.module.Tensor) and each.requires_grad
        ]
        if not outs or not self.leaves:
            return None, None
        total: Any = 0
        for out in outs:
            weights = np.random.default_rng(5).uniform(-1, 1, tuple(out.shape))
            total = total + (out * self.module.tensor(weights, dtype=out.dtype)).sum()
        grad = self.module.autograd.grad
        first = grad(total, self.leaves, create_graph=True, allow_unused=True)
        try:
            flows = [each for each in first if each is not None and each.requires_grad]
            squares: Any = sum((each * each).sum() for each in flows)
            second = grad(squares, self.leaves, allow_unused=True) if flows else None
            return _plain(self.module, first), _plain(self.module, second)
        except RuntimeError as error:
            if not any(words in str(error) for words in _SHOWN_AS_ZERO):
                raise
            return _plain(self.module, first), None


def _same(ours: Any, theirs: Any) -> None:
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple), f"{ours} is no tensor"
        assert ours[0] == theirs[0], f"dtype {ours[0]}, PyTorch's is {theirs[0]}"
        assert ours[1].shape == theirs[1].shape
        close = _TOLERANCE.get(ours[0], 0)
        np.testing.assert_allclose(ours[1], theirs[1], rtol=close, atol=close)
    elif isinstance(theirs, list):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            _same(mine, other)
    else:
        assert ours == theirs


def _zeros(tree: Any) -> Any:
    """Second derivatives where None and zeros mean the same."""
    if isinstance(tree, list):
        return [None if each is None or not each[1].any() else each for each in tree]
    return None


@pytest.mark.parametrize("line", _CASES)
def test_case(line: str) -> None:
    theirs = Case(torch, torch.nn.functional, line)
    wanted = theirs.run()
    ours = Case(rushlight, rushlight.nn.functional, line)
    got = ours.run()
    assert got[0] == wanted[0], f"{got[:3]} where PyTorch: {wanted[:3]}"
    if wanted[0] == "raised":
        assert got[1] == wanted[1], f"{got[1:]} where PyTorch: {wanted[1:]}"
        return
    _same(got[1], wanted[1])
    _same(got[2], wanted[2])
    mine, other = _zeros(got[3]), _zeros(wanted[3])
    if mine is not None and other is not None:
        for a, b in zip(mine, other, strict=True):
            if a is not None and b is not None:
                _same(a, b)
