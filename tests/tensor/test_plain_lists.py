"""Numbers of one kind are packed at once: as NumPy packs them, and nothing else is."""

import math
from typing import Any

import numpy as np
import pytest

import rushlight as torch
from rushlight.tensor.plain_lists import of_plain_numbers

NUMPY = {torch.float32: np.float32, torch.float64: np.float64, torch.int64: np.int64}


@pytest.mark.parametrize(
    "data",
    [
        1.5, 3, (0.1, -0.0, math.inf, math.nan, 1e39, 1e-46, 3.4028235677973366e38),
        [1, -2, 2**24 + 1, 2**40 + 1, 2**53 - 1], [[1, 2, 3]] * 4, ([0.1, 0.2], (0.3, 0.4)),
    ],
    ids=str,
)  # fmt: skip
def test_as_numpy(data: Any) -> None:
    for kind, name in NUMPY.items():
        made = of_plain_numbers(data, kind)
        if made is None:
            assert kind is torch.int64 and np.asarray(data).dtype == np.float64
            continue
        with np.errstate(over="ignore"):
            wanted = np.asarray(data).astype(name)
        assert made.numpy().dtype == wanted.dtype and made.numpy().shape == wanted.shape
        assert made.numpy().tobytes() == wanted.tobytes()


@pytest.mark.parametrize(
    "data",
    [
        [], [[]], [1, 2.0], [True, 1], [[1], [2, 3]], [[1], 2], [[[1]]], ["a"], [None], "1", None,
        [2**63], [np.float32(1)], 1j, np.ones(2), [[1.0], [2]],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_left_to_others(data: Any) -> None:
    assert of_plain_numbers(data, None) is None


def test_dtypes() -> None:
    assert torch.tensor([True, False]).dtype is torch.bool
    assert torch.tensor([1.0]).dtype is torch.float32
    assert of_plain_numbers([2**60 + 1], torch.float32) is None  # would be rounded twice
    assert of_plain_numbers([1], torch.int32) is None
    assert of_plain_numbers([True], torch.float32) is None
    torch.set_default_dtype(torch.float64)
    try:
        assert torch.tensor(0.1).item() == 0.1
    finally:
        torch.set_default_dtype(torch.float32)
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    assert leaf.is_leaf and leaf.requires_grad
    with pytest.raises(RuntimeError, match="floating point"):
        torch.tensor([1], requires_grad=True)
