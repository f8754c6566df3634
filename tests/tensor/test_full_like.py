"""``full_like`` takes its value by name, and its kin take no name that is not theirs."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_the_value_by_name() -> None:
    x = torch.ones(2, dtype=torch.float64)
    made = torch.full_like(x, fill_value=2)
    assert made.tolist() == [2, 2] and made.dtype is torch.float64
    with pytest.raises(TypeError, match="fill_value"):
        torch.zeros_like(x, fill_value=2)
