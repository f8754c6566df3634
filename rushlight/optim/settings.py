"""Settings of optimisers: checked when given, numbers when used."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor


def check(name: str, value: Any, valid: bool) -> None:
    """Raise ValueError in PyTorch's words unless ``valid``."""
    if not valid:
        raise ValueError(f"Invalid {name}: {value}")


def check_rate(lr: Any) -> None:
    """Raise ValueError unless ``lr`` is a number or a tensor of one element, and not negative."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    check("learning rate", lr, lr >= 0.0)


def number(value: Any) -> float:
    """A setting as a float; some may be given as whole numbers or tensors of one element."""
    return value if type(value) is float else float(value)
