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


def test_warnings_that_are_said_every_time() -> None:
    x = torch.ones(1, requires_grad=True)
    try:
        torch.set_warn_always(True)
        assert torch.is_warn_always_enabled()
        for _ in range(2):
            with pytest.warns(UserWarning, match="requires_grad=True to a scalar"):
                float(x)
    finally:
        torch.set_warn_always(False)


def test_quantised_names_say_that_they_are_left_out() -> None:
    for name in ("ao", "quantization"):
        assert not hasattr(torch, name)
        with pytest.raises(NotImplementedError, match=f"torch.{name} is left out"):
            getattr(torch, name)
    with pytest.raises(NotImplementedError, match=r"torch\.nn\.quantized is left out"):
        torch.nn.quantized.Linear(2, 2)
    with pytest.raises(NotImplementedError, match="quantized_resnet18 is left out"):
        torch.vision.models.get_model("quantized_resnet18")
