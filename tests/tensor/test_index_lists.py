"""A short list as an index is one entry an axis where it holds sequences, as in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import rushlight as torch

X = torch.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("index", "meant"),
    [
        ([[0, 1]], ([0, 1],)),
        ([[0, 1], [0, 1]], ([0, 1], [0, 1])),
        ([slice(0, 1), 0], (slice(0, 1), 0)),
        ([None, 0], (None, 0)),
        ([..., 0], (..., 0)),
        ([np.array([0, 1]), 1], ([0, 1], 1)),
        ([torch.tensor(0), torch.tensor(1)], (0, 1)),
        ([[True, False]], ([True, False],)),
        ([0, 1], (torch.tensor([0, 1]),)),
        ([0] * 33, (torch.tensor([0] * 33),)),
    ],
)
def test_lists(index: Any, meant: Any) -> None:
    assert torch.equal(X[index], X[meant])
    written, wanted = X.clone(), X.clone()
    written[index] = 7.0
    wanted[meant] = 7.0
    assert torch.equal(written, wanted)


@pytest.mark.parametrize("kind", [torch.int8, torch.int16, torch.float32])
def test_dtypes_that_are_no_index(kind: torch.dtype) -> None:
    with pytest.raises(IndexError, match="must be long, int, byte or bool tensors"):
        X[torch.tensor([0, 1], dtype=kind)]


@pytest.mark.parametrize("index", [0, [0, 1], (slice(None), [0]), X > 3])
@pytest.mark.parametrize(
    "value", [[1.0], (1,), None, "a", np.ones(4), np.float32(1)], ids=lambda v: type(v).__name__
)
def test_only_numbers_and_tensors_are_assigned(index: Any, value: Any) -> None:
    x = X.clone()
    with pytest.raises(TypeError, match=r"can't assign a [\w.]+ to a torch\.FloatTensor"):
        x[index] = value
    assert torch.equal(x, X)


def test_numbers_that_do_not_fit_are_not_assigned() -> None:
    x = X.clone()
    for value in (1e40, 1 + 2j):
        with pytest.raises(RuntimeError, match="without overflow"):
            x[0] = value
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        x[0] = 2**70
    x[0] = np.int32(3)
    assert x[0, 0, 0] == 3
