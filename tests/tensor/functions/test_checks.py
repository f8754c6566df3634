"""``torch._check`` and its family; NumPy arrays on the right of an operator."""

from __future__ import annotations

import numpy as np
import pytest

import rushlight as torch


def test_conditions_and_their_errors() -> None:
    torch._check(True)
    for check, error in (
        (torch._check, RuntimeError), (torch._check_index, IndexError),
        (torch._check_value, ValueError), (torch._check_type, TypeError),
        (torch._check_not_implemented, NotImplementedError),
    ):  # fmt: skip
        with pytest.raises(error, match="no good"):
            check(False, lambda: "no good")
    with pytest.raises(KeyError, match="k"):
        torch._check_with(KeyError, False, lambda: "k")
    with pytest.raises(TypeError, match="cond must be a bool"):
        torch._check(torch.tensor(True))
    torch._check_tensor_all(torch.tensor([True, True]))
    with pytest.raises(RuntimeError, match="not all"):
        torch._check_tensor_all(torch.tensor([True, False]), lambda: "not all")


def test_arrays_count_as_in_numpy() -> None:
    x = torch.ones(2)
    assert (x - np.arange(2)).dtype == torch.float64
    assert (x * np.array(2.0)).dtype == torch.float64
    assert (x * np.float64(2)).dtype == torch.float32
    assert (x + np.ones(2, np.float32)).dtype == torch.float32
    assert (torch.tensor([1, 2]) / np.array([2, 4])).tolist() == [0.5, 0.5]
    assert (torch.ones(2, 2) @ np.ones((2, 2))).dtype == torch.float64
    assert (x == np.ones(2)).tolist() == [True, True]


def test_sizes_as_a_tensor() -> None:
    assert torch._shape_as_tensor(torch.ones(2, 3)).tolist() == [2, 3]
    assert not isinstance(3, torch.TensorType)
