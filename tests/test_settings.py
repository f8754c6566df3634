"""Switches of PyTorch's own machinery answer with what they were given."""

from __future__ import annotations

import pytest

import rushlight as torch


def test_debug_mode():
    for mode, number in (("warn", 1), (2, 2), ("default", 0)):
        torch.set_deterministic_debug_mode(mode)
        assert torch.get_deterministic_debug_mode() == number
        assert torch.are_deterministic_algorithms_enabled() == bool(number)
        assert torch.is_deterministic_algorithms_warn_only_enabled() == (number == 1)
    with pytest.raises(RuntimeError, match="invalid value"):
        torch.set_deterministic_debug_mode(3)


def test_the_default_type_by_its_class_or_name():
    try:
        for given in (torch.DoubleTensor, "torch.DoubleTensor"):
            torch.set_default_tensor_type(given)
            assert torch.ones(1).dtype is torch.float64
            torch.set_default_tensor_type(torch.FloatTensor)
    finally:
        torch.set_default_dtype(torch.float32)
    with pytest.raises(TypeError, match="invalid type"):
        torch.set_default_tensor_type("double")
